"""What the doctor says of a reader: its mode, what it lacks, and what to change."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.scanner.serial_scanner import SerialScanner
from edge_agent.doctor.scanners import mode_of, seen_of, vendor_of
from edge_agent.scanner_report import ScannerOut, ScannerReport
from edge_agent.settings_sections import DeviceSettings


def device(driver: str, url: str, **options: str | int | bool) -> DeviceSettings:
    return DeviceSettings(driver=driver, url=url, options=options)


@pytest.mark.parametrize(
    ("driver", "mode"),
    [
        ("scanner.serial", "USB-COM or RS-232"),
        ("scanner.hidpos", "HID POS"),
        ("scanner.wedge", "keyboard"),
    ],
)
def test_the_mode_is_named(driver, mode) -> None:
    assert mode_of(device(driver, "x:")).says.startswith(mode)


def test_keyboard_mode_is_advised_against() -> None:
    assert "USB-COM" in mode_of(device("scanner.wedge", "evdev:/x")).do


def test_a_reader_of_unknown_make_may_be_named() -> None:
    found = list(vendor_of(device("scanner.serial", "serial:/dev/null")))
    assert [one.do for one in found if "signals" in one.do]
    told = device("scanner.serial", "serial:/dev/null", signals="honeywell")
    assert list(vendor_of(told)) == []


def test_a_reader_that_is_not_plugged_in() -> None:
    found = list(vendor_of(device("scanner.serial", "usbserial:0001:0002:none")))
    assert [one.verdict for one in found] == ["fail"]


def seen(**figures: Any) -> dict[str, Any]:
    return {"scanner": ScannerOut(**figures).model_dump()}


@pytest.mark.parametrize(
    ("figures", "verdict", "advice"),
    [
        ({"is_unfinished": True}, "fail", 'suffix = "none"'),
        ({"high_bits": 4}, "fail", "parity=even"),
        ({"without_separators": 1}, "warn", "FNC1"),
        ({"bad_packets": 9}, "warn", "protocol"),
        ({"scans": 5}, "warn", "AIM"),
        ({"scans": 5, "with_aim": 5, "gap_ms": 80}, "warn", "Keystroke delay"),
        ({}, "ok", "scan something"),
    ],
    ids=["suffix", "parity", "separators", "damage", "aim", "slow", "nothing"],
)
def test_what_was_seen_becomes_what_to_do(figures, verdict, advice) -> None:
    found = [one for one in seen_of(seen(**figures)) if advice in one.says + one.do]
    assert [one.verdict for one in found] == [verdict]


def test_without_a_word_of_the_agent_nothing_is_said() -> None:
    assert list(seen_of(None)) == []
    assert list(seen_of({"scanner": None})) == []


class Bytes:
    """A transport that gives its bytes once."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, _max_bytes: int, _timeout_s: float) -> bytes:
        data, self._data = self._data, b""
        return data

    def write(self, _data: bytes) -> None: ...
    def close(self) -> None: ...


def test_a_real_reader_fills_the_report_with_masked_codes() -> None:
    reader = SerialScanner(Bytes(b"]E0\xc3\xff\xfe\xfd\r0420000000013\r12345"))
    report = ScannerReport()
    report.opened(reader)
    assert reader.read_scan(0) is not None
    for number in range(12):
        report.note("card:****", "]E0" if number else "", "")
    out = report.out()
    assert (out.scans, out.with_aim, len(out.last)) == (12, 11, 10)
    assert out.last[-1] == "]E0 card:****"
    assert (out.is_unfinished, out.not_text, out.high_bits) == (True, 1, 1)
