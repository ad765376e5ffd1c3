"""Receipts to try a template on: what a store prints on an ordinary day, and on a bad one."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from loyalty.receipt import CouponLine, GiftLine, MemberBlock, PromoLine, ReceiptDocument
from loyalty.shift import ShiftSlip, ShiftTotals

_SALE: Final = ReceiptDocument(
    kind="sale",
    sale_id="4f1f6f3e-0000-4000-8000-000000000001",
    store_name="Магазин «Їжачок»",
    register_id="R1",
    cashier="Ірина",
    printed_at="2026-11-22T12:07:00Z",
    items=(),
    tenders=(),
    payable_minor=87_450,
    redeemed_minor=5_000,
    promotions=(
        PromoLine("Сир: −20 % від 2 шт.", 8_000),
        PromoLine("Три за ціною двох на шоколад і печиво", 4_550),
        PromoLine("Чек від 500 грн", 5_000),
    ),
    member=MemberBlock("Олена К.", 1_250, 5_000, 34_550, expires_on="2026-12-31"),
    messages=("Кава зі знижкою 30 % до п’ятниці, лише для вас",),
    qr="https://bonus.example.ua/r/7K3M9QX2ABD",
    gifts=(GiftLine("Еко-торбинка", 1),),
    coupons=(CouponLine("−50 грн на наступну покупку від 400 грн", "UA-7K3M", "2026-12-06"),),
)
_OFFLINE: Final = replace(
    _SALE,
    redeemed_minor=0,
    promotions=_SALE.promotions[:2],
    gifts=(),
    coupons=(),
    member=MemberBlock(
        "Олена К.",
        1_250,
        0,
        34_550,
        balance_at="2026-11-22T12:05:00Z",
        expires_on="2026-12-31",
        accrual_state="will_be_credited",
        declined_reason="Немає зв’язку: списати бонуси зараз не можна",
    ),
)

SAMPLES: Final[dict[str, ReceiptDocument]] = {
    "sale": _SALE,
    "offline": _OFFLINE,
    "return": replace(
        _SALE,
        kind="return",
        messages=(),
        gifts=(),
        coupons=(),
        member=MemberBlock("Олена К.", 1_250, 5_000, 33_300),
        original_fiscal_number="1234",
    ),
    "stranger": replace(_SALE, member=None, redeemed_minor=0, gifts=(), coupons=(), qr=""),
}

SHIFT_SAMPLE: Final = ShiftSlip(
    store_name="Магазин «Їжачок»",
    register_id="R1",
    number=214,
    opened_at="2026-11-22T05:58:00Z",
    printed_at="2026-11-22T19:31:00Z",
    cashier="Ірина С.",
    totals=ShiftTotals(
        sales=312,
        identified=247,
        turnover_minor=14_873_450,
        discount_minor=1_204_315,
        earned_points=184_250,
        spent_points=96_400,
        declined=3,
        returns=2,
        restored_points=1_250,
        withdrawn_points=640,
        unknown=1,
    ),
)
