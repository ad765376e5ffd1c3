"""The scanner driver against the emulated reader: real bytes, splits, glue, garbage, unplugging."""

import os
import random

import pytest

from drivers.emulators.scanner import ScannerEmulator
from drivers.emulators.script import ScriptError
from drivers.emulators.wire import open_endpoint
from drivers.errors import DeviceUnavailable
from drivers.registry import open_scanner
from tests.support.seeds import fresh_seed


@pytest.fixture(params=["pty", "tcp"])
def emulator(request, tmp_path):
    link = str(tmp_path / "scanner") if request.param == "pty" else ""
    made = ScannerEmulator("scanner", open_endpoint(link, "" if link else "127.0.0.1:0"))
    yield made
    made.close()


@pytest.fixture
def scanner(emulator):
    opened = open_scanner("scanner.serial", emulator.url, {})
    yield opened
    opened.close()


def read(scanner, count):
    found = [scanner.read_scan(5) for _ in range(count)]
    return [(scan.symbology, scan.text) for scan in found]


def test_a_scan_arrives_with_its_symbology(emulator, scanner):
    emulator.send("scan ]E00420000000017")
    assert read(scanner, 1) == [("]E0", "0420000000017")]
    assert scanner.read_scan(0) is None


def test_split_doubled_and_glued_scans(emulator, scanner):
    emulator.send(
        r"split 7; scan ]C101048200000000171234; dup 3; scan ]Q3https://l.ua/m; scan x\;y"
    )
    assert read(scanner, 5) == [
        ("]C1", "01048200000000171234"),
        ("]Q3", "https://l.ua/m"),
        ("]Q3", "https://l.ua/m"),
        ("]Q3", "https://l.ua/m"),
        ("", "x;y"),
    ]
    assert emulator.scans_sent == 5


def test_after_garbage_the_reader_recovers(emulator, scanner):
    emulator.send(r"garbage 300; scan \x00; scan ]E04820000000017")
    texts = []
    while not texts or texts[-1] != "4820000000017":
        texts.append(scanner.read_scan(5).text)
    assert scanner.read_scan(0) is None


def test_an_unplugged_reader_is_unavailable_and_comes_back(emulator, scanner):
    emulator.send("scan before; unplug 10ms; wait 1")
    with pytest.raises(DeviceUnavailable):  # noqa: PT012 - scans before the unplug may still come
        while True:
            scanner.read_scan(5)
    scanner.close()
    again = open_scanner("scanner.serial", emulator.url, {})
    emulator.send("scan after")
    assert read(again, 1) == [("", "after")]
    again.close()


def test_two_hundred_unplugs_with_scans_lose_nothing_that_was_read_and_leak_nothing(tmp_path):
    emulator = ScannerEmulator("scanner", open_endpoint(str(tmp_path / "scanner")))
    seed = fresh_seed()
    chance = random.Random(seed)
    before = len(os.listdir("/proc/self/fd"))
    for number in range(200):
        scanner = open_scanner("scanner.serial", emulator.url, {})
        manner = f"split {chance.randint(1, 9)}; " if number % 10 == 0 else ""
        emulator.send(f"{manner}scan ]E0{number:013d}")
        scan = scanner.read_scan(5)
        assert scan is not None, f"seed {seed}"
        assert scan.text == f"{number:013d}", f"seed {seed}"
        emulator.send("unplug 0")
        with pytest.raises(DeviceUnavailable):
            scanner.read_scan(5)
        scanner.close()
    assert len(os.listdir("/proc/self/fd")) == before, f"seed {seed}"
    emulator.close()


@pytest.mark.parametrize("script", ["scan", "beep", "split 0", "garbage many", "unplug 2h", "wait"])
def test_a_script_that_cannot_be_read_sends_nothing(emulator, script):
    with pytest.raises(ScriptError):
        emulator.send(f"scan first; {script}")
    assert emulator.scans_sent == 0


@pytest.mark.parametrize("suffix", ["cr", "lf", "crlf", "tab", "etx"])
def test_every_suffix(tmp_path, suffix):
    emulator = ScannerEmulator("s", open_endpoint(str(tmp_path / "scanner")), suffix)
    scanner = open_scanner("scanner.serial", emulator.url, {})
    emulator.send("scan one; scan two")
    assert read(scanner, 2) == [("", "one"), ("", "two")]
    scanner.close()
    emulator.close()
