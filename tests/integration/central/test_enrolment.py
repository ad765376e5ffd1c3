"""One-time codes, epochs and the programme's keys."""

import base64

import pytest

from central import keys
from sync.contract.signing import new_private_key, public_key_of

pytestmark = pytest.mark.postgres


def ask(code):
    key = base64.b64encode(public_key_of(new_private_key())).decode()
    return {"code": code, "public_key": key, "machine": "desk\u0000top"}


def test_a_code_works_once_and_in_any_spelling(centre, db):
    code = centre.code("S1", "R1")
    reply = centre.http.post("/v1/enrol", json=ask(code.lower().replace("-", "")))
    assert reply.status_code == 200
    identity = reply.json()
    assert (identity["register_id"], identity["store_id"], identity["epoch"]) == ("R1", "S1", 1)
    public = keys.load_keys(centre.data_dir)[0].public
    assert identity["programme_keys"] == [public.model_dump()]
    assert len(base64.b64decode(identity["phone_key"])) == 32
    again = centre.http.post("/v1/enrol", json=ask(code))
    assert (again.status_code, again.json()["code"]) == (403, "code_refused")
    stored = db.execute("select code_hash from enrol_code").fetchone()
    assert code.encode() not in bytes(stored[0])


def test_a_code_ends(centre):
    code = centre.code("S1", "R1", ttl_hours=2)
    centre.clock.advance(hours=2)
    assert centre.http.post("/v1/enrol", json=ask(code)).json()["code"] == "code_refused"


def test_a_second_enrolment_is_the_next_epoch_with_a_fresh_chain(centre, sale_body):
    first = centre.till("S1", "R1")
    first.send("sale", sale_body(first))
    second = centre.till("S1", "R1")
    assert second.epoch == 2
    assert second.identity["phone_key"] == first.identity["phone_key"]
    assert first.request("GET", "/v1/feed").json()["code"] == "epoch_superseded"
    assert second.send("sale", sale_body(second)) == "accepted"
    assert second.seq == 1


def test_a_bad_key_does_not_use_the_code_up(centre):
    code = centre.code("S1", "R1")
    bad = {**ask(code), "public_key": "AAAA"}
    assert centre.http.post("/v1/enrol", json=bad).json()["code"] == "bad_key"
    assert centre.http.post("/v1/enrol", json=ask(code)).status_code == 200


def test_a_register_belongs_to_one_store(centre):
    from central.errors import BadInput

    centre.code("S1", "R1")
    with pytest.raises(BadInput, match="belongs to store S1"):
        centre.code("S2", "R1")
    with pytest.raises(BadInput, match="store must be"):
        centre.code("S/2", "R2")
