"""What tells this machine from another that runs a copy of its disk.

Only facts that every user may read, so that root at enrolment and the service see the same, and
that are there from the first second: the installation's id, make and model of the board, the
serial of the disk under the folder; where the disk tells none, the permanent addresses of built-in
network cards. With another board or disk it is another machine: enrol it anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

_SYS = Path("/sys")
_MACHINE_ID = Path("/etc/machine-id")
_BOARD = ("sys_vendor", "product_name", "board_vendor", "board_name")
_PERMANENT = "0"
_MAX_BYTES = 4_096


def machine_facts(folder: Path) -> str:
    """The facts as lines of text; `folder` is on the disk that counts."""
    return "\n".join(_windows() if sys.platform == "win32" else _linux(folder))


def _linux(folder: Path) -> Iterator[str]:
    yield f"installation {_read(_MACHINE_ID)}"
    for name in _BOARD:
        yield f"{name} {_read(_SYS / 'class/dmi/id' / name)}"
    serial = _disk(folder)
    yield f"disk {serial}"
    if not serial:
        yield from _cards()


def _cards() -> Iterator[str]:
    for card in sorted((_SYS / "class/net").glob("*/device")):
        built_in = os.path.basename(os.path.realpath(card / "subsystem")) != "usb"
        if built_in and _read(card.parent / "addr_assign_type") == _PERMANENT:
            yield f"card {_read(card.parent / 'address')}"


def _disk(folder: Path) -> str:
    """Serial of the disk under a folder, "" where it tells none."""
    device = folder.stat().st_dev
    block = Path(os.path.realpath(_SYS / f"dev/block/{os.major(device)}:{os.minor(device)}"))
    for place in (block, block.parent):
        for name in ("serial", "device/serial", "device/wwid", "wwid"):
            if found := _read(place / name):
                return found
    return ""


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _windows() -> Iterator[str]:
    import uuid

    if sys.platform == "win32":
        import winreg

        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
            yield f"installation {winreg.QueryValueEx(key, 'MachineGuid')[0]}"
    yield f"card {uuid.getnode():012x}"
