"""CP1251 for printers: every Ukrainian letter, fixed substitutes, never a question mark."""

import pytest

from drivers.fiscal.printer_text import encode, printable, wrap

UKRAINIAN = "АБВГҐДЕЄЖЗИІЇЙКЛМНОПРСТУФХЦЧШЩЬЮЯабвгґдеєжзиіїйклмнопрстуфхцчшщьюя"

# CP1251 by hand (Microsoft code page table), independent of Python's codec.
TABLE = {0xA5: "Ґ", 0xB4: "ґ", 0xAA: "Є", 0xBA: "є", 0xAF: "Ї", 0xBF: "ї", 0xB2: "І", 0xB3: "і"}
TABLE |= {0xC0 + place: chr(0x410 + place) for place in range(64)}
TABLE |= {0xB9: "№", 0xAB: "«", 0xBB: "»"}


def by_table(data):
    return "".join(chr(byte) if byte < 0x80 else TABLE[byte] for byte in data)


def test_every_ukrainian_letter_survives():
    assert by_table(encode(UKRAINIAN + "№ «»")) == UKRAINIAN + "№ «»"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("25 ₴", "25 грн"),
        ("м’ята м\u02bcята", "м'ята м'ята"),
        ("1–2 — 3 − 4", "1-2 - 3 - 4"),
        ("далі…", "далі..."),
        ("“так” „ні”", '"так" "ні"'),
        ("10\u00a0000", "10 000"),
        ("2 × 3", "2 x 3"),
        ("café naïve", "cafe naive"),
        ("за\u0301мок", "замок"),
        ("й ї", "й ї"),
        ("тиша\u200b\ufeff", "тиша"),
        ("кава 😀", "кава *"),
        ("a\tb\nc", "a b c"),
    ],
)
def test_fixed_substitutes(text, printed):
    assert printable(text) == printed


def test_no_question_mark_is_ever_invented():
    everything = "".join(map(chr, [*range(0x20, 0x3000), 0x1F600, 0x20B4]))
    assert encode(everything).count(b"?") == everything.count("?")


def test_what_is_printed_has_no_control_byte():
    data = encode("".join(map(chr, range(0x600))))
    assert not [byte for byte in data if byte < 0x20 or byte == 0x7F]


def test_a_line_that_fits_keeps_its_alignment():
    assert wrap("Бонуси          12,50", 34) == ["Бонуси          12,50"]


def test_long_lines_break_between_words():
    assert wrap("Ваш баланс після покупки складає 312 балів", 20) == [
        "Ваш баланс після",
        "покупки складає 312",
        "балів",
    ]


def test_a_word_longer_than_the_line_is_broken_not_cut():
    assert wrap("https://example.com/card/0123456789", 16) == [
        "https://example.",
        "com/card/0123456",
        "789",
    ]


def test_an_empty_line_stays_a_line():
    assert wrap("", 20) == [""]
    assert wrap("   ", 20) == [""]
