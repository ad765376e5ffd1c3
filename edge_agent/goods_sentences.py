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
    "bad_phone": (
        "Це не номер мобільного: перевірте цифри",
        "This is no mobile number: check the digits",
        "To nie jest numer komórkowy: sprawdź cyfry",
    ),
    "bad_name": ("Введіть ім’я покупця", "Type the buyer's name", "Wpisz imię kupującego"),
    "bad_birthday": (
        "День народження — як 23.08.1990, або не вводьте",
        "Birthday as 23.08.1990, or leave it out",
        "Data urodzenia jak 23.08.1990 lub zostaw puste",
    ),
    "consent_needed": (
        "Без згоди покупця учасником не стають",
        "The buyer has to agree first",
        "Najpierw potrzebna jest zgoda kupującego",
    ),
    "join_offline": (
        "Немає зв'язку з центром: нового учасника запишемо іншим разом",
        "No link to the centre: the buyer can join another time",
        "Brak połączenia z centralą: kupujący dołączy innym razem",
    ),
    "tablet_sale_gone": (
        "Чек уже закрито або учасник у ньому є",
        "The sale is closed, or has a member already",
        "Paragon jest zamknięty albo ma już uczestnika",
    ),
    "tablet_too_many": (
        "Забагато анкет за один чек: запишіть учасника на касі",
        "Too many forms for one sale: take the member in at the till",
        "Za dużo formularzy na jeden paragon: zapisz uczestnika w kasie",
    ),
    "tablet_revoked": (
        "Планшети від'єднано",
        "The tablets are disconnected",
        "Tablety odłączono",
    ),
    "no_tablet": (
        "Для цієї каси планшета не налаштовано",
        "This till has no tablet set up",
        "Ta kasa nie ma skonfigurowanego tabletu",
    ),
    "card_offline": (
        "Немає зв'язку з центром: картку поміняємо пізніше",
        "No link to the centre: change the card later",
        "Brak połączenia z centralą: kartę zmienisz później",
    ),
    "member_joined": ("Новий учасник у чеку", "A new member is on the sale", "Nowy uczestnik"),
    "member_known_phone": (
        "Цей номер уже в програмі: учасник у чеку",
        "This number is a member's already: they are on the sale",
        "Ten numer już jest w programie: uczestnik na paragonie",
    ),
    "not_a_card": (
        "Це не картка учасника: скануйте нову картку",
        "This is no member's card: scan the new card",
        "To nie karta uczestnika: zeskanuj nową kartę",
    ),
    "card_taken": (
        "Ця картка іншого учасника: візьміть іншу",
        "This card is another member's: take a different one",
        "Ta karta należy do innego uczestnika: weź inną",
    ),
    "reason_needed": ("Вкажіть причину", "Give a reason", "Podaj powód"),
    "card_bound": (
        "Нову картку прив'язано, стара не діє",
        "The new card is bound, the old one is dead",
        "Nowa karta przypisana, stara nie działa",
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
