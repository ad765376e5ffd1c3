"""Fields of imported spreadsheets."""

import pytest

from central.csv_file import BadRow, parse_hundredths, parse_list
from central.goods_import import COLUMNS as GOODS
from central.goods_import import parse_good
from central.member_csv import COLUMNS, parse_row
from central.member_rows import feed_name


@pytest.mark.parametrize(
    ("text", "hundredths"),
    [("12", 1200), ("12,5", 1250), ("12.05", 1205), ("1 234,50", 123450), ("0", 0)],
)
def test_decimals_with_dot_or_comma(text, hundredths):
    assert parse_hundredths(text, "balance") == hundredths


@pytest.mark.parametrize(
    "text", ["-1", "+1", "1.005", "1e3", "١٢", "12,", ",5", "", "1.2.3", "inf"]
)
def test_what_is_no_decimal(text):
    with pytest.raises(BadRow) as caught:
        parse_hundredths(text, "balance")
    assert (caught.value.reason, caught.value.field) == ("bad_number", "balance")


def test_lists_keep_order_and_drop_twins():
    assert parse_list(" vip | |staff|vip", "groups") == ["vip", "staff"]
    with pytest.raises(BadRow):
        parse_list("|".join(map(str, range(51))), "groups")


@pytest.mark.parametrize(
    ("full", "short"),
    [
        ("Олена Коваль", "Олена К."),
        ("  олена   коваль-іваненко ", "олена К."),
        ("Олена", "Олена"),
        ("", ""),
        ("Олена Петрівна Коваль", "Олена П."),
    ],
)
def test_the_feed_knows_first_name_and_initial(full, short):
    assert feed_name(full) == short


def row(**values):
    return dict.fromkeys(COLUMNS, "") | values


def test_cards_and_codes_become_tokens():
    assert parse_row(2, [], row(card="0420000000013")).token_key == "card:0420000000013"
    assert parse_row(2, [], row(card="420000000013")).token_key == "card:0420000000013"
    assert parse_row(2, [], row(card="042-0000-000013")).token_key == "card:0420000000013"
    parsed = parse_row(2, [], row(phone="8 (067) 123-45-67", birthday="1.2.1990"))
    assert (parsed.token_key, parsed.phone) == ("", "+380671234567")
    assert parsed.birthday.isoformat() == "1990-02-01"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "no_card_and_no_phone"),
        ({"card": "4111111111111111"}, "not_a_card"),
        ({"card": "0420000000018"}, "bad_check"),
        ({"card": "LC1:0000000000A"}, "bad_check"),
        ({"phone": "+48501234567"}, "not_a_phone"),
        ({"phone": "0671234567", "birthday": "1890-01-01"}, "bad_date"),
        ({"phone": "0671234567", "birthday": "2020-02-30"}, "bad_date"),
        ({"phone": "0671234567", "name": "x" * 201}, "too_long"),
    ],
)
def test_rows_that_are_refused(values, reason):
    with pytest.raises(BadRow) as caught:
        parse_row(2, [], row(**values))
    assert caught.value.reason == reason


def test_a_price_has_a_bound():
    values = dict.fromkeys(GOODS, "") | {"sku": "1", "name": "Хліб", "price": "10000000.01"}
    with pytest.raises(BadRow) as caught:
        parse_good(values)
    assert (caught.value.reason, caught.value.field) == ("too_large", "price")
