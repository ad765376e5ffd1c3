"""Errors of the agent's use cases.

AgentError
├── NotFound     the sale, return or job is not known on this register (404)
├── Conflict     it is known, but its state or the figures do not allow this (409)
└── LedgerUnavailable   the register's disk is full or fails: sell without loyalty (503)
"""

from __future__ import annotations


class AgentError(Exception):
    """A refusal with a stable code, an HTTP status and a technical sentence.

    The cashier's sentence for `code` stands in `edge_agent.sentences`, its amounts in `figures`."""

    status = 400
    retryable = False

    def __init__(self, code: str, message: str, **figures: str) -> None:
        super().__init__(message)
        self.code = code
        self.figures = figures


class NotFound(AgentError):
    """Nothing under this id."""

    status = 404


class Conflict(AgentError):
    """The state or the figures say no."""

    status = 409


class LedgerUnavailable(AgentError):
    """Nothing can be promised durably now; the till sells without loyalty."""

    status = 503
    retryable = True

    def __init__(self, message: str) -> None:
        super().__init__("loyalty_unavailable", message)
