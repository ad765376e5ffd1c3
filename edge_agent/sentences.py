"""Sentences for the cashier, by stable code and locale: what happened and what to do."""

from __future__ import annotations

from typing import Literal

from edge_agent.api_sentences import API_CODES
from edge_agent.goods_sentences import GOODS_CODES
from edge_agent.sentences_pl import POLISH
from edge_agent.shift_sentences import SHIFT_CODES

Locale = Literal["uk", "en"]
Language = Literal["uk", "en", "pl"]
LANGUAGES: tuple[Language, ...] = ("uk", "en", "pl")

_SENTENCES: dict[str, tuple[str, str]] = {
    # redemption
    "no_member": ("Спершу скануйте картку учасника", "Scan the member's card first"),
    "member_blocked": (
        "Картку заблоковано: бонуси не нараховуються і не списуються",
        "The card is blocked: no bonuses are earned or spent",
    ),
    "identification_too_weak": (
        "За номером телефону бонуси лише нараховуються; для списання — картка, QR або код із SMS",
        "A phone number only earns; to redeem, scan the card or QR, or send a one-time code",
    ),
    "offline_no_lease": (
        "Немає зв'язку: списання недоступне, бонуси збережено",
        "Offline: bonuses cannot be redeemed now, they are kept",
    ),
    "lowered_offline": (
        "Немає зв'язку: списано скільки дозволено без центру",
        "Offline: redeemed as much as is allowed without the centre",
    ),
    "lease_empty": (
        "Немає зв'язку: дозволене тут уже списано, решту бонусів збережено",
        "Offline: what may be redeemed here is used up, the rest is kept",
    ),
    "head_unconfirmed": (
        "Після запуску каса ще не звірилася з центром: без зв'язку бонуси лише нараховуються",
        "This till has not checked in since its start: without link bonuses are only earned",
    ),
    "member_denied": (
        "Списання тимчасово недоступне, бонуси нараховуються; довідка — на гарячій лінії",
        "Redeeming is not available now, bonuses are earned; the help line knows more",
    ),
    "island_silent": (
        "Сервер магазину не відповідає: спробуйте ще раз або продовжуйте без списання",
        "The store's hub does not answer: try again, or go on without redeeming",
    ),
    "island_refused": (
        "Цей QR у магазині вже використано: попросіть оновити сторінку",
        "This QR was used in this store: ask to open the page again",
    ),
    "cache_has_lease": (
        "Немає зв'язку: дозволене тут уже списано, решту бонусів збережено",
        "Offline: what may be redeemed here is used up, the rest is kept",
    ),
    "cache_too_old": (
        "Немає зв'язку надто довго: попросіть показати QR зі сторінки учасника",
        "Offline for too long: ask for the QR of the member's page",
    ),
    "cache_used_up": (
        "Немає зв'язку: ліміт списань без центру вичерпано, бонуси збережено",
        "Offline: the limit without the centre is used up, bonuses are kept",
    ),
    "cache_off": (
        "Немає зв'язку: попросіть показати QR зі сторінки учасника",
        "Offline: ask for the QR of the member's page",
    ),
    "code_sent": ("Код надіслано: запитайте його в покупця", "The code was sent: ask the buyer"),
    "code_right": ("Код правильний", "The code is right"),
    "code_wrong": ("Код не той: спробуйте ще раз", "Not the code: try again"),
    "code_expired": ("Код застарів: надішліть новий", "The code is too old: send a new one"),
    "code_used_up": ("Забагато спроб: надішліть новий код", "Too many tries: send a new code"),
    "code_unknown": ("Спершу надішліть код", "Send a code first"),
    "code_too_many": (
        "Більше кодів зараз не надіслати: скануйте картку або QR",
        "No more codes can be sent now: scan the card or QR",
    ),
    "code_unsent": (
        "Код не надіслано: немає зв'язку. Скануйте картку або QR",
        "The code was not sent: no link. Scan the card or QR",
    ),
    "code_no_sender": (
        "Коди тут не надсилаються: скануйте картку або QR",
        "No codes are sent here: scan the card or QR",
    ),
    "approved_lease": (
        "Без зв'язку: списано в межах дозволеного цій касі",
        "Offline: redeemed within what this till may",
    ),
    "approved_purse": (
        "Без зв'язку: списано за QR учасника",
        "Offline: redeemed by the member's QR",
    ),
    "approved_cache": (
        "Без зв'язку: списано в межах малого ліміту магазину",
        "Offline: redeemed within the store's small limit",
    ),
    "purse_malformed": (
        "QR зчитано не повністю: скануйте ще раз або скануйте картку",
        "The QR was not read whole: scan it again, or the card",
    ),
    "purse_unknown_key": (
        "Цей QR каса ще не вміє перевірити: скануйте картку",
        "This till cannot check this QR yet: scan the card",
    ),
    "purse_forged": ("Цей QR недійсний: скануйте картку", "This QR is not valid: scan the card"),
    "purse_wrong_store": (
        "Цей QR видано для інших магазинів: бонуси нараховуються",
        "This QR is for other stores: bonuses are earned",
    ),
    "purse_early": (
        "Цей QR ще не діє: перевірте годинник каси",
        "This QR is not valid yet: check the till's clock",
    ),
    "purse_expired": (
        "Цей QR застарів: попросіть оновити сторінку",
        "This QR is out of date: ask to open the page again",
    ),
    "purse_bad_link": (
        "Скануйте QR з екрана учасника, а не знімок",
        "Scan the member's own screen, not a picture",
    ),
    "purse_stale_link": (
        "QR не цієї хвилини: скануйте екран учасника ще раз",
        "The QR is not of this minute: scan the member's screen again",
    ),
    "purse_replayed": (
        "Цей QR тут уже використано: попросіть оновити сторінку",
        "This QR was used here already: ask to open the page again",
    ),
    "purse_spent": (
        "Бонуси цього QR тут уже списано; решта — коли буде зв'язок",
        "The bonuses of this QR are used up here; the rest once the link is back",
    ),
    "lowered_to_balance": (
        "Списано все доступне тут; решта закріплена за іншою касою",
        "Redeemed all that is available here; the rest is held for another register",
    ),
    "restoring": (
        "Центр щойно відновлено: списання відкриється трохи згодом, бонуси збережено",
        "The centre was just restored: redeeming opens soon, bonuses are kept",
    ),
    "insufficient": ("Недостатньо бонусів", "Not enough bonuses"),
    "no_balance": ("Недостатньо бонусів", "Not enough bonuses"),
    "nothing_to_redeem": (
        "На цей чек бонуси не списуються",
        "Bonuses cannot be used on this receipt",
    ),
    "lowered_to_basket": (
        "Бонусів списано менше: {before} → {after} — більше цей чек не дозволяє",
        "Fewer bonuses redeemed: {before} → {after}, the most this receipt allows",
    ),
    "unknown_member": ("Такого учасника у програмі немає", "No such member in the programme"),
    # scans
    "unknown_code": ("Код не розпізнано — продовжуйте без картки", "Code not recognised — go on"),
    "bad_check": ("Код пошкоджено, скануйте ще раз", "The code is damaged, scan it again"),
    "payment_card": ("Це платіжна картка, не картка лояльності", "This is a payment card"),
    "purse_unsupported": (
        "Цей QR-код тут ще не приймається — скануйте картку",
        "This QR is not accepted here yet — scan the card",
    ),
    "empty": ("Нічого не зчитано", "Nothing was read"),
    "too_long": ("Код задовгий — продовжуйте без картки", "The code is too long — go on"),
    "control_characters": (
        "Код не розпізнано — продовжуйте без картки",
        "Code not recognised — go on",
    ),
    "coupon_unsupported": ("Цей купон тут не діє", "This coupon is not valid here"),
    "scan_dropped": (
        "Скановане під час запитання не враховано: скануйте ще раз",
        "What was scanned during the question was left out: scan again",
    ),
    "no_choice": ("Про скан зараз нічого не питають", "Nothing is asked about a scan now"),
    "bad_track": ("Смугу не зчитано: проведіть ще раз", "The stripe was not read: swipe again"),
    "phone_landline": ("Це міський номер: потрібен мобільний", "A landline: a mobile is needed"),
    "gs1_malformed": ("Код GS1 зчитано не повністю: ще раз", "The GS1 code is not whole: again"),
    "gs1_separator": (
        "Сканер не передає роздільники GS1: повідомте підтримку",
        "The scanner drops GS1 separators: tell support",
    ),
    "gift_card_unsupported": (
        "Це подарункова картка: приймайте її як оплату",
        "A gift card: take it as a payment",
    ),
    "ambiguous": ("Код підходить двічі: оберіть, що це", "The code fits twice: choose what it is"),
    "phone_not_typed": (
        "Номер телефону вводьте з клавіатури",
        "Type a phone number by hand",
    ),
    "unknown_good": ("Товар не знайдено", "Item not found"),
    "other_member": (
        "Скановано іншого учасника: F6 — замінити, або продовжуйте",
        "Another member was scanned: F6 to replace, or go on",
    ),
    "no_waiting_member": ("Нікого не скановано", "Nobody was scanned"),
    "not_panel_sale": ("Цей чек веде касова програма", "This sale belongs to the POS"),
    # paper
    "printed": ("Чек надруковано", "Receipt printed"),
    "not_printed": (
        "Чек НЕ надруковано — повторіть друк або анулюйте продаж",
        "Receipt NOT printed — print again or void the sale",
    ),
    "unknown": (
        "Невідомо, чи вийшов чек — подивіться на стрічку й натисніть відповідь",
        "Unknown whether it printed — look at the paper and answer",
    ),
    "paper_out": ("Немає паперу: заправте стрічку й повторіть", "Out of paper: refill and retry"),
    "no_link": (
        "Принтер не відповідає: перевірте живлення й кабель",
        "The printer does not answer: check power and cable",
    ),
    "foreign_receipt_open": (
        "У принтері відкрито чужий чек: закрийте його в касовій програмі",
        "Another receipt is open in the printer: close it in the POS",
    ),
    # the register's own disk
    "loyalty_unavailable": (
        "Бонуси зараз недоступні: збій диска каси. Продавайте без бонусів, покличте підтримку",
        "Loyalty is unavailable: the till's disk. Sell without it and call support",
    ),
    "disk_full": (
        "На диску каси немає місця: бонуси недоступні. Продавайте без них, покличте підтримку",
        "The till's disk is full: loyalty is unavailable. Sell without it and call support",
    ),
    "disk_reserve": (
        "Диск каси заповнено, працюємо на резерві — повідомте підтримку сьогодні",
        "The till's disk is full and lives on its reserve: tell support today",
    ),
    "disk_low": (
        "На диску каси мало місця — повідомте підтримку",
        "The till's disk is nearly full: tell support",
    ),
    "disk_ok": ("Місця на диску каси знову досить", "The till's disk has room again"),
    "ledger_damaged": (
        "База каси пошкоджена: списання без зв'язку вимкнено, повідомте підтримку",
        "The till's database is damaged: no redemption offline, tell support",
    ),
    # sale
    "quote_changed": ("Сума змінилася — перевірте чек", "The total changed — check it again"),
    "sale_closed": ("Цей продаж уже закрито", "This sale is already closed"),
    "unknown_sale": (
        "Такого продажу на цій касі немає або його вже не зберігають",
        "No such sale on this register, or it is no longer kept",
    ),
    "empty_basket": ("Чек порожній", "The receipt is empty"),
    "already_returned": ("Цей чек уже повернено", "This sale was returned before"),
    "not_returnable": ("Цей чек не можна повернути", "This sale cannot be returned"),
    "paper_pending": ("Спершу з'ясуйте, чи вийшов чек", "First find out whether it printed"),
    "not_voidable": ("Чек надруковано — оформіть повернення", "It printed — make a return"),
    "print_unknown": ("Спершу подивіться на стрічку", "Look at the paper first"),
    "sum_changed": (
        "Сума змінилася: {before} → {after}. Перевірте чек",
        "The sum changed: {before} → {after}. Check the receipt",
    ),
    "accrual_changed": (
        "За таку оплату нараховано інакше: {before} → {after}",
        "Paid this way the sale earns otherwise: {before} → {after}",
    ),
    "sale_too_large": ("Чек завеликий: розділіть його", "The receipt is too large: split it"),
    "over_returned": (
        "Стільки не продавали або вже повернено",
        "More than was sold and not returned",
    ),
    "unknown_line": ("Такого товару в чеку немає", "The sale has no such goods"),
    "return_id_used": ("Цей номер повернення вже зайнято", "This return's id is taken"),
    "points_withheld": (
        "Утримано за вже витрачені бонуси: {amount}",
        "Withheld for bonuses already spent: {amount}",
    ),
    "gift": ("Подарунок: {name} × {quantity}", "Gift: {name} × {quantity}"),
    "coupon_earned": (
        "Купон на наступну покупку: {name}",
        "A coupon for the next purchase: {name}",
    ),
    "tickets_earned": (
        "Квитки розіграшу «{name}»: {quantity}",
        "Draw tickets “{name}”: {quantity}",
    ),
    "code_needs_sale": ("Спершу відкрийте чек, тоді код", "Open a sale first, then the code"),
    "bad_code": ("Код неможливий", "Not a code"),
    "too_many_codes": ("Забагато кодів на один чек", "Too many codes on one receipt"),
    "code_added": ("Код прийнято", "The code is taken"),
    "underpaid": ("Оплата менша за суму чека", "The payment is less than the total"),
    "cash_not_needed": ("Усе вже сплачено без готівки", "Everything is paid without cash"),
    "bonus_tender": ("Бонуси списуйте кнопкою бонусів", "Redeem bonuses with the bonus key"),
    "coupon_used": ("Цей купон тут уже використано", "This coupon is used up here"),
    "gift_card_short": (
        "На подарунковій картці стільки немає",
        "The gift card does not hold that much",
    ),
    "gift_card_twice": (
        "Ця подарункова картка вже є в оплаті",
        "This gift card is paid with twice",
    ),
    "gift_card_for_gift_card": (
        "Подарунковою карткою не платять за подарункову картку",
        "A gift card does not pay for a gift card",
    ),
    "overpaid_noncash": ("Безготівкова оплата більша за суму", "Non-cash payment is too large"),
}

_FIGURES = ("before", "after", "amount", "quantity")
_FALLBACK = ("Продаж можна продовжити без бонусів", "The sale can go on without bonuses")
_FALLBACK_PL = "Sprzedaż można kontynuować bez bonusów"
_SENTENCES.update(API_CODES)
_SENTENCES.update(SHIFT_CODES)
_SENTENCES.update(GOODS_CODES)


def sentence(code: str, locale: Language, **figures: str) -> str:
    """The cashier's sentence for a code; an unknown code gets a harmless one, never a blank.

    `figures` are amounts with a dot ("12.50"), which Ukrainian and Polish show with a comma,
    and `name`."""
    ukrainian, english = _SENTENCES.get(code, _FALLBACK)
    text = ukrainian if locale == "uk" else english
    if locale == "pl":
        text = POLISH.get(code, _FALLBACK_PL)
    comma = "." if locale == "en" else ","
    for name in _FIGURES:
        if f"{{{name}}}" in text:
            text = text.replace(f"{{{name}}}", figures.get(name, "?").replace(".", comma))
    return text.replace("{name}", figures.get("name", "?"))


def said_anywhere(code: str) -> frozenset[str]:
    """The sentence of a code that has no figures, in every language."""
    return frozenset(sentence(code, language) for language in LANGUAGES)


def known_codes() -> frozenset[str]:
    """Codes that have a sentence of their own."""
    return frozenset(_SENTENCES)
