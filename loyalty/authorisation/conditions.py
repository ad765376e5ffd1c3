"""The four conditions under which leases never overspend, named where they are kept.

B1  the debit of a grant is committed before the grant leaves, and a grant is applied once
B2  a burn is durable before it is approved
B3  a lease, and a purse, is credited back only on the holder's own log, never by a timer
B4  a restored, copied or replaced register spends nothing of an earlier life

A broken condition is a fault of the program and stops it; it is no error that a caller handles.
"""

from __future__ import annotations

from typing import Literal


class BoundBroken(AssertionError):
    """One of the conditions does not hold; `condition` names it."""

    def __init__(self, condition: Literal["B1", "B2", "B3", "B4"], text: str) -> None:
        super().__init__(f"{condition}: {text}")
        self.condition = condition


def b1_debited(granted: int, debited: int) -> None:
    """What is told to a holder was debited before."""
    if granted > debited:
        raise BoundBroken("B1", f"{granted} points granted, {debited} debited")


def b2_durable(fact_seq: int, durable_seq: int) -> None:
    """The fact that an approval rests on is on the disk."""
    if fact_seq > durable_seq:
        raise BoundBroken("B2", f"fact {fact_seq} approved, the log ends at {durable_seq}")


def b3_logged(credited: int, released: int) -> None:
    """What is credited back stands as released in a log that was received without a gap."""
    if credited > released:
        raise BoundBroken("B3", f"{credited} points credited, {released} released")


def b4_own_life(right_epoch: int, epoch: int, is_confirmed: bool) -> None:
    """The right belongs to this life of the register, and the life was confirmed."""
    if right_epoch != epoch or not is_confirmed:
        raise BoundBroken("B4", f"a right of epoch {right_epoch} used in {epoch}")
