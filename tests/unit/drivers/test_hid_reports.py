"""HID POS: one report a code, several for a long one, the identifier in its two places."""

from __future__ import annotations

import random

import pytest

from drivers.scanner.hid_reports import DATA_BYTES, REPORT_BYTES, HidReports, reports_of


def read(reports: list[bytes]) -> list[tuple[str, str]]:
    parser = HidReports()
    found = [parser.feed(report) for report in reports]
    return [(scan.symbology, scan.text) for scan in found if scan is not None]


def test_a_report_byte_by_byte() -> None:
    report = bytes([0x02, 13]) + b"]E0" + b"4820000000017" + bytes(46)
    assert len(report) == REPORT_BYTES
    assert read([report]) == [("]E0", "4820000000017")]


def test_the_identifier_one_byte_later() -> None:
    report = bytes([0x02, 13, 0]) + b"]E0" + b"4820000000017" + bytes(45)
    assert read([report]) == [("]E0", "4820000000017")]


@pytest.mark.parametrize("size", [1, DATA_BYTES - 1, DATA_BYTES, DATA_BYTES + 1, 136, 300])
def test_long_codes_come_in_several_reports(size: int) -> None:
    text = ("LP1:" + "A7 K" * 100)[:size].rstrip() or "L"
    reports = reports_of(text.encode(), "]Q1")
    assert len(reports) == -(-len(text) // DATA_BYTES)
    assert read(reports + reports_of(b"next", "]C0")) == [("]Q1", text), ("]C0", "next")]


@pytest.mark.parametrize(
    "report",
    [b"", bytes(64), bytes([2, 57]) + bytes(62), bytes([3, 3]) + b"]E0abc" + bytes(56), bytes(63)],
    ids=["empty", "zeros", "length", "other-id", "short"],
)
def test_what_is_no_report_is_counted(report: bytes) -> None:
    parser = HidReports()
    assert parser.feed(report) is None
    assert parser.counters.bad_packets + parser.counters.not_text >= 1


def test_a_code_without_end_is_dropped_and_the_next_is_read() -> None:
    endless = bytes([2, 56]) + b"]Q1" + b"x" * 56 + bytes(2) + b"\x01"
    parser = HidReports()
    for _ in range(200):
        assert parser.feed(endless) is None
    last = reports_of(b"tail", "]Q1")
    assert parser.feed(last[0]) is None
    assert parser.counters.overlong >= 1
    scan = parser.feed(reports_of(b"42", "]Q1")[0])
    assert scan is not None
    assert scan.text == "42"


def test_random_reports_never_raise() -> None:
    seed = 8
    parser, chance = HidReports(), random.Random(seed)
    for _ in range(5000):
        parser.feed(bytes([2]) + chance.randbytes(63))
