"""Bytes to scans: terminators, AIM identifiers, and what is thrown away."""

import pytest

from drivers.scanner.framer import MAX_CODE_BYTES, ScanFramer, split_aim_identifier


def scans(framer, data):
    return [(scan.symbology, scan.text) for scan in framer.feed(data)]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\t", b"\x03", b"\x00"])
def test_every_terminator_ends_a_code_once(end):
    framer = ScanFramer()
    assert scans(framer, b"4820000000017" + end) == [("", "4820000000017")]
    assert scans(framer, b"]C1010482" + end) == [("]C1", "010482")]


def test_glued_codes_come_out_one_by_one_in_order():
    framer = ScanFramer()
    assert scans(framer, b"]E01\r\n]Q3two\r]d23\n") == [("]E0", "1"), ("]Q3", "two"), ("]d2", "3")]


def test_a_code_without_its_end_waits():
    framer = ScanFramer()
    assert scans(framer, b"]E00420000") == []
    assert scans(framer, b"000017\r") == [("]E0", "0420000000017")]


def test_stx_is_dropped_and_the_gs1_separator_kept():
    framer = ScanFramer()
    assert scans(framer, b"\x02]C10104820000000017\x1d21AB\x03") == [
        ("]C1", "0104820000000017\x1d21AB")
    ]


def test_ukrainian_text_in_utf8_and_in_cp1251():
    assert scans(ScanFramer(), "Ґанок\r".encode()) == [("", "Ґанок")]
    assert scans(ScanFramer("cp1251"), "Ґанок\r".encode("cp1251")) == [("", "Ґанок")]


def test_an_overlong_code_is_dropped_whole_and_the_next_is_read():
    framer = ScanFramer()
    assert scans(framer, b"x" * (3 * MAX_CODE_BYTES)) == []
    assert scans(framer, b"tail\r12345\r") == [("", "12345")]
    assert framer.counters.overlong == 1


def test_a_code_of_the_full_length_is_read():
    framer = ScanFramer()
    assert scans(framer, b"x" * MAX_CODE_BYTES + b"\r") == [("", "x" * MAX_CODE_BYTES)]


@pytest.mark.parametrize("broken", [b"\xff\xfe\x81", b"12\x0734", b"a\x7fb", b"\xc3(", b"]E0"])
def test_what_is_no_text_is_rejected_and_counted(broken):
    framer = ScanFramer()
    assert scans(framer, broken + b"\r777\r") == [("", "777")]
    assert framer.counters.not_text == 1


def test_empty_codes_are_nothing():
    framer = ScanFramer()
    assert scans(framer, b"\r\n\r\n\t\x02\x03") == []
    assert framer.counters.not_text == 0


def test_reset_forgets_half_a_code():
    framer = ScanFramer()
    framer.feed(b"123")
    framer.reset()
    assert scans(framer, b"456\r") == [("", "456")]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("]E04820", ("]E0", "4820")),
        ("]Q3https://x", ("]Q3", "https://x")),
        ("]", ("", "]")),
        ("]ё0x", ("", "]ё0x")),
        ("E04820", ("", "E04820")),
    ],
)
def test_aim_identifiers(text, parts):
    assert split_aim_identifier(text) == parts


def test_fifty_codes_without_a_pause_are_fifty():
    stream = b"".join(b"]E0%013d\r\n" % number for number in range(50))
    assert scans(ScanFramer(), stream) == [("]E0", f"{number:013d}") for number in range(50)]


def test_split_at_every_place_it_is_the_same_code():
    stream = b"\x02]C10104820000000017\x1d21AB\r\n"
    for place in range(len(stream) + 1):
        framer = ScanFramer()
        found = scans(framer, stream[:place]) + scans(framer, stream[place:])
        assert found == [("]C1", "0104820000000017\x1d21AB")]


def test_a_megabyte_of_noise_is_no_code_and_keeps_nothing():
    framer = ScanFramer()
    for _ in range(256):
        assert framer.feed(bytes(range(0x80, 0x100)) * 32) == []
    assert len(framer._pending) <= MAX_CODE_BYTES
    framer.feed(b"\r")
    assert scans(framer, b"42\r") == [("", "42")]
