"""Checks of scanner and printer: address, port, rights, and whether the device answers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from drivers.errors import DeviceError
from drivers.registry import open_printer, open_scanner
from drivers.transport.device_url import SerialUrl, parse_device_url
from edge_agent.commands.check_config import device_problems
from edge_agent.doctor import device_advice, scanners
from edge_agent.doctor.finding import Case, Finding, Verdict
from edge_agent.settings_sections import DeviceSettings

_READERS = ("usbserial:", "hid:", "hidusb:", "evdev:", "rawinput:")
_AGENT_SAYS: dict[str, tuple[Verdict, str]] = {
    "ok": ("ok", ""),
    "low": ("warn", "have paper ready"),
    "out": ("fail", "put paper in"),
    "offline": ("fail", device_advice.CHECK_CABLE),
    "error": ("fail", "read the device's own message, and its line in the log"),
}


def scanner(case: Case) -> Iterable[Finding]:
    """The scanner's port opens; a running agent holds it, so its word counts then."""
    device = case.settings.scanner
    if device is None:
        yield Finding("scanner", "ok", "none in the settings")
        return
    if (earlier := _before_opening(case, "scanner", device)) is not None:
        yield earlier
        if case.is_running:
            yield scanners.mode_of(device)
            yield from scanners.seen_of(case.status)
        return
    yield scanners.mode_of(device)
    yield from scanners.vendor_of(device)
    try:
        open_scanner(device.driver, device.url, device.options).close()
    except DeviceError as error:
        yield Finding("scanner", "fail", str(error), device_advice.of_error(error))
    else:
        yield Finding("scanner", "ok", f"{device.url} opens")


def printer(case: Case) -> Iterable[Finding]:
    """The printer names itself and says how it is. Nothing is printed."""
    device = case.settings.printer
    if device is None:
        if case.settings.till.print_mode == "agent":
            yield Finding(
                "printer",
                "warn",
                "none in the settings, but [till] print_mode is agent",
                'add [printer], or set print_mode = "none"',
            )
        return
    if (earlier := _before_opening(case, "printer", device)) is not None:
        yield earlier
        return
    try:
        opened = open_printer(device.driver, device.url, device.options)
        try:
            info, status = opened.info(), opened.status()
        finally:
            opened.close()
    except DeviceError as error:
        yield Finding("printer", "fail", str(error), device_advice.of_error(error))
        return
    says = f"{info.model} {info.serial_number}".strip() + f", paper {status.paper}"
    yield device_advice.of_status("printer", says, status)


def _before_opening(case: Case, name: str, device: DeviceSettings) -> Finding | None:
    """What can be said without opening the port; `None` when it should be opened."""
    for problem in device_problems(case.settings):
        if problem.message.endswith(f"[{name}]"):
            return Finding(name, "fail", str(problem), "correct the settings")
    if case.is_running:
        state = str((case.status or {}).get("devices", {}).get(name, "unknown"))
        verdict, advice = _AGENT_SAYS.get(state, ("warn", "see the log: edge-agent logs"))
        return Finding(name, verdict, f"the agent says: {state}", advice)
    if device.url.startswith(("https://", "http://", "usb:", "file:", "win32raw:", *_READERS)):
        return None  # no serial port to look at: a service, or a printer of the system
    try:
        address = parse_device_url(device.url)
    except DeviceError as error:
        return Finding(name, "fail", str(error), "correct the settings")
    return _port_rights(name, Path(address.path)) if isinstance(address, SerialUrl) else None


def _port_rights(name: str, path: Path) -> Finding | None:
    if sys.platform == "win32":
        return None
    if not path.exists():
        return Finding(name, "fail", f"{path} is not there", device_advice.CHECK_CABLE)
    if os.access(path, os.R_OK | os.W_OK):
        return None
    import grp
    import pwd

    group = path.stat().st_gid
    try:
        group_name = grp.getgrgid(group).gr_name
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        group_name, user = str(group), str(os.geteuid())
    return Finding(
        name,
        "fail",
        f"{user} may not use {path}, which belongs to group {group_name}",
        f"usermod -aG {group_name} {user}, then log in again",
    )
