"""Errors of the register's side of sync.

SyncError
├── CentreUnavailable    no usable answer: connect, time-out, 5xx, 429, HTML, garbage, too large
├── CentreRefused        a problem answer (4xx): trying again changes nothing by itself
│   └── CursorGone       the feed cannot go on from this cursor (410): start over
├── BadCentreAddress     an address or CA file that cannot be used safely
├── IdentityError        a register identity that cannot be made, stored or read
└── LocalStoreFailed     what the centre sent could not be stored here (disk full, I/O error)
"""

from __future__ import annotations


class SyncError(Exception):
    """Base of everything that keeps a register and its centre apart."""


class CentreUnavailable(SyncError):
    """Nothing usable came back; the same request may be sent again later.

    `retry_after_s` is what the centre asked for, seconds from now; `None` when it did not. `code`
    is the centre's own word for it, "" when something else answered or nothing did. `is_local`
    says that this machine's own network leads nowhere: others may still reach the centre.
    """

    def __init__(
        self,
        message: str,
        retry_after_s: float | None = None,
        code: str = "",
        is_local: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.code = code
        self.is_local = is_local


class CentreRefused(SyncError):
    """The centre understood and said no. `code` is stable, `detail` is for people."""

    def __init__(self, code: str, status: int, detail: str = "") -> None:
        super().__init__(f"{code} ({status}): {detail}" if detail else f"{code} ({status})")
        self.code = code
        self.status = status
        self.detail = detail


class CursorGone(CentreRefused):
    """The centre no longer knows this cursor; the cache is downloaded anew."""


class BadCentreAddress(SyncError):
    """The address is not https (nor http on loopback), or its CA file cannot be read."""


class IdentityError(SyncError):
    """`code` is `unreadable`, `damaged`, `unwritable`, `bad_code` or `bad_answer`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LocalStoreFailed(SyncError):
    """The local store refused to write; what was stored before still stands."""
