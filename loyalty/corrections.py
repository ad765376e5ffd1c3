"""Entries that a person or the calendar makes, beside those of sales (see `loyalty.ledger`)."""

from __future__ import annotations

from collections.abc import Iterable

from loyalty import lots
from loyalty.ledger import ADJUSTMENT, AVAILABLE, EXPIRED, Books, Entry, checked, moves_of
from loyalty.lots import Slice


def annul(books: Books, entry_id: str) -> Entry | None:
    """All available points of a member who has not come for long go to `expired`; what is held,
    lent or in a purse waits, for it may have been spent in time."""
    moves = moves_of(books.at(AVAILABLE), AVAILABLE, EXPIRED)
    return checked(Entry(entry_id, books.member_id, "annulment", moves)) if moves else None


def give(books: Books, entry_id: str, lot: Slice) -> Entry:
    """A new lot by a person's word."""
    return checked(
        Entry(entry_id, books.member_id, "adjustment", moves_of((lot,), ADJUSTMENT, AVAILABLE))
    )


def take(books: Books, entry_id: str, points: int) -> Entry:
    """Available points away by a person's word; `InvalidEntry` when there are fewer."""
    parts = lots.take(books.at(AVAILABLE), points)
    moves = moves_of(parts, AVAILABLE, ADJUSTMENT)
    return checked(Entry(entry_id, books.member_id, "adjustment", moves))


def transfer_out(books: Books, entry_id: str, parts: Iterable[Slice]) -> Entry:
    """Available slices leave for another member, through `adjustment`."""
    moves = moves_of(parts, AVAILABLE, ADJUSTMENT)
    return checked(Entry(entry_id, books.member_id, "transfer", moves))


def transfer_in(books: Books, entry_id: str, parts: Iterable[Slice]) -> Entry:
    """The other end of `transfer_out`: lots of this member, with the expiry they had."""
    moves = tuple(
        part
        for number, each in enumerate(parts)
        for part in moves_of(
            (Slice(f"{entry_id}.{number}", each.points, each.expires_on),), ADJUSTMENT, AVAILABLE
        )
    )
    return checked(Entry(entry_id, books.member_id, "transfer", moves))
