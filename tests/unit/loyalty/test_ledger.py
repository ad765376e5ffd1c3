"""The ledger's entries, one by one."""

import pytest

from loyalty import ledger, lots
from loyalty.errors import InvalidEntry
from loyalty.ledger import Books, Entry, Leg, Move
from loyalty.lots import NEVER, Slice

TODAY = "2026-11-22"


def books_with(*parts: Slice) -> Books:
    books = Books(7)
    for part in parts:
        books = ledger.post(
            books, ledger.accrue(books, f"acc-{part.lot_id}", part, pending=False, kind="opening")
        )
    return books


def test_an_accrual_is_two_legs_and_a_lot():
    books = Books(7)
    entry = ledger.accrue(books, "e1", Slice("L1", 250, "2027-01-01"), pending=True)
    assert entry.legs == (Leg("issued", -250), Leg("pending", 250))
    after = ledger.post(books, entry)
    assert after.balance("pending") == 250
    assert after.spendable_total == 0
    matured = ledger.post(after, ledger.mature(after, "e2", "L1"))
    assert matured.at("available") == (Slice("L1", 250, "2027-01-01"),)
    assert matured.spendable_total == 250


def test_redemption_takes_the_nearest_expiry_first_and_names_the_lots():
    books = books_with(
        Slice("never", 100), Slice("late", 100, "2027-05-01"), Slice("soon", 30, TODAY)
    )
    entry = ledger.redeem(books, "r", [("available", 150)])
    assert [(m.lot_id, m.points) for m in entry.allocations] == [
        ("soon", 30),
        ("late", 100),
        ("never", 20),
    ]
    assert ledger.post(books, entry).at("available") == (Slice("never", 80),)


def test_what_a_hold_and_a_lease_are_short_of_comes_from_available_then_overdraft():
    books = books_with(Slice("A", 100))
    books = ledger.post(books, ledger.hold(books, "h", "auth", 30))
    books = ledger.post(books, ledger.grant(books, "g", "R1.1.7", 20))
    wanted = [(ledger.hold_place("auth"), 40), (ledger.lease_place("R1.1.7"), 60)]
    entry = ledger.redeem(books, "r", wanted)
    assert {leg.account: leg.amount for leg in entry.legs} == {
        "held": -30,
        "lease:R1.1.7": -20,
        "available": -50,
        "redeemed": 100,
    }
    more = ledger.redeem(books, "r", [(ledger.lease_place("R1.1.7"), 95)])
    assert {leg.account: leg.amount for leg in more.legs} == {
        "lease:R1.1.7": -20,
        "available": -50,
        "overdraft": -25,
        "redeemed": 95,
    }
    assert ledger.post(books, more).spendable_total == 5


def test_reversal_reopens_the_same_lots_with_the_least_validity():
    books = books_with(Slice("old", 40, "2026-11-25"), Slice("new", 100, "2027-11-25"))
    spent = ledger.redeem(books, "r", [("available", 60)])
    after = ledger.post(books, spent)
    taken = tuple(Slice(m.lot_id, m.points, m.expires_on) for m in spent.allocations)
    exact = ledger.post(after, ledger.reverse_redemption(after, "v", taken, 0, today=TODAY))
    assert exact == books
    graced = ledger.reverse_redemption(after, "v", taken, 0, today=TODAY, grace_days=14)
    assert ledger.post(after, graced).at("available") == (
        Slice("old", 40, "2026-12-06"),
        Slice("new", 100, "2027-11-25"),
    )


def test_reversal_of_a_repaid_overdraft_gives_back_the_lots_that_repaid_it():
    books = Books(7)
    books = ledger.post(books, ledger.redeem(books, "r", [("available", 50)]))
    assert books.balance("overdraft") == -50
    books = ledger.post(books, ledger.accrue(books, "a", Slice("L", 80), pending=False))
    repayment = ledger.repay(books, "p")
    assert repayment is not None
    books = ledger.post(books, repayment)
    assert (books.balance("overdraft"), books.balance("available")) == (0, 30)
    books = ledger.post(books, ledger.reverse_redemption(books, "v", (), 50, today=TODAY))
    assert books.at("available") == (Slice("L", 80),)
    assert books.balance("overdraft") == 0


def test_a_written_off_overdraft_leaves_the_loss_when_the_sale_is_undone():
    books = Books(7)
    books = ledger.post(books, ledger.redeem(books, "r", [("available", 50)]))
    loss = ledger.write_off(books, "w")
    assert loss is not None
    books = ledger.post(books, loss)
    assert books == Books(7)
    undo = ledger.reverse_redemption(books, "v", (), 50, today=TODAY)
    assert {leg.account: leg.amount for leg in undo.legs} == {"redeemed": -50, "offline_loss": 50}
    assert ledger.write_off(books, "w2") is None


def test_reversing_an_accrual_prefers_its_own_lot():
    books = books_with(Slice("other", 100, "2026-12-01"), Slice("own", 60))
    spent = ledger.redeem(books, "r", [("available", 130)])
    books = ledger.post(books, spent)
    entry = ledger.reverse_accrual(books, "x", "own", 60)
    assert {leg.account: leg.amount for leg in entry.legs} == {
        "available": -30,
        "issued": 60,
        "overdraft": -30,
    }
    whole = books_with(Slice("other", 100, "2026-12-01"), Slice("own", 60))
    assert ledger.reverse_accrual(whole, "x", "own", 60).allocations[0].lot_id == "own"


def test_expiry_takes_only_available_points_past_their_last_day():
    books = books_with(Slice("past", 10, "2026-11-21"), Slice("today", 20, TODAY), Slice("on", 5))
    books = ledger.post(books, ledger.grant(books, "g", "R1.1.7", 4))
    entry = ledger.expire(books, "x", TODAY)
    assert entry is not None
    assert [(m.lot_id, m.points) for m in entry.moves] == [("past", 6)]
    assert ledger.expire(ledger.post(books, entry), "y", TODAY) is None


def test_a_lease_closes_once():
    books = books_with(Slice("A", 100))
    books = ledger.post(books, ledger.grant(books, "g", "R1.1.7", 40))
    close = ledger.give_back(books, "c", ledger.lease_place("R1.1.7"))
    assert close is not None
    assert close.kind == "close"
    books = ledger.post(books, close)
    assert books.at("available") == (Slice("A", 100),)
    assert ledger.give_back(books, "c", ledger.lease_place("R1.1.7")) is None


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (Entry("e", 7, "hold", ()), "empty_entry"),
        (Entry("e", 7, "hold", (Move("available", "held", 0),)), "bad_move"),
        (Entry("e", 7, "hold", (Move("available", "available", 5),)), "bad_move"),
        (Entry("e", 8, "hold", (Move("issued", "available", 5, "L"),)), "wrong_member"),
        (Entry("e", 7, "hold", (Move("available", "hold:a", 5, "L"),)), "overdrawn"),
        (Entry("e", 7, "opening", (Move("issued", "overdraft", 5),)), "overdrawn"),
    ],
)
def test_bad_entries_are_refused(entry, code):
    with pytest.raises(InvalidEntry) as caught:
        ledger.post(Books(7), entry)
    assert caught.value.code == code


def test_legs_that_do_not_sum_to_zero_are_refused():
    with pytest.raises(InvalidEntry, match="sum to 1"):
        ledger.check_legs((Leg("issued", -5), Leg("available", 6)))


def test_slices_of_one_lot_merge_and_missing_points_are_an_error():
    assert lots.add((Slice("a", 1),), (Slice("a", 2), Slice("b", 3, "2026-01-01"))) == (
        Slice("b", 3, "2026-01-01"),
        Slice("a", 3, NEVER),
    )
    with pytest.raises(InvalidEntry, match="5 points wanted, 4 there"):
        lots.take((Slice("a", 4),), 5)
    with pytest.raises(InvalidEntry, match="does not hold"):
        lots.subtract((Slice("a", 4),), (Slice("a", 5),))
    with pytest.raises(InvalidEntry, match="negative"):
        lots.take((), -1)
