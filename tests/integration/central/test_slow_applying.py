"""A database so slow that a batch is not applied within a transaction's time: it gets there all the
same, in smaller portions, and no other log waits for it."""

import time

import pytest

from central.db import session

pytestmark = pytest.mark.postgres
PATIENCE_S = 90.0
FACTS = 80


@pytest.fixture
def short_time(monkeypatch):
    """A transaction has one second."""
    monkeypatch.setattr(session, "WRITE_S", 1)


@pytest.fixture
def slow_sales(db):
    """Each sale takes the database 20 ms: a batch is beyond its time."""
    db.execute(
        "create function slow_sale() returns trigger language plpgsql as"
        " $$ begin perform pg_sleep(0.02); return new; end $$"
    )
    db.execute(
        "create trigger slow_sale before insert on sale for each row execute function slow_sale()"
    )
    yield
    db.execute("drop trigger slow_sale on sale")
    db.execute("drop function slow_sale")


@pytest.mark.timeout(200)
@pytest.mark.usefixtures("short_time", "slow_sales")
def test_a_log_that_does_not_fit_a_transaction_is_applied_in_parts(
    centre, db, add_member, sale_body
):
    members = [add_member("10") for _ in range(4)]
    till = centre.till()
    facts = [
        till.fact("sale", sale_body(till, members[number % 4], accrual_points=100))
        for number in range(FACTS)
    ]
    reply = till.upload(*facts)
    assert {each["verdict"] for each in reply["verdicts"]} == {"accepted"}
    end = time.monotonic() + PATIENCE_S
    applied = 0
    while applied < FACTS:
        applied = db.execute("select seq from applied where register_id = 'R1'").fetchone()[0]
        assert time.monotonic() < end, f"{applied} of {FACTS} facts applied"
        time.sleep(0.1)
    count = db.execute("select count(*) from sale").fetchone()[0]
    assert count == FACTS
