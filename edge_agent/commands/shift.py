"""`edge-agent shift`: the shift of the register whose agent runs, over its local API."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
import time
from typing import Any

from edge_agent.command_failed import CommandFailed
from edge_agent.commands import local_api, settings_file

PATIENCE_S = 60.0
POLL_S = 0.2
UNDECIDED = ("queued", "printing")


def status(arguments: argparse.Namespace) -> int:
    """Print how the shift stands; exit code 1 while something waits for a person."""
    found = _call(arguments, "GET", "", None)
    _show(arguments, found)
    return 1 if any(act["state"] == "unknown" for act in found["waiting"]) else 0


def act(arguments: argparse.Namespace) -> int:
    """Do it and wait for the printer's verdict; exit code 1 unless it was done."""
    body: dict[str, Any] = {}
    if arguments.verb.startswith("cash"):
        body["amount_minor"] = _kopecks(arguments.amount)
    found = _call(arguments, "POST", f"/{arguments.verb}", body)
    asked = found["act"]
    if asked is None:
        _show(arguments, found)
        return 0
    done = _settled(arguments, asked)
    print(json.dumps(done, ensure_ascii=False) if arguments.json else done["sentence"])
    return 0 if done["state"] == "printed" or done["reason"] == "shift_opens_itself" else 1


def sign_in(arguments: argparse.Namespace) -> int:
    """Sign a cashier in; the PIN is asked for and never an argument."""
    pin = getpass.getpass("PIN: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    found = _call(arguments, "POST", "/sign-in", {"cashier_id": arguments.cashier, "pin": pin[:12]})
    _show(arguments, found)
    return 0


def sign_out(arguments: argparse.Namespace) -> int:
    """Sign out whoever is signed in."""
    _show(arguments, _call(arguments, "POST", "/sign-out", {}))
    return 0


def resolve(arguments: argparse.Namespace) -> int:
    """Tell the agent what a person saw on the paper of an act."""
    body = {"verdict": arguments.verdict, "number": arguments.number, "author": arguments.author}
    _show(arguments, _call(arguments, "POST", f"/acts/{arguments.act}/resolve", body))
    return 0


def table(found: dict[str, Any]) -> list[str]:
    """Lines for people."""
    hours, minutes = divmod(found["age_min"], 60)
    state = f"open for {hours} h {minutes} min" if found["is_open"] else "closed"
    person = found["cashier"]
    who = f"{person['cashier_id']} {person['name']} ({person['role']})" if person else "nobody"
    totals = found["totals"]
    lines = [
        f"{'shift':<18} {found['number']} {state}",
        f"{'printer of the Z':<18} {found['owner']}",
        f"{'cashier':<18} {who}",
        f"{'sales':<18} {totals['sales']}, {totals['identified']} with a member",
        f"{'earned, spent':<18} {_bonuses(totals['earned_points'])},"
        f" {_bonuses(totals['spent_points'])}",
        f"{'declined, unknown':<18} {totals['declined']}, {totals['unknown']}",
    ]
    if found["last_closed_at"]:
        lines.append(f"{'last Z':<18} {found['last_z'] or '-'} at {found['last_closed_at']}")
    lines += [
        f"{'waits':<18} {each['job_id']} {each['action']} {each['state']}: {each['sentence']}"
        for each in found["waiting"]
    ]
    lines += [f"{'warning':<18} {each['sentence']}" for each in found["warnings"]]
    return [*lines, *found["slip"]]


def _settled(arguments: argparse.Namespace, asked: dict[str, Any]) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE_S
    while asked["state"] in UNDECIDED and time.monotonic() < end:
        time.sleep(POLL_S)
        newest = _call(arguments, "GET", "", None)
        known = [*newest["waiting"], *([newest["act"]] if newest["act"] else [])]
        asked = next((each for each in known if each["job_id"] == asked["job_id"]), asked)
    return asked


def _show(arguments: argparse.Namespace, found: dict[str, Any]) -> None:
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        print("\n".join(table(found)))


def _bonuses(points: int) -> str:
    return f"{points // 100}.{points % 100:02d}"


def _kopecks(text: str) -> int:
    """Hryvnias with at most two digits behind a dot or comma."""
    whole, _, rest = text.replace(",", ".").partition(".")
    if not (whole.isascii() and whole.isdecimal() and len(whole) <= 6 and len(rest) <= 2):
        raise CommandFailed(f"{text!r} is no sum: hryvnias such as 500 or 500.50", 2)
    if rest and not rest.isdecimal():
        raise CommandFailed(f"{text!r} is no sum: hryvnias such as 500 or 500.50", 2)
    return int(whole) * 100 + int(rest.ljust(2, "0") or "0")


def _call(
    arguments: argparse.Namespace, method: str, path: str, body: dict[str, Any] | None
) -> Any:
    settings = settings_file.load(arguments.config)
    try:
        return local_api.call(settings, method, f"/v1/shift{path}", body)
    except (local_api.NotAnswering, local_api.Refused) as error:
        raise CommandFailed(str(error)) from None
