"""The cashier's sentences for refusals of the local API: Ukrainian and English, by code."""

from __future__ import annotations

from typing import Final

_BAD_DATA = (
    "Касова програма надіслала хибні дані: продавайте без бонусів",
    "The POS sent wrong data: sell without bonuses",
)
_TWO_VERSIONS = (
    "Касова програма й агент різних версій: повідомте підтримку",
    "POS and agent are of different versions: tell support",
)
_ASK_AGAIN = (
    "Списання не підтверджено: оберіть бонуси ще раз",
    "The redemption was not approved: choose bonuses again",
)

API_CODES: Final[dict[str, tuple[str, str]]] = {
    "agent_failed": (
        "Служба бонусів дала збій: продавайте без бонусів, повідомте підтримку",
        "The loyalty service failed: sell without bonuses, tell support",
    ),
    "bad_host": (
        "Ця програма не має доступу до бонусів: повідомте підтримку",
        "This program may not use loyalty: tell support",
    ),
    "bad_origin": (
        "Ця сторінка не має доступу до бонусів: повідомте підтримку",
        "This page may not use loyalty: tell support",
    ),
    "bad_token": (
        "Касова програма не має доступу до бонусів: повідомте підтримку",
        "The POS has no access to loyalty: tell support",
    ),
    "bad_link": (
        "Посилання на екран застаріло: відкрийте екран ще раз",
        "The screen's link is too old: open the screen again",
    ),
    "bad_request": _BAD_DATA,
    "bad_id": _BAD_DATA,
    "not_json": _BAD_DATA,
    "http_error": _BAD_DATA,
    "not_an_integer": _BAD_DATA,
    "too_large": ("Чек завеликий: розділіть його", "The receipt is too large: split it"),
    "no_such_route": _TWO_VERSIONS,
    "method_not_allowed": _TWO_VERSIONS,
    "in_progress": ("Ця дія вже триває: зачекайте мить", "This is being done: wait a moment"),
    "key_reused": (
        "Касова програма повторила номер дії: спробуйте ще раз",
        "The POS used an action's number twice: try again",
    ),
    "bad_points": ("Стільки бонусів списати не можна", "That many bonuses cannot be redeemed"),
    "not_authorised": _ASK_AGAIN,
    "unknown_authorisation": _ASK_AGAIN,
    "unknown_print_job": ("Такого друку немає", "There is no such print job"),
    "not_unknown": ("Результат цього друку вже відомий", "What came of this print is known"),
    "bad_price": ("Хибна ціна в рядку: перевірте товар", "A wrong price: check the goods"),
    "bad_quantity": (
        "Хибна кількість у рядку: перевірте товар",
        "A wrong quantity: check the goods",
    ),
    "negative_price": (
        "Від'ємна ціна в рядку: перевірте товар",
        "A price below 0: check the goods",
    ),
    "negative_total": (
        "Ручна знижка більша за чек",
        "The manual discount is larger than the receipt",
    ),
    "positive_discount": (
        "Ручна знижка має зменшувати суму",
        "A manual discount must lower the sum",
    ),
    "duplicate_line": (
        "Два рядки чека з одним номером: продавайте без бонусів",
        "Two lines have one number: sell without bonuses",
    ),
    "missing_id": (
        "Рядок чека без номера: продавайте без бонусів",
        "A line has no number: sell without bonuses",
    ),
    "total_too_large": ("Сума чека завелика: розділіть його", "The sum is too large: split it"),
    "too_many_items": (
        "Забагато акцизних марок у рядку: розділіть його",
        "Too many excise stamps in a line: split it",
    ),
    "too_many_lines": ("Забагато рядків у чеку: розділіть його", "Too many lines: split it"),
    "too_many_tenders": ("Забагато видів оплати в чеку", "Too many means of payment"),
    "bad_tender": ("Хибна сума оплати: перевірте оплату", "A wrong payment: check it"),
    "bad_gift_card": (
        "Хибна подарункова картка: перевірте оплату",
        "A wrong gift card: check the payment",
    ),
    "gift_card_spent": ("Цю подарункову картку вже використано", "This gift card is used up"),
    "bad_sale": (
        "Цей чек не можна повернути: повідомте підтримку",
        "This receipt cannot come back: tell support",
    ),
    "bad_cash_step": (
        "Округлення готівки налаштовано хибно: повідомте підтримку",
        "Cash rounding is set wrongly: tell support",
    ),
    # a member after the sale, paper of the POS, receipts that come back
    "not_reassignable": (
        "Цей чек уже не можна переписати на іншого учасника",
        "This receipt cannot be given to another member any more",
    ),
    "reassign_too_late": (
        "Зміну закінчено: переписати може лише центр",
        "The shift is over: only the centre may reassign",
    ),
    "needs_supervisor": (
        "Потрібні старший зміни й причина",
        "A supervisor and a reason are needed",
    ),
    "redeemed_already": (
        "У цьому чеку списано бонуси: оформіть повернення і продайте знову",
        "Bonuses were redeemed on this receipt: return it and sell again",
    ),
    "paper_is_agents": (
        "Цей чек друкує агент, а не касова програма",
        "The agent prints this receipt, not the POS",
    ),
    "paper_is_pos": (
        "Цей чек друкує касова програма: друкуйте в ній",
        "The POS prints this receipt: print it there",
    ),
    "unknown_receipt": (
        "Такого чека на цій касі немає: скануйте QR з чека",
        "No such receipt on this register: scan the QR on the receipt",
    ),
    "foreign_sale": (
        "Чек іншої каси: повернення записано, бонуси перерахує центр",
        "Another register's receipt: the return is kept, the centre settles the bonuses",
    ),
    "own_sale": (
        "Чек цієї каси: оберіть товари для повернення",
        "This register's own receipt: choose the goods",
    ),
    "refund_differs": (
        "Суми повернення не сходяться: перевірте",
        "The refund's sums do not agree: check them",
    ),
    "abandoned": (
        "Продаж не підтверджено за 12 годин: його закрито",
        "The sale was not confirmed within 12 hours: it was closed",
    ),
}
