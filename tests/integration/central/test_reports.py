"""What the centre's people see: status, exported sales and balances, audit."""

import json

import pytest

from central import forgotten_purses
from central.cli import main
from central.instants import system_clock

pytestmark = pytest.mark.postgres


@pytest.fixture
def call(database_url, tmp_path, capsys):
    def run(*arguments, code=0):
        place = ["--data-dir", str(tmp_path), "--database-url", database_url]
        assert main([*arguments, *place]) == code
        return capsys.readouterr().out

    return run


def test_sales_come_out_as_they_were_sent(centre, sale_body, call):
    till = centre.till()
    bodies = [sale_body(till) | {"future_field": n} for n in range(3)]
    till.send("sale", bodies[0])
    till.send("shift", {"opened": True})
    till.send("sale", sale_body(till) | {"version": 9})
    centre.clock.advance(hours=1)
    pretty = till.fact("sale", json.dumps(bodies[1], indent=1))
    till.upload(pretty, till.fact("sale", bodies[2]))
    lines = call("export", "sales").splitlines()
    assert [json.loads(line) for line in lines] == bodies
    since = centre.clock().isoformat()
    lines = call("export", "sales", "--since", since).splitlines()
    assert [json.loads(line) for line in lines] == bodies[1:]
    with pytest.raises(SystemExit):
        call("export", "sales", "--since", "lately")


def test_status_counts_what_went_wrong(centre, sale_body, call):
    till = centre.till()
    till.send("sale", sale_body(till))
    till.send("unheard_of", {})
    clone = type(till)(till.http, till.private_key, till.identity)
    till.upload(clone.fact("sale", sale_body(till)))
    missing, there = till.fact("sale", sale_body(till)), till.fact("sale", sale_body(till))
    till.upload(there)
    void = {"version": 1, "sale_id": "0" * 8 + "-0000" * 3 + "-" + "0" * 12}
    till.upload(missing, there, till.fact("sale_voided", void | {"reason": "", "voided_at": ""}))
    beat = {
        "agent_version": "0.1.0",
        "epoch": 1,
        "outbox_pending": 7,
        "last_seq": 12,
        "ruleset_active": 3,
        "ruleset_downloaded": 4,
        "ruleset_refused": "bad_signature",
        "clock_offset_ms": -250,
        "devices": {"printer": "ok"},
    }
    assert till.post("/v1/heartbeat", beat).json()["head_seq"] == 5
    found = json.loads(call("status", "--json", code=1))
    [register] = found["registers"]
    expected = {key: beat[key] for key in beat if key not in ("epoch", "agent_version")}
    expected |= {"head_seq": 5, "gaps": 1, "last_gap": "seq 4: seq_ahead", "forks": 1}
    expected |= {"quarantined": 1, "parked": 1, "revoked": False, "store_id": "S1", "epoch": 1}
    assert expected.items() <= register.items()
    assert register["last_seen_at"] == "2026-11-22T09:00:00.000Z"
    needs = {(need["what"], need["register_id"]) for need in found["needs"]}
    assert needs >= {("fork", "R1"), ("quarantined", "R1"), ("ruleset_refused", "R1")}
    table = call("status", code=1).splitlines()
    assert table[2].split()[:2] == ["S1", "R1"]
    assert "! R1: ruleset_refused: bad_signature" in table
    assert len(table) == 3 + len(found["needs"])
    rules = json.loads(call("rules", "status", "--json"))
    assert rules["registers"][0]["ruleset_refused"] == "bad_signature"


def test_balances_agree_with_the_feed(centre, add_member, sale_body, call):
    members = [add_member("10"), add_member("0")]
    till = centre.till()
    till.send("sale", sale_body(till, members[0], accrual_points=55))
    till.send("sale", sale_body(till, members[1], accrual_points=99, fiscal="pending"))
    exported = [json.loads(line) for line in call("export", "balances").splitlines()]
    shown = {member: till.member(member)["balance_points"] for member in members}
    assert {row["member_id"]: row["balance_points"] for row in exported} == shown
    assert sorted(shown.values()) == [0, 1055]


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("update leg set amount = amount + 1 where account = 'available'", "entries_not_even"),
        ("update account set balance = balance + 1", "balances_off"),
        ("update slice set points = points + 1", "slices_off"),
        ("delete from slice", "lots_not_behind_balances"),
        ("delete from fact where seq = 1", "chains_broken"),
        ("update register_epoch set head_seq = 9", "heads_off"),
        ("update lease set granted = granted + 1", "leases_off"),
        ("update lot set points = points + 1", "lots_issued_twice"),
        ("update hold set state = 'used'", "holds_off"),
        ("delete from leg", "entries_without_legs"),
    ],
)
def test_the_audit_finds_damage(centre, add_member, sale_body, call, db, damage, finding):
    member = add_member("10")
    till = centre.till()
    till.upload(*(till.fact("sale", sale_body(till, member)) for _ in range(2)))
    hold = {"member_id": member, "points": 100}
    ids = {"auth_id": "1" * 8 + "-1111" * 3 + "-" + "1" * 12}
    till.post("/v1/authorisations", hold | ids | {"sale_id": ids["auth_id"]})
    assert json.loads(call("audit", "--json"))["ok"]
    assert call("audit").startswith("books are sound")
    db.execute(damage)
    found = json.loads(call("audit", "--json", code=1))
    assert not found["ok"]
    assert found["findings"][finding]
    assert f"{finding}: [" in call("audit", code=1)


def test_what_needs_a_person_and_what_was_dealt_with(centre, sale_body, call, db):
    centre.clock.now = system_clock()
    till = centre.till()
    till.send("sale", sale_body(till))
    beat = {
        "agent_version": "0.1.0",
        "epoch": 1,
        "outbox_pending": 2,
        "last_seq": 3,
        "ruleset_active": 0,
        "ruleset_downloaded": 0,
    }
    till.post("/v1/heartbeat", beat)
    sound = json.loads(call("status", "--json"))
    assert sound["needs"] == []
    assert sound["registers"][0]["lag"] == 2
    assert "ago" in call("status").splitlines()[2]

    def needs():
        found = json.loads(call("status", "--json", code=1))
        return {(need["what"], need["register_id"]) for need in found["needs"]}

    till.send("unheard_of", {})
    till.post("/v1/heartbeat", {**beat, "clock_offset_ms": 301_000, "ruleset_active": 5})
    db.execute("insert into alarm values ('feed_held_back', now(), 'process 1')")
    wanted = {("quarantined", "R1"), ("clock", "R1"), ("ruleset_unknown", "R1")}
    assert needs() == {*wanted, ("feed_held_back", "")}
    db.execute("delete from alarm")
    call("resolve", "--register", "R1", "--reason", "an old agent", "--author", "iryna")
    assert needs() == wanted - {("quarantined", "R1")}
    till.post("/v1/heartbeat", {**beat, "clock_offset_ms": -250})
    assert json.loads(call("status", "--json"))["needs"] == []
    db.execute("update register_report set last_seen_at = now() - interval '25 hours'")
    assert needs() == {("silent", "R1")}
    call("status", "--silent-hours", "26")
    db.execute("update register_epoch set head_seq = head_seq + 1")
    assert needs() == {("silent", "R1"), ("not_applied", "R1")}
    db.execute("insert into awaited values ('R1', now())")
    assert ("rights_awaited", "R1") in needs()
    with db.transaction():
        forgotten_purses.expect(db, centre.clock())
    assert ("purses_forgotten", "") in needs()
    forgotten_purses.forget_now(db)
    assert ("purses_forgotten", "") not in needs()
    call("resolve", "--register", "R7", "--reason", "?", code=2)


def test_status_shows_the_registers_disks(centre, call):
    beat = {
        "agent_version": "0.2.0",
        "epoch": 1,
        "outbox_pending": 0,
        "last_seq": 0,
        "ruleset_active": 0,
        "ruleset_downloaded": 0,
    }
    disk = {"state": "ok", "free_bytes": 5 * 2**30, "reserve_bytes": 90 * 2**20}
    checked = {"checked_at": "2026-11-22T08:00:00.000Z", "ledger_bytes": 10**6}
    tills = {name: centre.till("S1", name) for name in ("R1", "R2", "R3", "R4")}
    reports = {
        "R1": disk | checked,
        "R2": disk | {"state": "reserve", "free_bytes": 2**20},
        "R3": disk | checked | {"state": "damaged", "faults": 3},
        "R4": disk | {"head": "other_machine"},
    }
    for name, till in tills.items():
        reply = till.post("/v1/heartbeat", beat | {"storage": reports[name]})
        assert reply.status_code == 200
    found = json.loads(call("status", "--json", code=1))
    stored = {register["register_id"]: register["storage"] for register in found["registers"]}
    for name, report in reports.items():
        assert report.items() <= stored[name].items()
    needs = {need["register_id"]: need["what"] for need in found["needs"]}
    assert needs == {"R2": "disk", "R3": "ledger_damaged", "R4": "second_life"}
    table = call("status", code=1)
    assert "reserve, 0.0 GiB" in table
    assert "! R3: ledger_damaged: 3 faults, checked at 2026-11-22T08:00:00.000Z" in table
