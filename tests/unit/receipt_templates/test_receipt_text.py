"""Loyalty lines on paper: golden texts at the widths of real printers, and what never happens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.basket import Tender
from loyalty.receipt import (
    CouponLine,
    GiftLine,
    MemberBlock,
    PromoLine,
    ReceiptDocument,
    TicketLine,
)
from receipt_templates import render
from receipt_templates.reserved import free_text, reserved_words
from receipt_templates.texts_en import TEXTS as EN
from receipt_templates.texts_uk import TEXTS as UK

GOLDEN = Path(__file__).parent / "golden"

SALE = ReceiptDocument(
    kind="sale",
    sale_id="4f1f6f3e-0000-4000-8000-000000000001",
    store_name="Магазин 1",
    register_id="R1",
    cashier="Ірина",
    printed_at="2026-11-22T12:07:00Z",
    items=(),
    tenders=(Tender("cash", 100_000),),
    payable_minor=87_450,
    redeemed_minor=5_000,
    promotions=(
        PromoLine("Сир: −20 % від 2 шт.", 8_000),
        PromoLine("Три за ціною двох на шоколад і печиво", 4_550),
        PromoLine("Чек від 500 грн", 5_000),
    ),
    member=MemberBlock("Олена К.", 1_250, 5_000, 34_550, expires_on="2026-12-31"),
    messages=("Дякуємо, що ви з нами!",),
    qr="LC1:7K3M9QX2ABD",
)
OFFLINE = replace(
    SALE,
    redeemed_minor=0,
    promotions=SALE.promotions[:1],
    member=MemberBlock(
        "Олена К.",
        1_250,
        0,
        34_550,
        balance_at="2026-11-22T12:05:00Z",
        expires_on="2026-12-31",
        accrual_state="will_be_credited",
        declined_reason="Немає зв'язку: списання недоступне",
    ),
)
RETURN = replace(
    SALE,
    kind="return",
    messages=(),
    member=MemberBlock("Олена К.", 1_250, 5_000, 33_300, expires_on="2026-12-31"),
    original_fiscal_number="1234",
)
CASES = {"sale": SALE, "offline": OFFLINE, "return": RETURN}


def picture(document: ReceiptDocument, locale: str, width: int) -> str:
    text = render(document, locale=locale, post_width=width, trailer_width=width)  # type: ignore[arg-type]
    lines = [*text.post_lines, "-" * width, *text.additional_trailer]
    return "".join(f"|{line.ljust(width)}|\n" for line in lines)


@pytest.mark.parametrize("width", [24, 34, 42, 48])
@pytest.mark.parametrize("case", sorted(CASES))
def test_golden_texts_in_ukrainian(case: str, width: int) -> None:
    expected = (GOLDEN / f"{case}_uk_{width}.txt").read_text(encoding="utf-8")
    assert picture(CASES[case], "uk", width) == expected


@pytest.mark.parametrize("case", sorted(CASES))
def test_golden_texts_in_english(case: str) -> None:
    expected = (GOLDEN / f"{case}_en_42.txt").read_text(encoding="utf-8")
    assert picture(CASES[case], "en", 42) == expected


def test_a_stranger_s_receipt_has_promotions_only() -> None:
    text = render(replace(SALE, member=None), locale="uk", post_width=34, trailer_width=24)
    assert text.post_lines[-2].startswith("Разом знижок")
    assert text.additional_trailer == ("Дякуємо, що ви з нами!",)
    assert text.qr == SALE.qr


def test_bonuses_paid_as_a_tender_are_not_shown_as_a_discount() -> None:
    paid = replace(SALE, redeem_as="payment")
    assert "Знижка бонусами" not in picture(paid, "uk", 42)
    assert "Списано" in picture(paid, "uk", 42)


def test_nothing_to_say_prints_nothing() -> None:
    bare = replace(SALE, promotions=(), member=None, messages=(), redeemed_minor=0, qr="")
    text = render(bare, locale="uk", post_width=42, trailer_width=42)
    assert (text.post_lines, text.additional_trailer, text.qr) == ((), (), "")


def test_a_balance_of_another_day_shows_its_day() -> None:
    assert OFFLINE.member is not None
    old = replace(OFFLINE, member=replace(OFFLINE.member, balance_at="2026-11-20T22:30:00Z"))
    assert "станом на 21.11 00:30" in picture(old, "uk", 48)


def test_many_promotions_are_summed_up_and_no_kopeck_is_lost() -> None:
    many = replace(SALE, promotions=tuple(PromoLine(f"Акція {n}", 100 + n) for n in range(20)))
    text = render(many, locale="uk", post_width=42, trailer_width=42)
    assert len(text.post_lines) <= 6
    shown = [line.split()[-1] for line in text.post_lines]
    cents = [int(part.replace(",", "").replace("-", "")) for part in shown]
    assert sum(cents[:-2]) == cents[-2] == sum(line.amount_minor for line in many.promotions)
    assert "Інші акції" in text.post_lines[-3]


@pytest.mark.parametrize(
    ("points", "uk", "en"),
    [
        (100, "1 бонус", "1 bonus"),
        (200, "2 бонуси", "2 bonuses"),
        (500, "5 бонусів", "5 bonuses"),
        (0, "0 бонусів", "0 bonuses"),
        (1_100, "11 бонусів", "11 bonuses"),
        (1_200, "12 бонусів", "12 bonuses"),
        (2_100, "21 бонус", "21 bonuses"),
        (11_200, "112 бонусів", "112 bonuses"),
        (12_300, "123 бонуси", "123 bonuses"),
        (150, "1,50 бонуса", "1.50 bonuses"),
        (-300, "-3 бонуси", "-3 bonuses"),
        (5, "0,05 бонуса", "0.05 bonuses"),
    ],
)
def test_plurals(points: int, uk: str, en: str) -> None:
    assert (UK.points(points), EN.points(points)) == (uk, en)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ФІСКАЛЬНИЙ ЧЕК", ("ФІСКАЛЬНИЙ",)),
        ("фіскального номера немає", ("фіскального",)),
        ("СУМА 100,00", ("СУМА",)),
        ("CУМА 100,00", ("CУМА",)),  # the first letter is Latin
        ("ПДВ А 20 %", ("ПДВ",)),
        ("ФН 4000123456", ("ФН",)),
        ("До сплати 5", ("До сплати",)),
        ("Fiscal receipt, VAT 20%", ("Fiscal", "VAT")),
        ("Знижка на суму від 500 грн: пн і вт", ()),
        ("Сумарно вигідно, підсумок за тиждень", ()),
    ],
)
def test_words_that_imitate_requisites(text: str, words: tuple[str, ...]) -> None:
    assert reserved_words(text) == words
    assert ("***" in free_text(text)) is bool(words)
    assert reserved_words(free_text(text)) == ()


def test_free_texts_cannot_command_the_printer() -> None:
    bad = replace(
        SALE,
        promotions=(PromoLine("\x1b@\x1dVСир\u200b ФН 1234", 100),),
        messages=("Рядок\nПДВ 20\u202e", "😀 Гарного дня"),
    )
    text = render(bad, locale="uk", post_width=42, trailer_width=42)
    joined = "".join((*text.post_lines, *text.additional_trailer))
    assert all(char.isprintable() and char <= "\uffff" for char in joined)
    assert reserved_words(joined) == ()
    assert "Гарного дня" in joined


@pytest.mark.parametrize("width", [0, 15, 81])
def test_a_width_no_receipt_has_is_refused(width: int) -> None:
    with pytest.raises(ValueError, match="characters"):
        render(SALE, locale="uk", post_width=width, trailer_width=42)


words = st.text(st.sampled_from("абвгдеїй -.«»12"), max_size=60)


@given(
    st.integers(24, 48),
    st.integers(24, 48),
    st.lists(st.builds(PromoLine, words, st.integers(1, 10**9)), max_size=8),
    st.lists(words, max_size=4),
    st.integers(-(10**9), 10**9),
    words,
    st.sampled_from(["uk", "en"]),
)
def test_no_line_is_wider_than_the_paper_and_no_sum_is_broken(
    post: int,
    trailer: int,
    promotions: list[PromoLine],
    messages: list[str],
    balance: int,
    reason: str,
    locale: str,
) -> None:
    document = replace(
        SALE,
        promotions=tuple(promotions),
        messages=tuple(messages),
        member=MemberBlock("Олена К.", 5, 0, balance, declined_reason=reason),
    )
    text = render(document, locale=locale, post_width=post, trailer_width=trailer)  # type: ignore[arg-type]
    assert all(len(line) <= post for line in text.post_lines)
    assert all(len(line) <= trailer for line in text.additional_trailer)
    assert len(text.post_lines) <= 6
    texts = UK if locale == "uk" else EN
    total = sum(line.amount_minor for line in promotions)
    if total:
        assert any(line.endswith(texts.money(-total)) for line in text.post_lines)
    right_edge = [line for line in text.post_lines if line[-3:-2] == texts.decimal]
    assert all(len(line) == post for line in right_edge)
    assert any(line.endswith(texts.points(balance)) for line in text.additional_trailer)


REWARDED = replace(
    SALE,
    promotions=(),
    redeemed_minor=0,
    messages=(),
    gifts=(GiftLine("Чашка з кришкою", 2),),
    coupons=(CouponLine("Чай −50 %", "TEA", "2026-12-22"),),
    tickets=(TicketLine("Новий рік", 3),),
)


@pytest.mark.parametrize("width", [24, 32, 48])
def test_gifts_coupons_and_tickets_stand_on_the_paper(width: int) -> None:
    text = render(REWARDED, locale="uk", post_width=width, trailer_width=width)
    paper = " ".join(" ".join(text.additional_trailer).split())
    assert "Подарунок: Чашка з кришкою" in paper
    assert "x 2" in paper
    assert "Купон: Чай -50 % Код TEA, діє до 22.12.2026" in paper
    assert "Розіграш «Новий рік», квитків" in paper
    assert all(len(line) <= width for line in text.additional_trailer)
    english = render(REWARDED, locale="en", post_width=width, trailer_width=width)
    assert "valid through 22.12.2026" in " ".join(english.additional_trailer)
    back = replace(REWARDED, kind="return", gifts=(), coupons=(), tickets=())
    assert not any(
        "Купон" in line
        for line in render(
            back, locale="uk", post_width=width, trailer_width=width
        ).additional_trailer
    )
