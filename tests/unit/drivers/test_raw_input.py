"""Raw Input without Windows: recorded structures through the parser, the thread and the scanner.

The window that Windows sends them to is the one part that cannot run here.
"""

from __future__ import annotations

import struct
import threading

import pytest

from drivers.errors import DeviceUnavailable
from drivers.registry import open_scanner
from drivers.scanner.raw_input import RawInputKeys, key_of
from drivers.scanner.wedge import DOWN, UP, Key, keys_of
from drivers.scanner.wedge_scanner import WedgeScanner

READER, KEYBOARD = 0x0000_0000_0001_003D, 0x0000_0000_0001_0041
NAMES = {
    READER: r"\\?\HID#VID_05E0&PID_1200#6&1a2b3c&0&0000#{884b96c3-56ef-11d1-bc8c-00a0c91405dd}",
    KEYBOARD: r"\\?\ACPI#PNP0303#4&5289e18&0#{884b96c3-56ef-11d1-bc8c-00a0c91405dd}",
}
PATIENCE_S = 30

# One press of "1": RAWINPUTHEADER (type 1, size 40, handle, wParam) and RAWKEYBOARD (make 02,
# flags, reserved, VK_1, WM_KEYDOWN or WM_KEYUP, extra), as a 64-bit Windows lays them out.
ONE_DOWN = bytes.fromhex(
    "01000000 28000000 3d00010000000000 0000000000000000 0200 0000 0000 3100 00010000 00000000"
)
ONE_UP = bytes.fromhex(
    "01000000 28000000 3d00010000000000 0000000000000000 0200 0100 0000 3100 01010000 00000000"
)
EXTENDED = {96: 0x1C, 97: 0x1D, 98: 0x35, 100: 0x38}


def raw(key: Key, device: int = READER) -> bytes:
    """The structure of one key."""
    make, extended = (EXTENDED[key.code], 2) if key.code in EXTENDED else (key.code, 0)
    flags = extended | (1 if key.value == UP else 0)
    header = struct.pack("<IIQQ", 1, 40, device, 0)
    return header + struct.pack("<HHHHII", make, flags, 0, 0, 0x101 if flags & 1 else 0x100, 0)


class Recorded:
    """A window that plays structures, a few at a time, and remembers that it was closed."""

    def __init__(self, played: list[bytes]) -> None:
        self.left = list(played)
        self.closed = threading.Event()

    def next_inputs(self, timeout_s: float) -> list[bytes]:
        taken, self.left = self.left[:7], self.left[7:]
        if not taken:
            self.closed.wait(timeout_s)
        return taken

    def name_of(self, device: int) -> str:
        return NAMES.get(device, "")

    def close(self) -> None:
        self.closed.set()


def test_a_key_byte_by_byte() -> None:
    assert key_of(ONE_DOWN, 5) == (READER, Key(2, DOWN, 5))
    assert key_of(ONE_UP, 6) == (READER, Key(2, UP, 6))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        ONE_DOWN[:39],
        bytes(4) + ONE_DOWN[4:],
        ONE_DOWN[:24] + struct.pack("<HHHHII", 0x2A, 2, 0, 0xFF, 0x100, 0),
        ONE_DOWN[:24] + struct.pack("<HHHHII", 0x1D, 4, 0, 0x13, 0x100, 0),
    ],
    ids=["empty", "short", "mouse", "false-shift", "pause"],
)
def test_what_is_no_key(data: bytes) -> None:
    assert key_of(data, 0) is None


def test_a_readers_scans_and_not_what_people_type_beside_it() -> None:
    codes = ["]E04820000000017", "]Q1LC1:7K3M9QX2ABD", "]C18018482123456789012347\x1d10AB"]
    typed = [raw(key, KEYBOARD) for key in keys_of("hello")]
    played = [raw(key) for code in codes for key in keys_of(code)]
    mixed = [one for place, each in enumerate(played) for one in (each, *typed[place : place + 1])]
    window = Recorded(mixed)
    scanner = WedgeScanner(RawInputKeys("vid_05e0&pid_1200", lambda: window))
    try:
        read = [scanner.read_scan(PATIENCE_S) for _ in codes]
    finally:
        scanner.close()
    assert [scan.symbology + scan.text for scan in read if scan] == codes
    assert window.closed.is_set()


def test_the_keypads_enter_ends_a_code_and_shift_is_held_by_its_own_key() -> None:
    pressed = keys_of("aB:c", end=96)
    scanner = WedgeScanner(RawInputKeys("VID_05E0", lambda: Recorded([raw(k) for k in pressed])))
    try:
        scan = scanner.read_scan(PATIENCE_S)
    finally:
        scanner.close()
    assert scan is not None
    assert scan.text == "aB:c"


def test_it_is_windows_alone() -> None:
    with pytest.raises(DeviceUnavailable, match="evdev"):
        open_scanner("scanner.wedge", "rawinput:VID_05E0", {})
