"""A buyer becomes a member at the till, and a member gets another card: a register asks, the
centre does it once."""

from datetime import UTC, datetime

import pytest

from sync import enrolment
from sync.centre_client import CentreClient
from sync.contract.joining import CardRequest, JoinRequest
from sync.contract.live import LookupRequest
from sync.contract.tokens import phone_token
from sync.errors import CentreRefused

pytestmark = pytest.mark.postgres
PHONE = "+380671112233"


@pytest.fixture
def identity(centre):
    return enrolment.enrol(centre.url, centre.code("S1", "R1"), None, "desk", "0.1.0")


@pytest.fixture
def client(centre, identity):
    made = CentreClient(
        centre.url, "R1", identity.private_key, None, lambda: datetime.now(UTC).isoformat()
    )
    yield made
    made.close()


def joining(**more):
    plain = {"phone": PHONE, "name": "Олена  Коваль", "consent_at": "2026-11-22T18:00:00Z"}
    return JoinRequest.model_validate(plain | more)


def test_a_buyer_joins_once_however_often_it_is_asked(client, identity, db, books):
    first = client.join(joining(birthday="1990-08-23"))
    assert first.state == "joined"
    rows = {(row.kind, row.key): row.body for row in first.rows}
    token = phone_token(identity.phone_key, PHONE)
    member_id = rows["token", token]["member_id"]
    shown = rows["member", str(member_id)]
    assert (shown["name"], shown["birthday"], shown["balance_points"]) == ("Олена К.", "08-23", 0)
    again = client.join(joining(name="Хтось Інший"))
    assert again.state == "known"
    assert [row.body["name"] for row in again.rows if row.kind == "member"] == ["Олена К."]
    kept = db.execute("select name, phone, birthday::text, consent_at from person").fetchall()
    assert kept == [("Олена Коваль", PHONE, "1990-08-23", "2026-11-22T18:00:00Z")]
    assert client.lookup(LookupRequest(phone=PHONE), timeout_s=5).found
    assert sum(books(member_id).values()) == 0
    deeds = db.execute("select author, verb, subject from deed").fetchall()
    assert deeds == [("R1", "join", f"member:{member_id}")]
    with pytest.raises(CentreRefused) as refused:
        client.join(joining(phone="+380671112244", birthday="1990-02-31"))
    assert refused.value.code == "bad_message"


def test_a_new_card_ends_the_earlier_ones(client, add_member, db):
    joined = client.join(joining(token_key="card:0420000000990"))
    member_id = next(row.body["member_id"] for row in joined.rows if row.kind == "member")
    taken = client.join(joining(phone="+380671112255", token_key="card:0420000000990"))
    assert taken.state == "card_taken"
    other = add_member("100")

    def ask(key, member=member_id):
        request = CardRequest(member_id=member, token_key=key, reason="lost", author="Ірина (s1)")
        return client.give_card(request)

    reply = ask("card:0420000000983")
    assert reply.state == "bound"
    tokens = {row.key: row.is_deleted for row in reply.rows if row.kind == "token"}
    assert tokens["card:0420000000983"] is False
    assert tokens["card:0420000000990"] is True
    assert ask("card:0420000000983").state == "bound", "asked again it stays so"
    assert not client.lookup(LookupRequest(token_key="card:0420000000990"), timeout_s=5).found
    owned = "select token_key from token where member_id = %s"
    assert db.execute(owned, [member_id]).fetchall() == [("card:0420000000983",)]
    taken_key = db.execute(owned, [other]).fetchone()[0]
    assert ask(taken_key).state == "card_taken"
    assert ask("card:0420000000969", member=2**52).state == "no_such_member"
    deed = db.execute("select author, reason from deed where verb = 'rebind'").fetchone()
    assert deed == ("Ірина (s1) @ R1", "lost")
