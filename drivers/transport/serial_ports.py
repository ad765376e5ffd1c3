"""The serial ports that this machine has, with what USB says of each."""

from __future__ import annotations

from dataclasses import dataclass

from serial.tools import list_ports


@dataclass(frozen=True, slots=True)
class PresentPort:
    """A port: its path, what the system calls it, and USB vendor:product ("" when none)."""

    path: str
    about: str
    usb: str = ""


def present_ports() -> tuple[PresentPort, ...]:
    """Every serial port there is, by path; pseudo terminals are not among them."""
    return tuple(
        PresentPort(
            path=port.device,
            about=port.description if port.description != "n/a" else "",
            usb="" if port.vid is None else f"{port.vid:04x}:{port.pid:04x}",
        )
        for port in sorted(list_ports.comports(), key=lambda port: port.device)
    )
