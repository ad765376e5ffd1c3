"""Numbers and names as people write them."""

from __future__ import annotations

import pytest

from loyalty.promotions.matching import assign
from loyalty.promotions.wording import bonuses, money, number, plural, quotable, shortened, times


@pytest.mark.parametrize(
    ("count", "word"),
    [
        *((1, "a"), (2, "b"), (4, "b"), (5, "c"), (0, "c"), (11, "c"), (12, "c"), (14, "c")),
        *((21, "a"), (22, "b"), (25, "c"), (111, "c"), (112, "c"), (101, "a"), (1002, "b")),
    ],
)
def test_plural_forms(count: int, word: str) -> None:
    assert plural(count, "a", "b", "c") == word


@pytest.mark.parametrize(
    ("points", "uk", "en"),
    [
        (100, "1 бонус", "1 bonus"),
        (200, "2 бонуси", "2 bonuses"),
        (500, "5 бонусів", "5 bonuses"),
        (1100, "11 бонусів", "11 bonuses"),
        (2100, "21 бонус", "21 bonuses"),
        (150, "1,5 бонуса", "1.5 bonuses"),
        (25, "0,25 бонуса", "0.25 bonuses"),
        (0, "0 бонусів", "0 bonuses"),
    ],
)
def test_bonuses(points: int, uk: str, en: str) -> None:
    assert (bonuses(points, "uk"), bonuses(points, "en")) == (uk, en)


@pytest.mark.parametrize(
    ("factor", "uk"),
    [(20_000, "у 2 рази"), (50_000, "у 5 разів"), (15_000, "у 1,5 раза"), (210_000, "у 21 раз")],
)
def test_times(factor: int, uk: str) -> None:
    assert times(factor, "uk") == uk
    assert times(15_000, "en") == "1.5 times"


def test_numbers_and_sums() -> None:
    assert [number(n, "uk") for n in (2000, 1050, 1, 110)] == ["20", "10,5", "0,01", "1,1"]
    assert [money(n, "uk") for n in (2000, 2050, 1, 110)] == ["20", "20,50", "0,01", "1,10"]
    assert (number(1050, "en"), money(2050, "en")) == ("10.5", "20.50")


@pytest.mark.parametrize(
    ("name", "uk"),
    [
        ("Сир Гауда", "Сир Гауда"),
        ("  Сир \t\n «Гауда» ", "Сир „Гауда“"),
        ("a\x00b\u200bc\u202ed\u00a0e", "a b c d e"),
        ("<script>alert('x')</script> {0} %s", "<script>alert('x')</script> {0} %s"),
        ("Кава ☕️ №5 “Lux”", "Кава ☕️ №5 “Lux”"),
        ("\n\n", ""),
    ],
)
def test_names_in_quotes(name: str, uk: str) -> None:
    assert quotable(name, "uk") == uk


def test_shortened() -> None:
    assert shortened("Сир твердий", 11) == "Сир твердий"
    assert shortened("Сир твердий", 5) == "Сир…"
    assert len(shortened("x" * 99, 10)) == 10


def test_parts_give_way_so_that_a_set_is_filled() -> None:
    given, lacking = assign([1, 1, 1], [[0, 1], [0, 2], [2, 0]], {0: 1, 1: 1, 2: 1})
    assert not lacking
    assert sorted(key for taken in given.values() for key, n in taken.items() if n) == [0, 1, 2]


def test_many_pieces_move_at_once() -> None:
    """Both want key 0; the first can go to key 1 for all 5,000 of its pieces."""
    given, lacking = assign([5000, 5000], [[0, 1], [0, 0]], {0: 5000, 1: 5000})
    assert not lacking
    assert {n: {k: c for k, c in t.items() if c} for n, t in given.items()} == {
        0: {1: 5000},
        1: {0: 5000},
    }


def test_what_cannot_be_filled_says_how_much_is_missing() -> None:
    assert assign([2, 1], [[0], [0]], {0: 2})[1] in ([(0, 1)], [(1, 1)])
    assert assign([3], [[0, 1]], {0: 1, 1: 1})[1] == [(0, 1)]
    assert assign([1], [[]], {})[1] == [(0, 1)]
