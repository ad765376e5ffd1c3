"""Ukrainian texts."""

from __future__ import annotations

from receipt_templates.texts import Texts


def bonuses(points: int) -> str:
    """1 бонус, 2 бонуси, 5 бонусів, 11 бонусів, 1,50 бонуса."""
    whole, rest = divmod(points, 100)
    if rest:
        return "бонуса"
    if whole % 100 in range(11, 15):
        return "бонусів"
    if whole % 10 == 1:
        return "бонус"
    return "бонуси" if whole % 10 in (2, 3, 4) else "бонусів"


TEXTS = Texts(
    total_discount="Разом знижок",
    paid_with_bonuses="Знижка бонусами",
    other_promotions="Інші акції",
    gift="Подарунок: {name}",
    coupon="Купон: {text}",
    coupon_until="Код {code}, діє до {day}",
    tickets="Розіграш «{draw}», квитків",
    member="Учасник: {name}",
    earned="Нараховано",
    will_be_earned="Буде зараховано",
    redeemed="Списано",
    balance="Баланс",
    balance_as_of="Баланс станом на {time}",
    burns="Найближче згорання",
    kept="бонуси збережено",
    returned_bonuses="Повернено",
    withdrawn_bonuses="Знято нараховане",
    promotions_head="ВАШІ ЗНИЖКИ",
    bonuses_head="БОНУСИ",
    offers_head="САМЕ ДЛЯ ВАС",
    page_caption="Ваш рахунок і пропозиції",
    register="Каса {register}",
    no_receipt="не є розрахунковим документом",
    thanks="Дякуємо за покупку!",
    locale="uk",
    decimal=",",
    plural=bonuses,
)
