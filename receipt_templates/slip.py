"""The whole slip for a printer that prints nothing of its own: a receipt printer, a preview.

It carries no goods and no sums of the sale, for those are the fiscal document's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from loyalty.receipt import ReceiptDocument, SlipRow, SlipStyle
from loyalty.receipt_template import PAGE_PLACEHOLDERS, PLAIN, ReceiptTemplate
from receipt_templates.layout import check_width, with_amount, wrap
from receipt_templates.render import (
    TEXTS,
    Locale,
    balance_label,
    day_text,
    member_movements,
    moment_text,
    rewards,
)
from receipt_templates.reserved import free_text, reserved_words
from receipt_templates.texts import Texts

MAX_SLIP_PROMOTIONS: Final = 12
MAX_OFFERS: Final = 5
MAX_OFFER_LINES: Final = 4

Part = Callable[[ReceiptDocument, Texts, int, ReceiptTemplate], list[SlipRow]]


def render_slip(
    document: ReceiptDocument, *, locale: Locale, width: int, template: ReceiptTemplate = PLAIN
) -> tuple[SlipRow, ...]:
    """Rows at most `width` characters wide (a title half of that), parted by rules.

    Empty when there is nothing to say. Raises `ValueError` for a width no receipt has."""
    check_width(width)
    texts = texts_of(locale, template)
    rows = _body(document, texts, width, template)
    if not rows:
        return ()
    air = [] if template.blocks[-1] == "footer" else [SlipRow("space")]
    return (*rows, *air, *_centred("center", texts.no_receipt, width))


def render_addition(
    document: ReceiptDocument, *, locale: Locale, width: int, template: ReceiptTemplate = PLAIN
) -> tuple[tuple[str, ...], str]:
    """Plain lines, and what a QR says, for the end of a receipt that another program prints."""
    check_width(width)
    inner = tuple(name for name in template.blocks if name not in ("header", "footer"))
    body = replace(template, blocks=inner)
    rows = _body(document, texts_of(locale, template), width, body, plain=True)
    lines = [row.text.center(width).rstrip() if row.style == "center" else row.text for row in rows]
    shown = ["-" * width if r.style == "rule" else t for r, t in zip(rows, lines, strict=True)]
    codes = [row.text for row in rows if row.style == "qr"]
    return (
        tuple(t for r, t in zip(rows, shown, strict=True) if r.style not in ("qr", "space")),
        codes[0] if codes else "",
    )


def _body(
    document: ReceiptDocument,
    texts: Texts,
    width: int,
    template: ReceiptTemplate,
    *,
    plain: bool = False,
) -> list[SlipRow]:
    """The parts that have something to say; `plain` is for lines without styles or gaps."""
    parts = {name: PARTS[name](document, texts, width, template) for name in template.blocks}
    if not any(parts.get(name) for name in ("promotions", "member", "rewards", "offers")):
        return []
    rows: list[SlipRow] = []
    for name, part in parts.items():
        if part and rows:
            # A black band and the quiet zone of a code part well enough without a line.
            rows.append(SlipRow("space" if name in ("member", "qr") and not plain else "rule"))
        rows += part
    return rows


def texts_of(locale: Locale, template: ReceiptTemplate) -> Texts:
    """The locale's words with those that the template changes."""
    changed: dict[str, Any] = dict(template.labels.get(locale, {}))
    return replace(TEXTS[locale], **changed)


def refused_words(template: ReceiptTemplate) -> tuple[str, ...]:
    """Reserved words in a template: a slip must not imitate requisites of a fiscal receipt."""
    said: list[str] = []
    for lines in (*template.header.values(), *template.footer.values()):
        said += lines
    for labels in template.labels.values():
        said += labels.values()
    return tuple(dict.fromkeys(word for text in said for word in reserved_words(text)))


# --- parts ------------------------------------------------------------------------------------


def _header(
    document: ReceiptDocument, texts: Texts, width: int, template: ReceiptTemplate
) -> list[SlipRow]:
    rows = _centred("title", document.store_name, width // 2, 2)
    for line in template.header.get(texts.locale, ()):
        rows += _centred("center", line, width)
    register = texts.register.format(register=free_text(document.register_id))
    stamp = moment_text(document.printed_at)
    return rows + _rows("text", with_amount(stamp, register, width))


def _promotions(
    document: ReceiptDocument, texts: Texts, width: int, _template: ReceiptTemplate
) -> list[SlipRow]:
    if document.kind != "sale":
        return []
    rows: list[SlipRow] = []
    shown = document.promotions[:MAX_SLIP_PROMOTIONS]
    for line in shown:
        amount = texts.money(-line.amount_minor)
        rows += _rows("text", with_amount(free_text(line.name), amount, width))
    left = sum(line.amount_minor for line in document.promotions[len(shown) :])
    if left:
        rows += _rows("text", with_amount(texts.other_promotions, texts.money(-left), width))
    total = sum(line.amount_minor for line in document.promotions)
    if total:
        rows += _big(texts.total_discount, texts.money(-total), width)
    if document.redeemed_minor and document.redeem_as == "discount":
        amount = texts.money(-document.redeemed_minor)
        rows += _rows("text", with_amount(texts.paid_with_bonuses, amount, width))
    return _headed(texts.promotions_head, rows, width)


def _member(
    document: ReceiptDocument, texts: Texts, width: int, _template: ReceiptTemplate
) -> list[SlipRow]:
    member = document.member
    if member is None:
        return []
    rows = []
    for label, points in member_movements(member, document.kind, texts):
        if points:
            rows += _rows("text", with_amount(label, texts.points(points), width))
    if member.declined_reason and document.kind == "sale":
        reason = free_text(member.declined_reason).rstrip(".")
        kept = texts.kept.casefold() in reason.casefold()
        rows += _rows("text", wrap(reason, width))
        rows += [] if kept else _rows("strong", wrap(texts.kept.capitalize(), width))
    if member.balance_points is not None:
        label = balance_label(member, document.printed_at, texts)
        rows += _big(label, texts.points(member.balance_points), width)
    if member.expires_on and document.kind == "sale":
        rows += _rows("text", with_amount(texts.burns, day_text(member.expires_on), width))
    name = free_text(member.name)
    return [SlipRow("band", _band(texts.bonuses_head, name, width)), *rows]


def _rewards(
    document: ReceiptDocument, texts: Texts, width: int, _template: ReceiptTemplate
) -> list[SlipRow]:
    codes = [coupon.code for coupon in document.coupons]
    return [
        SlipRow("strong" if any(code in line for code in codes) else "text", line)
        for line in rewards(document, texts, width)
    ]


def _offers(
    document: ReceiptDocument, texts: Texts, width: int, _template: ReceiptTemplate
) -> list[SlipRow]:
    """What the rules say to this member today: offers by segment and date are rules."""
    rows: list[SlipRow] = []
    for message in document.messages[:MAX_OFFERS]:
        rows += _rows("text", wrap(free_text(message), width, MAX_OFFER_LINES))
    return _headed(texts.offers_head, rows, width)


def _qr(
    document: ReceiptDocument, texts: Texts, width: int, template: ReceiptTemplate
) -> list[SlipRow]:
    page = template.member_page if document.member is not None else ""
    for name in PAGE_PLACEHOLDERS:
        page = page.replace(f"{{{name}}}", getattr(document, name))
    payload = document.qr or page
    if not payload:
        return []
    return [SlipRow("qr", payload), *_centred("center", texts.page_caption, width)]


def _footer(
    _document: ReceiptDocument, texts: Texts, width: int, template: ReceiptTemplate
) -> list[SlipRow]:
    rows: list[SlipRow] = []
    for line in template.footer.get(texts.locale, (texts.thanks,)):
        rows += _centred("center", line, width)
    return rows


PARTS: Final[dict[str, Part]] = {
    "header": _header,
    "promotions": _promotions,
    "member": _member,
    "rewards": _rewards,
    "offers": _offers,
    "qr": _qr,
    "footer": _footer,
}


# --- rows -------------------------------------------------------------------------------------


def _rows(style: SlipStyle, lines: Iterable[str]) -> list[SlipRow]:
    return [SlipRow(style, line) for line in lines]


def _big(label: str, amount: str, width: int) -> list[SlipRow]:
    """The amount in high letters, and the label too where it stands on the same line."""
    *above, last = with_amount(label, amount, width)
    return [*_rows("text", above), SlipRow("big", last)]


def _centred(style: SlipStyle, text: str, width: int, max_lines: int = 3) -> list[SlipRow]:
    return _rows(style, wrap(free_text(text), width, max_lines))


def _headed(head: str, rows: list[SlipRow], width: int) -> list[SlipRow]:
    return [*_rows("strong", wrap(free_text(head), width, 1)), *rows] if rows else []


def _band(head: str, name: str, width: int) -> str:
    """The head at the left, the name at the right; a name without room is cut, for it is theirs."""
    room = width - len(head) - 4
    if room < 4 or not name:
        return f" {head}".ljust(width)[:width]
    return f" {head}{name[:room].rjust(width - len(head) - 2)} "
