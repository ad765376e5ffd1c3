"""Excise stamps: what a line lacks, what a stamp is, and that one is on one bottle."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loyalty.basket import Basket, LineItem, check_basket
from loyalty.errors import InvalidBasket
from loyalty.stamps import first_lacking, lacking, marked, stamp_of, with_quantity, with_stamp


def bottle(line_id: str = "1", qty_milli: int = 1000, **more: object) -> LineItem:
    line = LineItem(line_id, "vodka", "Горілка", qty_milli, 20_000, 20_000, needs_stamp=True)
    return replace(line, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "short"),
    [
        (bottle(), 1),
        (bottle(qty_milli=3000), 3),
        (bottle(qty_milli=2000, excise_stamps=("A",)), 1),
        (bottle(excise_stamps=("A",)), 0),
        (bottle(excise_stamps=("A", "B")), 0),
        (bottle(qty_milli=350, unit="л"), 1),
        (bottle(needs_stamp=False), 0),
        (bottle(price_kind="manual_discount"), 0),
    ],
    ids=["one", "three", "half", "whole", "more", "measure", "free", "discount"],
)
def test_a_line_lacks_a_stamp_for_each_piece(line: LineItem, short: int) -> None:
    assert lacking(line) == short
    assert first_lacking((bottle(needs_stamp=False), line)) == (line if short else None)


@pytest.mark.parametrize(
    ("text", "symbology", "stamp"),
    [
        ("АБВГ 123456", "", "АБВГ123456"),
        ("abcd123456", "]C0", "ABCD123456"),
        (" 0000012345678901234567 ", "]d1", "0000012345678901234567"),
        ("]d2xYz-1/2", "", "xYz-1/2"),
        ("4820000000017", "]E0", ""),
        ("АБВГ 123456 і ще", "", ""),
        ("", "]d1", ""),
        ("s" * 101, "]d1", ""),
        ("a\x07b", "]d1", ""),
    ],
)
def test_a_stamp_is_a_data_matrix_or_a_series_with_its_number(
    text: str, symbology: str, stamp: str
) -> None:
    assert stamp_of(text, symbology) == stamp


def test_stamps_go_to_the_first_line_that_lacks_one() -> None:
    basket = Basket((bottle("1", excise_stamps=("A",)), bottle("2"), bottle("3")))
    after = with_stamp(basket, "B", "")
    assert [line.excise_stamps for line in after.lines] == [("A",), ("B",), ()]
    named = with_stamp(basket, "C", "3")
    assert [line.excise_stamps for line in named.lines] == [("A",), (), ("C",)]
    assert with_stamp(basket, "D", "1") is basket


def test_a_bottle_put_back_means_all_stamps_are_read_again() -> None:
    line = bottle(qty_milli=2000, excise_stamps=("A", "B"))
    assert with_quantity(line, 1000, 20_000).excise_stamps == ()
    assert with_quantity(line, 3000, 60_000).excise_stamps == ("A", "B")


def test_the_goods_list_marks_what_its_caller_did_not() -> None:
    plain = Basket((bottle("1", needs_stamp=False), bottle("2", needs_stamp=False, sku="milk")))
    after = marked(plain, lambda sku: sku == "vodka")
    assert [line.needs_stamp for line in after.lines] == [True, False]
    assert marked(plain, lambda _sku: False) is plain


@pytest.mark.parametrize(
    ("stamps", "code"),
    [
        ((("A",), ("A",)), "stamp_twice"),
        ((("A", "A"), ()), "stamp_twice"),
        (((" ",), ()), "bad_stamp"),
    ],
    ids=["two lines", "one line", "blank"],
)
def test_a_stamp_is_on_one_bottle(stamps: tuple[tuple[str, ...], ...], code: str) -> None:
    lines = tuple(
        bottle(str(number), 2000, excise_stamps=each) for number, each in enumerate(stamps, 1)
    )
    with pytest.raises(InvalidBasket) as refused:
        check_basket(Basket(lines))
    assert (refused.value.code, refused.value.field) == (code, "excise_stamps")
