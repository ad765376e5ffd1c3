"""A dry run says to the kopeck what the engine would have done, whatever the number of processes,
and names every line it could not read."""

import gzip
import json
import random
import uuid

import pytest

from central import rules_simulate
from central.cli import main
from central.errors import BadInput
from central.rules_files import parse_rules
from central.rules_receipts import MAX_FACT_BYTES
from central.rules_simulate import Plan, simulate

SEED = 20261122
RULES = {
    "programme": {"unit_floor_minor": 1},
    "promotions": [
        {
            "promotion_id": "dairy10",
            "name": {"uk": "Молочне −10 %"},
            "effect": {"kind": "percent", "target": {"groups": ["dairy"]}, "percent_bp": 1000},
        },
        {
            "promotion_id": "earn5",
            "name": {"uk": "5 % бонусами"},
            "effect": {"kind": "accrue_percent", "target": {"all": True}, "percent_bp": 500},
            "conditions": [{"kind": "member_known"}],
        },
        {
            "promotion_id": "gold",
            "name": {"uk": "Золотим −5 %"},
            "effect": {"kind": "percent", "target": {"all": True}, "percent_bp": 500},
            "conditions": [{"kind": "member_tier", "tiers": ["gold"]}],
        },
    ],
}


def line(number, price, group="dairy", **more):
    return {
        "line_id": str(number),
        "sku": f"s{number}",
        "name": "Товар",
        "qty_milli": 1000,
        "unit_price_minor": price,
        "sum_minor": price,
        "groups": [group],
        **more,
    }


def receipt(lines, store="S1", member=None, number=0, discount=0, **more):
    gross = sum(each["sum_minor"] for each in lines)
    return {
        "sale_id": str(uuid.UUID(int=number, version=4)),
        "register_id": "R1",
        "store_id": store,
        "occurred_at": "2026-11-20T16:00:00.000Z",
        "clock": {"source": "centre"},
        "mode": "online",
        "member_id": member,
        "lines": lines,
        "tenders": [{"kind": "cash", "amount_minor": gross - discount}],
        "gross_minor": gross,
        "discount_minor": discount,
        "redeemed_minor": 0,
        "payable_minor": gross - discount,
        "ruleset_sequence": 1,
        "fiscal": "none",
        **more,
    }


def written(path, receipts):
    path.write_text("".join(json.dumps(each) + "\n" for each in receipts), encoding="utf-8")
    return path


def source(rules, label="rules"):
    return parse_rules(json.dumps(rules).encode(), label)


def run(files, rules=RULES, workers=1, **plan):
    seen = []
    found = simulate(
        Plan(source(rules), **plan), files, workers, lambda done, size: seen.append((done, size))
    )
    assert seen[0][0] == 0
    assert seen[-1][0] == seen[-1][1]
    return found


def test_cost_receipts_touched_and_biggest_changes(tmp_path):
    file = written(
        tmp_path / "sales.jsonl",
        [
            receipt([line(1, 10_000)], member=7, number=1),
            receipt([line(1, 5_000, "bread")], number=2),
            receipt([line(1, 2_000)], store="S2", number=3, discount=500),
        ],
    )
    found = run([file])
    # 1 000 off and 9 000 × 5 % = 450 bonuses; nothing; 200 off where 500 were given.
    assert found["total"]["cost_minor"] == (1_000 + 450) + 0 + (200 - 500)
    assert {name: part["cost_minor"] for name, part in found["stores"].items()} == {
        "S1": 1_450,
        "S2": -300,
    }
    total = found["total"]
    assert (total["receipts"], total["acted"], total["changed"]) == (3, 2, 2)
    assert [(each["payable_before"], each["payable_after"]) for each in found["changes"]] == [
        (10_000, 9_000),
        (1_500, 1_800),
    ]
    given = {each["promotion_id"]: each["after"] for each in found["given"]}
    assert (given["dairy10"]["receipts"], given["dairy10"]["amount_minor"]) == (2, 1_200)
    assert (given["earn5"]["receipts"], given["earn5"]["points"]) == (1, 450)
    assert found["not_answered"] == ["gold"]


def test_against_another_file_and_for_some_stores(tmp_path):
    file = written(
        tmp_path / "sales.jsonl",
        [receipt([line(1, 10_000)], number=1), receipt([line(1, 10_000)], "S2", number=2)],
    )
    other = json.loads(json.dumps(RULES))
    other["promotions"][0]["effect"]["percent_bp"] = 2_500
    found = run([file], against=source(other), stores=frozenset({"S2"}))
    assert (found["skipped"], found["total"]["receipts"]) == (1, 1)
    assert found["total"]["cost_minor"] == 1_000 - 2_500
    assert found["given"][0]["before"]["amount_minor"] == 2_500


def test_bonuses_redeemed_then_are_redeemed_now(tmp_path):
    redemption = {
        "requested_points": 3_000,
        "points": 3_000,
        "amount_minor": 3_000,
        "shares": [{"line_id": "1", "amount": 3_000}],
        "layer": "online",
        "auth_id": str(uuid.UUID(int=9, version=4)),
    }
    sold = receipt([line(1, 10_000)], member=7, redemption=redemption)
    sold |= {"redeemed_minor": 3_000, "payable_minor": 7_000}
    found = run([written(tmp_path / "sales.jsonl", [sold])])
    assert found["changes"][0]["payable_after"] == 10_000 - 1_000 - 3_000
    assert found["changes"][0]["points_after"] == 300


def test_lines_under_their_floor_are_found_on_both_sides(tmp_path):
    wine = line(1, 10_000, goods_class="alcohol", min_price_minor=9_500)
    sold = receipt([wine], discount=1_000)
    shares = [{"line_id": "1", "amount": 1_000}]
    sold["promotions"] = [
        {"promotion_id": "p", "name": "", "amount_minor": 1_000, "shares": shares}
    ]
    found = run([written(tmp_path / "sales.jsonl", [sold])])
    assert found["floor_breaches"]["before"]["count"] == 1
    assert found["floor_breaches"]["before"]["first"][0]["floor_minor"] == 9_500
    assert found["floor_breaches"]["after"]["count"] == 0
    assert found["total"]["after"]["discount_minor"] == 500


BROKEN = [
    (b"{", "line: "),
    (b"[1]", "line: "),
    (b"\xff\xfe{}", "line: "),
    (b"[" * 100_000, "line: "),
    (json.dumps(receipt([line(1, -5)])).encode(), "negative_price"),
    (json.dumps(receipt([line(1, 5)], occurred_at="yesterday")).encode(), "occurred_at"),
    (json.dumps(receipt([line(1, 5)], occurred_at="2026-01-01T10:00:00")).encode(), "occurred_at"),
    (json.dumps(receipt([line(1, 5, qty_milli=10**12)])).encode(), "bad_quantity"),
    (json.dumps(receipt([line(1, 5, sum_minor=10**11 + 1)])).encode(), "bad_price"),
    (b'{"sale_id": "' + b"x" * (MAX_FACT_BYTES + 10) + b'"}', "longer than"),
]


def test_a_broken_line_is_named_and_the_rest_counts(tmp_path):
    good = json.dumps(receipt([line(1, 10_000)])).encode()
    file = tmp_path / "sales.jsonl"
    file.write_bytes(b"\n".join([good, *(text for text, _ in BROKEN), b"", good]))
    found = run([file])
    assert found["total"]["receipts"] == 2
    assert found["broken"]["count"] == len(BROKEN)
    for number, (named, (_, why)) in enumerate(zip(found["broken"]["first"], BROKEN, strict=True)):
        assert (named["file"], named["line"]) == (str(file), number + 2)
        assert why in named["why"]


def test_two_processes_count_as_one_does(tmp_path, monkeypatch):
    """Seed printed; packed and plain files together."""
    print(f"seed {SEED}")
    draw = random.Random(SEED)
    receipts = [
        receipt(
            [
                line(number, draw.randrange(100, 50_000), draw.choice(["dairy", "bread"]))
                for number in range(draw.randrange(1, 6))
            ],
            store=f"S{draw.randrange(4)}",
            member=draw.choice([None, 5]),
            number=number,
        )
        for number in range(700)
    ]
    plain = written(tmp_path / "a.jsonl", receipts[:500])
    packed = tmp_path / "b.jsonl.gz"
    packed.write_bytes(gzip.compress(written(tmp_path / "b", receipts[500:]).read_bytes()))
    with plain.open("ab") as file:
        file.write(b"no receipt\n")
    alone = run([plain, packed])
    monkeypatch.setattr(rules_simulate, "ALONE_BYTES", 0)
    assert run([plain, packed], workers=2) == alone
    assert (alone["total"]["receipts"], alone["broken"]["count"]) == (700, 1)


def test_a_damaged_or_missing_file_is_said(tmp_path):
    packed = tmp_path / "b.jsonl.gz"
    packed.write_bytes(gzip.compress(b"x" * 5_000)[:-20])
    for path in (packed, tmp_path / "none"):
        with pytest.raises(BadInput, match=path.name):
            run([path])


def test_the_command(tmp_path, capsys):
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps(RULES), encoding="utf-8")
    file = written(tmp_path / "sales.jsonl", [receipt([line(1, 10_000)], number=1)])
    command = ["rules", "simulate", str(rules), "--receipts", str(file)]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "1 receipts of UAH 100.00: a promotion acts on 1, 1 differ; cost UAH 10.00" in told
    assert "lines below their floor: 0, before 0" in told
    file.write_bytes(file.read_bytes() + b"{\n")
    assert main([*command, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["broken"]["first"][0]["line"] == 2
    assert main([*command, "--against", str(rules), "--stores", "S1"]) == 1
    assert "0 differ; cost UAH 0.00" in capsys.readouterr().out
    rules.write_text('{"promotions": [{}]}')
    assert main(command) == 1
    assert "missing_field" in capsys.readouterr().out
