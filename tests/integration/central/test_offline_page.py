"""The member's page over HTTP, the report of losses, and the commands of the central team."""

import json
import threading
from datetime import timedelta

import httpx
import pytest

from central import attention, cli, offline_loss, page, policies, purse_keys, reports, server
from loyalty.authorisation.policy import Policy

pytestmark = pytest.mark.postgres


@pytest.fixture
def pages(centre, db):
    """The page's listener beside the centre's; calls it with its token."""
    with db.transaction():
        purse_keys.create(db, centre.data_dir, centre.clock(), "olena", "first")
    listening = server.bind("127.0.0.1", 0)
    with (
        page.served(centre.database_url, centre.data_dir, listening, clock=centre.clock) as url,
        httpx.Client(base_url=url, timeout=10, trust_env=False) as http,
    ):
        http.headers["Authorization"] = f"Bearer {page.page_token(centre.data_dir)}"
        yield http


def test_the_page_gets_codes_with_its_secret_and_nothing_else(centre, pages, add_member):
    centre.till()
    member = add_member("100")
    asked = {"member_id": member, "stores": ["S1"]}
    reply = pages.post("/v1/purses", json=asked)
    assert reply.status_code == 200
    assert reply.json()["text"].startswith("LP1:")
    assert reply.headers["cache-control"] == "no-store"
    assert pages.post("/v1/purses", json=asked).json()["serial"] == reply.json()["serial"]
    for wrong in ("", "Bearer x", "Bearer " + "я" * 3):
        headers = {"Authorization": wrong.encode()}
        assert pages.post("/v1/purses", json=asked, headers=headers).status_code == 401
    for body, status in (
        ({}, 422),
        ({"member_id": member, "card": "1"}, 422),
        ({"member_id": 404}, 404),
        ({"member_id": member, "stores": ["S1", "S2", "S3", "S4"]}, 422),
        ({"member_id": member, "chain_end": "zz"}, 422),
    ):
        assert pages.post("/v1/purses", json=body).status_code == status, body
    assert pages.post("/v1/purses", content=b"x" * 5_000).status_code == 413
    for route in ("/v1/feed", "/v1/facts", "/v1/authorisations", "/healthz"):
        assert pages.get(route).status_code == 404
    assert (centre.data_dir / page.TOKEN_FILE).stat().st_mode & 0o777 == 0o600


def test_a_flood_is_turned_away(pages):
    codes = []

    def ask():
        for _ in range(page.A_SECOND):
            codes.append(pages.post("/v1/purses", json={}).status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(codes) <= {422, 429}
    assert len(codes) == 4 * page.A_SECOND


def test_loss_is_reported_by_layer_store_day_and_member_then_written_off(
    centre, add_member, sale_body, redemption, books, db
):
    till, other = centre.till("S1", "R1"), centre.till("S2", "R2")
    owing, repaying = add_member("0"), add_member("0")

    def lose(member, at, layer, points):
        burn = redemption(points, layer, **{f"{layer}_points": points})
        body = sale_body(at, member, redemption=burn, mode="offline")
        at.send("sale", body)
        return body["sale_id"]

    first = lose(owing, till, "cache", 500)
    lose(repaying, other, "cache", 300)
    with db.transaction():
        policies.put(db, Policy(cache_budget_points=1_000), centre.clock(), "olena", "small")
    found = reports.status(db)
    needs = attention.needs_a_person(db, found, centre.clock())
    assert [each["what"] for each in needs if "offline" in each["what"]] == ["offline_budget_half"]
    centre.clock.advance(days=60)
    lose(owing, other, "purse", 200)
    other.send("sale", sale_body(other, repaying, accrual_points=300))
    rows = offline_loss.report(db, ("layer", "store", "day"))
    assert [tuple(row.values()) for row in rows] == [
        ("cache", "S1", "2026-11-22", 1, 500, 500, 0),
        ("cache", "S2", "2026-11-22", 1, 300, 0, 0),
        ("purse", "S2", "2027-01-21", 1, 200, 200, 0),
    ]
    (receipt, _) = offline_loss.receipts(db, owing)
    assert (receipt["sale_id"], receipt["register_id"], receipt["seq"]) == (first, "R1", 1)
    with db.transaction():
        assert offline_loss.write_off(db, centre.clock()) == 0
    centre.clock.advance(days=31)
    with db.transaction():
        offline_loss.write_off(db, centre.clock())
    with db.transaction():
        assert offline_loss.write_off(db, centre.clock()) == 0
    assert books(owing) == {"overdraft": -200}
    totals = dict(db.execute("select account, sum(amount)::bigint from leg group by 1").fetchall())
    assert totals["offline_loss"] == -500
    (row,) = [r for r in offline_loss.report(db, ("member", "layer")) if r["lost_points"]]
    assert (row["member"], row["lost_points"], row["open_points"]) == (owing, 500, 0)
    void = {"sale_id": first, "reason": "x", "voided_at": "2026-11-22T09:00:00.000Z"}
    till.send("sale_voided", void)
    assert not [r for r in offline_loss.report(db, ("layer",)) if r["lost_points"]]
    assert books(owing) == {"overdraft": -200}


def test_what_waits_for_a_log_is_shown(centre, pages, add_member, db):
    centre.till("S1", "R1")
    member = add_member("100")
    pages.post("/v1/purses", json={"member_id": member, "stores": ["S1"]})
    now = centre.clock() + timedelta(days=5)
    assert [each["what"] for each in offline_loss.waiting(db, now)] == ["purses_wait"]
    assert offline_loss.waiting(db, centre.clock() + timedelta(days=3)) == []


def test_the_commands_do_what_they_say(centre, add_member, capsys):
    centre.till()
    member = add_member("100")

    def run(*arguments):
        place = ["--data-dir", str(centre.data_dir), "--database-url", centre.database_url]
        code = cli.main([*arguments, *place])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    assert run("purse", "issue", "--member", str(member), "--store", "S1")[0] == 2
    code, out, _ = run("purse", "key", "init", "--reason", "first")
    assert (code, len(json.loads(out)["public_key"])) == (0, 44)
    code, out, _ = run("purse", "issue", "--member", str(member), "--store", "S1")
    assert (code, json.loads(out)["points"]) == (0, 2_000)
    code, out, _ = run("purse", "issue", "--member", str(add_member("0")), "--store", "S1")
    assert (code, json.loads(out)["reason"]) == (1, "no_points")
    assert run("purse", "issue", "--member", "404")[0] == 2
    first, second = (json.loads(run("purse", "token")[1])["token"] for _ in range(2))
    assert first == second != json.loads(run("purse", "token", "--renew")[1])["token"]
    code, out, _ = run("policy", "set", "--set", "purse_max_points=500", "--reason", "try")
    assert (code, json.loads(out)["sequence"]) == (0, 1)
    assert json.loads(run("policy", "show")[1])["purse_max_points"] == 500
    assert run("policy", "set", "--set", "purse_stores=9", "--reason", "x")[0] == 2
    assert run("offline-loss")[:2] == (0, "nothing was lost\n")
    assert run("offline-loss", "--by", "moon")[0] == 2
    assert run("write-off", "--reason", "yearly")[0] == 0
