"""Vectors of scanned and typed texts. Check characters were computed outside the product."""

from __future__ import annotations

import pytest

from loyalty.codes import (
    REASONS,
    Classified,
    CodePolicy,
    classify,
    make_static_qr,
    normalise_phone,
    parse_static_qr,
)
from loyalty.errors import InvalidToken
from loyalty.member import Strength

POLICY = CodePolicy()


def read(text: str, symbology: str = "", source: str = "scanner") -> Classified:
    return classify(text, symbology, source, POLICY)  # type: ignore[arg-type]


MEMBERS = [
    ("LC1:7K3M9QX2ABD", "]Q1", "scanner", "qr:7K3M9QX2AB"),
    ("LC1:0000000001Y", "", "camera", "qr:0000000001"),
    ("LC1:ZZZZZZZZZZA", "]Q1", "pos", "qr:ZZZZZZZZZZ"),
    ("lc1:7k3m9qx2abd", "", "keyboard", "qr:7K3M9QX2AB"),
    ("lc1:OOOOOOOOOIY", "", "keyboard", "qr:0000000001"),
    ("  LC1:7K3M9QX2ABD\r\n", "]Q1", "scanner", "qr:7K3M9QX2AB"),
    ("ДС1Ж7Л3Ь9ЙЧ2ФИВ", "", "keyboard", "qr:7K3M9QX2AB"),
    ("дс1ж7л3ь9йч2фив", "", "scanner", "qr:7K3M9QX2AB"),
    ("0420000000013", "]E0", "scanner", "card:0420000000013"),
    ("0421234567891", "", "pos", "card:0421234567891"),
    ("0421234567891", "EAN13", "camera", "card:0421234567891"),
    ("042 1234 5678 91", "", "keyboard", "card:0421234567891"),
    ("421234567891", "]E0", "scanner", "card:0421234567891"),
]


@pytest.mark.parametrize(("text", "symbology", "source", "key"), MEMBERS)
def test_member_codes(text, symbology, source, key):
    result = read(text, symbology, source)
    assert result.kind == "member"
    assert result.token is not None
    assert (result.token.key, result.token.strength) == (key, Strength.STATIC_CODE)
    assert key.split(":")[1] not in result.masked


PHONES = [
    "0671234567",
    "067 123 45 67",
    "067-123-45-67",
    "(067) 123-45-67",
    "067.123.45.67",
    "+380671234567",
    "+38 (067) 123-45-67",
    "+380 67 123 45 67",
    "380671234567",
    "38 067 123 45 67",
    "00380671234567",
    "80671234567",
    "8067 123 45 67",
    "8 (067) 123-45-67",
    "671234567",
    " 067\u00a0123\u201145\u201167 ",
]


@pytest.mark.parametrize("text", PHONES)
def test_every_spelling_of_a_typed_phone_is_one_member(text):
    result = read(text, source="keyboard")
    assert result.kind == "member"
    assert result.token is not None
    assert result.token.value == "+380671234567"
    assert result.token.strength == Strength.PHONE_TYPED
    assert "671234567" not in result.masked


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("0391234567", "+380391234567"),
        ("0501234567", "+380501234567"),
        ("0631234567", "+380631234567"),
        ("0731234567", "+380731234567"),
        ("0991234567", "+380991234567"),
        ("0790123456", "+380790123456"),
        ("0441234567", None),  # Kyiv landline
        ("+380441234567", None),
        ("0321234567", None),
        ("0601234567", None),
        ("0641234567", None),
        ("0741234567", None),
        ("0791234567", None),
        ("+48601234567", None),
        ("+0671234567", None),
        ("067123456", None),
        ("06712345678", None),
        ("067123456a", None),
        ("٠٦٧١٢٣٤٥٦٧", None),
        ("", None),
        ("0" * 50, None),
    ],
)
def test_phone_ranges(text, e164):
    assert normalise_phone(text) == e164


@pytest.mark.parametrize("source", ["scanner", "camera", "pos"])
@pytest.mark.parametrize("text", ["0671234567", "380671234567", "+380671234567"])
def test_a_phone_counts_only_when_typed(text, source):
    result = read(text, "]C0", source)
    assert (result.kind, result.reason) == ("unknown", "phone_not_typed")
    assert "67123" not in result.masked


@pytest.mark.parametrize(
    ("text", "symbology", "codes"),
    [
        ("4820000000017", "]E0", ("4820000000017",)),
        ("4820000000031", "", ("4820000000031",)),  # also a Luhn number: an EAN is an EAN
        ("0430000000012", "", ("0430000000012", "430000000012")),
        ("96385074", "]E4", ("96385074",)),
        ("036000291452", "]E0", ("036000291452", "0036000291452")),
        ("380670000006", "]E0", ("380670000006", "0380670000006")),  # UPC-A that looks like a phone
        ("14820000000014", "]I1", ("14820000000014",)),
        ("0421234567891", "]C0", ("0421234567891", "421234567891")),  # cards are EAN only
    ],
)
def test_products(text, symbology, codes):
    result = read(text, symbology)
    assert (result.kind, result.lookup_codes) == ("product", codes)
    assert result.masked == text


@pytest.mark.parametrize(
    ("text", "code", "grams"),
    [("2100123012343", "2100123000005", 1234), ("2900012000006", "2900012000006", 0)],
)
def test_weighed_labels_name_their_good_and_weight(text, code, grams):
    result = read(text, "]E0")
    assert (result.kind, result.code, result.qty_milli) == ("weighed", code, grams)


@pytest.mark.parametrize(
    ("text", "symbology", "source"),
    [
        ("4111111111111111", "", "keyboard"),
        ("4111 1111 1111 1111", "", "keyboard"),
        ("5555555555554444", "]C0", "scanner"),
        ("9804000000000009", "", "scanner"),
        ("378282246310005", "", "scanner"),
        ("36000000000008", "", "keyboard"),
        ("36000000000081", "", "keyboard"),  # also a GTIN-14, but nothing says it is one
        (";4111111111111111=29121010000000000000?", "", "keyboard"),
        ("%B4111111111111111^IVANOV/IVAN^2912101?", "", "scanner"),
    ],
)
def test_payment_cards_are_dropped_and_never_shown(text, symbology, source):
    assert read(text, symbology, source) == Classified("unknown", "****", reason="payment_card")


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("", "unknown", "empty"),
        (" \r\n", "unknown", "empty"),
        ("A" * 513, "unknown", "too_long"),
        ("LC1:7K3M\x1d9QX2ABD", "unknown", "control_characters"),
        ("LC1:7K3M9QX2ABE", "unknown", "bad_check"),
        ("LC1:7K3M9QX2BAD", "unknown", "bad_check"),
        ("LC1:", "unknown", "bad_check"),
        ("LC1:7K3M9QX2AUD", "unknown", "bad_check"),
        ("LP1:ABCDEF", "purse", "purse_unsupported"),
        ("4820000000018", "unknown", "bad_check"),
        ("0421234567890", "unknown", "bad_check"),
        ("2100123012344", "unknown", "bad_check"),
        ("12345", "unknown", "unknown_code"),
        ("https://example.com/m/7K3", "unknown", "unknown_code"),
        ("LC2:7K3M9QX2ABD", "unknown", "unknown_code"),
        ("٤٨٢٠٠٠٠٠٠٠٠١٧", "unknown", "unknown_code"),
        ("991234567899", "product", ""),
        ("9801234567892", "coupon", "coupon_unsupported"),
    ],
)
def test_what_is_not_ours_says_why(text, kind, reason):
    result = read(text)
    assert (result.kind, result.reason) == (kind, reason)
    assert result.token is None
    assert not reason or reason in REASONS


def test_ranges_come_from_the_policy():
    policy = CodePolicy(card_prefixes=("0430",), weighed_prefixes=("22",))
    assert classify("0430000000012", "]E0", "scanner", policy).kind == "member"
    assert classify("0421234567891", "]E0", "scanner", policy).kind == "product"
    assert classify("2100123012343", "]E0", "scanner", policy).kind == "product"


def test_static_qr_numbers_round_trip():
    assert make_static_qr(0) == "LC1:00000000000"
    assert make_static_qr(1) == "LC1:0000000001Y"
    assert parse_static_qr(make_static_qr(32**10 - 1)) == "ZZZZZZZZZZ"
    for number in (-1, 32**10):
        with pytest.raises(InvalidToken):
            make_static_qr(number)


def test_one_wrong_character_is_always_noticed():
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    good = make_static_qr(123_456_789_012_345)
    for place in range(4, len(good)):
        for char in alphabet:
            broken = good[:place] + char + good[place + 1 :]
            if broken != good:
                with pytest.raises(InvalidToken):
                    parse_static_qr(broken)
