"""Parts of a sale come back in any order: points, lots and the purchase end where they began."""

import itertools
import uuid

import pytest

pytestmark = pytest.mark.postgres

# What three returns of one sale move: (restored, reversed, complete).
PARTS = ((700, 120), (500, 0), (300, 80))
REDEEMED, ACCRUED = 1_500, 200


def new_id() -> str:
    return str(uuid.uuid4())


def verdict(subject_id):
    return {
        "version": 1,
        "subject_id": subject_id,
        "job_id": new_id(),
        "verdict": "printed",
        "decided_at": "2026-11-22T09:00:01.000Z",
    }


def part(sale_id, restored, taken, complete, **changes):
    body = {
        "version": 2,
        "return_id": new_id(),
        "sale_id": sale_id,
        "refund_minor": 3_000,
        "restored_points": restored,
        "reversed_points": taken,
        "is_complete": complete,
        "tenders": [{"kind": "cash", "amount_minor": 3_000}],
        "returned_at": "2026-11-23T09:00:00Z",
        "fiscal": "none",
    }
    return {**body, **changes}


@pytest.fixture
def sold(centre, add_member, sale_body, redemption, books):
    """A member with lots of two dates spends 15 bonuses of them, 10 of the nearer."""

    def sell(**changes):
        member = add_member("10", "2026-11-30")
        till = centre.till()
        till.send("sale", sale_body(till, member, accrual_points=2_000))
        lease = till.lease(member)["lease_id"]
        spent = redemption(REDEEMED, lease_id=lease, lease_points=1_200)
        changes = {"accrual_points": ACCRUED, **changes}
        body = sale_body(till, member, redemption=spent, **changes)
        before = sum(books(member).values())
        till.send("sale", body)
        return till, member, body, before

    return sell


def lots_of(db, member):
    query = (
        "select lot_id, sum(points)::bigint from slice where member_id = %s group by 1 order by 1"
    )
    return dict(db.execute(query, [member]).fetchall())


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_three_parts_in_any_order_end_at_the_balance_before(sold, books, order):
    till, member, body, before = sold()
    for number, index in enumerate(order):
        complete = number == 2
        fact = part(body["sale_id"], *PARTS[index], complete, member_id=member)
        assert till.send("sale_return", fact) == "accepted"
        assert till.member(member)["purchases_count"] == (1 if complete else 2)
    assert sum(books(member).values()) == before == 3_000


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_every_spent_point_rests_in_its_own_lot_again(sold, db, order):
    till, member, body, _ = sold(accrual_points=0)
    for number, index in enumerate(order):
        till.send("sale_return", part(body["sale_id"], PARTS[index][0], 0, number == 2))
    assert sorted(lots_of(db, member).values()) == [1_000, 2_000]


def test_what_was_spent_last_comes_back_first_and_keeps_its_date(sold, books, db):
    till, member, body, _ = sold()
    till.send("sale_return", part(body["sale_id"], 500, 0, False))
    days = "select expires_on::text, sum(points)::bigint from slice where member_id = %s group by 1"
    assert dict(db.execute(days, [member]).fetchall()) == {"9999-12-31": 2_000 + ACCRUED}, (
        "all 10 bonuses of the nearer lot were spent, and 5 of the other"
    )
    till.send("sale_return", part(body["sale_id"], 1_000, 0, False))
    assert dict(db.execute(days, [member]).fetchall()) == {
        "2026-12-06": 1_000,
        "9999-12-31": 2_000 + ACCRUED,
    }, "the nearer lot lives at least two more weeks"
    assert sum(books(member).values()) == 3_000 + ACCRUED


def test_two_registers_never_bring_back_more_than_was_sold(centre, sold, books):
    till, member, body, before = sold()
    other = centre.till("S1", "R2")
    for register in (till, other, till, other):
        register.send("sale_return", part(body["sale_id"], 1_000, 150, True))
    assert sum(books(member).values()) == before
    assert till.member(member)["purchases_count"] == 1


def test_a_whole_return_after_parts_gives_the_rest(sold, books):
    till, member, body, before = sold()
    till.send("sale_return", part(body["sale_id"], *PARTS[0], False))
    till.send("sale_return", part(body["sale_id"], 0, 0, True, version=1))
    assert sum(books(member).values()) == before
    till.send("sale_return", part(body["sale_id"], 0, 0, True, version=1))
    assert sum(books(member).values()) == before


def test_a_part_whose_paper_comes_last_still_counts(sold, books):
    till, member, body, before = sold()
    late = part(body["sale_id"], *PARTS[0], False, fiscal="pending")
    till.send("sale_return", late)
    till.send("sale_return", part(body["sale_id"], *PARTS[1], False))
    till.send("sale_return", part(body["sale_id"], *PARTS[2], True))
    assert sum(books(member).values()) == before - 700 + 120
    till.send("print_verdict", verdict(late["return_id"]))
    till.send("print_verdict", verdict(late["return_id"]))
    assert sum(books(member).values()) == before


def test_a_part_comes_back_before_the_papers_word_is_here(sold, books):
    till, member, body, before = sold(fiscal="pending")
    till.send("sale_return", part(body["sale_id"], *PARTS[0], False))
    assert till.member(member)["pending_points"] == 80
    till.send("print_verdict", verdict(body["sale_id"]))
    assert till.member(member)["pending_points"] == 0
    till.send("sale_return", part(body["sale_id"], 800, 80, True))
    assert sum(books(member).values()) == before


def test_points_that_were_withheld_or_written_off_stay_earned(sold, books):
    till, member, body, before = sold()
    kept = {"withheld_points": 30, "withheld_minor": 30, "written_off_points": 50}
    till.send("sale_return", part(body["sale_id"], REDEEMED, ACCRUED - 80, True, **kept))
    assert sum(books(member).values()) == before + 80


def test_spent_points_make_the_account_negative(centre, add_member, sale_body, redemption, books):
    member = add_member("0")
    till = centre.till()
    earned = sale_body(till, member, accrual_points=1_000)
    till.send("sale", earned)
    till.send("sale", sale_body(till, member, redemption=redemption(900, "online")))
    till.send("sale_return", part(earned["sale_id"], 0, 400, False))
    assert sum(books(member).values()) == -300
    till.send("sale_return", part(earned["sale_id"], 0, 600, True))
    assert sum(books(member).values()) == -900


def test_overdraft_that_a_sale_drew_is_undone_first(
    centre, add_member, sale_body, redemption, books
):
    member = add_member("10")
    till = centre.till()
    body = sale_body(till, member, redemption=redemption(1_600, "online"))
    till.send("sale", body)
    assert books(member) == {"overdraft": -600}
    till.send("sale_return", part(body["sale_id"], 500, 0, False))
    assert books(member) == {"overdraft": -100}
    till.send("sale_return", part(body["sale_id"], 400, 0, False))
    assert sum(books(member).values()) == 300
    till.send("sale_return", part(body["sale_id"], 700, 0, True))
    assert sum(books(member).values()) == 1_000
