"""The loyalty slip of a shift, behind a Z or an X report. It carries no fiscal sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from loyalty.receipt import SlipRow
from loyalty.shift import ShiftSlip
from receipt_templates.layout import check_width, with_amount, wrap
from receipt_templates.render import TEXTS, Locale, moment_text
from receipt_templates.reserved import free_text


@dataclass(frozen=True, slots=True)
class ShiftTexts:
    """Words of one locale."""

    head: str
    shift: str
    so_far: str
    opened: str
    cashier: str
    sales: str
    identified: str
    discounts: str
    earned: str
    spent: str
    declined: str
    returns: str
    restored: str
    withdrawn: str
    unknown: str


SHIFT_TEXTS: Final[dict[str, ShiftTexts]] = {
    "uk": ShiftTexts(
        head="ЛОЯЛЬНІСТЬ",
        shift="Зміна {number}",
        so_far="Зміна {number}, проміжно",
        opened="Відкрито {at}",
        cashier="Касир: {name}",
        sales="Продажів",
        identified="З учасником",
        discounts="Знижки акцій, грн",
        earned="Нараховано",
        spent="Списано",
        declined="Відмов у списанні",
        returns="Повернень",
        restored="Повернено бонусів",
        withdrawn="Знято нараховане",
        unknown="Чеків з невідомим кінцем",
    ),
    "en": ShiftTexts(
        head="LOYALTY",
        shift="Shift {number}",
        so_far="Shift {number}, so far",
        opened="Opened {at}",
        cashier="Cashier: {name}",
        sales="Sales",
        identified="With a member",
        discounts="Promotions, UAH",
        earned="Earned",
        spent="Redeemed",
        declined="Redemptions declined",
        returns="Returns",
        restored="Bonuses given back",
        withdrawn="Bonuses taken back",
        unknown="Receipts of unknown end",
    ),
}


def render_shift(slip: ShiftSlip, *, locale: Locale, width: int) -> tuple[SlipRow, ...]:
    """Rows at most `width` characters wide (a title half of that).

    Returns and unknown papers are left out where there are none. Raises `ValueError` for a width
    no receipt has."""
    check_width(width)
    words, texts = SHIFT_TEXTS[locale], TEXTS[locale]
    named = (words.so_far if slip.kind == "x" else words.shift).format(number=slip.number)
    register = texts.register.format(register=free_text(slip.register_id))
    rows = [
        *(SlipRow("title", line) for line in wrap(free_text(slip.store_name), width // 2, 2)),
        *_text(with_amount(moment_text(slip.printed_at), register, width)),
        SlipRow("space"),
        SlipRow("band", _band(words.head, named, width)),
        *_text(wrap(words.opened.format(at=moment_text(slip.opened_at)), width, 1)),
    ]
    if slip.cashier:
        rows += _text(wrap(words.cashier.format(name=free_text(slip.cashier)), width, 1))
    rows.append(SlipRow("rule"))
    for label, figure in _figures(slip, locale):
        rows += _text(with_amount(label, figure, width))
    rows.append(SlipRow("rule"))
    rows += [SlipRow("center", line) for line in wrap(texts.no_receipt, width)]
    return tuple(rows)


def shift_lines(slip: ShiftSlip, *, locale: Locale, width: int) -> tuple[str, ...]:
    """The same as plain lines, for a printer that takes nothing but text."""
    plain = {"rule": "-" * width, "space": ""}
    centred = ("title", "center")
    rows = render_shift(slip, locale=locale, width=width)
    lines = (
        row.text.center(width).rstrip() if row.style in centred else plain.get(row.style, row.text)
        for row in rows
    )
    return tuple(line for line in lines if line)


def _figures(slip: ShiftSlip, locale: Locale) -> list[tuple[str, str]]:
    words, texts, totals = SHIFT_TEXTS[locale], TEXTS[locale], slip.totals
    found = [
        (words.sales, str(totals.sales)),
        (words.identified, str(totals.identified)),
        (words.discounts, texts.money(totals.discount_minor)),
        (words.earned, texts.points(totals.earned_points)),
        (words.spent, texts.points(totals.spent_points)),
        (words.declined, str(totals.declined)),
    ]
    if totals.returns:
        found += [
            (words.returns, str(totals.returns)),
            (words.restored, texts.points(totals.restored_points)),
            (words.withdrawn, texts.points(totals.withdrawn_points)),
        ]
    if totals.unknown:
        found.append((words.unknown, str(totals.unknown)))
    return found


def _text(lines: list[str]) -> list[SlipRow]:
    return [SlipRow("text", line) for line in lines]


def _band(head: str, named: str, width: int) -> str:
    room = width - len(head) - 2
    return (
        f" {head}{named[: room - 1].rjust(room)} " if room > 4 else f" {head}".ljust(width)[:width]
    )
