"""Many tills, few members, all at once: no deadlock surfaces and the books stay sound."""

import random
import threading
import uuid

import pytest

pytestmark = pytest.mark.postgres
SEED = 20261122


def asked_and_sold(till, member, chance, sale_body, redemption):
    """The body of a sale that spends what the centre held, and a little of the lease."""
    auth_id, sale_id = str(uuid.uuid4()), str(uuid.uuid4())
    ask = {
        "auth_id": auth_id,
        "sale_id": sale_id,
        "member_id": member,
        "points": chance.randrange(1, 900),
    }
    held = till.post("/v1/authorisations", ask).json()["approved_points"]
    points = held + chance.randrange(0, 50)
    burn = redemption(
        points,
        "online",
        auth_id=auth_id,
        hold_points=held,
        lease_id=f"{till.register_id}.1.{member}",
        lease_points=points - held,
    )
    return sale_body(till, member, sale_id=sale_id, redemption=burn, accrual_points=60)


def test_tills_that_fight_for_the_same_members(
    centre, add_member, sale_body, redemption, db, books
):
    members = [add_member("100") for _ in range(4)]
    tills = [centre.till("S1", f"R{number}") for number in range(4)]
    failures = []

    def sell(till, chance):
        for _ in range(8):
            facts = []
            for member in chance.sample(members, 3):
                body = asked_and_sold(till, member, chance, sale_body, redemption)
                facts.append(till.fact("sale", body))
                if chance.random() < 0.4:
                    sale_id = body["sale_id"]
                    void = {"version": 1, "sale_id": sale_id, "reason": "", "voided_at": ""}
                    facts.append(till.fact("sale_voided", void))
            reply = till.upload_raw(tuple(facts))
            if reply.status_code != 200:
                failures.append(reply.text)
            elif any(each["verdict"] != "accepted" for each in reply.json()["verdicts"]):
                failures.append(reply.json())

    threads = [
        threading.Thread(target=sell, args=(till, random.Random(SEED + number)))
        for number, till in enumerate(tills)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [], f"seed {SEED}"
    for member in members:
        shown = tills[0].member(member)
        assert shown["balance_points"] == sum(books(member).values()), f"seed {SEED}"
    assert tills[0].cache["head", "R0"]["body"]["seq"] == tills[0].seq
    held = db.execute("select count(*) from hold where state = 'open'").fetchone()
    assert held == (0,)


def test_one_batch_sent_twice_at_once_is_stored_once(centre, add_member, sale_body, books):
    member = add_member("0")
    till = centre.till()
    for _ in range(5):
        facts = tuple(
            till.fact("sale", sale_body(till, member, accrual_points=10)) for _ in range(20)
        )
        together = threading.Barrier(3)
        replies = []

        def send(batch=facts, start=together, kept=replies):
            start.wait()
            kept.append(till.upload_raw(batch))

        threads = [threading.Thread(target=send) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [reply.status_code for reply in replies] == [200] * 3
        verdicts = [{v["verdict"] for v in reply.json()["verdicts"]} for reply in replies]
        assert sorted(map(str, verdicts)) == ["{'accepted'}", "{'duplicate'}", "{'duplicate'}"]
    assert sum(books(member).values()) == 1_000
