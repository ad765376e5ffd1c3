"""One person: exported whole, blocked, and erased so that no trace of them is found."""

import json
import subprocess
from datetime import UTC, datetime

import pytest

from central import backup, people
from central.cli import main
from central.db.embedded import wheel_programs
from sync.contract import messages
from tests.support.two_nodes import servers_of

pytestmark = pytest.mark.postgres
NAME, PHONE = "Соломія Крушельницька", "0671230001"


@pytest.fixture
def call(database_url, tmp_path, capsys):
    def run(*arguments, code=0):
        place = ["--data-dir", str(tmp_path / "data"), "--database-url", database_url]
        assert main([*arguments, *place]) == code
        return capsys.readouterr()

    return run


@pytest.fixture
def shopper(centre, add_member, sale_body, db):
    """A member who has shopped at two registers, and both registers' caches."""
    member = add_member("100", name=NAME)
    tills = [centre.till("S1", "R1"), centre.till("S2", "R2")]
    for till in tills:
        till.send("sale", sale_body(till, member, accrual_points=50))
    for till in tills:
        till.pull()
    card = db.execute("select token_key from token where member_id = %s", [member]).fetchone()[0]
    return member, card.removeprefix("card:"), tills


def dump_text(database_url, folder) -> str:
    """The backup's rows as plain SQL."""
    text = ""
    for url in servers_of(database_url):
        file = folder / "all.dump"
        backup.backup(url, file, datetime.now(UTC))
        done = subprocess.run(
            [wheel_programs() / "pg_restore", "--file=-", file], capture_output=True, check=True
        )
        text += done.stdout.decode()
    return text


def test_an_erased_person_is_found_nowhere(shopper, call, tmp_path, database_url, books):
    member, card, tills = shopper
    traces = ["Соломія", "Крушельницька", "Соломія К.", "671230001", card]
    before = dump_text(database_url, tmp_path)
    assert [trace for trace in traces if trace not in before] == []
    balance = sum(books(member).values())
    said = call("members", "erase", "--card", card, "--reason", "asked for it")
    assert json.loads(said.out) == {"member_id": member, "erased": True, "was_erased": False}
    after = dump_text(database_url, tmp_path)
    assert [trace for trace in traces if trace in after] == []
    assert str(member) in after
    assert (tmp_path / "data" / people.ERASED_FILE).read_text() == f"{member}\n"
    for till in tills:
        rows = till.pull()
        assert [(row["kind"], row["key"], row["is_deleted"]) for row in rows] == [
            ("member", str(member), True)
        ]
        fresh = type(till)(till.http, till.private_key, till.identity)
        shown = json.dumps(fresh.pull(), ensure_ascii=False)
        assert [trace for trace in traces if trace in shown] == []
        assert not [key for key in fresh.cache if key[0] == "token"]
    # The books and every chain still add up, and the amounts stand.
    assert sum(books(member).values()) == balance
    said = call("members", "erase", "--member", str(member), "--reason", "again")
    assert json.loads(said.out)["was_erased"] is True
    call("members", "erase", "--card", card, "--reason", "gone", code=2)


def test_what_a_late_register_sends_does_not_bring_a_person_back(
    shopper, call, sale_body, books, db
):
    member, _, (till, other) = shopper
    call("members", "erase", "--member", str(member), "--reason", "asked")
    assert till.send("sale", sale_body(till, member, accrual_points=70)) == "accepted"
    assert sum(books(member).values()) == 10_170
    other.pull()
    assert other.cache["member", str(member)]["is_deleted"]
    row = db.execute("select purchases, purchases_count from member where member_id = %s", [member])
    assert row.fetchone() == ([], 0)
    ask = {
        "auth_id": "00000000-0000-4000-8000-000000000001",
        "sale_id": "00000000-0000-4000-8000-000000000002",
        "member_id": member,
        "points": 10,
    }
    reply = till.post("/v1/authorisations", ask).json()
    assert (reply["approved_points"], reply["reason"]) == (0, "blocked")
    found = till.post("/v1/members/lookup", {"phone": "+380671230001"}).json()
    assert found["found"] is False


def test_the_checksums_tell_registers_to_drop_the_tokens(shopper, call):
    """A token's deletion cannot be sent without repeating it; the sums differ instead."""
    member, _, (till, _) = shopper
    ask = "/v1/feed/sums?cursor={}"
    before = till.request("GET", ask.format(till.cursor)).json()
    call("members", "erase", "--member", str(member), "--reason", "asked")
    till.pull()
    after = till.request("GET", ask.format(till.cursor)).json()
    assert after["sums"] != before["sums"]
    fresh = type(till)(till.http, till.private_key, till.identity)
    fresh.pull()
    assert till.request("GET", ask.format(fresh.cursor)).json()["sums"] == after["sums"]


def test_everything_about_a_person_is_exported(shopper, call, tmp_path):
    member, card, _ = shopper
    file = tmp_path / "person.json"
    call("members", "export", "--phone", "+380671230001", "--out", str(file))
    about = json.loads(file.read_text())
    assert file.stat().st_mode & 0o777 == 0o600
    assert about["member_id"] == member
    assert about["person"][0]["name"] == NAME
    assert about["tokens"] == [{"token_key": f"card:{card}"}]
    assert sum(account["balance"] for account in about["accounts"]) == 10_100
    assert [fact["kind"] for fact in about["facts"]] == ["sale", "sale"]
    assert {fact["body"]["member_id"] for fact in about["facts"]} == {member}
    assert len(about["sales"]) == 2
    assert about["leases"]
    printed = call("members", "export", "--member", str(member))
    assert json.loads(printed.out)["entries"] == about["entries"]
    assert "no member" in call("members", "export", "--member", "12", code=2).err


def test_a_blocked_member_spends_nothing_until_unblocked(shopper, call, db):
    member, _, (till, _) = shopper
    call("members", "block", "--member", str(member), "--reason", "card lost", "--author", "iryna")
    assert till.member(member)["is_blocked"]
    ask = {
        "auth_id": "00000000-0000-4000-8000-000000000003",
        "sale_id": "00000000-0000-4000-8000-000000000004",
        "member_id": member,
        "points": 10,
    }
    assert till.post("/v1/authorisations", ask).json()["reason"] == "blocked"
    call("members", "unblock", "--member", str(member), "--reason", "found")
    assert not till.member(member)["is_blocked"]
    deeds = db.execute("select verb, subject, reason from deed order by done_at").fetchall()
    assert deeds == [
        ("block", f"member:{member}", "card lost"),
        ("unblock", f"member:{member}", "found"),
    ]


def test_no_fact_of_the_contract_carries_a_name_or_a_phone():
    """What is hash-chained can never be erased, so it must never hold a person."""
    facts = [
        messages.WireSale,
        messages.WireSaleVoided,
        messages.WireSaleReturn,
        messages.WirePrintVerdict,
        messages.WireLeaseClose,
    ]
    personal = {
        "phone",
        "full_name",
        "member_name",
        "email",
        "birthday",
        "card",
        "token",
        "address",
    }
    seen = set()
    while facts:
        model = facts.pop()
        if model in seen:
            continue
        seen.add(model)
        assert not personal & set(model.model_fields), model
        for other in vars(messages).values():
            is_message = isinstance(other, type) and issubclass(other, messages.WireModel)
            if is_message and any(
                other.__name__ in str(field.annotation) for field in model.model_fields.values()
            ):
                facts.append(other)
    names = {model.__name__ for model in seen if "name" in model.model_fields}
    assert names <= {"WireLine", "WirePromotion", "WireAccrual", "WireGift"}, (
        "goods and promotions only"
    )
