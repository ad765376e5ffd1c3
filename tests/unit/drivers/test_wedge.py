"""Keys to scans: layouts and CapsLock do not matter, people do not scan, slow readers do."""

from __future__ import annotations

import random
import string

import pytest

from drivers.scanner import keys
from drivers.scanner.wedge import READER_GAP_MS, Key, WedgeFramer, keys_of
from loyalty.codes import CodePolicy, classify, layout

PRINTED = "".join(keys.KEY_OF)


def read(pressed: list[Key], max_gap_ms: int | None = None) -> list[tuple[str, str]]:
    framer = WedgeFramer(max_gap_ms)
    found = [framer.feed(key) for key in pressed]
    return [(scan.symbology, scan.text) for scan in found if scan is not None]


def test_every_character_of_the_keyboard() -> None:
    assert set(string.ascii_letters + string.digits) <= set(PRINTED)
    assert len(PRINTED) == 95
    assert read(keys_of("x" + PRINTED)) == [("", "x" + PRINTED)]


@pytest.mark.parametrize("end", [keys.KEY_ENTER, keys.KEY_KP_ENTER, keys.KEY_TAB])
def test_every_end(end: int) -> None:
    assert read(keys_of("]E04820000000017", end=end) + keys_of("LC1:7", end=end)) == [
        ("]E0", "4820000000017"),
        ("", "LC1:7"),
    ]


def test_without_an_end_silence_ends_it() -> None:
    framer = WedgeFramer()
    assert all(framer.feed(key) is None for key in keys_of("4820000000017", end=0))
    scan = framer.silence()
    assert scan is not None
    assert scan.text == "4820000000017"
    assert framer.silence() is None


@pytest.mark.parametrize("host", ["us", "uk", "ru", "de", "fr"])
def test_the_computers_layout_does_not_matter(host: str) -> None:
    """A reader presses keys; what the host makes of them is another matter, undone where it is
    Cyrillic."""
    code = "LC1:7K3M9QX2ABD"
    assert read(keys_of(code)) == [("", code)]
    if host in layout.LAYOUTS:
        typed = layout.typed_under(code, host)
        assert typed != code
        found = classify(typed, "", "keyboard", CodePolicy())
        assert found.token is not None
        assert found.token.key == "qr:7K3M9QX2AB"


def test_caps_lock_is_nobodys_business() -> None:
    caps = [Key(keys.KEY_CAPS_LOCK, 1, 0), Key(keys.KEY_CAPS_LOCK, 0, 0)]
    assert read(caps + keys_of("LC1:7k")) == [("", "LC1:7k")]


def test_shift_held_over_several_keys_and_pressed_twice() -> None:
    shift, a, b = keys.KEY_LEFT_SHIFT, keys.KEY_OF["a"][0], keys.KEY_OF["b"][0]
    pressed = [Key(shift, 1, 0), Key(keys.KEY_RIGHT_SHIFT, 1, 0), Key(a, 1, 0), Key(a, 0, 0)]
    pressed += [Key(shift, 0, 0), Key(b, 1, 0), Key(b, 0, 0), Key(keys.KEY_RIGHT_SHIFT, 0, 0)]
    assert read([*pressed, *keys_of("c")]) == [("", "ABc")]


def test_a_repeating_key_is_one_key() -> None:
    a = keys.KEY_OF["a"][0]
    assert read([Key(a, 1, 0), Key(a, 2, 0), Key(a, 2, 0), Key(a, 0, 0), *keys_of("bc")]) == [
        ("", "abc")
    ]


def test_control_and_bracket_is_the_gs1_separator() -> None:
    assert read(keys_of("]d20104820000000017\x1d21AB")) == [("]d2", "0104820000000017\x1d21AB")]


def test_keypad_digits_and_alt_numbers() -> None:
    pad = {char: code for code, char in keys.KEYPAD.items()}
    alt = keys.KEY_LEFT_ALT

    def by_number(digits: str) -> list[Key]:
        body = [Key(pad[digit], value, 0) for digit in digits for value in (1, 0)]
        return [Key(alt, 1, 0), *body, Key(alt, 0, 0)]

    typed = [Key(pad[digit], value, 0) for digit in "482" for value in (1, 0)]
    assert read([*typed, *by_number("065"), *by_number("0192"), *keys_of("!")]) == [("", "482AА!")]
    assert read([*by_number("007"), *keys_of("abc")]) == [("", "abc")]


@pytest.mark.parametrize("gap_ms", [1, 6, 10, 19, 80, 100])
def test_an_identified_reader_may_be_as_slow_as_it_likes(gap_ms: int) -> None:
    assert read(keys_of("4820000000017", gap_ms=gap_ms)) == [("", "4820000000017")]


@pytest.mark.parametrize("gap_ms", [60, 100, 200])
def test_a_person_typing_is_no_scan(gap_ms: int) -> None:
    assert read(keys_of("4820000000017", gap_ms=gap_ms), READER_GAP_MS) == []


@pytest.mark.parametrize("gap_ms", [1, 6, 10, 19])
def test_a_reader_on_a_shared_keyboard_is_told_by_its_speed(gap_ms: int) -> None:
    slow = keys_of("12", gap_ms=60)
    scan = keys_of("4820000000017", start_ms=5_000, gap_ms=gap_ms)
    assert read(slow + scan, READER_GAP_MS) == [("", "4820000000017")]


def test_too_long_is_dropped_and_the_next_is_read() -> None:
    assert read(keys_of("x" * 5000, gap_ms=0)[:-2] + keys_of("", gap_ms=0) + keys_of("42")) != []
    framer = WedgeFramer()
    for key in keys_of("x" * 5000, gap_ms=0):
        assert framer.feed(key) is None
    assert framer.counters.overlong == 1


def test_ten_thousand_payloads_typed_under_a_cyrillic_layout_come_back_exactly() -> None:
    seed = 20261122
    chance = random.Random(seed)
    for number in range(10_000):
        host = "uk" if number % 2 else "ru"
        text = "L" + "".join(chance.choices(PRINTED, k=chance.randint(4, 60)))
        assert text in layout.repairs(layout.typed_under(text, host)), f"seed {seed}"


def test_no_text_of_people_is_ever_repaired_into_a_code() -> None:
    seed = 7
    chance = random.Random(seed)
    words = [
        "молоко",
        "хліб",
        "пакет",
        "знижка",
        "картка",
        "бонус",
        "чек",
        "решта",
        "готівка",
        "Київ",
        "Львів",
        "вул. Шевченка",
        "12",
        "дуже",
        "дякую",
        "покупець",
        "дс1",
        "дз1",
        "ковбаса",
        "2,5%",
        "сир твердий",
        "45 грн/кг",
        "масло",
        "ціна",
        "акція",
    ]
    for _ in range(10_000):
        text = " ".join(chance.choices(words, k=chance.randint(1, 6)))
        assert classify(text, "", "keyboard", CodePolicy()).kind == "unknown", f"seed {seed}"
