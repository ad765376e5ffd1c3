"""Fields of imported spreadsheets."""

import pytest

from central.csv_file import BadRow, parse_hundredths, parse_list
from central.goods_import import COLUMNS as GOODS
from central.goods_import import parse_good
from central.member_csv import COLUMNS, parse_row
from central.member_rows import feed_name
from loyalty.codes import CodePolicy, classify


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


GSRN = "482123456789012347"
LIKE_A_PAYMENT_CARD = "482123450000000090"
"""A GSRN whose digits have a right Luhn check as well: one in ten of Ukraine's."""
OWN = "card:771000120000000028"


@pytest.mark.parametrize("gsrn", [GSRN, LIKE_A_PAYMENT_CARD])
@pytest.mark.parametrize("given", ["{}", "8018{}", "(8018){}", "(8018) {}"])
@pytest.mark.parametrize(
    ("symbology", "scanned"),
    [
        ("]C1", "8018{}"),
        ("]d2", "8018{}"),
        ("]Q3", "8018{}"),
        ("", "8018{}"),
        ("", "(8018){}"),
        ("]Q1", "https://id.gs1.org/8018/{}"),
        ("]C0", "{}"),
        ("]I0", "{}"),
        ("", "{}"),
    ],
)
def test_a_gsrn_of_the_file_is_the_one_that_is_scanned(gsrn, given, symbology, scanned):
    key = parse_row(2, [], row(card=given.format(gsrn))).token_key
    found = classify(scanned.format(gsrn), symbology, "scanner", CodePolicy())
    assert (found.kind, found.token.key) == ("member", key)


def test_cards_and_codes_become_tokens():
    assert parse_row(2, [], row(card="0420000000013")).token_key == "card:0420000000013"
    assert parse_row(2, [], row(card="420000000013")).token_key == "card:0420000000013"
    assert parse_row(2, [], row(card="042-0000-000013")).token_key == "card:0420000000013"
    assert parse_row(2, [], row(card="7710 0012 0000 0000 28")).token_key == OWN
    parsed = parse_row(2, [], row(phone="8 (067) 123-45-67", birthday="1.2.1990"))
    assert (parsed.token_key, parsed.phone) == ("", "+380671234567")
    assert parsed.birthday.isoformat() == "1990-02-01"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "no_card_and_no_phone"),
        ({"card": "4111111111111111"}, "payment_card"),
        ({"card": "623456780000000021"}, "payment_card"),
        ({"card": "482123456789012348"}, "bad_check"),
        ({"card": "8018482123456789012348"}, "bad_check"),
        ({"card": "7710001200000001"}, "bad_check"),
        ({"card": "4.82123E+17"}, "not_a_card"),
        ({"card": "80184821234567890123"}, "not_a_card"),
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
