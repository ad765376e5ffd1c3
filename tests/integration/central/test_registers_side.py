"""The register's own client against the real centre: what one says, the other understands."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from central import keys, rules
from sync import enrolment
from sync.centre_client import CentreClient
from sync.contract.bundle import open_bundle
from sync.contract.chain import GENESIS, fact_hash
from sync.contract.live import AuthorisationRequest, Heartbeat, LookupRequest
from sync.contract.messages import Fact, UploadBatch, canonical_json
from sync.contract.tokens import phone_token
from sync.errors import CentreRefused, CursorGone

pytestmark = pytest.mark.postgres


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


def fact(body, seq=1, previous=GENESIS, kind="sale"):
    text = canonical_json(body).decode()
    own = fact_hash("R1", 1, seq, kind, text.encode(), previous)
    return Fact(seq=seq, kind=kind, body=text, prev_hash=previous.hex(), hash=own.hex())


def test_a_day_of_a_register(centre, identity, client, add_member, sale_body, db, books):
    member = add_member("100")
    phone = db.execute("select phone from person").fetchone()[0]
    rows = {(row.kind, row.key): row for row in client.feed("", 500).rows}
    token = phone_token(identity.phone_key, phone)
    assert rows["token", token].body == {"member_id": member}
    found = client.lookup(LookupRequest(phone=phone), timeout_s=5)
    assert found.found
    sale_id, auth_id = (
        "11111111-1111-4111-8111-111111111111",
        "2" * 8 + "-2222" * 3 + "-" + "2" * 12,
    )
    ask = AuthorisationRequest(auth_id=auth_id, sale_id=sale_id, member_id=member, points=500)
    assert client.authorise(ask, timeout_s=5).approved_points == 500
    client.void_authorisation(auth_id)
    till = centre.till("S2", "R2")
    body = sale_body(till, member, sale_id=sale_id, accrual_points=70)
    body |= {"register_id": "R1", "store_id": "S1"}
    reply = client.upload(UploadBatch(register_id="R1", epoch=1, facts=[fact(body)]))
    assert (reply.head_seq, reply.verdicts[0].verdict) == (1, "accepted")
    beat = Heartbeat(
        agent_version="0.1.0",
        epoch=1,
        outbox_pending=0,
        last_seq=1,
        ruleset_active=0,
        ruleset_downloaded=0,
    )
    assert client.heartbeat(beat).head_seq == 1
    page = client.feed("", 500)
    assert page.rows[-1].kind == "head"
    assert sum(books(member).values()) == 10_070
    with pytest.raises(CursorGone):
        client.feed("nonsense", 10)
    with pytest.raises(CentreRefused) as caught:
        client.bundle(1)
    assert caught.value.code == "no_such_bundle"


def test_a_published_bundle_is_trusted_and_announced(centre, identity, client, db):
    draft = b'{"schema_version": 1, "promotions": []}'
    signing = keys.load_keys(centre.data_dir)[0]
    for sequence in (1, 2):
        with db.transaction():
            published = rules.publish(
                db, draft, signing, author="test", reason="", now=centre.clock()
            )
        assert published.sequence == sequence
    row = next(row for row in client.feed("", 500).rows if row.kind == "ruleset")
    assert (row.key, row.body["sequence"]) == ("active", 2)
    file = client.bundle(2)
    assert hashlib.sha256(file.data).hexdigest() == row.body["sha256"]
    assert len(file.data) == row.body["size"]
    trusted = dict(identity.programme_keys)
    bundle = open_bundle(file.data, file.signature, file.key_id, trusted, 1, datetime.now(UTC))
    assert bundle.sequence == 2
    assert trusted[file.key_id] == base64.b64decode(signing.public.public_key)
