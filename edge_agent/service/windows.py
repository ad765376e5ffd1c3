"""The Windows service as a list of commands. Not yet run on Windows.

The commands are those of `sc.exe` and `icacls.exe`; the agent itself answers the service control
manager (`windows_host`). The account is LocalService, which has no rights of an administrator.
Recovery waits 5, 30 and 300 seconds, with a real reset period: a period of 0 makes the manager
retry for ever at the first delay. Groups are given by SID, for their names are translated.
"""

from __future__ import annotations

import subprocess
from pathlib import Path, PureWindowsPath

from edge_agent.service.plan import Run, Say, Step, WriteFile, check_name
from edge_agent.settings_text import sample_config

ACCOUNT = r"NT AUTHORITY\LocalService"
RECOVERY_S = (5, 30, 300)
RESET_PERIOD_S = 86_400
PROGRAM_DATA = PureWindowsPath(r"C:\ProgramData\Loyalty Edge")
_ADMINISTRATORS, _SYSTEM = "*S-1-5-32-544", "*S-1-5-18"


def service_name(name: str) -> str:
    """Name of one register's service."""
    return f"loyalty-edge-{check_name(name)}"


def config_file(name: str) -> PureWindowsPath:
    """Settings of one register."""
    return PROGRAM_DATA / "config" / f"{check_name(name)}.toml"


def plan_install(
    name: str, executable: PureWindowsPath, config: PureWindowsPath, is_installed: bool
) -> list[Step]:
    """Register the service, its recovery and its rights on state and settings.

    An upgrade (`is_installed`) leaves start type and settings as they are."""
    service = service_name(name)
    state = PROGRAM_DATA / "state" / name
    command = subprocess.list2cmdline(
        [str(executable), "run", "--config", str(config), "--service"]
    )
    options = {"type=": "own", "obj=": ACCOUNT, "binPath=": command}
    if not is_installed:
        options["start="] = "delayed-auto"
    delays = "/".join(f"restart/{seconds * 1000}" for seconds in RECOVERY_S)
    rights = rf"NT SERVICE\{service}"
    return [
        _sc("config" if is_installed else "create", service, options),
        _sc("description", service, {"Member codes, prices and bonuses at the till": ""}),
        _sc("sidtype", service, {"unrestricted": ""}),
        _sc("failure", service, {"reset=": str(RESET_PERIOD_S), "actions=": delays}),
        _sc("failureflag", service, {"1": ""}),
        WriteFile(Path(str(config)), sample_config(str(state)), replace=False),
        Run(("cmd.exe", "/c", "mkdir", str(state)), may_fail=True),
        _only_for(state, "(OI)(CI)", f"{rights}:(OI)(CI)M"),
        _only_for(config, "", f"{rights}:R"),
        Say(f"next: enrol the register, then sc.exe start {service}"),
    ]


def plan_uninstall(name: str) -> list[Step]:
    """Stop and remove the service; settings and state stay."""
    service = service_name(name)
    return [
        Run(("sc.exe", "stop", service), may_fail=True),
        Run(("sc.exe", "delete", service)),
        Say(f"kept: {PROGRAM_DATA}"),
    ]


def status_command(name: str) -> tuple[str, ...]:
    """The command that shows the service's state; it fails when there is no such service."""
    return ("sc.exe", "queryex", service_name(name))


def _sc(verb: str, service: str, options: dict[str, str]) -> Run:
    """sc.exe takes `key=` and its value as two arguments."""
    argv = ["sc.exe", verb, service]
    for key, value in options.items():
        argv += [key, value] if value else [key]
    return Run(tuple(argv))


def _only_for(path: PureWindowsPath, inherit: str, service_right: str) -> Run:
    rights = (f"{_ADMINISTRATORS}:{inherit}F", f"{_SYSTEM}:{inherit}F", service_right)
    grants = [part for right in rights for part in ("/grant:r", right)]
    return Run(("icacls.exe", str(path), "/inheritance:r", *grants))
