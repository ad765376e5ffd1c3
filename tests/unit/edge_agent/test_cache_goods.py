"""Goods by barcode, SKU, scale label and name."""

from __future__ import annotations

import pytest

from edge_agent.ledger.cache import Cache
from edge_agent.ledger.cache_goods import ean_check_digit, scale_label
from sync.contract.feed import FeedPage, FeedRow

BREAD = {"sku": "1001", "name": "Хліб «Київський» 500 г", "unit_price_minor": 3_250}
CHEESE = {"sku": "321", "name": "Сир гауда", "unit": "кг", "unit_price_minor": 45_000}
APPLES = {"sku": "00045", "name": "Яблука Голден", "unit": "кг", "unit_price_minor": 3_990}


@pytest.fixture
def cache(tmp_path):
    made = Cache(tmp_path / "cache.db")
    yield made
    made.close()


def put(cache, version, *bodies, deleted=()):
    rows = [FeedRow(kind="good", key=body["sku"], version=version, body=body) for body in bodies]
    rows += [FeedRow(kind="good", key=sku, version=version, is_deleted=True) for sku in deleted]
    cache.apply_page(
        FeedPage(incarnation="i", cursor=str(version), rows=rows, more=False, server_time="")
    )


def label(first_twelve):
    return f"{first_twelve}{ean_check_digit(first_twelve)}"


def test_check_digits_of_printed_codes():
    # The last is the worked example of GS1's check digit page.
    for code in ("4820000070133", "4823077500138", "96385074", "6291041500213"):
        assert ean_check_digit(code[:-1]) == int(code[-1])


def test_by_barcode_and_by_sku(cache):
    put(cache, 1, BREAD | {"barcodes": ["4820000070133", "4820000070140"]})
    found = cache.good_by_code("4820000070140")
    assert (found.sku, found.barcode, found.qty_milli) == ("1001", "4820000070140", None)
    assert found.unit_price_minor == 3_250
    assert (found.unit, found.tax_group, found.price_kind) == ("шт", "А", "shelf")
    assert cache.good_by_code("1001").barcode == ""
    assert cache.good_by_code("4820000070157") is None
    assert cache.goods_count() == 1


def test_a_barcode_moves_to_another_good_in_either_order(cache):
    put(cache, 1, BREAD | {"barcodes": ["111"]}, CHEESE | {"barcodes": ["222"]})
    put(cache, 2, CHEESE | {"barcodes": ["111"]}, BREAD | {"barcodes": []})
    assert cache.good_by_code("111").sku == "321"
    assert cache.good_by_code("222") is None
    put(cache, 3, BREAD | {"barcodes": ["111"]})
    assert cache.good_by_code("111").sku == "1001"
    put(cache, 4, deleted=["1001"])
    assert cache.good_by_code("111").sku == "321"


def test_a_deleted_good_is_gone_with_its_barcodes(cache):
    put(cache, 1, BREAD | {"barcodes": ["111"]})
    put(cache, 2, deleted=["1001"])
    assert (cache.good_by_code("111"), cache.good_by_code("1001")) == (None, None)
    assert (cache.goods_count(), cache.search_goods("хліб", 5)) == (0, [])


def test_an_old_row_does_not_bring_its_barcodes_back(cache):
    put(cache, 5, BREAD | {"barcodes": ["111"]})
    put(cache, 4, BREAD | {"barcodes": ["999"]})
    assert cache.good_by_code("999") is None
    assert cache.good_by_code("111").sku == "1001"


@pytest.mark.parametrize(
    ("code", "sku", "qty_milli"),
    [
        (label("200032101234"), "321", 1_234),
        (label("210004500345"), "00045", 345),
        (label("229999901000"), "777", 1_000),
        (label("200032112345"), "321", 12_345),
    ],
)
def test_a_scale_label_gives_the_good_and_its_weight(cache, code, sku, qty_milli):
    by_prefix = {
        "sku": "777",
        "name": "Кавун",
        "unit": "кг.",
        "unit_price_minor": 1,
        "barcodes": ["2299999"],
    }
    put(cache, 1, CHEESE, APPLES, by_prefix)
    found = cache.good_by_code(code)
    assert (found.sku, found.qty_milli, found.barcode) == (sku, qty_milli, code)


def test_what_is_no_scale_label(cache):
    put(cache, 1, CHEESE, BREAD | {"sku": "55555"})
    good_code = label("200032101234")
    wrong_digit = good_code[:-1] + str((int(good_code[-1]) + 1) % 10)
    for code in (
        wrong_digit,
        label("200032100000"),
        label("300032101234"),
        label("205555501234"),
        good_code[:-1],
        "２" + good_code[1:],
        "",
    ):
        assert cache.good_by_code(code) is None, code


def test_a_packed_good_with_a_code_like_a_label_is_sold_as_packed(cache):
    code = label("200032101234")
    put(cache, 1, CHEESE, BREAD | {"barcodes": [code]})
    found = cache.good_by_code(code)
    assert (found.sku, found.qty_milli) == ("1001", None)


def test_grams_stay_grams():
    found = scale_label(label("200032101234"))
    assert (found.prefix, found.plu, found.grams) == ("2000321", "00321", 1_234)
    assert found.quantity_in("г") == 1_234_000
    assert found.quantity_in("шт") is None


def test_search_takes_every_word_in_any_case_and_order(cache):
    put(cache, 1, BREAD, CHEESE, APPLES, {"sku": "9", "name": "Сирок", "unit_price_minor": 1})
    assert [good.name for good in cache.search_goods("СИР", 10)] == ["Сир гауда", "Сирок"]
    assert [good.sku for good in cache.search_goods("київ ХЛІБ", 10)] == ["1001"]
    assert cache.search_goods("сир", 1)[0].sku == "321"
    assert cache.search_goods("   ", 10) == []
    assert cache.search_goods("100%_'\"", 10) == []
    assert len(cache.search_goods("с", 0)) == 1
    assert cache.search_goods(" ".join(["сир"] * 50), 5)[0].sku == "321"
