"""What to change, by what a device or its port said."""

from __future__ import annotations

from drivers.base import PrinterStatus
from drivers.errors import DeviceError
from drivers.transport.serial_ports import present_ports
from edge_agent.doctor.finding import Finding

CHECK_CABLE = "check cable and power, and the address in the settings"
_BY_CODE = {
    "wrong_dialect": "another maker's device, or other firmware: correct driver in the settings",
    "bad_device_url": "correct url in the settings",
    "unknown_option": "correct the driver's options in the settings",
    "bad_option": "correct the driver's options in the settings",
    "no_reply": "check power, speed (?baud=) and parity, and that driver names this device",
    "wrong_password": "correct the operator's password in the options",
    "paper_out": "put paper in",
    "cover_open": "close the cover",
    "journal_full": "the electronic journal is full: ask the service",
    "shift_over_24_hours": "make a Z report",
}


def of_error(error: DeviceError) -> str:
    """What to do about an error of a device; names the ports there are when ours is not."""
    if error.code == "no_port":
        found = ", ".join(f"{port.path} {port.about}".strip() for port in present_ports())
        return f"{CHECK_CABLE}; serial ports here: {found or 'none'}"
    return _BY_CODE.get(error.code, CHECK_CABLE)


def of_status(name: str, says: str, status: PrinterStatus) -> Finding:
    """A printer that answered: how it is, and what to do."""
    if not status.online:
        return Finding(name, "fail", f"{says}: offline", CHECK_CABLE)
    if status.paper == "out":
        return Finding(name, "fail", says, "put paper in")
    if status.error:
        advice = _BY_CODE.get(status.error, "read the device's own message")
        return Finding(name, "fail", f"{says}: {status.error}", advice)
    if status.fiscal_open:
        return Finding(name, "warn", f"{says}, a receipt is open", "start the agent")
    return Finding(name, "warn" if status.paper == "low" else "ok", says)
