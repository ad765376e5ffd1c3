"""Check of the rules a register runs: are there any, and have they run out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from edge_agent.doctor.finding import Case, Finding, Verdict
from loyalty.errors import InvalidRuleset
from sync.contract.bundle import Bundle, parse_bundle

_ASK = "ask the central team to publish the rules again"


def rules(case: Case) -> Iterable[Finding]:
    """The bundle on disk and its dates; a register goes on with rules that have run out."""
    file = case.settings.data_dir / "bundles" / "current.json"
    try:
        bundle = parse_bundle(file.read_bytes())
    except FileNotFoundError:
        yield Finding("rules", "warn", "no rules have come yet", "they come with the first contact")
        return
    except (OSError, InvalidRuleset) as error:
        says = f"{file} cannot be read: {error}"
        yield Finding("rules", "fail", says, "start the agent: it falls back and asks again")
        return
    yield _dated(bundle, datetime.now(UTC))


def _dated(bundle: Bundle, now: datetime) -> Finding:
    says = f"sequence {bundle.sequence}"
    freshness = bundle.freshness(now)
    if freshness == "valid":
        until = f", until {bundle.expires_at}" if bundle.expires_at else ""
        return Finding("rules", "ok", f"{says}, {len(bundle.promotions)} promotions{until}")
    if freshness == "not_yet":
        return Finding("rules", "warn", f"{says} begins at {bundle.not_before}", "check the clock")
    verdict: Verdict = "warn" if freshness == "grace" else "fail"
    return Finding("rules", verdict, f"{says} ran out at {bundle.expires_at}", _ASK)
