"""Publishing, rolling back and stopping at the centre: who answers, what is carried on, what is
refused."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from central import keys, rules, rules_stop
from central.cli import main
from central.errors import BadInput
from loyalty.errors import InvalidRuleset
from sync.contract.bundle import parse_bundle
from sync.contract.kill_list import open_kill_list

pytestmark = pytest.mark.postgres
NOW = datetime(2026, 11, 20, 16, 40, tzinfo=UTC)
WHO = {"author": "Ірина", "reason": "бо так"}


def draft(*percents, **more):
    promotions = [
        {
            "promotion_id": f"p{number}",
            "name": {"uk": f"Акція {number}"},
            "effect": {"kind": "percent", "target": {"skus": [str(number)]}, "percent_bp": percent},
        }
        for number, percent in enumerate(percents, 1)
    ]
    return json.dumps({"promotions": promotions, **more}).encode()


@pytest.fixture
def key(tmp_path):
    known = keys.load_keys(tmp_path)
    return known[0] if known else keys.create_key(tmp_path, NOW)


@pytest.fixture
def publish(db, key):
    def run(data, **more):
        with db.transaction():
            return rules.publish(db, data, key, now=NOW, **WHO, **more)

    return run


@pytest.fixture
def stop(db, key):
    def run(name):
        with db.transaction():
            return rules_stop.stop(db, name, key, now=NOW, **WHO)

    return run


@pytest.fixture
def rollback(db, key):
    def run(sequence=None, now=NOW):
        with db.transaction():
            return rules.rollback(db, sequence, key, now=now, **WHO)

    return run


@pytest.fixture
def bundle(db):
    return lambda sequence: parse_bundle(rules.read_bundle(db, sequence).content)


def percents(found):
    return [promotion.effect.percent_bp for promotion in found.promotions]


def test_errors_are_refused_and_warnings_need_a_name(publish, db):
    upside_down = json.loads(draft(1_000))
    upside_down["promotions"][0] |= {"valid_from": "2026-12-02", "valid_until": "2026-12-01"}
    with pytest.raises(InvalidRuleset) as caught:
        publish(json.dumps(upside_down).encode())
    assert caught.value.code == "conflict"
    with pytest.raises(InvalidRuleset) as caught:
        publish(draft(6_000))
    assert (caught.value.code, caught.value.field) == (
        "needs_approval",
        "promotions[0].effect.percent_bp",
    )
    publish(draft(6_000), approved_by="Олег")
    assert [each["approved_by"] for each in rules.history(db)] == ["Олег"]


def test_a_name_is_kept_only_where_there_is_something_to_answer_for(publish, db):
    publish(draft(500), approved_by="Олег")
    assert rules.history(db)[0]["approved_by"] == ""


def test_a_bundle_names_the_one_before_it(publish, bundle):
    first = publish(draft(500))
    publish(draft(600))
    assert (bundle(1).parent_sha256, bundle(2).parent_sha256) == (None, first.sha256)


def test_the_centre_knows_goods_and_agents(centre, publish, db, tmp_path):
    goods = tmp_path / "goods.csv"
    goods.write_text("sku;name;price\n1;Сир;20.00\n", encoding="utf-8")
    place = ["--data-dir", str(tmp_path), "--database-url", centre.database_url]
    assert main(["goods", "import", str(goods), *place]) == 0
    dear = json.loads(draft(500))
    dear["promotions"][0]["effect"] = {
        "kind": "fixed_price",
        "target": {"skus": ["1"]},
        "price_minor": 2_500,
    }
    with pytest.raises(InvalidRuleset) as caught:
        publish(json.dumps(dear).encode())
    assert caught.value.code == "conflict"
    till = centre.till()
    beat = {"agent_version": "0.0.9", "epoch": 1, "outbox_pending": 0, "last_seq": 0}
    till.post("/v1/heartbeat", beat | {"ruleset_active": 0, "ruleset_downloaded": 0})
    assert rules.known_to_centre(db).oldest_agent == "0.0.9"
    path = tmp_path / "rules.json"
    path.write_bytes(draft(500, min_agent_version="0.1"))
    assert main(["rules", "check", str(path), *place]) == 0
    assert main(["rules", "check", str(path), "--centre", *place]) == 1


# --- stop and resume --------------------------------------------------------------------------


def test_what_is_stopped_stays_so_in_every_later_bundle(publish, stop, bundle, db):
    publish(draft(500, 600))
    stop("p2")
    assert publish(draft(500, 600)).stopped == ("p2",)
    assert bundle(2).stopped == ["p2"]
    assert publish(draft(500, 700), resume=["p2"]).stopped == ()
    assert bundle(3).stopped == []
    state = rules_stop.in_force(db)
    assert (state.promotion_ids, state.bundle_sequence) == (frozenset(), 3)


def test_a_later_stop_does_not_hurry_what_an_earlier_list_let_go(publish, stop):
    publish(draft(500, 600))
    stop("p1")
    publish(draft(550, 600), resume=["p1"])
    state = stop("p2")
    assert (state.promotion_ids, state.bundle_sequence) == ({"p2"}, 2)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (draft(500), "not_stopped"),
        (draft(), "not_in_file"),
        (draft(500, 600, stopped=["p2"]), "still_stopped"),
    ],
)
def test_a_resume_that_makes_no_sense_is_refused(publish, stop, db, data, code):
    publish(draft(500, 600))
    stop("p2")
    with pytest.raises(BadInput) as caught:
        publish(data, resume=["p1" if code == "not_stopped" else "p2"])
    assert caught.value.code == code
    assert len(rules.history(db)) == 1


def test_the_feed_carries_the_signed_list_and_the_heartbeat_repeats_it(centre, publish, stop, key):
    publish(draft(500, 600))
    till = centre.till()
    till.pull()
    stop("p2")
    [row] = till.pull()
    assert (row["kind"], row["key"]) == ("kill_list", "active")
    body = row["body"]
    beat = {"agent_version": "0.1.0", "epoch": 1, "outbox_pending": 0, "last_seq": 0}
    beat |= {"ruleset_active": 1, "ruleset_downloaded": 1}
    assert till.post("/v1/heartbeat", beat).json()["kill_list"] == body
    current = beat | {"kill_list_downloaded": body["sequence"]}
    assert till.post("/v1/heartbeat", current).json()["kill_list"] is None
    public = base64.b64decode(key.public.public_key)
    opened = open_kill_list(
        body["content"].encode(),
        base64.b64decode(body["signature"]),
        body["key_id"],
        {key.key_id: public},
        0,
    )
    assert [(each.promotion_id, each.reason) for each in opened.stopped] == [("p2", "бо так")]


# --- rollback ---------------------------------------------------------------------------------


def test_back_and_further_back_never_forward_to_what_was_wrong(publish, rollback, bundle, db):
    for percent in (500, 600, 700):
        publish(draft(percent))
    published, restores = rollback()
    assert (published.sequence, restores, percents(bundle(4))) == (4, 2, [600])
    published, restores = rollback()
    assert (published.sequence, restores, percents(bundle(5))) == (5, 1, [500])
    with pytest.raises(BadInput, match="no earlier bundle"):
        rollback()
    assert [each["restores"] for each in rules.history(db)] == [1, 2, None, None, None]


def test_a_publication_that_changed_nothing_is_no_way_back(publish, rollback):
    for percent in (500, 700, 700):
        publish(draft(percent))
    assert rollback()[1] == 1


def test_a_rollback_keeps_the_stops_and_needs_no_approval(publish, stop, rollback, bundle):
    publish(draft(6_000), approved_by="Олег")
    publish(draft(500))
    stop("p1")
    rollback(1)
    assert (percents(bundle(3)), bundle(3).stopped) == ([6_000], ["p1"])


def test_an_expiry_that_has_passed_would_be_refused_by_registers(publish, rollback, bundle):
    publish(draft(500, expires_at="2026-11-30T00:00:00Z"))
    publish(draft(600))
    rollback(1)
    assert bundle(3).expires_at == "2026-11-30T00:00:00Z"
    rollback(1, now=NOW + timedelta(days=30))
    assert bundle(4).expires_at is None


def test_nothing_to_go_back_to(rollback):
    for sequence in (None, 0, 7, -1, 10**30):
        with pytest.raises(BadInput) as caught:
            rollback(sequence)
        assert caught.value.code == "no_such_bundle"


def test_published_rules_are_named_by_their_sequence(centre, publish, sale_body, tmp_path, capsys):
    publish(draft(500))
    publish(draft(600))
    till = centre.till()
    line = {"line_id": "1", "sku": "1", "name": "Сир", "qty_milli": 1000}
    line |= {"unit_price_minor": 10_000, "sum_minor": 10_000}
    till.send("sale", sale_body(till, lines=[line]))
    place = ["--data-dir", str(tmp_path), "--database-url", centre.database_url]

    def call(*arguments, code=0):
        capsys.readouterr()
        assert main([*map(str, arguments), *place]) == code
        return capsys.readouterr().out

    assert "effect percent: 5 % -> 6 %" in call("rules", "diff", "1", "2")
    basket, receipts = tmp_path / "basket.json", tmp_path / "sales.jsonl"
    basket.write_text(json.dumps({"lines": [line]}), encoding="utf-8")
    found = json.loads(call("rules", "explain", "2", "--basket", basket, "--json"))
    assert (found["sequence"], found["totals"]["discount_minor"]) == (2, 600)
    receipts.write_text(call("export", "sales"), encoding="utf-8")
    wanted = ("rules", "simulate", "1", "--receipts", receipts, "--sequence", "2", "--json")
    total = json.loads(call(*wanted))["total"]
    assert (total["receipts"], total["cost_minor"]) == (1, 500 - 600)
    call("rules", "diff", "1", "3", code=2)
    assert call("rules", "diff", "1", tmp_path / "none.json", code=2) == ""


@pytest.mark.parametrize(
    "words",
    [
        {"footer": {"uk": ["Фіскальний чек"]}},
        {"header": {"uk": ["ФН 3000012345"]}},
        {"labels": {"uk": {"balance": "СУМА"}}},
    ],
    ids=["footer", "header", "label"],
)
def test_a_slip_that_imitates_a_fiscal_receipt_is_not_published(publish, db, words):
    with pytest.raises(InvalidRuleset, match="must not say") as refused:
        publish(draft(500, receipt=words))
    assert (refused.value.code, refused.value.field) == ("conflict", "receipt")
    assert db.execute("select count(*) from bundle").fetchone()[0] == 0
    publish(draft(500, receipt={"footer": {"uk": ["До зустрічі!"]}}))
