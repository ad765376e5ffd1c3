"""`edge-agent status`: what the running agent says of itself over its local API."""

from __future__ import annotations

import argparse
import json
from typing import Any

from edge_agent.command_failed import CommandFailed
from edge_agent.commands import local_api, settings_file
from edge_agent.commands.local_api import NotAnswering
from edge_agent.config import Settings

_LABELS = {
    "agent_version": "version",
    "register_id": "register",
    "store_id": "store",
    "epoch": "epoch",
    "pid": "process",
    "online": "centre",
    "since": "so since",
    "last_error": "last error",
    "outbox_pending": "facts to send",
    "quarantined": "quarantined",
    "last_seq": "last fact",
    "ruleset_active": "rules in use",
    "ruleset_downloaded": "rules here",
    "ruleset_refused": "rules refused",
    "clock_source": "clock",
    "clock_offset_ms": "clock offset, ms",
    "balance_as_of": "balances as of",
    "panel_url": "panel",
}


def run(arguments: argparse.Namespace) -> int:
    """Print the status; exit code 1 when the agent does not run or does not answer."""
    settings = settings_file.load(arguments.config)
    try:
        found = ask(settings)
    except NotAnswering as no:
        if not arguments.json:
            raise CommandFailed(str(no)) from None
        print(json.dumps({"running": no.is_running, "problem": str(no)}, ensure_ascii=False))
        return 1
    if arguments.json:
        print(json.dumps({"running": True, **found}, ensure_ascii=False, indent=2))
    else:
        print("\n".join(table(found)))
    return 0


def ask(settings: Settings) -> dict[str, Any]:
    """`GET /v1/status` of the running agent, or `NotAnswering`."""
    try:
        found = local_api.call(settings, "GET", "/v1/status")
    except local_api.Refused as refused:
        where = local_api.address(settings).rpartition(":")[2]
        raise NotAnswering(f"port {where} does not answer as it should: {refused}", True) from None
    if not isinstance(found, dict):
        raise NotAnswering("the port answers, but not as an agent", True)
    return found


def hub_line(hub: dict[str, Any]) -> str:
    """The store's hub in one line."""
    if hub["role"] == "none":
        return "no term names one"
    who = {"hub": "this register", "peer": hub["hub"], "stranger": f"{hub['hub']}, a stranger"}
    state = "lends nothing" if hub["is_fenced"] else hub["island"]
    kept = f"{hub['members_lent']} members lent to, {hub['claims']} claims, {hub['copies']} copies"
    line = f"{who[hub['role']]}, term {hub['term']}, {state}; {kept}; {_feed(hub)}"
    for key, words in (("stand_in", "stand-in"), ("stands_for", "stands in for")):
        line += f"; {words} {hub[key]}" if hub.get(key) else ""
    return f"{line}; {hub['problem']}" if hub["problem"] else line


def _feed(hub: dict[str, Any]) -> str:
    """Where rows of the feed come from, or for how many tills they are kept."""
    said = {"hub": "feed from the hub", "behind": "feed kept but behind the centre"}
    kept = f"feed kept for {hub.get('fed', 0)} tills"
    return (
        kept if hub.get("feed") == "kept" else said.get(hub.get("feed", ""), "feed from the centre")
    )


def table(found: dict[str, Any]) -> list[str]:
    """Lines for people: known keys by their label, devices one a line, the rest as they are."""
    lines = []
    for key, value in found.items():
        if key == "devices" and isinstance(value, dict):
            lines += [f"{name:<18} {state}" for name, state in value.items()]
        elif key == "hub" and isinstance(value, dict):
            lines.append(f"{'store hub':<18} {hub_line(value)}")
        elif key == "online":
            lines.append(f"{'centre':<18} {'reached' if value else 'not reached'}")
        elif value not in ("", None):
            lines.append(f"{_LABELS.get(key, key.replace('_', ' ')):<18} {value}")
    return lines
