"""Ids of entries follow from their cause: the same for ever, in every version."""

from __future__ import annotations

import uuid

from central.member_state import Cause, MemberState
from loyalty.ledger import Books, accrue
from loyalty.lots import Slice

NAMESPACE = uuid.UUID("7c3f3d54-5d4d-4d6f-9c3e-0b9c1c2f6a01")


def test_an_id_is_the_fifth_version_of_a_uuid_over_member_cause_and_number() -> None:
    member = MemberState(77, Books(77))
    cause, other = Cause("R1.1.5"), Cause("R1.1.6")
    for number in range(3):
        entry_id = member.next_id(cause)
        assert entry_id == str(uuid.uuid5(NAMESPACE, f"77:R1.1.5:{number}"))
        member.post(accrue(member.books, entry_id, Slice(f"l{number}", 5), pending=False), cause)
    assert member.next_id(other) == str(uuid.uuid5(NAMESPACE, "77:R1.1.6:0"))


def test_legs_follow_from_the_moves() -> None:
    entry = accrue(Books(1), str(uuid.uuid4()), Slice("l", 250), pending=True)
    assert [tuple(leg) for leg in entry.legs] == [("issued", -250), ("pending", 250)]
