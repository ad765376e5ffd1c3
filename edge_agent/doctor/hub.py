"""Check of the store's hub, as the running agent sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from edge_agent.doctor.finding import Case, Finding, Verdict

CHECK = "store hub"
_NAME = "edge-central hub name --store … --register … at the centre"


def hub(case: Case) -> Iterable[Finding]:
    """Nothing without [hub]; the hub's own trouble, or a hub that does not answer."""
    if case.settings.hub is None or case.status is None:
        return
    state = case.status.get("hub")
    if not isinstance(state, dict):
        return
    verdict, says, do = _judged(state, has_listener=bool(case.settings.hub.listen))
    problem = str(state.get("problem", ""))
    yield Finding(CHECK, verdict, f"{says}; {problem}" if problem else says, do)
    is_heir = state.get("stand_in") and state.get("stand_in") == case.status.get("register_id")
    if is_heir and not case.settings.hub.listen:
        says = "this register is the hub's stand-in and does not listen"
        yield Finding(CHECK, "warn", says, "set [hub] listen")
    if _is_past(str(state.get("until", ""))):
        yield Finding(CHECK, "warn", "the term's day is over; it is followed all the same", _NAME)


def _judged(state: Mapping[str, Any], *, has_listener: bool) -> tuple[Verdict, str, str]:
    name, role = state.get("hub", ""), state.get("role", "none")
    if role == "hub" and not has_listener:
        return "fail", "this register is the hub and does not listen", "set [hub] listen"
    if role == "hub" and state.get("is_fenced"):
        do = "edge-agent enrol --code CODE --replace, then hub name at the centre"
        return "fail", "hub.db or the ledger is not known to be its newest: nothing is lent", do
    if role == "hub" and state.get("feed") == "behind":
        do = "look at the way to the centre; tills go to the centre themselves meanwhile"
        return "warn", "the store's feed is kept here and behind the centre", do
    if role == "hub":
        return "ok", f"this register, term {state.get('term')}{_instead(state)}", ""
    if role == "peer" and state.get("island") == "store":
        whence = "the hub" if state.get("feed") == "hub" else "the centre"
        says = f"{name} answers, term {state.get('term')}{_instead(state)}; rows from {whence}"
        return "ok", says, ""
    return _OTHERS.get(str(role), _OTHERS["none"])


def _instead(state: Mapping[str, Any]) -> str:
    away = state.get("stands_for", "")
    return f", in the place of {away}, which is silent" if away else ""


_OTHERS: Mapping[str, tuple[Verdict, str, str]] = MappingProxyType(
    {
        "none": ("warn", "no term names a hub: each till is an island of its own", _NAME),
        "stranger": ("warn", "the hub's term does not know this register's key", _NAME),
        "peer": (
            "warn",
            "the hub does not answer: this till spends what it was lent and its own share",
            "look at the hub and at the network between",
        ),
    }
)


def _is_past(moment: str) -> bool:
    try:
        return datetime.fromisoformat(moment) < datetime.now(UTC)
    except (ValueError, TypeError):
        return False
