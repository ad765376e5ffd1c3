"""`edge-agent check-config`: the settings, and the drivers and options that they name."""

from __future__ import annotations

import argparse

from drivers.errors import DeviceError
from drivers.registry import DriverKind, known_drivers, load_driver
from drivers.scanner.camera.options import camera_options
from edge_agent import toml_lines
from edge_agent.command_failed import CommandFailed
from edge_agent.commands import settings_file
from edge_agent.config import ConfigError, Settings
from edge_agent.settings_sections import DeviceSettings

CAMERA = "scanner.camera"
_KINDS: dict[str, tuple[DriverKind, ...]] = {
    "scanner": ("scanner",),
    "camera": ("scanner",),
    "printer": ("fiscal_printer", "receipt_printer"),
}


def run(arguments: argparse.Namespace) -> int:
    """Say that all is well, or name every mistake."""
    settings = settings_file.load(arguments.config)
    problems = device_problems(settings)
    if problems:
        raise CommandFailed("\n".join(str(problem) for problem in problems))
    print(f"{settings.path}: good")
    return 0


def device_problems(settings: Settings) -> list[ConfigError]:
    """Drivers that are not installed or of the wrong kind, and options they do not take."""
    problems = []
    for section, kinds in _KINDS.items():
        device: DeviceSettings | None = getattr(settings, section)
        if device is None:
            continue
        key, message = _device_problem(device, kinds)
        if message:
            lines = toml_lines.key_lines(settings.path.read_text(encoding="utf-8-sig"))
            line = toml_lines.line_of(lines, (section, key))
            problems.append(ConfigError(settings.path, line, f"{message} in [{section}]"))
    return problems


def _device_problem(device: DeviceSettings, kinds: tuple[DriverKind, ...]) -> tuple[str, str]:
    """(key, sentence) of the first mistake of one device."""
    drivers = known_drivers()
    if drivers.get(device.driver) not in kinds:
        fitting = ", ".join(name for name, known in drivers.items() if known in kinds) or "none"
        return (
            "driver",
            f"no {kinds[0].replace('_', ' ')} driver '{device.driver}' (known: {fitting})",
        )
    try:
        spec = load_driver(device.driver)
    except ImportError as error:
        return "driver", f"driver '{device.driver}' cannot be loaded: {error}"
    for key, value in device.options.items():
        try:
            spec.checked({key: value})
        except DeviceError as error:
            return key, str(error)
    if device.driver == CAMERA:
        return _camera_problem(device)
    return "", ""


def _camera_problem(device: DeviceSettings) -> tuple[str, str]:
    """Its address and options are checked before the camera's process is started with them."""
    try:
        camera_options(device.url, {})
    except DeviceError as error:
        return "url", str(error)
    for key, value in device.options.items():
        try:
            camera_options(device.url, {key: value})
        except DeviceError as error:
            return key, str(error)
    return "", ""
