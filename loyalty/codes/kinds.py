"""What a scan can turn out to be, and the programme data that decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from loyalty.errors import InvalidToken
from loyalty.member import MemberToken, ScanSource

MAX_TEXT: Final = 512

CodeKind = Literal[
    "member", "product", "weighed", "purse", "coupon", "gift_card", "ambiguous", "unknown"
]
CodeClass = Literal[
    "own_qr", "gs1", "number", "card", "gift_card", "coupon", "weighed", "phone", "product"
]
"""Classes that are looked for: our own QR forms; GS1 messages and links; numbers of the
programme's own cards (Code 128, ITF, magnetic stripe); EAN cards, gift cards, coupons and weighed
goods by prefix; typed phones; goods."""
CODE_CLASSES: Final[tuple[str, ...]] = get_args(CodeClass)
Steps = tuple[tuple[CodeClass, ...], ...]
DEFAULT_ORDER: Final[Steps] = (
    ("own_qr",),
    ("gs1", "number"),
    ("card", "gift_card", "coupon", "weighed"),
    ("phone", "product"),
)

REASONS: Final = {
    "empty": "nothing was read",
    "too_long": f"over {MAX_TEXT} characters",
    "control_characters": "the text holds control characters",
    "bad_check": "the check character is wrong: scan again",
    "bad_track": "the stripe could not be read: swipe again",
    "payment_card": "a payment card; the number was dropped",
    "purse_unsupported": "a purse code; this agent cannot open it yet",
    "coupon_unsupported": "a coupon code; this agent cannot use it yet",
    "phone_not_typed": "a phone number counts only when typed by hand",
    "bad_phone": "typed like a phone number, and no mobile's: check the digits",
    "phone_landline": "a landline; members are known by mobile numbers",
    "gs1_malformed": "a GS1 code with an unknown part or a wrong length",
    "gs1_separator": "a GS1 code without its separators: switch them on in the reader",
    "gift_card_unsupported": "a gift card: pay with it as a tender of the till",
    "ambiguous": "the code fits several classes: the cashier says which",
    "unknown_code": "no known kind of code",
}


@dataclass(frozen=True, slots=True)
class CodePolicy:
    """Number ranges of the programme, and the order of classification.

    Prefixes of EAN-13 member cards, weighed goods, gift cards and coupons (GS1: 05, 98 and 99);
    `number_prefixes` begin the 13 to 19 Luhn digits of the programme's own cards in Code 128, ITF
    or on a magnetic stripe, and never lie in a range of payment cards. `order` are steps: the first
    step in which anything fits decides, and where two classes of one step fit, the cashier is
    asked. A class that no step names is switched off."""

    card_prefixes: tuple[str, ...] = ("042",)
    weighed_prefixes: tuple[str, ...] = ("21", "22", "23", "24", "25", "26", "27", "28", "29")
    gift_card_prefixes: tuple[str, ...] = ()
    coupon_prefixes: tuple[str, ...] = ("05", "98", "99")
    number_prefixes: tuple[str, ...] = ()
    order: Steps = DEFAULT_ORDER


@dataclass(frozen=True, slots=True)
class Classified:
    """What a text is.

    `code` is the product's bar code as scanned; for a weighed label it is the label with its
    weight zeroed, which is how the goods list names it, `label` is the whole label and `qty_milli`
    the weight in grams. A coupon's or gift card's `code` is its number, with the AI in front when
    it came in a GS1 message. `purse` is the whole text of an `LP1:` code, for `loyalty.purse.read`;
    it must not be logged. `choices` are the classes that an ambiguous code fits, in the order of
    the programme. `reason` is a key of `REASONS` when the code cannot be used.
    """

    kind: CodeKind
    masked: str
    token: MemberToken | None = None
    code: str = ""
    qty_milli: int | None = None
    reason: str = ""
    purse: str = ""
    label: str = ""
    choices: tuple[Classified, ...] = ()

    @property
    def lookup_codes(self) -> tuple[str, ...]:
        """The code and its twin with or without the leading zero of a UPC-A."""
        if len(self.code) == 12:
            return (self.code, "0" + self.code)
        if len(self.code) == 13 and self.code.startswith("0"):
            return (self.code, self.code[1:])
        return (self.code,) if self.code else ()


@dataclass(frozen=True, slots=True)
class Text:
    """A text under examination: as scanned, without blanks and dashes, and how it came."""

    whole: str
    bare: str
    symbology: str
    source: ScanSource
    policy: CodePolicy


def steps_of(order: tuple[tuple[str, ...], ...]) -> Steps:
    """The order as programme data names it; `InvalidToken` for an unknown or repeated class."""
    named = [name for step in order for name in step]
    unknown = [name for name in named if name not in CODE_CLASSES]
    if unknown:
        known = ", ".join(CODE_CLASSES)
        raise InvalidToken("bad_order", f"no class {unknown[0]!r}; known: {known}", "code_order")
    if len(set(named)) != len(named):
        raise InvalidToken("bad_order", "a class stands in the order twice", "code_order")
    return order  # type: ignore[return-value]


def not_usable(reason: str, text: str) -> Classified:
    """An unknown code; only its length may be shown."""
    return Classified("unknown", f"?({len(text)})", reason=reason)
