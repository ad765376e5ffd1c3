"""The order of classification: payment cards are dropped first, then the programme's steps."""

from __future__ import annotations

import re

from loyalty.codes import layout
from loyalty.codes.gs1 import GS1_SYMBOLOGIES, SPELLINGS
from loyalty.codes.kinds import MAX_TEXT, Classified, CodePolicy, Text, not_usable
from loyalty.codes.payment_card import BAD_TRACK, TRACK, is_payment_card
from loyalty.codes.phone import SEPARATORS, is_landline, is_near_phone, normalise_phone
from loyalty.codes.ranges import RECOGNISERS
from loyalty.member import ScanSource

_CONTROL = re.compile(r"[\x00-\x1c\x1e\x1f\x7f-\x9f]")
_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_IN_GS1 = ("own_qr", "gs1")
"""What a GS1 carrier can hold: its digits are elements, and no bare EAN."""
_PROVED = ("member", "coupon", "product", "gift_card", "weighed", "ambiguous", "purse")


def classify(text: str, symbology: str, source: ScanSource, policy: CodePolicy) -> Classified:
    """Decide what a scan or a typed text is; never raises.

    `symbology` is the AIM identifier ("]E0") or "" when the source does not tell it. A phone
    number is taken from the keyboard only. Text typed under a Cyrillic layout is put back only when
    what comes out is proved by its own form and check.
    """
    if len(text) > MAX_TEXT:
        return not_usable("too_long", text)
    text = text.strip(" \t\r\n")
    if not text:
        return not_usable("empty", text)
    if _CONTROL.search(text):
        return not_usable("control_characters", text)
    found = _plain(text, symbology, source, policy)
    if found.kind != "unknown" or found.reason == "payment_card":
        return found
    for candidate in layout.repairs(text):
        repaired = _plain(candidate, symbology, source, policy)
        if repaired.kind in _PROVED or repaired.reason == "payment_card":
            return repaired
        if repaired.masked in ("LC1:****", "LP1:****"):
            found = repaired
    return found


def _plain(text: str, symbology: str, source: ScanSource, policy: CodePolicy) -> Classified:
    if not symbology and (match := _AIM.match(text)) and len(text) > 3:
        symbology, text = match[0], text[3:]
    view = Text(text, SEPARATORS.sub("", text), symbology, source, policy)
    dropped = _payment_card(view)
    if dropped is not None:
        return dropped
    near: list[Classified] = []
    for step in policy.order:
        names = [name for name in step if name in _IN_GS1 or symbology not in GS1_SYMBOLOGIES]
        fits = [one for name in names for one in RECOGNISERS[name](view)]
        usable = list(dict.fromkeys(one for one in fits if one.kind != "unknown"))
        if len(usable) == 1:
            return usable[0]
        if usable:
            return Classified("ambiguous", "?=****", reason="ambiguous", choices=tuple(usable))
        near += fits
    return _why_not(view, near)


def _payment_card(text: Text) -> Classified | None:
    """Dropped before anything else looks at it. Any stripe that is not ours counts as one."""
    track = TRACK.match(text.whole)
    digits = track[1] if track else text.bare
    is_own = bool(text.policy.number_prefixes) and digits.startswith(text.policy.number_prefixes)
    if track and not is_own:
        return Classified("unknown", "****", reason="payment_card")
    if digits.isascii() and digits.isdecimal() and is_payment_card(digits, text.symbology):
        return Classified("unknown", "****", reason="payment_card")
    return None


def _why_not(text: Text, near: list[Classified]) -> Classified:
    """The best reason of those that came near, else what the text looks like."""
    if normalise_phone(text.whole) is not None:
        return Classified("unknown", "phone:****", reason="phone_not_typed")
    if text.source == "keyboard" and is_landline(text.whole):
        return Classified("unknown", "phone:****", reason="phone_landline")
    if text.source == "keyboard" and is_near_phone(text.whole):
        return Classified("unknown", "phone:****", reason="bad_phone")
    if near:
        return near[0]
    if BAD_TRACK.match(text.whole):
        return not_usable("bad_track", text.whole)
    if SPELLINGS[0] in text.whole:
        return not_usable("control_characters", text.whole)
    return not_usable("unknown_code", text.whole)
