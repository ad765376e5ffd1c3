"""`edge-agent status`: what the running agent says of itself over its local API."""

from __future__ import annotations

import argparse
import json
from typing import Any

import httpx

from edge_agent import single_instance
from edge_agent.command_failed import CommandFailed
from edge_agent.commands import settings_file
from edge_agent.config import Settings

TIMEOUT_S = 3
MAX_TOKEN_BYTES = 1024
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


class NotAnswering(Exception):
    """The agent gives no status; `is_running` says whether its process is there at all."""

    def __init__(self, message: str, is_running: bool) -> None:
        super().__init__(message)
        self.is_running = is_running


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
    holder = single_instance.holder(settings.data_dir)
    if holder is None:
        raise NotAnswering(
            f"the agent is not running ({settings.path}); "
            f"start it with: edge-agent run --config {settings.path}",
            is_running=False,
        )
    port = holder.port or settings.api.port
    try:
        token = settings.token_file.read_text(encoding="ascii")[:MAX_TOKEN_BYTES].strip()
        answer = httpx.get(
            f"http://127.0.0.1:{port}/v1/status",
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT_S,
            trust_env=False,
        )
        answer.raise_for_status()
        found = answer.json()
    except (OSError, UnicodeDecodeError) as error:
        raise NotAnswering(
            f"the agent runs ({holder}), but its token cannot be read: {error}", True
        ) from None
    except (httpx.HTTPError, ValueError) as error:
        raise NotAnswering(
            f"the agent runs ({holder}), but port {port} does not answer: {error}", True
        ) from None
    if not isinstance(found, dict):
        raise NotAnswering(f"port {port} answers, but not as an agent", True)
    return found


def table(found: dict[str, Any]) -> list[str]:
    """Lines for people: known keys by their label, devices one a line, the rest as they are."""
    lines = []
    for key, value in found.items():
        if key == "devices" and isinstance(value, dict):
            lines += [f"{name:<18} {state}" for name, state in value.items()]
        elif key == "online":
            lines.append(f"{'centre':<18} {'reached' if value else 'not reached'}")
        elif value not in ("", None):
            lines.append(f"{_LABELS.get(key, key.replace('_', ' ')):<18} {value}")
    return lines
