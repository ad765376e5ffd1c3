"""The loyalty lines of a receipt, wrapped for a device. Goods, tenders and taxes are the device's.

Promotions and their savings stand before the total, bonuses and messages after the fiscal
trailer. The aim is twelve lines: promotions over six lines are summed up, messages that would
exceed twelve are left out, what concerns money, points, gifts and coupons is never cut.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from loyalty.receipt import MemberBlock, PromoLine, ReceiptDocument, ReceiptText
from receipt_templates import texts_en, texts_uk
from receipt_templates.layout import check_width, with_amount, wrap
from receipt_templates.reserved import free_text
from receipt_templates.texts import Texts

Locale = Literal["uk", "en"]
MAX_LINES = 12
MAX_POST_LINES = 6
MAX_REWARDS = 4

TEXTS: dict[str, Texts] = {"uk": texts_uk.TEXTS, "en": texts_en.TEXTS}
_ZONE = ZoneInfo("Europe/Kyiv")


def render(
    document: ReceiptDocument, *, locale: Locale, post_width: int, trailer_width: int
) -> ReceiptText:
    """Lines for the two slots of the device, at most `post_width` and `trailer_width` wide.

    In a return `member.earned_points` is what was taken back and `member.redeemed_points` what
    was given back. Raises `ValueError` for a width no receipt has.
    """
    texts = TEXTS[locale]
    check_width(post_width)
    check_width(trailer_width)
    is_sale = document.kind == "sale"
    post = _promotions(document, texts, post_width) if is_sale else []
    trailer = []
    if document.member is not None:
        trailer = _member(document.member, document, texts, trailer_width)
    trailer += rewards(document, texts, trailer_width)
    for message in document.messages:
        lines = wrap(free_text(message), trailer_width)
        if len(post) + len(trailer) + len(lines) <= MAX_LINES:
            trailer += lines
    return ReceiptText(tuple(post), tuple(trailer), document.qr)


# --- before the total -------------------------------------------------------------------------


def _promotions(document: ReceiptDocument, texts: Texts, width: int) -> list[str]:
    ending: list[str] = []
    total = sum(line.amount_minor for line in document.promotions)
    if total:
        ending += with_amount(texts.total_discount, texts.money(-total), width)
    if document.redeemed_minor and document.redeem_as == "discount":
        amount = texts.money(-document.redeemed_minor)
        ending += with_amount(texts.paid_with_bonuses, amount, width)
    blocks = [_saving(line, texts, width) for line in document.promotions]
    room = MAX_POST_LINES - len(ending)
    if sum(map(len, blocks)) <= room:
        return [line for block in blocks for line in block] + ending
    kept, left = _fitting(blocks, room - 2)
    rest = document.promotions[kept:]
    other = PromoLine(texts.other_promotions, sum(line.amount_minor for line in rest))
    shown = [line for block in blocks[:kept] for line in block]
    return shown + _saving(other, texts, width)[: left + 2] + ending


def _saving(line: PromoLine, texts: Texts, width: int) -> list[str]:
    return with_amount(free_text(line.name), texts.money(-line.amount_minor), width)


def _fitting(blocks: list[list[str]], room: int) -> tuple[int, int]:
    """How many blocks fit into `room` lines, and the lines left over."""
    kept = 0
    while kept < len(blocks) and len(blocks[kept]) <= room:
        room -= len(blocks[kept])
        kept += 1
    return kept, max(room, 0)


def rewards(document: ReceiptDocument, texts: Texts, width: int) -> list[str]:
    """What was handed out and what may be used later; the buyer comes back with it."""
    lines: list[str] = []
    for gift in document.gifts[:MAX_REWARDS]:
        label = free_text(texts.gift.format(name=gift.name))
        lines += with_amount(label, f"x {gift.quantity}", width)
    for coupon in document.coupons[:MAX_REWARDS]:
        lines += wrap(free_text(texts.coupon.format(text=coupon.text or coupon.code)), width, 3)
        day = day_text(coupon.expires_on)
        lines += wrap(free_text(texts.coupon_until.format(code=coupon.code, day=day)), width, 3)
    for each in document.tickets[:MAX_REWARDS]:
        label = free_text(texts.tickets.format(draw=each.draw))
        lines += with_amount(label, str(each.tickets), width)
    return lines


# --- after the trailer ------------------------------------------------------------------------


def _member(member: MemberBlock, document: ReceiptDocument, texts: Texts, width: int) -> list[str]:
    lines = wrap(texts.member.format(name=free_text(member.name)), width, 1) if member.name else []
    for label, points in member_movements(member, document.kind, texts):
        if points:
            lines += with_amount(label, texts.points(points), width)
    if member.declined_reason and document.kind == "sale":
        lines += wrap(_declined(member.declined_reason, texts), width, 3)
    if member.balance_points is not None:
        label = balance_label(member, document.printed_at, texts)
        lines += with_amount(label, texts.points(member.balance_points), width)
    if member.expires_on and document.kind == "sale":
        lines += with_amount(texts.burns, day_text(member.expires_on), width)
    return lines


def balance_label(member: MemberBlock, printed_at: str, texts: Texts) -> str:
    """The balance, with its age when it is not fresh."""
    if not member.balance_at:
        return texts.balance
    return texts.balance_as_of.format(time=_time(member.balance_at, printed_at))


def member_movements(member: MemberBlock, kind: str, texts: Texts) -> list[tuple[str, int]]:
    """Label and points of what came and went."""
    if kind == "return":
        return [
            (texts.withdrawn_bonuses, -member.earned_points),
            (texts.returned_bonuses, member.redeemed_points),
        ]
    earned = texts.earned if member.accrual_state == "credited" else texts.will_be_earned
    return [(texts.redeemed, -member.redeemed_points), (earned, member.earned_points)]


def _declined(reason: str, texts: Texts) -> str:
    reason = free_text(reason)
    if texts.kept.casefold() in reason.casefold():
        return reason
    return f"{reason.rstrip('.')}. {texts.kept.capitalize()}"


def _time(instant: str, printed_at: str) -> str:
    """Local time of an ISO instant; with the day when that is not the day of printing."""
    moment = _local(instant)
    if moment is None:
        return free_text(instant)
    printed = _local(printed_at)
    form = "%H:%M" if printed and printed.date() == moment.date() else "%d.%m %H:%M"
    return moment.strftime(form)


def _local(instant: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(instant)
    except ValueError:
        return None
    return moment.astimezone(_ZONE) if moment.tzinfo else moment


def moment_text(instant: str) -> str:
    """Local day and time of an ISO instant."""
    moment = _local(instant)
    return free_text(instant) if moment is None else moment.strftime("%d.%m.%Y %H:%M")


def day_text(iso_date: str) -> str:
    """A day as people write it."""
    try:
        return date.fromisoformat(iso_date).strftime("%d.%m.%Y")
    except ValueError:
        return free_text(iso_date)
