"""The goods list says which goods carry an excise stamp."""

from __future__ import annotations

import pytest

from central.csv_file import BadRow
from central.goods_import import COLUMNS, _body, parse_good


def row(flag: str) -> dict[str, str]:
    named = {"sku": "vodka", "name": "Горілка", "price": "199,00", "needs_stamp": flag}
    return dict.fromkeys(COLUMNS, "") | named


@pytest.mark.parametrize(
    ("flag", "needs"),
    [("", False), ("0", False), ("no", False), ("Ні", False), ("yes", True), ("Так", True)],
)
def test_the_flag_is_yes_or_no(flag: str, needs: bool) -> None:
    good = parse_good(row(flag))
    assert good.needs_stamp is needs
    assert ("needs_stamp" in _body(good)) is needs, "other goods are not sent anew"


def test_anything_else_is_refused() -> None:
    with pytest.raises(BadRow):
        parse_good(row("maybe"))
