"""What one schedule says to each depth of the simulation, and how its names read everywhere.

A depth is a whole chain: registers and centre. All get the same orders in the same order; what a
message meets on its way (`Fate`) is part of the order, and so is the moment of a crash. Sales and
authorisations are numbers here and UUIDs on the wire.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Literal, Protocol

Fate = Literal["answered", "request lost", "answer lost", "late", "doubled"]
"""`late`: it arrives at some later step and nobody waits for the answer; `doubled`: it is answered
and arrives once more at some later step."""
Crash = Literal["", "asked", "heard", "decided", "committed"]
"""The last thing that happened in the sale before the machine stopped."""
Books = dict[str, int]
"""A member at the centre: `available`, `held`, `leases`, `pending`, `overdraft`; no zeros."""

OPENING_POINTS = 20_000
EARNED_POINTS = 3_000
"""What each sale of a member earns."""
PRICE_MINOR = 10_000_000
"""A basket of which any balance here pays less than half."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a chain is: one register a store; every second one prints."""

    stores: int
    members: int

    def prints(self, till: int) -> bool:
        """Whether sales of this register wait for their paper."""
        return till % 2 == 1


@dataclass(frozen=True, slots=True)
class Order:
    """One customer at the counter; `wanted` 0 asks for no redemption.

    `loses_power`: the crash also loses what the disk was not asked to keep."""

    sale: int
    till: int
    member: int | None
    wanted: int
    is_online: bool
    fate: Fate = "answered"
    void_fate: Fate = "answered"
    crash: Crash = ""
    loses_power: bool = False


@dataclass(frozen=True, slots=True)
class Sold:
    """What came of an order: state of the sale at the register, points by layer."""

    state: Literal["committed", "open", "unknown"]
    online: int = 0
    lease: int = 0


class Depth(Protocol):
    """One chain; every call is one step and returns what all depths must agree on."""

    name: str

    def sell(self, order: Order) -> Sold: ...
    def finish(self, order: Order) -> Sold: ...
    def cancel(self, till: int, sale: int, fate: Fate) -> None: ...
    def paper(self, till: int, subject: int, is_return: bool, is_printed: bool) -> None: ...
    def void(self, till: int, sale: int) -> None: ...
    def give_back(self, till: int, sale: int) -> None: ...
    def push(self, till: int, most: int, fate: Fate) -> int: ...
    def pull(self, till: int, fate: Fate) -> None: ...
    def waiting(self) -> int: ...
    def deliver(self, which: int) -> None: ...
    def crash(self, till: int) -> None: ...
    def replace(self, till: int) -> None: ...
    def set_clock(self, till: int, offset_min: int, is_frozen: bool) -> None: ...
    def tick(self, minutes: int) -> None: ...
    def books(self, member: int) -> Books: ...
    def shown(self, till: int, member: int) -> int: ...
    def audit(self) -> list[str]: ...
    def posted(self) -> dict[int, int]: ...
    def close(self) -> None: ...


# --- names ------------------------------------------------------------------------------------

_LOW = 2**62 - 1
_KINDS = {"sale": 1, "auth": 2, "job": 3, "return": 4, "return job": 5}


def uuid_of(kind: str, number: int) -> str:
    """The UUID of a number."""
    return str(uuid.UUID(int=_KINDS[kind] << 100 | number, version=4))


def number_of(text: str) -> int:
    """The number in a UUID."""
    return uuid.UUID(text).int & _LOW


def auth_number(till: int, epoch: int, number: int) -> int:
    """Register, epoch and the number of its question in one."""
    return till << 40 | epoch << 32 | number


def auth_parts(number: int) -> tuple[int, int, int]:
    """The other way."""
    return number >> 40, number >> 32 & 0xFF, number & 0xFFFFFFFF


def till_name(till: int) -> str:
    """Register id."""
    return f"R{till}"


def store_name(till: int) -> str:
    """Store id."""
    return f"S{till}"
