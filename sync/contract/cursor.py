"""Where a reader of the feed stands, as text: `incarnation.xid.id.head` and, after a snapshot file,
`.near_xid.near_id`.

A register hands the text back as it came. The centre makes it, and a store's hub reads it, so that
a till goes from one to the other without starting over: positions rise with the feed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CURSOR = re.compile(
    r"([0-9a-f]{32})\.([0-9]{1,19})\.([0-9]{1,18})\.([0-9]{1,18})"
    r"(?:\.([0-9]{1,18})\.([0-9]{1,18}))?"
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a register stands: last (xid, id) delivered, and last head version.

    `near` is set after a snapshot file, which holds everybody's rows only: up to there the rows
    of the register's own store and of itself have been delivered."""

    incarnation: str
    xid: int = 0
    id: int = 0
    head_version: int = 0
    near: tuple[int, int] | None = None

    @property
    def at(self) -> tuple[int, int]:
        """The position."""
        return (self.xid, self.id)

    def __str__(self) -> str:
        text = f"{self.incarnation}.{self.xid}.{self.id}.{self.head_version}"
        return text if self.near is None else f"{text}.{self.near[0]}.{self.near[1]}"


def read_cursor(text: str) -> Cursor | None:
    """The cursor in a text; None for one of another form, or with a number out of bounds."""
    found = _CURSOR.fullmatch(text)
    if found is None or int(found[2]) >= 2**63:
        return None
    near = None if found[5] is None else (int(found[5]), int(found[6]))
    return Cursor(found[1], int(found[2]), int(found[3]), int(found[4]), near)
