"""Recorded conversations of every supported contract version against the code of today.

Old register with new centre: its recorded requests are sent again, byte for byte. New register
with old centre: the recorded answers are given to the client. What today's ends say must also be
readable by the old ones, by the schema they had.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from pathlib import Path
from types import SimpleNamespace

import httpx
import jsonschema
import pytest

from sync import enrolment
from sync.centre_client import CentreClient
from sync.contract import live
from sync.contract.messages import CONTRACT_VERSION, OLDEST_VERSION
from sync.contract.schema import wire_models, wire_schema
from sync.contract.signing import new_private_key
from sync.errors import CentreRefused, CursorGone
from sync.serving.app import build_app
from sync.serving.hints import HintBoard
from tests.integration.sync.memory_centre import MemoryCentre
from tests.support.record_wire import AUTH, FACTS, GOOD, LEASE, MEMBER, SALE, batch_of

LOGS = Path(__file__).parents[2] / "data" / "wire"
VERSIONS = range(OLDEST_VERSION, CONTRACT_VERSION + 1)
NOW = "2026-11-22T09:00:00.000Z"
ANSWERS = {
    "/v1/enrol": "EnrolReply",
    "/v1/facts": "UploadReply",
    "/v1/feed": "FeedPage",
    "/v1/authorisations": "AuthorisationReply",
    "/v1/members/lookup": "LookupReply",
    "/v1/heartbeat": "HeartbeatReply",
    "/v1/feed/sums": "BucketSums",
    "/v1/rights": "RightsReply",
    "/v1/heads": "HeadReply",
    "/v1/sales/lookup": "SoldReply",
}
REQUESTS = {
    "/v1/enrol": "EnrolRequest",
    "/v1/facts": "UploadBatch",
    "/v1/authorisations": "AuthorisationRequest",
    "/v1/members/lookup": "LookupRequest",
    "/v1/heartbeat": "Heartbeat",
    "/v1/rights": "RightsReport",
    "/v1/heads": "HeadRequest",
    "/v1/sales/lookup": "SoldRequest",
}


def recorded(version):
    lines = (LOGS / f"v{version}.jsonl").read_text(encoding="utf-8").splitlines()
    head, *exchanges = map(json.loads, lines)
    assert head["contract"] == version
    return head, exchanges


def plain(body, headers):
    data = base64.b64decode(body)
    return gzip.decompress(data) if headers.get("content-encoding") == "gzip" else data


def path_of(exchange):
    return exchange["target"].partition("?")[0]


def schema_of(version):
    if version == CONTRACT_VERSION:
        return wire_schema()
    return json.loads((LOGS / f"v{version}.schema.json").read_text(encoding="utf-8"))


def check(version, name, data):
    """The message as an end of that version would read it."""
    schema = schema_of(version)
    validator = jsonschema.Draft202012Validator({**schema, "$ref": f"#/$defs/{name}"})
    validator.validate(json.loads(data))


def test_every_supported_version_has_its_log():
    assert CONTRACT_VERSION - OLDEST_VERSION <= 3
    kept = sorted(int(path.stem[1:]) for path in LOGS.glob("v*.jsonl"))
    assert kept[-len(VERSIONS) :] == list(VERSIONS), "python -m tests.support.record_wire"


def centre_of_today():
    state = MemoryCentre()
    state.publish("member", "7", MEMBER)
    state.publish("token", "card:123", {"member_id": 7})
    state.publish("good", "7", GOOD)
    state.publish("lease", "r1.1.7", LEASE)
    state.publish_bundle(4, b'{"promotions":[]}')
    state.publish("head", "r1", {"epoch": 1, "seq": 0})
    state.publish("token", "card:old", {}, deleted=True)
    return state


def sent_again(exchanges, state):
    """Answers of today's centre to the recorded requests."""

    async def work():
        transport = httpx.ASGITransport(build_app(state, HintBoard()))
        async with httpx.AsyncClient(transport=transport, base_url="http://centre") as http:
            for exchange in exchanges:
                request = http.build_request(
                    exchange["method"],
                    exchange["target"],
                    content=base64.b64decode(exchange["request"]),
                )
                request.headers.update(exchange["request_headers"])
                yield exchange, await http.send(request)

    async def gather():
        return [pair async for pair in work()]

    return asyncio.run(gather())


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_register_speaks_with_todays_centre(version):
    head, exchanges = recorded(version)
    state = centre_of_today()
    for exchange, answer in sent_again(exchanges, state):
        assert answer.status_code == exchange["status"], (exchange["target"], answer.text)
        name = ANSWERS.get(path_of(exchange))
        if answer.status_code == 200 and name:
            check(version, name, answer.content)
        if answer.status_code >= 400:
            then = json.loads(plain(exchange["response"], exchange["headers"]))
            assert answer.json()["code"] == then["code"]
    assert [fact.body for fact in state.facts.values()] == head["facts"]
    assert head["facts"][0] == FACTS[0][1], "blanks, order and unknown fields are kept"


def client_of(exchanges):
    """A client whose centre says what was recorded, and the list of what it is asked."""
    answers = {}
    for exchange in exchanges:
        answers.setdefault((exchange["method"], _named(exchange["target"])), []).append(exchange)
    asked = []

    def answer(request):
        asked.append(request)
        target = request.url.raw_path.decode()
        known = answers.get((request.method, _named(target)))
        if not known:
            problem = {"title": "Not found", "status": 404, "code": "no_such_route"}
            return httpx.Response(404, stream=httpx.ByteStream(json.dumps(problem).encode()))
        exchange = known.pop(0) if len(known) > 1 else known[0]
        headers = {k: v for k, v in exchange["headers"].items() if k != "content-length"}
        body = base64.b64decode(exchange["response"])
        return httpx.Response(exchange["status"], headers=headers, stream=httpx.ByteStream(body))

    client = CentreClient("http://127.0.0.1:9", "r1", new_private_key(), None, lambda: NOW)
    client._channel._http = httpx.Client(
        transport=httpx.MockTransport(answer), base_url="http://127.0.0.1:9"
    )
    return client, asked


@pytest.mark.parametrize("version", VERSIONS)
def test_a_register_of_today_speaks_with_an_old_centre(version):
    """Every recorded answer is read; what the old centre has not is missed in peace."""
    _, exchanges = recorded(version)
    client, asked = client_of(exchanges)
    reply = client.upload(batch_of())
    assert [item.verdict for item in reply.verdicts] == ["accepted"] * 4
    page = client.feed("", 3)
    rest = client.feed(page.cursor, 100)
    assert {row.kind for row in [*page.rows, *rest.rows]} == {
        *("member", "token", "good", "lease", "ruleset", "head")
    }
    with pytest.raises(CursorGone):
        client.feed("gone:5", 10)
    assert client.bundle(4).data == b'{"promotions":[]}'
    question = live.AuthorisationRequest(auth_id=AUTH, sale_id=SALE, member_id=7, points=500)
    assert client.authorise(question).approved_points == 500
    assert client.lookup(live.LookupRequest(token_key="card:123")).found
    assert client.heartbeat(beat()).head_seq == 4
    if version == 1:
        for call in (
            lambda: client.bucket_sums(page.cursor),
            lambda: client.bucket(3, 16),
            lambda: client.snapshot(2),
            lambda: client.report_rights(rights()),
        ):
            with pytest.raises(CentreRefused) as refused:
                call()
            assert refused.value.status == 404
    else:
        assert client.bucket_sums(page.cursor).buckets == 16
        assert client.report_rights(rights()).restored == 1
    if version < 4:
        with pytest.raises(CentreRefused) as refused:
            client.sold(live.SoldRequest(sale_id=SALE))
        assert refused.value.status == 404
    else:
        (told,) = client.sold(live.SoldRequest(sale_id=SALE)).sales
        assert told.sale.sale_id == SALE
    client.close()
    for request in asked:
        name = REQUESTS.get(request.url.path)
        schema = schema_of(version)["$defs"]
        if name in schema and request.content:
            body = request.content
            if request.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            check(version, name, body)


def _named(target):
    """A target without the kinds that it asks for: an old centre leaves out those it does not
    know."""
    path, _, query = target.partition("?")
    kept = [part for part in query.split("&") if not part.startswith("kinds=")]
    return f"{path}?{'&'.join(kept)}"


def beat():
    return live.Heartbeat(
        agent_version="9",
        epoch=1,
        outbox_pending=0,
        last_seq=4,
        ruleset_active=4,
        ruleset_downloaded=4,
    )


def rights():
    lease = live.HeldLease(
        lease_id="r1.1.7", member_id=7, granted_points=500, spent_points=0, state="open"
    )
    return live.RightsReport(incarnation="first", epoch=1, leases=[lease])


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_answer_still_makes_an_identity(version):
    exchange = next(each for each in recorded(version)[1] if path_of(each) == "/v1/enrol")
    reply = plain(exchange["response"], exchange["headers"])
    assert enrolment.EnrolReply.model_validate_json(reply).register_id == "r1"


@pytest.mark.parametrize("version", VERSIONS)
def test_fields_of_a_newer_end_are_ignored(version):
    """The same log with an unknown field in every message, at every level of answers."""
    _, exchanges = recorded(version)
    names = {model.__name__: model for model in wire_models()}
    read = 0
    for exchange in exchanges:
        name = ANSWERS.get(path_of(exchange))
        if exchange["status"] == 200 and name:
            data = json.loads(plain(exchange["response"], exchange["headers"]))
            spoken = names[name].model_validate(newer(data))
            assert spoken == names[name].model_validate(data)
            read += 1
    assert read >= 7


def newer(value):
    if isinstance(value, dict):
        # A row's body and what a decision rested on are kept as they come; whoever stores them
        # reads what they know.
        kept = ("body", "decision")
        inner = {name: each if name in kept else newer(each) for name, each in value.items()}
        return {**inner, "said_later": [{"x": 1}]}
    return [newer(each) for each in value] if isinstance(value, list) else value


def test_a_kind_that_nobody_knows_is_stored_first():
    state = centre_of_today()
    batch = batch_of()
    caller = SimpleNamespace(register_id="r1", epoch=1)
    reply = state.upload(caller, batch)
    assert reply.head_seq == len(FACTS)
    assert state.facts[4].kind == "weather_report"
    assert state.facts[4].body == FACTS[3][1]
