"""The inbox: verdicts, the chain, quarantine, bounds and signatures."""

import gzip
import json

import pytest

from sync.contract.messages import MAX_BODY_BYTES, canonical_json
from sync.contract.signing import new_private_key, sign_request

pytestmark = pytest.mark.postgres


def verdicts(reply):
    return [(each["seq"], each["verdict"], each["detail"]) for each in reply["verdicts"]]


def test_accepted_then_duplicate(centre, sale_body, db):
    till = centre.till()
    facts = [till.fact("sale", sale_body(till)) for _ in range(3)]
    first = till.upload(*facts)
    assert verdicts(first) == [(seq, "accepted", "") for seq in (1, 2, 3)]
    assert (first["head_seq"], first["head_hash"]) == (3, till.head.hex())
    second = till.upload(*facts, till.fact("sale", sale_body(till)), packed=False)
    assert [each[1] for each in verdicts(second)] == ["duplicate"] * 3 + ["accepted"]
    assert db.execute("select count(*) from inbox").fetchone() == (4,)
    stored = db.execute("select body from inbox where seq = 1").fetchone()
    assert bytes(stored[0]).decode() == facts[0]["body"]


def test_nothing_after_a_gap_is_stored(centre, sale_body, db):
    till = centre.till()
    facts = [till.fact("sale", sale_body(till)) for _ in range(4)]
    reply = till.upload(facts[0], facts[2], facts[3])
    assert verdicts(reply) == [
        (1, "accepted", ""),
        (3, "gap", "seq_ahead"),
        (4, "gap", "after_gap"),
    ]
    assert reply["head_seq"] == 1
    report = "select gaps, last_gap from register_report"
    assert db.execute(report).fetchone() == (1, "seq 3: seq_ahead")
    assert till.upload(*facts)["head_seq"] == 4


def test_a_fact_that_does_not_hash_is_refused(centre, sale_body):
    till = centre.till()
    good, bad = till.fact("sale", sale_body(till)), till.fact("sale", sale_body(till))
    bad["body"] = bad["body"].replace("10000", "20000", 1)
    reply = till.upload(good, bad)
    assert verdicts(reply) == [(1, "accepted", ""), (2, "gap", "bad_hash")]


def test_both_histories_of_a_fork_are_kept(centre, sale_body, db):
    till = centre.till()
    till.upload(till.fact("sale", sale_body(till)), till.fact("sale", sale_body(till)))
    clone = type(till)(till.http, till.private_key, till.identity)
    other = [clone.fact("sale", sale_body(till)) for _ in range(3)]
    reply = till.upload(*other)
    assert verdicts(reply) == [
        (1, "fork", "other_hash"),
        (2, "fork", "continues_fork"),
        (3, "fork", "continues_fork"),
    ]
    assert reply["head_seq"] == 2
    till.upload(*other)
    kept = db.execute("select seq, hash, body from fork order by seq").fetchall()
    assert [(seq, bytes(own).hex()) for seq, own, _ in kept] == [
        (each["seq"], each["hash"]) for each in other
    ]
    assert bytes(kept[0][2]).decode() == other[0]["body"]
    assert till.send("sale", sale_body(till)) == "accepted"


def test_a_chain_that_leaves_ours_at_the_head_is_a_fork(centre, sale_body, db):
    till = centre.till()
    till.upload(till.fact("sale", sale_body(till)))
    clone = type(till)(till.http, till.private_key, till.identity)
    clone.fact("sale", sale_body(till))
    reply = till.upload(clone.fact("sale", sale_body(till)), clone.fact("sale", sale_body(till)))
    assert verdicts(reply) == [(2, "fork", "chain_break"), (3, "fork", "continues_fork")]
    assert db.execute("select count(*) from inbox").fetchone() == (1,)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("sale", {"version": 2}),
        ("sale", {"register_id": "R7"}),
        ("sale", {"accrual_expires_on": "soon"}),
        ("sale", {"occurred_at": "yesterday"}),
        ("sale", {"payable_minor": 10**18}),
        ("coupon_use", {}),
    ],
)
def test_what_is_not_understood_is_stored_and_marked(centre, sale_body, db, kind, changes):
    till = centre.till()
    facts = (till.fact(kind, sale_body(till) | changes), till.fact("sale", sale_body(till)))
    reply = till.upload(*facts)
    assert [each[1] for each in verdicts(reply)] == ["quarantined", "accepted"]
    assert reply["head_seq"] == 2
    assert till.upload(facts[0])["verdicts"][0]["verdict"] == "duplicate"
    rows = db.execute("select seq, state, body from inbox order by seq").fetchall()
    assert [row[:2] for row in rows] == [(1, "quarantined"), (2, "applied")]
    assert bytes(rows[0][2]).decode() == facts[0]["body"]


def test_a_body_that_is_no_json_is_quarantined(centre, db):
    till = centre.till()
    reply = till.upload(till.fact("sale", "{"), till.fact("sale", "\u0000"))
    assert [each[1] for each in verdicts(reply)] == ["quarantined"] * 2
    assert db.execute("select body from inbox where seq = 2").fetchone()[0] == b"\x00"


def test_a_fact_that_cannot_be_applied_does_not_stop_the_log(
    centre, sale_body, add_member, db, books
):
    member = add_member("0")
    till = centre.till()
    db.execute("alter table sale add constraint fail_one check (accrued <> 13)")
    bodies = [sale_body(till, member, accrual_points=points) for points in (100, 13, 200)]
    try:
        reply = till.upload(*[till.fact("sale", body) for body in bodies])
    finally:
        db.execute("alter table sale drop constraint fail_one")
    assert [each[1:] for each in verdicts(reply)] == [
        ("accepted", ""),
        ("quarantined", "apply_failed"),
        ("accepted", ""),
    ]
    assert sum(books(member).values()) == 300
    states = db.execute("select state from inbox order by seq").fetchall()
    assert [row[0] for row in states] == ["applied", "quarantined", "applied"]


# --- the gate ---------------------------------------------------------------------------------


def code_of(reply):
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["status"] == reply.status_code
    return reply.status_code, reply.json()["code"]


def test_signatures_are_checked_over_the_exact_bytes(centre):
    till = centre.till()
    target = "/v1/feed?cursor=&limit=10"
    assert till.request("GET", target).status_code == 200
    unsigned = till.http.get(target)
    assert code_of(unsigned) == (401, "bad_signature")
    assert unsigned.headers["www-authenticate"]
    stranger = type(till)(till.http, new_private_key(), till.identity)
    assert code_of(stranger.request("GET", target)) == (401, "bad_signature")
    ghost = type(till)(till.http, till.private_key, {**till.identity, "register_id": "R404"})
    assert code_of(ghost.request("GET", target)) == (401, "bad_signature")
    body = canonical_json({"register_id": "R1", "epoch": 1, "facts": []})
    assert till.request("POST", "/v1/facts", body).status_code == 200
    signed = sign_request(till.private_key, "R1", "POST", "/v1/facts", "2026-11-22T09:00:00Z", body)
    assert code_of(till.http.post("/v1/facts", content=body + b" ", headers=signed)) == (
        401,
        "bad_signature",
    )
    assert code_of(till.http.post("/v1/heartbeat", content=body, headers=signed)) == (
        401,
        "bad_signature",
    )


def test_a_register_writes_its_own_log_only(centre):
    till = centre.till()
    for register_id, epoch in (("R2", 1), ("R1", 2)):
        body = canonical_json({"register_id": register_id, "epoch": epoch, "facts": []})
        assert code_of(till.request("POST", "/v1/facts", body)) == (403, "not_yours")


def test_a_revoked_register_is_refused(centre, db):
    from central.enrolment import revoke

    till = centre.till()
    revoke(db, "R1", "stolen", centre.clock())
    assert code_of(till.request("GET", "/v1/feed")) == (403, "register_revoked")
    assert code_of(till.upload_raw(())) == (403, "register_revoked")


def test_bodies_are_bounded_before_and_after_unpacking(centre):
    till = centre.till()
    plain = b" " * (MAX_BODY_BYTES + 1)
    assert code_of(till.request("POST", "/v1/facts", plain)) == (413, "too_large")
    bomb = gzip.compress(plain)
    packed = {"Content-Encoding": "gzip"}
    assert code_of(till.request("POST", "/v1/facts", bomb, **packed)) == (413, "too_large")
    half = gzip.compress(b"{}" * 100)[:-9]
    assert code_of(till.request("POST", "/v1/facts", half, **packed)) == (400, "bad_encoding")
    assert code_of(till.request("POST", "/v1/facts", b"no gzip", **packed)) == (
        400,
        "bad_encoding",
    )
    other = {"Content-Encoding": "br"}
    assert code_of(till.request("POST", "/v1/facts", b"{}", **other)) == (415, "unknown_encoding")


def test_errors_are_problem_details(centre):
    till = centre.till()
    assert code_of(till.http.get("/nothing")) == (404, "no_such_route")
    assert code_of(till.http.get("/v1/facts")) == (405, "method_not_allowed")
    assert code_of(till.request("GET", "/v1/feed?limit=0")) == (422, "bad_parameter")
    assert code_of(till.request("GET", "/v1/bundles/1")) == (404, "no_such_bundle")
    assert code_of(till.request("POST", "/v1/facts", b"{}")) == (422, "bad_message")
    assert json.loads(till.http.get("/healthz").content) == {"status": "ok"}
