"""The words of a near miss: one table of phrases for each language of the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Phrases:
    """The parts of a sentence about a near miss; `{of}` and `{on}` are goods, quoted or empty."""

    quoted: str
    piece: str
    weigh: str
    value: str
    rule: str
    gains: str
    member: str
    tender: str
    percent: str
    amount: str
    amount_per_unit: str
    price: str
    set_price: str
    pieces_at: str
    free_goods: str
    free: str
    part_off: str
    gift: str
    percent_bonuses: str
    points: str
    per_unit: str
    per_sum: str
    times: str
    allowance: str
    more_allowance: str
    coupon: str
    on: str


PHRASES: Final = {
    "uk": Phrases(
        quoted=" «{name}»",
        piece="ще {count} шт.{goods}",
        weigh="зважте{goods} ще {again}",
        value="ще на {sum} грн{goods}",
        rule="«{name}»: ",
        gains="{lacking} — і {gain}",
        member="з карткою учасника: {gain}",
        tender="при оплаті {kinds}: {gain}",
        percent="−{percent} %{on}",
        amount="−{sum} грн{on}",
        amount_per_unit="−{sum} грн за шт.{of}",
        price="ціна {sum} грн{on}",
        set_price="набір за {sum} грн",
        pieces_at="{count} шт.{of} по {sum} грн",
        free_goods="безкоштовно{of}",
        free="{count} шт.{of} безкоштовно",
        part_off="−{percent} % на {count} шт.{of}",
        gift="подарунок{of}",
        percent_bonuses="+{percent} % бонусами{on}",
        points="+{points}",
        per_unit="+{points} за шт.{of}",
        per_sum="+{points} за кожні {sum} грн{on}",
        times="бонусів {times} більше{on}",
        allowance="бонусами до {percent} % чека",
        more_allowance="більше оплати бонусами",
        coupon="купон на наступну покупку",
        on=" на{of}",
    ),
    "en": Phrases(
        quoted=" “{name}”",
        piece="{count} more{goods}",
        weigh="weigh{goods} {again} more",
        value="UAH {sum} more{goods}",
        rule="“{name}”: ",
        gains="{lacking} for {gain}",
        member="with a member card: {gain}",
        tender="paid {kinds}: {gain}",
        percent="−{percent}%{on}",
        amount="UAH −{sum}{on}",
        amount_per_unit="UAH −{sum} each{on}",
        price="UAH {sum} each{on}",
        set_price="the set at UAH {sum}",
        pieces_at="{count}{of} at UAH {sum}",
        free_goods="free{of}",
        free="{count}{of} free",
        part_off="−{percent}% on {count}{of}",
        gift="a gift{of}",
        percent_bonuses="+{percent}% in bonuses{on}",
        points="+{points}",
        per_unit="+{points} each{on}",
        per_sum="+{points} per UAH {sum}{on}",
        times="{times} the bonuses{on}",
        allowance="up to {percent}% paid with bonuses",
        more_allowance="more paid with bonuses",
        coupon="a coupon for the next purchase",
        on=" on{of}",
    ),
    "pl": Phrases(
        quoted=" „{name}”",
        piece="jeszcze {count} szt.{goods}",
        weigh="zważ{goods} jeszcze {again}",
        value="jeszcze za {sum} UAH{goods}",
        rule="„{name}”: ",
        gains="{lacking} — i {gain}",
        member="z kartą uczestnika: {gain}",
        tender="przy płatności {kinds}: {gain}",
        percent="−{percent}%{on}",
        amount="−{sum} UAH{on}",
        amount_per_unit="−{sum} UAH za szt.{of}",
        price="cena {sum} UAH{on}",
        set_price="zestaw za {sum} UAH",
        pieces_at="{count} szt.{of} po {sum} UAH",
        free_goods="gratis{of}",
        free="{count} szt.{of} gratis",
        part_off="−{percent}% na {count} szt.{of}",
        gift="prezent{of}",
        percent_bonuses="+{percent}% w bonusach{on}",
        points="+{points}",
        per_unit="+{points} za szt.{of}",
        per_sum="+{points} za każde {sum} UAH{on}",
        times="{times} więcej bonusów{on}",
        allowance="bonusami do {percent}% paragonu",
        more_allowance="więcej zapłaty bonusami",
        coupon="kupon na następne zakupy",
        on=" na{of}",
    ),
}
TENDERS: Final = {
    "uk": {
        "cash": "готівкою",
        "card": "карткою",
        "gift_card": "подарунковою карткою",
        "bonus": "бонусами",
        "other": "інакше",
    },
    "en": {
        "cash": "in cash",
        "card": "by card",
        "gift_card": "by gift card",
        "bonus": "with bonuses",
        "other": "otherwise",
    },
    "pl": {
        "cash": "gotówką",
        "card": "kartą",
        "gift_card": "kartą podarunkową",
        "bonus": "bonusami",
        "other": "inaczej",
    },
}
OR: Final = {"uk": " чи ", "en": " or ", "pl": " lub "}
MORE_KINDS: Final = {
    "uk": "ще {count} {kinds}",
    "en": "{count} more {kinds} of",
    "pl": "jeszcze {count} {kinds}",
}
KINDS: Final = {
    "uk": ("інший товар", "інші товари", "інших товарів"),
    "en": ("kind", "kinds", "kinds"),
    "pl": ("inny towar", "inne towary", "innych towarów"),
}
AGAIN: Final = {
    "uk": ("раз", "рази", "разів"),
    "en": ("once", "times", "times"),
    "pl": ("raz", "razy", "razy"),
}
TICKETS: Final = {
    "uk": ("квиток розіграшу", "квитки розіграшу", "квитків розіграшу"),
    "en": ("a draw ticket", "draw tickets", "draw tickets"),
    "pl": ("los w losowaniu", "losy w losowaniu", "losów w losowaniu"),
}
