"""Speaking to the running agent of a data folder over its local API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from edge_agent import single_instance
from edge_agent.config import Settings

TIMEOUT_S = 3
MAX_TOKEN_BYTES = 1024


class NotAnswering(Exception):
    """The agent gives no answer; `is_running` says whether its process is there at all."""

    def __init__(self, message: str, is_running: bool) -> None:
        super().__init__(message)
        self.is_running = is_running


class Refused(Exception):
    """The agent answered with a problem; the text is its detail."""


def call(settings: Settings, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """The JSON that the agent answers; raises `NotAnswering` or `Refused`."""
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
        answer = httpx.request(
            method,
            f"http://127.0.0.1:{port}{path}",
            headers={"Authorization": f"Bearer {token}"},
            json=None if body is None else dict(body),
            timeout=TIMEOUT_S,
            trust_env=False,
        )
        found = answer.json()
    except (OSError, UnicodeDecodeError) as error:
        raise NotAnswering(
            f"the agent runs ({holder}), but its token cannot be read: {error}", True
        ) from None
    except (httpx.HTTPError, ValueError) as error:
        raise NotAnswering(
            f"the agent runs ({holder}), but does not answer: {error}", True
        ) from None
    if answer.status_code >= 400:
        detail = found.get("detail") if isinstance(found, dict) else ""
        raise Refused(str(detail or f"status {answer.status_code}"))
    return found


def address(settings: Settings) -> str:
    """Root URL of the running agent's API; `NotAnswering` when it does not run."""
    holder = single_instance.holder(settings.data_dir)
    if holder is None:
        raise NotAnswering(f"the agent is not running ({settings.path})", is_running=False)
    return f"http://127.0.0.1:{holder.port or settings.api.port}"
