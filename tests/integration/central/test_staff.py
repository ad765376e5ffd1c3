"""Who works at the tills: kept without PINs, told to the registers of their store."""

import io
import json

import pytest

from central import cli, staff
from central.errors import BadInput
from sync.contract.staff import FeedStaff, badge_digest, pin_matches, pin_verifier

pytestmark = pytest.mark.postgres
WHO = ("Ірина", "прийнято")


def put(db, clock, cashier_id="c1", name="Олена Коваль", role="cashier", **more):
    with db.transaction():
        return staff.put(db, cashier_id, name, role, clock(), *WHO, **more)


def test_registers_of_a_store_get_its_people_and_no_pin(centre, db, clock):
    here, there = centre.till("S1", "R1"), centre.till("S2", "R2")
    put(db, clock, store_id="S1", pin="4711", badge="B-900")
    put(db, clock, "m1", "Ірина Сова", "manager", pin="90210")
    told = {row["key"]: row["body"] for row in here.pull() if row["kind"] == "staff"}
    assert [row["key"] for row in there.pull() if row["kind"] == "staff"] == ["m1"]
    person = FeedStaff.model_validate(told["c1"])
    assert (person.name, person.role) == ("Олена К.", "cashier")
    assert pin_matches("4711", person.pin)
    assert not pin_matches("4712", person.pin)
    assert person.badge == badge_digest("B-900")
    kept = str(db.execute("select * from change where kind = 'staff'").fetchall())
    assert "4711" not in kept
    assert "B-900" not in kept


def test_a_change_keeps_the_pin_and_a_removal_reaches_the_registers(centre, db, clock):
    here = centre.till("S1", "R1")
    put(db, clock, store_id="S1", pin="4711")
    put(db, clock, store_id="S1", role="senior")
    here.pull()
    person = FeedStaff.model_validate(here.cache["staff", "c1"]["body"])
    assert (person.role, pin_matches("4711", person.pin)) == ("senior", True)
    with db.transaction():
        staff.remove(db, "c1", clock(), *WHO)
    here.pull()
    assert here.cache["staff", "c1"]["is_deleted"] is True
    assert staff.listed(db) == []
    deeds = db.execute("select subject, reason from deed order by done_at").fetchall()
    assert deeds[-1] == ("staff:c1", "прийнято (removed)")


def test_what_makes_no_sense_is_refused(db, clock):
    for more in ({"pin": "12"}, {"pin": "12a4"}, {"pin": "1" * 13}):
        with pytest.raises(BadInput, match="4 to 12 digits"):
            put(db, clock, **more)
    with pytest.raises(BadInput, match="cashier_id"):
        put(db, clock, "two words")
    put(db, clock, store_id="S1", pin="4711")
    with pytest.raises(BadInput, match="elsewhere"):
        put(db, clock, store_id="S2")
    with pytest.raises(BadInput, match="nobody"), db.transaction():
        staff.remove(db, "c9", clock(), *WHO)


def test_a_verifier_is_salted_and_of_one_scheme():
    first, second = pin_verifier("4711", bytes(16)), pin_verifier("4711", bytes(range(16)))
    assert first != second
    assert pin_matches("4711", first)
    assert pin_matches("4711", second)
    for broken in ("", "4711", "scrypt14$x", "scrypt14$!$!", first.replace("scrypt14", "md5")):
        assert not pin_matches("4711", broken)
    with pytest.raises(ValueError, match="salt"):
        pin_verifier("4711", b"short")


def test_the_commands_ask_the_pin_and_are_audited(centre, db, capsys, monkeypatch):
    def run(*words, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        place = ["--data-dir", str(centre.data_dir), "--database-url", centre.database_url]
        code = cli.main(["staff", *words, *place])
        return code, capsys.readouterr().out

    why = ["--reason", "hired", "--author", "iryna"]
    person = ["--id", "c7", "--name", "Олена Коваль"]
    assert run("list") == (0, "")
    assert run("set", *person, "--badge", "B-1", *why, typed="4711\n")[0] == 0
    code, out = run("set", *person, "--role", "senior", "--keep-pin", *why)
    assert (code, json.loads(out)) == (0, {"cashier_id": "c7", "role": "senior"})
    row = json.loads(run("list", "--json")[1])
    assert (row["role"], row["store_id"], row["pin"], row["badge"]) == ("senior", "*", True, True)
    assert "c7" in run("list")[1]
    assert run("set", *person, *why, typed="12\n")[0] == 2
    assert run("remove", "--id", "c7", *why)[0] == 0
    assert run("remove", "--id", "c7", *why)[0] == 2
    assert db.execute("select count(*) from deed where author = 'iryna'").fetchone()[0] == 3
