"""Receipts and rules made from the Complete Journey's files: the form that `export sales` writes,
12 lines on average, the same for the same seed. The files here are made up, in the same columns."""

import csv
import gzip
import json
import random
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from bench.journey import MAX_LINES, MEAN_LINES, MIN_LINES
from central import rules_simulate
from central.rules import check
from central.rules_files import parse_rules
from central.rules_receipts import read_receipt

ROOT = Path(__file__).parents[3]
SEED = 7
CATEGORIES = [("GROCERY", "CHEESE"), ("GROCERY", "BEERS/ALES"), ("DRUG GM", "CIGARETTES")]


def packed(path, rows):
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("journey")
    draw = random.Random(SEED)
    goods = [
        {
            "product_id": 1_000 + number,
            "manufacturer_id": number % 5,
            "department": CATEGORIES[number % 3][0],
            "brand": "Private" if number % 2 else "National",
            "product_category": CATEGORIES[number % 3][1],
            "product_type": f"TYPE {number}",
            "package_size": "16 OZ",
        }
        for number in range(120)
    ]
    packed(made / "products.csv.gz", goods)
    lines = [
        {
            "household_id": draw.randrange(1, 50),
            "store_id": 300 + basket % 3,
            "basket_id": basket,
            "transaction_timestamp": "2017-01-01 12:30:27",
            "week": 1,
            "product_id": 1_000 + draw.randrange(120),
            "quantity": draw.choice([0, 1, 1, 1, 2, 3, 5_000]),
            "sales_value_cents": draw.randrange(0, 900),
            "retail_disc_cents": draw.choice([0, 0, 50]),
            "coupon_disc_cents": 0,
            "coupon_match_disc_cents": 0,
        }
        for basket in range(300)
        for _ in range(draw.randrange(1, 5))
    ]
    packed(made / "lines_weeks_01_26.csv.gz", lines)
    return made


@pytest.fixture(scope="module")
def made(folder):
    """Output of the command, its receipts and its rules."""

    def run(name, *options):
        out, rules = folder / f"{name}.jsonl", folder / f"{name}.json"
        command = [sys.executable, "-m", "bench.journey", str(folder), str(out)]
        done = subprocess.run(
            [*command, "--rules", str(rules), "--count", "40", "--receipts", "200", *options],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout, out.read_bytes(), rules.read_bytes()

    return run


def test_receipts_are_read_as_exported_sales(made):
    told, data, _ = made("a", "--seed", str(SEED))
    assert told.splitlines()[-1] == f"seed {SEED}"
    assert "200 receipts of 12.00 lines" in told
    receipts = [read_receipt(line) for line in data.splitlines()]
    sizes = [len(receipt.basket.lines) for receipt in receipts]
    assert sum(sizes) == MEAN_LINES * len(receipts)
    assert (min(sizes) >= MIN_LINES, max(sizes) <= MAX_LINES) == (True, True)
    for receipt in receipts:
        sale = receipt.sale
        assert sale.gross_minor == receipt.basket.gross_minor
        assert sale.discount_minor == sum(p.amount_minor for p in sale.promotions)
        assert sale.payable_minor == sale.gross_minor - sale.discount_minor > 0
        assert {line.goods_class for line in sale.lines} <= {"normal", "alcohol", "tobacco"}
        assert all(0 < line.qty_milli <= 20_000 for line in sale.lines)
    assert any(receipt.member for receipt in receipts)


def test_a_seed_gives_the_same_bytes_and_another_one_others(made):
    first, again, other = made("b"), made("c"), made("d", "--seed", "8")
    assert first[1:] == again[1:]
    assert (first[1] != other[1], first[2] != other[2]) == (True, True)


def test_the_rules_are_live_sound_and_act(made, folder):
    made("e")
    data = (folder / "e.json").read_bytes()
    found = check(data, date(2026, 11, 22))
    assert (found["ok"], found["promotions"]) == (True, 40)
    source = parse_rules(data, "e")
    assert {promotion.state for promotion in source.draft.promotions} == {"live"}
    result = rules_simulate.simulate(
        rules_simulate.Plan(source), [folder / "e.jsonl"], 1, lambda _done, _size: None
    )
    assert result["broken"]["count"] == 0
    assert result["total"]["receipts"] == 200
    assert result["total"]["acted"] > 150
    assert result["floor_breaches"]["after"]["count"] == 0
    tobacco = [
        promotion["promotion_id"]
        for promotion in json.loads(data)["promotions"]
        if "cigarettes" in json.dumps(promotion)
    ]
    assert tobacco == []


def test_a_missing_folder_is_said(tmp_path):
    command = [sys.executable, "-m", "bench.journey", str(tmp_path), str(tmp_path / "o.jsonl")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "products.csv.gz" in done.stderr
