"""Numbers by their range: the programme's cards, gift cards, coupons, weighed goods, goods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from loyalty.codes import gs1
from loyalty.codes.checks import (
    DIGITS,
    gtin_check_digit,
    has_check_digit,
    has_gtin_check,
    luhn_holds,
)
from loyalty.codes.kinds import Classified, CodeClass, Text, not_usable
from loyalty.codes.own_qr import own_qr
from loyalty.codes.payment_card import TRACK
from loyalty.codes.phone import normalise_phone
from loyalty.errors import InvalidToken
from loyalty.member import MemberToken, Strength

_GSRN = 22
_BARE_GSRN = 18
_ITEM = 16
_BARE_CARRIERS = ("]C", "]d", "]Q", "]I")


def _member(number: str) -> Classified:
    return Classified("member", "card:****", MemberToken("card", number, Strength.STATIC_CODE))


# --- GS1 --------------------------------------------------------------------------------------


def gs1_message(text: Text) -> list[Classified]:
    """Member (8018), coupon (255, 8110, 8112), product (01) of a GS1 message or link.

    Readers that send no AIM identifier give bare digits: 8018 with a right check digit, and 01
    with one, are taken as such. So are the eighteen digits of a GSRN alone, as printed on a card
    in Code 128, ITF or a QR; who it belongs to is the index's to say."""
    if not gs1.looks_like_gs1(text.whole, text.symbology) and not _is_bare_gs1(text):
        return [_member(text.bare)] if _is_bare_gsrn(text) else []
    try:
        elements = gs1.parse(text.whole)
    except InvalidToken as error:
        reason = "bad_check" if error.code == "gs1_check" else error.code
        return [not_usable(reason, text.whole)]
    found = []
    if gsrn := elements.get("8018"):
        found.append(_member(gsrn))
    for ai in ("255", "8110", "8112"):
        if value := elements.get(ai):
            masked = f"({ai})****"
            found.append(Classified("coupon", masked, code=ai + value, reason="coupon_unsupported"))
    if gtin := elements.get("01"):
        code = gtin[1:] if gtin.startswith("0") else gtin
        found.append(Classified("product", code, code=code))
    return found or [not_usable("unknown_code", text.whole)]


def _is_bare_gsrn(text: Text) -> bool:
    is_carried = not text.symbology or text.symbology.startswith(_BARE_CARRIERS)
    is_long = len(text.bare) == _BARE_GSRN and DIGITS.fullmatch(text.bare) is not None
    return is_carried and is_long and has_check_digit(text.bare)


def _is_bare_gs1(text: Text) -> bool:
    if text.symbology and not text.symbology.startswith(("]C", "]d", "]Q")):
        return False
    bare = text.bare
    if not DIGITS.fullmatch(bare):
        return False
    is_member = len(bare) == _GSRN and bare.startswith("8018") and has_check_digit(bare[4:])
    is_item = len(bare) == _ITEM and bare.startswith("01") and has_gtin_check(bare[2:])
    return is_member or is_item


# --- cards that are no EAN --------------------------------------------------------------------


def own_number(text: Text) -> list[Classified]:
    """The programme's own card numbers, in a bar code or on track 2 (ISO/IEC 7813)."""
    track = TRACK.match(text.whole)
    digits = track[1] if track else text.bare
    if not DIGITS.fullmatch(digits) or not 13 <= len(digits) <= 19:
        return []
    if text.symbology.startswith("]E") or not digits.startswith(text.policy.number_prefixes):
        return []
    return [_member(digits) if luhn_holds(digits) else not_usable("bad_check", digits)]


# --- EAN and UPC ------------------------------------------------------------------------------


def _is_ean(symbology: str) -> bool:
    return not symbology or symbology.startswith("]E") or symbology.upper().startswith("EAN")


def _ean13(text: Text) -> str:
    """Thirteen digits with a right check digit, the zero that a UPC-A lacks put back, else ""."""
    digits = text.bare.zfill(13) if len(text.bare) == 12 else text.bare
    return digits if len(digits) == 13 and has_gtin_check(digits) else ""


def card(text: Text) -> list[Classified]:
    """An EAN-13 in a member range. A reader may have dropped its leading zero."""
    digits = _ean13(text)
    is_card = digits.startswith(text.policy.card_prefixes) and _is_ean(text.symbology)
    return [_member(digits)] if digits and is_card else []


def gift_card(text: Text) -> list[Classified]:
    """An EAN-13 in a range of gift cards."""
    digits = _ean13(text)
    if not digits or not digits.startswith(text.policy.gift_card_prefixes):
        return []
    return [Classified("gift_card", "gift:****", code=digits, reason="gift_card_unsupported")]


def coupon(text: Text) -> list[Classified]:
    """An EAN-13 of the coupon ranges; not a UPC-A, whose number system has others."""
    digits = text.bare
    if len(digits) != 13 or not has_gtin_check(digits):
        return []
    if not digits.startswith(text.policy.coupon_prefixes):
        return []
    return [Classified("coupon", f"{digits[:3]}****", code=digits, reason="coupon_unsupported")]


def weighed(text: Text) -> list[Classified]:
    """A scale's label: prefix and article in seven digits, five of grams."""
    digits = text.bare
    if len(digits) != 13 or not has_gtin_check(digits):
        return []
    if not digits.startswith(text.policy.weighed_prefixes):
        return []
    zeroed = digits[:7] + "00000"
    code = zeroed + gtin_check_digit(zeroed)
    return [Classified("weighed", code, code=code, qty_milli=int(digits[7:12]), label=digits)]


def product(text: Text) -> list[Classified]:
    """Any EAN-8, UPC-A, EAN-13 or GTIN-14."""
    digits = text.bare
    if not DIGITS.fullmatch(digits) or len(digits) not in (8, 12, 13, 14):
        return []
    if not has_gtin_check(digits):
        return [not_usable("bad_check", digits)]
    return [Classified("product", digits, code=digits)]


def phone(text: Text) -> list[Classified]:
    """A mobile number, from the keyboard only."""
    number = normalise_phone(text.whole)
    if number is None or text.source != "keyboard":
        return []
    token = MemberToken("phone", number, Strength.PHONE_TYPED)
    return [Classified("member", "phone:****", token)]


RECOGNISERS: Final[Mapping[CodeClass, Callable[[Text], list[Classified]]]] = {
    "own_qr": lambda text: own_qr(text.whole),
    "gs1": gs1_message,
    "number": own_number,
    "card": card,
    "gift_card": gift_card,
    "coupon": coupon,
    "weighed": weighed,
    "phone": phone,
    "product": product,
}
