"""Readers of every vendor and mode against the drivers: scans in, three sounds out."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.base import SignallingScanner
from drivers.emulators.bench_file import device_entry
from drivers.emulators.control import ControlServer
from drivers.emulators.fleet import Fleet
from drivers.emulators.scanner import ScannerEmulator, VirtualTime
from drivers.emulators.scanning.byte_log import BadRecording, read_pieces
from drivers.emulators.script import ScriptError
from drivers.emulators.wire import open_endpoint
from drivers.errors import DeviceUnavailable
from drivers.registry import open_scanner
from tests.support.live_register import until

PATIENCE_S = 30
Make = Callable[..., ScannerEmulator]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[ScannerEmulator] = []

    def one(**kind: object) -> ScannerEmulator:
        endpoint = open_endpoint(str(tmp_path / f"reader{len(made)}"))
        made.append(ScannerEmulator(f"reader{len(made)}", endpoint, **kind))  # type: ignore[arg-type]
        return made[-1]

    yield one
    for emulator in made:
        emulator.close()


ZEBRA = ["1 short high", "2 short low", "2 short high"]
VENDORS = [
    ("honeywell", "serial", {"signals": "honeywell"}, ["good", "razz", "razz", "low"]),
    ("zebra", "ssi", {"signals": "zebra_ssi", "protocol": "ssi"}, ZEBRA),
    ("datalogic", "serial", {"signals": "datalogic"}, ["good", "not on file", "bell"]),
    ("datalogic_gryphon", "serial", {"signals": "datalogic_gryphon"}, ["good", "bad"] * 2),
    ("opticon", "serial", {"signals": "opticon"}, ["good", "error", "error", "good"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("vendor", "mode", "options", "sounds"), VENDORS, ids=[v[0] for v in VENDORS]
)
def test_three_sounds_and_no_stray_byte(make: Make, vendor, mode, options, sounds) -> None:
    emulator = make(vendor=vendor, mode=mode)
    scanner = open_scanner("scanner.serial", emulator.url, options)
    assert isinstance(scanner, SignallingScanner)
    for kind in ("found", "unknown", "expired"):
        assert scanner.signal(kind)
    until("the sounds", lambda: len(emulator.sounds()) >= len(sounds))
    assert emulator.sounds() == sounds
    state = emulator.describe()
    assert (state["stray_bytes"], state["is_disabled"]) == (0, False)
    scanner.close()


@pytest.mark.parametrize("vendor", ["plain", "honeywell", "datalogic", "opticon", "newland"])
def test_a_reader_that_is_not_identified_gets_no_byte(make: Make, vendor: str) -> None:
    """A pty has no USB id, and the settings name no vendor."""
    emulator = make(vendor=vendor)
    scanner = open_scanner("scanner.serial", emulator.url, {})
    emulator.send("scan 4820000000017")
    assert scanner.read_scan(PATIENCE_S) is not None
    assert isinstance(scanner, SignallingScanner)
    assert not scanner.signal("unknown")
    emulator.send("scan 1; wait 50")
    assert scanner.read_scan(PATIENCE_S) is not None
    assert list(emulator.model.heard) == []
    scanner.close()


def test_a_stopped_datalogic_sends_nothing_and_ours_never_leaves_one_stopped(make: Make) -> None:
    emulator = make(vendor="datalogic")
    scanner = open_scanner("scanner.serial", emulator.url, {"signals": "datalogic"})
    emulator.model.hear(b"F")
    emulator.send("scan 1")
    assert emulator.scans_refused == 1
    emulator.model.hear(b"E")
    assert isinstance(scanner, SignallingScanner)
    scanner.signal("unknown")
    until("the sound", lambda: len(emulator.sounds()) >= 2)
    emulator.send("scan 2")
    scan = scanner.read_scan(PATIENCE_S)
    assert scan is not None
    assert scan.text == "2"
    scanner.close()


def test_zebra_packets_are_acknowledged_and_repeats_come_once(make: Make) -> None:
    import threading

    emulator = make(vendor="zebra", mode="ssi")
    scanner = open_scanner("scanner.serial", emulator.url, {"protocol": "ssi"})
    sending = threading.Thread(
        target=lambda: emulator.send("dup 3; scan ]E04820000000017; scan ]Q1LC1:x; scan ]Q1LC1:x")
    )
    sending.start()
    read = [scanner.read_scan(PATIENCE_S) for _ in range(3)]
    # Answers to what is still on its way are given by reading on.
    while sending.is_alive():
        assert scanner.read_scan(0.05) is None
    sending.join()
    assert [(scan.symbology, scan.text) for scan in read if scan] == [
        ("]E0", "4820000000017"),
        ("]Q1", "LC1:x"),
        ("]Q1", "LC1:x"),
    ]
    assert sum(one.name == "ack" for one in emulator.model.heard) >= 5
    scanner.close()


@pytest.mark.parametrize(
    ("mode", "driver"), [("wedge", "scanner.wedge"), ("hid_pos", "scanner.hidpos")]
)
def test_keys_and_reports_through_the_whole_driver(make: Make, mode: str, driver: str) -> None:
    emulator = make(mode=mode)
    scanner = open_scanner(driver, emulator.url, {})
    long = "LP1:" + "7K3 M9QX2" * 15
    for text in ("]E04820000000017", "]Q1LC1:7K3M9QX2ABD", f"]Q1{long}"):
        emulator.send(f"scan {text}")
        scan = scanner.read_scan(PATIENCE_S)
        assert scan is not None
        assert scan.symbology + scan.text == text
    emulator.send("unplug 0")
    with pytest.raises(DeviceUnavailable):
        scanner.read_scan(PATIENCE_S)
    scanner.close()
    again = open_scanner(driver, emulator.url, {})
    emulator.send("scan 96385074")
    scan = again.read_scan(PATIENCE_S)
    assert scan is not None
    assert scan.text == "96385074"
    again.close()


def test_a_layout_changes_what_a_text_field_shows_and_not_the_scan(make: Make) -> None:
    emulator = make(mode="wedge")
    scanner = open_scanner("scanner.wedge", emulator.url, {})
    shown = set()
    for layout in ("us", "uk", "ru", "de", "fr"):
        emulator.send(f"layout {layout}; scan LC1:7S3M9QZ2ABD")
        scan = scanner.read_scan(PATIENCE_S)
        assert scan is not None
        assert scan.text == "LC1:7S3M9QZ2ABD"
        shown.add(emulator.typed)
    assert len(shown) == 5
    scanner.close()


@pytest.mark.parametrize(
    ("is_shared", "who", "read"),
    [(False, "human", 1), (True, "human", 0), (True, "reader", 1)],
    ids=["own-slow", "shared-slow", "shared-fast"],
)
def test_who_types_is_told_by_the_device_or_by_the_speed(make: Make, is_shared, who, read) -> None:
    """In virtual time: the keys' own clocks say 120 ms, the test takes none."""
    emulator = make(mode="wedge", clock=VirtualTime())
    scanner = open_scanner("scanner.wedge", emulator.url, {"shared": is_shared})
    emulator.send(f"type {who}; scan 4820000000017; wait 60s; scan 96385074")
    texts = []
    while not texts or texts[-1] != "96385074":
        scan = scanner.read_scan(PATIENCE_S)
        assert scan is not None
        texts.append(scan.text)
    assert texts == ["4820000000017"] * read + ["96385074"]
    scanner.close()


def test_an_hour_of_virtual_time_takes_none(make: Make) -> None:
    emulator = make(clock=VirtualTime())
    scanner = open_scanner("scanner.serial", emulator.url, {})
    emulator.send("; ".join(["scan 1; wait 60s; freeze 60s"] * 30))
    assert [scan.text for _ in range(30) if (scan := scanner.read_scan(PATIENCE_S))] == ["1"] * 30
    scanner.close()


def test_what_was_recorded_is_replayed_byte_by_byte(make: Make, tmp_path: Path) -> None:
    log = tmp_path / "shop.jsonl"
    first = make(clock=VirtualTime(), record=log)
    first.send("split 3; scan ]E04820000000017; wait 2s; garbage 20; scan ]Q1LC1:x")
    pieces = read_pieces(log)
    assert pieces[-1].at_ms >= 2000
    second = make(clock=VirtualTime())
    scanner = open_scanner("scanner.serial", second.url, {})
    second.send(f"replay {log}; scan 42")
    texts: list[str] = []
    while "42" not in texts:
        scan = scanner.read_scan(PATIENCE_S)
        assert scan is not None
        texts.append(scan.text)
    assert texts[0] == "4820000000017"
    scanner.close()


@pytest.mark.parametrize("line", ['{"at_ms": 1}', "x", '{"at_ms":1,"way":"up","hex":""}'])
def test_a_recording_that_cannot_be_read_names_its_line(make: Make, tmp_path, line) -> None:
    log = tmp_path / "bad.jsonl"
    log.write_text('{"at_ms":0,"way":"out","hex":"31"}\n' + line + "\n")
    with pytest.raises(BadRecording, match=r"bad\.jsonl:2"):
        read_pieces(log)
    with pytest.raises(ScriptError, match=r"bad\.jsonl:2"):
        make().send(f"scan 1; replay {log}")


@pytest.mark.parametrize(
    "script", ["layout xx", "type", "type cat", "type human soon", "replay nowhere", "freeze soon"]
)
def test_new_verbs_that_cannot_be_read(make: Make, script: str) -> None:
    with pytest.raises(ScriptError):
        make().send(script)


def test_a_wedge_refuses_what_no_key_types(make: Make) -> None:
    with pytest.raises(ScriptError, match="no key types"):
        make(mode="wedge").send("scan Ґ")


def test_the_bench_shows_beeps_over_http(tmp_path: Path) -> None:
    entry = {"name": "till1", "kind": "scanner", "link": "r", "vendor": "honeywell"}
    fleet = Fleet()
    emulator = fleet.start(device_entry(entry, tmp_path))
    assert isinstance(emulator, ScannerEmulator)
    server = ControlServer(fleet)
    scanner = open_scanner("scanner.serial", emulator.url, {"signals": "honeywell"})
    assert isinstance(scanner, SignallingScanner)
    scanner.signal("unknown")
    until("the razz", emulator.sounds)
    with urllib.request.urlopen(f"{server.url}/devices") as answer:
        shown = json.load(answer)["till1"]
    assert (shown["vendor"], shown["mode"]) == ("honeywell", "serial")
    assert [one["name"] for one in shown["signals"]] == ["razz"]
    scanner.close()
    server.close()
    fleet.close()
