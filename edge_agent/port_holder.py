"""Who listens on a port that is taken: another agent says so itself, on its open health route."""

from __future__ import annotations

import http.client
import json
from contextlib import closing

ASK_S = 1.0
_MAX_BYTES = 4096


def holder_of_port(port: int) -> str:
    """`the agent of register R1, process 4711`, or `another program` when it does not say."""
    found = _ask(port)
    register_id, pid = found.get("register_id"), found.get("pid")
    if isinstance(register_id, str) and isinstance(pid, int):
        return f"the agent of register {register_id[:32]}, process {pid}"
    return "another program"


def _ask(port: int) -> dict[str, object]:
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_S)) as connection:
            connection.request("GET", "/healthz")
            found = json.loads(connection.getresponse().read(_MAX_BYTES))
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
