"""Every profile and every Ukrainian letter and sign, read back by tables written out by hand.

The tables below are not Python's codecs: each names the byte of each letter as the vendors'
manuals print it. The number of a page is taken from the profile's own list of pages.
"""

import pytest
from escpos.capabilities import CAPABILITIES

from drivers.receipt.commands import CommandReader
from drivers.receipt.letters import lettering
from drivers.receipt.model import model_names, printer_model
from drivers.receipt.picture import glyph
from drivers.receipt.slip_bytes import slip_bytes
from drivers.registry import BadDriverOption
from loyalty.receipt import SlipRow

UPPER = "АБВГҐДЕЄЖЗИІЇЙКЛМНОПРСТУФХЦЧШЩЬЮЯ"
LOWER = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"
SIGNS = "’ʼ«»—–-№€₴−…“”×"

RUSSIAN = "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"
CYRILLIC_866 = dict(zip(range(0x80, 0xA0), RUSSIAN, strict=True))
CYRILLIC_866 |= dict(zip(range(0xA0, 0xB0), RUSSIAN.lower()[:16], strict=True))
CYRILLIC_866 |= dict(zip(range(0xE0, 0xF0), RUSSIAN.lower()[16:], strict=True))
TABLES = {
    "CP866": CYRILLIC_866 | {0xF2: "Є", 0xF3: "є", 0xF4: "Ї", 0xF5: "ї", 0xFC: "№"},
    "CP1125": CYRILLIC_866 | dict(zip(range(0xF2, 0xFA), "ҐґЄєІіЇї", strict=True)) | {0xFC: "№"},
    "CP1251": dict(zip(range(0xC0, 0xE0), RUSSIAN, strict=True))
    | dict(zip(range(0xE0, 0x100), RUSSIAN.lower(), strict=True))
    | {0xA5: "Ґ", 0xAA: "Є", 0xAF: "Ї", 0xB2: "І", 0xB3: "і", 0xB4: "ґ", 0xBA: "є", 0xBF: "ї"}
    | {0xB9: "№", 0xAB: "«", 0xBB: "»"},
}
EVERYWHERE = {
    "’": "'",
    "ʼ": "'",
    "—": "-",
    "–": "-",
    "€": "EUR",
    "₴": "грн",
    "−": "-",
    "…": "...",
    "“": '"',
    "”": '"',
    "×": "x",
}
LACKS = {
    "CP866": {"І": "I", "і": "i", "Ґ": "Г", "ґ": "г", "«": '"', "»": '"'},
    "CP1125": {"«": '"', "»": '"'},
    "CP1251": {},
}


def read_back(data, profile):
    """The text a printer with the profile's pages shows; fails on a page that is no Ukrainian."""
    page, shown = None, []
    for command in CommandReader().feed(data):
        if command.name == "ESC t":
            page = profile["codePages"][str(command.data[0])]
        elif command.name == "text":
            table = TABLES.get(page, {})
            shown += [chr(b) if b < 0x80 else table[b] for b in command.data]
        elif command.name == "LF":
            shown.append("\n")
    return "".join(shown), page


@pytest.mark.parametrize("model", model_names())
def test_every_letter_and_sign_is_itself_or_its_fixed_substitute(model):
    profile = CAPABILITIES["profiles"][model]
    known = printer_model(model)
    for char in UPPER + LOWER + SIGNS:
        printed = slip_bytes((SlipRow("text", f"a{char}b"),), known)
        if known.letters == "picture":
            assert not printed.replaced
            continue
        shown, page = read_back(printed.data, profile)
        if known.letters == "latin":
            assert shown.isascii()
            assert "?" not in shown
            continue
        expected = EVERYWHERE.get(char) or LACKS[page].get(char, char)
        expected = "".join(LACKS[page].get(c, c) for c in expected)
        assert shown == f"a{expected}b\n", f"{char} on {page}"
        assert printed.replaced == ({} if expected == char else {char: expected})


@pytest.mark.parametrize("model", model_names())
def test_a_line_holds_one_page_at_most(model):
    known = printer_model(model)
    rows = (SlipRow("text", "Їжак ґанок Євро іній № 5"), SlipRow("qr", "https://l.ua/a1"))
    switches, most, whole = 0, 0, 0
    for command in CommandReader().feed(slip_bytes(rows * 3, known).data):
        if command.name == "ESC t":
            switches += 1
            whole += 1
        elif command.name == "LF":
            most, switches = max(most, switches), 0
    assert most <= 1
    assert whole <= 4


@pytest.mark.parametrize(
    ("model", "letters", "page"),
    [
        ("TM-T88V", "cp1251", 46),
        ("TM-T20II", "cp1251", 46),
        ("RP326", "cp1251", 6),
        ("OCD-100", "cp1251", 12),
        ("ZJ-5870", "cp866", 17),
        ("CT-S651", "cp866", 7),
        ("TM-T88IV-SA", "picture", None),
        ("TM-U220", "latin", None),
    ],
)
def test_the_best_page_by_number_and_not_by_spelling(model, letters, page):
    known = printer_model(model)
    assert (known.letters, known.page) == (letters, page)


def test_pictures_hold_the_very_letters():
    """Drawn text is matched, cell by cell, with every letter there is; the nearest must be it."""
    alphabet = UPPER + LOWER + "0123456789"
    text = "Їжак ґанок Євро іній Щука".replace(" ", "")
    known = printer_model("TM-T88IV-SA")
    printed = slip_bytes((SlipRow("text", text),), known).data
    (picture,) = (c for c in CommandReader().feed(printed) if c.name == "GS v")
    width = int.from_bytes(picture.data[2:4], "little")
    rows = [picture.data[6:][at : at + width] for at in range(0, len(picture.data) - 6, width)]
    inked = [[bool(row[x // 8] >> (7 - x % 8) & 1) for x in range(width * 8)] for row in rows]
    step = known.dots / known.columns
    for number, char in enumerate(text):
        left = round(number * step + (step - 12) / 2)
        cell = [row[left : left + 12] for row in inked]

        def distance(candidate, cell=cell):
            mask = glyph(candidate, False, 1, 1)
            top = (len(cell) - mask.height) // 2
            return sum(
                cell[y + top][x] != bool(mask.getpixel((x, y)))
                for y in range(mask.height)
                for x in range(12)
            )

        assert min(alphabet, key=distance) == char


def test_latin_spelling_by_the_resolution():
    shown = lettering("Їжак Юрій Згурський, Щасний: з’їв ґанок", "latin").text
    assert shown == "Yizhak Yurii Zghurskyi, Shchasnyi: z'iv ganok"


def test_what_is_asked_for_must_be_there():
    with pytest.raises(BadDriverOption, match="letters must be auto or one of cp866"):
        printer_model("ZJ-5870", "cp1251")
    with pytest.raises(BadDriverOption, match="model must be one of"):
        printer_model("TM-T99")
    assert printer_model("TM-T20II", "cp866").page == 17


def test_a_question_mark_stays_and_none_is_added():
    assert lettering("Що? 漢", "cp1251").text == "Що? *"
    assert lettering("й", "cp866").text == "й"
