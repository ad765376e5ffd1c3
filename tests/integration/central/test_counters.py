"""Countable rights: never more lent than there is, whoever is cut off."""

import json
import random

import pytest

from central import cli, counters, lives
from central.errors import BadInput

pytestmark = pytest.mark.postgres
AT = "2026-11-22T09:00:00.000Z"
SEED = 20261122


def define(db, centre, total, **fields):
    with db.transaction():
        fields = {"kind": "campaign_limit", "key": "spring", **fields}
        kind, key = fields.pop("kind"), fields.pop("key")
        return counters.define(db, kind, key, total, centre.clock(), "olena", "plan", **fields)


def lent(till, key="campaign_limit:spring:", member=0):
    till.pull()
    row = till.cache[("counter_lease", f"{till.register_id}.{till.epoch}.{member}.{key}")]
    return row["body"]


def use(till, sale_body, units, body=None):
    body = body or lent(till)
    uses = [{"counter_id": body["counter_id"], "units": units}]
    assert till.send("sale", sale_body(till, counter_uses=uses)) == "accepted"


def give_back(till, body, units):
    fact = {"counter_id": body["counter_id"], "units": units, "returned_at": AT}
    assert till.send("counter_lease_returned", {**fact, "recall_id": body["recall_id"]})


def figures(db):
    with db.transaction():
        (row,) = counters.report(db)
    return {name: row[name] for name in ("lent", "used", "left", "over")}


def test_a_campaigns_limit_goes_out_in_parts_and_is_never_exceeded(centre, sale_body, db):
    """Registers use what they were lent and nothing more, in any order, some of them silent."""
    dice = random.Random(SEED)
    tills = [centre.till("S1", f"R{n}") for n in range(3)]
    define(db, centre, 40)
    assert [lent(till)["granted_units"] for till in tills] == [6, 6, 6]
    assert figures(db) == {"lent": 18, "used": 0, "left": 22, "over": 0}
    used = dict.fromkeys(tills_names := [till.register_id for till in tills], 0)
    returned = dict.fromkeys(tills_names, 0)
    for _ in range(60):
        till = dice.choice(tills)
        name, body = till.register_id, lent(till)
        if body["recall_id"]:
            units = min(body["recall_units"], body["granted_units"] - used[name] - returned[name])
            give_back(till, body, units)
            returned[name] += units
        elif body["granted_units"] - used[name] - returned[name] > 0:
            use(till, sale_body, 1)
            used[name] += 1
        now = figures(db)
        assert now["used"] == sum(used.values()) <= 40, SEED
        assert now["lent"] + now["used"] + now["left"] == 40, SEED
        assert now["over"] == 0, SEED
    assert sum(used.values()) >= 38, SEED


def test_a_dead_life_keeps_its_part_until_a_person_says_otherwise(centre, sale_body, db):
    till = centre.till("S1", "R1")
    define(db, centre, 10)
    body = lent(till)
    again = centre.till("S1", "R1")
    use(till, sale_body, 2, body)
    assert figures(db)["used"] == 2, "the old log is taken under its own life"
    other = centre.till("S1", "R2")
    stolen = [{"counter_id": body["counter_id"], "units": 3}]
    other.send("sale", sale_body(other, counter_uses=stolen))
    assert figures(db)["used"] == 2, "nobody uses another's"
    with db.transaction():
        done = lives.settle(db, "R1", "olena", "scrapped", centre.clock())
    assert done.counters == 1
    assert figures(db)["lent"] + figures(db)["left"] == 8
    assert again.epoch == 2


def test_a_gift_card_lies_at_one_register(centre, sale_body, db):
    one, two = centre.till("S1", "R1"), centre.till("S1", "R2")
    define(db, centre, 50_000, kind="gift_card", key="G-7", unit="minor")
    key = "gift_card:G-7:"

    def lend(register, units):
        with db.transaction():
            return counters.lend(db, 0, key, register, units, centre.clock(), "olena", "sold")

    assert lend("R1", 80_000) == 50_000
    assert lend("R2", 1) == 0
    body = lent(one, key)
    assert (body["unit"], body["granted_units"]) == ("minor", 50_000)
    use(one, sale_body, 12_000, body)
    give_back(one, body, 99_999)
    assert lend("R2", 80_000) == 38_000
    assert lent(two, key)["granted_units"] == 38_000
    use(one, sale_body, 1, body)
    assert figures(db)["over"] == 1, "a register that uses what it gave back is found out"
    with pytest.raises(BadInput, match="lent and used"):
        define(db, centre, 100, kind="gift_card", key="G-7", unit="minor")
    with pytest.raises(BadInput):
        lend("R9", 1)


def test_counters_by_command(centre, capsys):
    centre.till("S1", "R1")

    def run(*arguments):
        place = ["--data-dir", str(centre.data_dir), "--database-url", centre.database_url]
        code = cli.main(["counter", *arguments, *place])
        return code, capsys.readouterr().out

    what = ["--kind", "campaign_limit", "--key", "spring", "--reason", "plan"]
    assert run("define", *what, "--total", "10")[0] == 0
    code, out = run("lend", *what, "--register", "R1", "--units", "2")
    assert (code, json.loads(out)["lent"]) == (0, 2)
    code, out = run("show", "--json")
    assert json.loads(out)["lent"] == 7
    assert run("show")[0] == 0
    assert run("define", *what, "--total", "3")[0] == 2


def test_a_restored_centre_hears_what_it_had_lent(centre, db):
    till = centre.till("S1", "R1")
    define(db, centre, 10)
    body = lent(till)
    held = {"granted_units": body["granted_units"] + 3, "used_units": 0, "state": "open"}
    with db.transaction():
        incarnation = lives.begin_new_life(db, centre.clock())
    report = {"incarnation": incarnation, "epoch": till.epoch, "leases": []}
    report["counters"] = [
        {"counter_id": body["counter_id"], **held},
        {"counter_id": "R9.1.0.campaign_limit:spring:", **held},
    ]
    assert till.post("/v1/rights", report).json()["restored"] == 1
    assert figures(db) == {"lent": 8, "used": 0, "left": 2, "over": 0}


def test_nothing_is_lent_before_every_register_has_told_what_it_holds(centre, db, sale_body):
    one, two = centre.till("S1", "R1"), centre.till("S2", "R2")
    define(db, centre, 12)
    # Lent since the backup, and forgotten: R2 holds all that seems to be left.
    held = lent(two)
    forgotten = 12 - 2 * held["granted_units"]
    with db.transaction():
        incarnation = lives.begin_new_life(db, centre.clock())
    use(one, sale_body, lent(one)["granted_units"])
    with pytest.raises(BadInput, match="reported"):
        define(db, centre, 20)
    what = (0, "campaign_limit:spring:", "R1", 1)
    with pytest.raises(BadInput, match="reported"):
        counters.lend(db, *what, centre.clock(), "olena", "plan")
    report = {"incarnation": incarnation, "epoch": one.epoch, "leases": []}
    assert one.post("/v1/rights", report).status_code == 200
    units = held["granted_units"] + forgotten
    part = {"counter_id": held["counter_id"], "granted_units": units, "used_units": 0}
    report["counters"] = [{**part, "state": "open"}]
    assert two.post("/v1/rights", report).json()["restored"] == 1
    assert figures(db)["over"] == 0
    with db.transaction():
        assert counters.lend(db, *what, centre.clock(), "olena", "plan") == 0
    assert figures(db)["left"] == 0
