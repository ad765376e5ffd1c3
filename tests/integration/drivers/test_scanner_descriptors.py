"""Readers behind real descriptors: keys over a pipe, reports over a pty, ports that fail."""

from __future__ import annotations

import errno
import os
import threading
import tty
from collections.abc import Iterator

import pytest

from drivers.errors import DeviceUnavailable
from drivers.registry import open_scanner
from drivers.scanner.evdev_keys import EVENT, EvdevKeys, pack_key
from drivers.scanner.hid_reports import REPORT_BYTES, reports_of
from drivers.scanner.serial_scanner import SerialScanner
from drivers.scanner.wedge import Key, keys_of
from drivers.scanner.wedge_scanner import WedgeScanner
from drivers.transport.device_url import SerialUrl
from drivers.transport.serial_port import SerialTransport

PATIENCE_S = 30


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield reading, writing
    for handle in (reading, writing):
        try:
            os.close(handle)
        except OSError:
            continue


def send(writing: int, keys: list[Key]) -> None:
    os.write(writing, b"".join(pack_key(key) for key in keys))


def test_keys_over_a_pipe_in_pieces_are_scans(pipe) -> None:
    reading, writing = pipe
    scanner = WedgeScanner(EvdevKeys(reading, "pipe"))
    data = b"".join(pack_key(key) for key in keys_of("]Q1LC1:7K3M9QX2ABD"))
    writer = threading.Thread(
        target=lambda: [os.write(writing, data[n : n + 7]) for n in range(0, len(data), 7)]
    )
    writer.start()
    scan = scanner.read_scan(PATIENCE_S)
    writer.join()
    assert scan is not None
    assert (scan.symbology, scan.text) == ("]Q1", "LC1:7K3M9QX2ABD")
    scanner.close()


def test_other_events_between_the_keys_are_skipped(pipe) -> None:
    reading, writing = pipe
    scanner = WedgeScanner(EvdevKeys(reading, "pipe"))
    for key in keys_of("42x"):
        os.write(
            writing, EVENT.pack(0, 0, 4, 4, 458792) + pack_key(key) + EVENT.pack(0, 0, 0, 0, 0)
        )
    scan = scanner.read_scan(PATIENCE_S)
    assert scan is not None
    assert scan.text == "42x"
    scanner.close()


def test_the_grab_waits_until_every_key_is_up(pipe) -> None:
    reading, writing = pipe
    held = [True]
    grabbed: list[int] = []
    keys = EvdevKeys(reading, "pipe", lambda _handle: held[0], grabbed.append)
    send(writing, [Key(28, 0, 0)])
    keys.read(PATIENCE_S)
    assert (keys.is_grabbed, grabbed) == (False, [])
    held[0] = False
    keys.read(0)
    assert (keys.is_grabbed, grabbed) == (True, [reading])
    keys.read(0)
    assert grabbed == [reading]
    keys.close()


def test_a_device_that_somebody_else_grabbed_is_read_all_the_same(pipe) -> None:
    reading, writing = pipe

    def refused(_handle: int) -> None:
        raise OSError(errno.EBUSY, "busy")

    keys = EvdevKeys(reading, "pipe", lambda _handle: False, refused)
    send(writing, keys_of("abc"))
    assert keys.read(PATIENCE_S)
    assert not keys.is_grabbed
    keys.close()


def test_a_vanished_keyboard_is_unavailable(pipe) -> None:
    reading, writing = pipe
    scanner = WedgeScanner(EvdevKeys(reading, "pipe"))
    send(writing, keys_of("half", end=0))
    os.close(writing)
    with pytest.raises(DeviceUnavailable):
        scanner.read_scan(PATIENCE_S)
    assert not scanner.is_unfinished
    scanner.close()


def test_reports_over_a_pty_and_a_beep_back() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    scanner = open_scanner("scanner.hidpos", f"hid:{os.ttyname(slave)}", {"signals": "honeywell"})
    long = ("LP1:" + "7K3" * 60)[:150]
    for report in reports_of(long.encode(), "]Q1"):
        os.write(master, report)
    scan = scanner.read_scan(PATIENCE_S)
    assert scan is not None
    assert (scan.symbology, scan.text) == ("]Q1", long)
    assert scanner.signal("unknown")
    back = b""
    while len(back) < REPORT_BYTES:
        back += os.read(master, REPORT_BYTES)
    assert back.rstrip(b"\0") == b"\xfd\x03\x1b8,"
    os.close(master)
    os.close(slave)
    with pytest.raises(DeviceUnavailable):
        scanner.read_scan(PATIENCE_S)
    scanner.close()


@pytest.mark.parametrize(
    ("driver", "url"),
    [
        ("scanner.hidpos", "hid:/nowhere/hidraw0"),
        ("scanner.hidpos", "hidusb:0001:0002"),
        ("scanner.wedge", "evdev:/nowhere/event0"),
        ("scanner.wedge", "rawinput:VID_05E0"),
        ("scanner.serial", "usbserial:0001:0002"),
        ("scanner.serial", "serial:/nowhere/ttyACM0"),
    ],
)
def test_a_reader_that_is_not_there_is_unavailable(driver, url) -> None:
    with pytest.raises(DeviceUnavailable):
        open_scanner(driver, url, {})


ERRORS = [
    *(OSError(number, os.strerror(number)) for number in (5, 6, 9, 19, 25, 71, 107, 110)),
    PermissionError(errno.EACCES, "ClearCommError failed"),
    PermissionError(errno.EPERM, "denied"),
    ValueError("a descriptor that is closed"),
    TypeError("an integer is required: pyserial's port after close"),
]


@pytest.mark.parametrize(
    "error", ERRORS, ids=[f"{type(e).__name__}{n}" for n, e in enumerate(ERRORS)]
)
@pytest.mark.parametrize("call", ["read", "write"])
def test_every_way_a_port_fails_is_one_error(error, call, monkeypatch) -> None:
    """The errors are the library's, raised at its own edge, on a real port."""
    master, slave = os.openpty()
    transport = SerialTransport(SerialUrl(os.ttyname(slave)))

    def fail(*_args: object) -> bytes:
        raise error

    monkeypatch.setattr(transport._port, call, fail)
    os.write(master, b"x")
    with pytest.raises(DeviceUnavailable):
        transport.read(10, PATIENCE_S) if call == "read" else transport.write(b"x")
    monkeypatch.undo()
    transport.close()
    os.close(master)
    os.close(slave)


class Lines:
    """A transport whose bytes and clock the test gives."""

    def __init__(self, *script: tuple[float, bytes]) -> None:
        self.now = 0.0
        self._script = list(script)

    def clock(self) -> float:
        return self.now

    def read(self, _max_bytes: int, timeout_s: float) -> bytes:
        if self._script and self._script[0][0] <= self.now + timeout_s:
            at, data = self._script.pop(0)
            self.now = max(self.now, at)
            return data
        self.now += timeout_s
        return b""

    def write(self, _data: bytes) -> None: ...
    def close(self) -> None: ...


def test_a_reader_without_a_suffix_is_cut_by_silence() -> None:
    lines = Lines((1.0, b"48200"), (1.015, b"00000017"), (1.5, b"]Q1abc"))
    scanner = SerialScanner(lines, silence_s=0.02, clock=lines.clock)
    first = scanner.read_scan(10)
    assert first is not None
    assert (first.text, round(lines.now, 3)) == ("4820000000017", 1.035)
    second = scanner.read_scan(10)
    assert second is not None
    assert (second.symbology, second.text) == ("]Q1", "abc")
    assert scanner.read_scan(1) is None


def test_silence_is_counted_over_several_reads() -> None:
    lines = Lines((0.0, b"42"))
    scanner = SerialScanner(lines, silence_s=0.02, clock=lines.clock)
    assert scanner.read_scan(0.015) is None
    scan = scanner.read_scan(0.015)
    assert scan is not None
    assert scan.text == "42"


def test_a_reader_with_a_suffix_waits_for_it_however_long() -> None:
    lines = Lines((0.0, b"48200"), (9.0, b"00000017\r"))
    scanner = SerialScanner(lines, clock=lines.clock)
    assert scanner.read_scan(5) is None
    assert scanner.is_unfinished
    scan = scanner.read_scan(5)
    assert scan is not None
    assert scan.text == "4820000000017"
