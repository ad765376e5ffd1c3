"""Why a promotion did not act, by stable reason: one short sentence in each language."""

from __future__ import annotations

from typing import Final

REASONS: Final[dict[str, dict[str, str]]] = {
    "no_goods": {
        "uk": "у чеку немає потрібних товарів",
        "en": "no such goods on the receipt",
        "pl": "na paragonie brak potrzebnych towarów",
    },
    "scope_quantity": {
        "uk": "потрібно {needed} шт., є {seen}",
        "en": "{needed} needed, {seen} there",
        "pl": "potrzeba {needed} szt., jest {seen}",
    },
    "set_quantity": {
        "uk": "потрібно {needed} шт., вільних {seen}",
        "en": "{needed} needed, {seen} free",
        "pl": "potrzeba {needed} szt., wolnych {seen}",
    },
    "scope_value": {
        "uk": "потрібно товарів на {needed} грн, є на {seen}",
        "en": "goods for UAH {needed} needed, {seen} there",
        "pl": "potrzeba towarów za {needed} UAH, jest za {seen}",
    },
    "receipt_value": {
        "uk": "потрібен чек від {needed} грн, зараз {seen}",
        "en": "receipt of UAH {needed} needed, now {seen}",
        "pl": "potrzebny paragon od {needed} UAH, teraz {seen}",
    },
    "distinct_skus": {
        "uk": "потрібно {needed}, є {seen}",
        "en": "{needed} different goods needed, {seen} there",
        "pl": "potrzeba {needed} różnych towarów, jest {seen}",
    },
    "complete_set": {
        "uk": "у наборі {needed}, зібрано {seen}",
        "en": "parts of the set: {seen} of {needed}",
        "pl": "w zestawie {needed}, zebrano {seen}",
    },
    "store": {
        "uk": "діє в інших магазинах",
        "en": "runs in other stores",
        "pl": "działa w innych sklepach",
    },
    "store_format": {
        "uk": "діє в магазинах іншого формату: {needed}",
        "en": "runs in stores of another format: {needed}",
        "pl": "działa w sklepach innego formatu: {needed}",
    },
    "register": {
        "uk": "діє на інших касах",
        "en": "runs on other registers",
        "pl": "działa na innych kasach",
    },
    "channel": {
        "uk": "діє в іншому каналі: {needed}",
        "en": "runs in another channel: {needed}",
        "pl": "działa w innym kanale: {needed}",
    },
    "code_entered": {
        "uk": "потрібен код акції",
        "en": "a code is needed",
        "pl": "potrzebny kod promocji",
    },
    "tender_kind": {
        "uk": "діє при оплаті {needed}",
        "en": "runs when paid {needed}",
        "pl": "działa przy płatności {needed}",
    },
    "not_started": {
        "uk": "почнеться {needed}",
        "en": "starts {needed}",
        "pl": "zacznie się {needed}",
    },
    "ended": {
        "uk": "закінчилася {needed}",
        "en": "ended {needed}",
        "pl": "zakończyła się {needed}",
    },
    "date_range": {"uk": "діє {needed}", "en": "runs {needed}", "pl": "działa {needed}"},
    "weekday": {
        "uk": "діє в інші дні: {needed}",
        "en": "runs on other days: {needed}",
        "pl": "działa w inne dni: {needed}",
    },
    "time_window": {
        "uk": "діє {needed}, зараз {seen}",
        "en": "runs {needed}, now {seen}",
        "pl": "działa {needed}, teraz {seen}",
    },
    "birthday": {
        "uk": "діє біля дня народження ({needed}){seen}",
        "en": "runs around the birthday ({needed}){seen}",
        "pl": "działa w okolicy urodzin ({needed}){seen}",
    },
    "member_known": {
        "uk": "потрібна картка учасника",
        "en": "a member card is needed",
        "pl": "potrzebna karta uczestnika",
    },
    "member_blocked": {
        "uk": "картку заблоковано",
        "en": "the card is blocked",
        "pl": "karta jest zablokowana",
    },
    "member_group": {
        "uk": "для іншої групи: {needed}",
        "en": "for another group: {needed}",
        "pl": "dla innej grupy: {needed}",
    },
    "member_tier": {
        "uk": "для іншого рівня: {needed}",
        "en": "for another tier: {needed}",
        "pl": "dla innego poziomu: {needed}",
    },
    "member_segment": {
        "uk": "для інших покупців",
        "en": "for other customers",
        "pl": "dla innych kupujących",
    },
    "nth_purchase": {
        "uk": "це покупка № {seen}, діє на {needed}",
        "en": "this is purchase no. {seen}, it runs on {needed}",
        "pl": "to zakup nr {seen}, działa na {needed}",
    },
    "first_purchase": {
        "uk": "лише на першу покупку",
        "en": "for the first purchase only",
        "pl": "tylko na pierwszy zakup",
    },
    "days_since_purchase": {
        "uk": "днів від останньої покупки: {seen}, потрібно {needed}",
        "en": "days since the last purchase: {seen}, needed {needed}",
        "pl": "dni od ostatniego zakupu: {seen}, potrzeba {needed}",
    },
    "coupon_held": {"uk": "немає купона", "en": "no coupon for it", "pl": "brak kuponu"},
    "points_at_least": {
        "uk": "потрібно {needed} на рахунку, є {seen}",
        "en": "a balance of {needed} is needed, it is {seen}",
        "pl": "trzeba mieć {needed} na koncie, jest {seen}",
    },
    "cashier_is_not_member": {
        "uk": "власна картка касира не діє",
        "en": "the cashier's own card does not count",
        "pl": "własna karta kasjera nie działa",
    },
    "stopped": {
        "uk": "акцію зупинено",
        "en": "the promotion was stopped",
        "pl": "promocję zatrzymano",
    },
    "cap_per_member_day": {
        "uk": "сьогодні вже використано {seen} з {needed}",
        "en": "used {seen} of {needed} today",
        "pl": "dziś wykorzystano już {seen} z {needed}",
    },
    "cap_per_member": {
        "uk": "учасник уже використав {seen} з {needed}",
        "en": "the member has used {seen} of {needed}",
        "pl": "uczestnik wykorzystał już {seen} z {needed}",
    },
    "cap_campaign_count": {
        "uk": "акцію вичерпано: {seen} з {needed}",
        "en": "the campaign is used up: {seen} of {needed}",
        "pl": "promocja wyczerpana: {seen} z {needed}",
    },
    "cap_campaign_minor": {
        "uk": "бюджет акції вичерпано: {seen} з {needed} грн",
        "en": "the budget is used up: UAH {seen} of {needed}",
        "pl": "budżet promocji wyczerpany: {seen} z {needed} UAH",
    },
    "cap_budget": {
        "uk": "у бюджеті акції лишилося {seen} грн, потрібно {needed}",
        "en": "UAH {seen} of the budget are left, {needed} needed",
        "pl": "w budżecie promocji zostało {seen} UAH, potrzeba {needed}",
    },
    "exclusive_taken": {
        "uk": "діє виняткова акція «{winner}»",
        "en": "the exclusive promotion “{winner}” acts",
        "pl": "działa promocja wyłączna „{winner}”",
    },
    "not_the_best": {
        "uk": "вигідніша акція «{winner}»: {needed} грн проти {seen}",
        "en": "“{winner}” gives more: UAH {needed} against {seen}",
        "pl": "korzystniejsza promocja „{winner}”: {needed} UAH wobec {seen}",
    },
    "law_tobacco": {
        "uk": "закон забороняє акції на тютюн",
        "en": "the law forbids promotions of tobacco",
        "pl": "prawo zakazuje promocji na tytoń",
    },
    "group_taken": {
        "uk": "у цій групі вже діє «{winner}»",
        "en": "“{winner}” acts in its group already",
        "pl": "w tej grupie działa już „{winner}”",
    },
    "allowance_taken": {
        "uk": "оплату бонусами вже змінила «{winner}»",
        "en": "“{winner}” has set what bonuses may pay",
        "pl": "zapłatę bonusami zmieniła już „{winner}”",
    },
    "floor": {
        "uk": "ціна вже найнижча з можливих",
        "en": "the price is the lowest possible",
        "pl": "cena jest już najniższa z możliwych",
    },
    "already_cheaper": {
        "uk": "і так дешевше: {seen} грн, за акцією {needed}",
        "en": "already cheaper: UAH {seen}, by the promotion {needed}",
        "pl": "i tak taniej: {seen} UAH, w promocji {needed}",
    },
    "earns_nothing": {
        "uk": "на ці товари нічого не нараховується",
        "en": "these goods earn nothing",
        "pl": "za te towary nic się nie nalicza",
    },
    "shadow": {
        "uk": "випробування: лише рахується",
        "en": "trial: counted, not given",
        "pl": "próba: tylko liczona",
    },
}
PILOT: Final = {
    "uk": "пілот на інших касах: лише рахується",
    "en": "pilot elsewhere: counted, not given",
    "pl": "pilotaż na innych kasach: tylko liczona",
}
EQUAL: Final = {
    "uk": "«{winner}» дає стільки ж і має перевагу",
    "en": "“{winner}” gives as much, first",
    "pl": "„{winner}” daje tyle samo i ma pierwszeństwo",
}
NO_PURCHASE: Final = {
    "uk": "покупок ще не було",
    "en": "no purchase yet",
    "pl": "zakupów jeszcze nie było",
}
FIRED: Final = {"uk": "спрацювала", "en": "acted", "pl": "zadziałała"}
CUT: Final = {
    "per_receipt_minor": {
        "uk": "спрацювала, урізана межею на чек",
        "en": "acted, cut by the cap of a receipt",
        "pl": "zadziałała, obcięta limitem paragonu",
    },
    "per_receipt_points": {
        "uk": "спрацювала, бонуси урізані межею на чек",
        "en": "acted, its bonuses cut by the cap of a receipt",
        "pl": "zadziałała, bonusy obcięte limitem paragonu",
    },
    "campaign_minor": {
        "uk": "спрацювала, урізана рештою бюджету",
        "en": "acted, cut by what was left of the budget",
        "pl": "zadziałała, obcięta resztą budżetu",
    },
}
