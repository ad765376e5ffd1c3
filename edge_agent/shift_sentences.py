"""The cashier's sentences about the shift: Ukrainian, English and Polish, by code."""

from __future__ import annotations

from typing import Final

SENTENCES: Final[dict[str, tuple[str, str, str]]] = {
    "shift_opened": ("Зміну відкрито", "The shift is open", "Zmiana otwarta"),
    "already_open": ("Зміну вже відкрито", "The shift is open already", "Zmiana już otwarta"),
    "shift_opens_itself": (
        "Зміну на принтері відкриє перший чек",
        "The first receipt opens the printer's shift",
        "Zmianę drukarki otworzy pierwszy paragon",
    ),
    "shift_not_open": (
        "Зміну на принтері не відкрито: для продажу відкрийте її, закривати нічого",
        "The printer has no open shift: open it to sell; there is nothing to close",
        "Drukarka nie ma otwartej zmiany: otwórz ją, by sprzedawać; nie ma czego zamykać",
    ),
    "shift_x_done": ("X-звіт надруковано", "The X report is printed", "Raport X wydrukowany"),
    "shift_z_done": (
        "Z-звіт № {name} надруковано, зміну закрито",
        "Z report {name} is printed, the shift is closed",
        "Raport Z nr {name} wydrukowany, zmiana zamknięta",
    ),
    "shift_cash_done": (
        "Службову операцію з готівкою проведено",
        "The service cash is booked",
        "Operacja gotówkowa zaksięgowana",
    ),
    "shift_working": (
        "Принтер працює, зачекайте",
        "The printer works, please wait",
        "Drukarka pracuje, proszę czekać",
    ),
    "shift_not_done": (
        "Не виконано — перевірте принтер і повторіть",
        "Not done — look at the printer and try again",
        "Nie wykonano — sprawdź drukarkę i powtórz",
    ),
    "interrupted": (
        "Перервано, нічого не надруковано — повторіть",
        "Interrupted, nothing was printed — try again",
        "Przerwano, nic nie wydrukowano — powtórz",
    ),
    "shift_unknown": (
        "Невідомо, чи вийшов звіт: натисніть ще раз — каса звірить лічильник і не дублює",
        "Unknown whether it came out: press again, the counter decides and nothing is doubled",
        "Nie wiadomo, czy raport wyszedł: naciśnij ponownie, licznik rozstrzygnie",
    ),
    "shift_act_waits": (
        "Спершу дочекайтеся кінця попередньої дії зі зміною",
        "Wait first for the act on the shift before this one",
        "Najpierw poczekaj na koniec poprzedniej operacji",
    ),
    "shift_of_pos": (
        "Принтер веде касова програма: зробіть це в ній",
        "The POS owns the printer: do it there",
        "Drukarkę prowadzi program kasowy: zrób to w nim",
    ),
    "no_shift_printer": (
        "Цей принтер не веде зміни: зробіть це в касовій програмі",
        "This printer keeps no shift: do it in the POS",
        "Ta drukarka nie prowadzi zmiany: zrób to w programie kasowym",
    ),
    "not_enough_cash": (
        "У касі немає стільки готівки",
        "The drawer does not hold that much cash",
        "W szufladzie nie ma tyle gotówki",
    ),
    "bad_amount": (
        "Такої суми провести не можна",
        "That sum cannot be booked",
        "Takiej kwoty nie można zaksięgować",
    ),
    "z_unknown_papers": (
        "Z-звіт після відповіді про чеки з невідомим кінцем ({quantity}): подивіться на стрічку",
        "Z only after an answer about receipts of unknown end ({quantity}): look at the paper",
        "Raport Z po odpowiedzi o paragonach o nieznanym końcu ({quantity}): spójrz na taśmę",
    ),
    "z_papers_printing": (
        "Чеки ще друкуються ({quantity}): Z-звіт після них",
        "Receipts are still printing ({quantity}): Z after them",
        "Paragony jeszcze się drukują ({quantity}): raport Z po nich",
    ),
    "shift_23_hours": (
        "Зміна триває понад 23 години: зробіть Z-звіт до кінця доби",
        "The shift is over 23 hours old: make the Z before it reaches 24",
        "Zmiana trwa ponad 23 godziny: zrób raport Z przed upływem doby",
    ),
    "shift_over_24_hours": (
        "Зміна триває понад 24 години, принтер не продає: зробіть Z-звіт і повторіть друк чека",
        "The shift is over 24 hours old and the printer refuses: make the Z, then print again",
        "Zmiana trwa ponad 24 godziny: zrób raport Z i wydrukuj paragon ponownie",
    ),
    "untransmitted_60_hours": (
        "Чеки понад 60 годин не передано до податкової: перевірте зв'язок принтера сьогодні",
        "Receipts have waited 60 hours for the tax service: check the printer's link today",
        "Paragony czekają 60 godzin na wysłanie: sprawdź dziś łącze drukarki",
    ),
    "not_transmitted_72_hours": (
        "Принтер заблоковано: 72 години без передачі. Відновіть його зв'язок, тоді повторіть друк",
        "The printer is blocked: 72 hours unsent. Restore its link, then print again",
        "Drukarka zablokowana: 72 godziny bez wysyłki. Przywróć łącze i drukuj ponownie",
    ),
    "offline_queue_waits": (
        "Офлайн-чеки ще не передано: Z-звіт після відновлення зв'язку",
        "Offline receipts are not sent yet: Z once the link is back",
        "Paragony offline nie są wysłane: raport Z po przywróceniu łącza",
    ),
    "no_staff": (
        "Список касирів ще не надійшов: вхід за PIN недоступний, працюйте без нього",
        "The list of staff has not come yet: no sign-in by PIN, work without",
        "Lista kasjerów jeszcze nie dotarła: pracuj bez logowania",
    ),
    "sign_in_wrong": (
        "Невірний код: перевірте номер і PIN",
        "Wrong code: check the number and the PIN",
        "Zły kod: sprawdź numer i PIN",
    ),
    "sign_in_locked": (
        "Забагато невдалих спроб: вхід закрито до {name}, покличте старшого",
        "Too many wrong tries: locked until {name}, call a senior",
        "Za dużo prób: zablokowane do {name}, wezwij starszego",
    ),
    "sign_in_first": (
        "Спершу увійдіть: PIN або бейдж",
        "Sign in first: PIN or badge",
        "Najpierw się zaloguj: PIN lub identyfikator",
    ),
    "sign_in_unclear": (
        "Для входу — номер і PIN або бейдж",
        "To sign in give number and PIN, or the badge",
        "Podaj numer i PIN albo identyfikator",
    ),
    "role_too_low": (
        "Потрібен старший касир: хай увійде й повторить",
        "A senior cashier is needed: let one sign in and try again",
        "Potrzebny starszy kasjer: niech się zaloguje",
    ),
    "approval_needed": (
        "Потрібен старший касир: його номер і PIN або бейдж",
        "A senior cashier is needed: their number and PIN, or the badge",
        "Potrzebny starszy kasjer: jego numer i PIN lub identyfikator",
    ),
    "approval_too_low": (
        "Цього касира замало: покличте старшого",
        "This cashier may not allow it: call a senior",
        "Ten kasjer nie może tego zatwierdzić: wezwij starszego",
    ),
    "unknown_shift_act": (
        "Такої дії зі зміною на цій касі немає",
        "No such act on this till's shift",
        "Nie ma takiej operacji na tej kasie",
    ),
}

SHIFT_CODES: Final = {code: (uk, en) for code, (uk, en, _pl) in SENTENCES.items()}
SHIFT_POLISH: Final = {code: pl for code, (_uk, _en, pl) in SENTENCES.items()}
