"""The cashier's sentences about stamps, coupons, cards and training: Ukrainian, English, Polish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final[dict[str, tuple[str, str, str]]] = {
    "stamp_missing": (
        "Скануйте акцизну марку: {name}, ще {quantity}",
        "Scan the excise stamp: {name}, {quantity} more",
        "Zeskanuj znak akcyzy: {name}, jeszcze {quantity}",
    ),
    "stamp_twice": (
        "Цю акцизну марку вже є в чеку: скануйте марку іншої пляшки",
        "This excise stamp is in the receipt already: scan the other bottle's",
        "Ten znak akcyzy już jest na paragonie: zeskanuj z innej butelki",
    ),
    "bad_stamp": (
        "Марку не прочитано: скануйте ще раз",
        "The stamp was not read: scan again",
        "Znaku nie odczytano: zeskanuj ponownie",
    ),
    "stamp_not_needed": (
        "У чеку немає товару, що чекає на акцизну марку",
        "No goods in the receipt wait for an excise stamp",
        "Żaden towar na paragonie nie czeka na znak akcyzy",
    ),
    "code_waits": (
        "Код прийнято, але знижки ще немає: {name}",
        "The code is taken, but gives nothing yet: {name}",
        "Kod przyjęty, ale jeszcze nic nie daje: {name}",
    ),
    "gift_card_empty": (
        "На цій подарунковій картці тут нічого немає",
        "Nothing of this gift card lies here",
        "Na tej karcie podarunkowej nic tu nie ma",
    ),
    "training_sale_open": (
        "Спершу завершіть або скасуйте відкритий чек",
        "Finish or cancel the open sale first",
        "Najpierw zakończ lub anuluj otwartą sprzedaż",
    ),
    "training_failed": (
        "Навчання не почалося: на диску бракує місця або прав",
        "Training did not begin: the disk has no room or no right",
        "Szkolenie się nie zaczęło: brak miejsca lub praw na dysku",
    ),
    "training_slip": (
        "*** НАВЧАННЯ: НЕ ЧЕК ***",
        "*** TRAINING: NO RECEIPT ***",
        "*** SZKOLENIE: NIE PARAGON ***",
    ),
}

GOODS_CODES: Final = {code: (uk, en) for code, (uk, en, _) in SENTENCES.items()}
GOODS_POLISH: Final = {code: pl for code, (_, _, pl) in SENTENCES.items()}
