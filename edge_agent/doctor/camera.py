"""Check of the camera: its rate, sharpness and exposure, and what to change."""

from __future__ import annotations

import time
from collections.abc import Iterable

from drivers.errors import DeviceError
from drivers.scanner.camera.driver import CameraReport, CameraScanner
from drivers.scanner.camera.options import camera_options
from edge_agent.config import Settings
from edge_agent.doctor.finding import Case, Finding

OPEN_S = 10.0
WATCH_S = 2.0
SOFT_BELOW = 8
DARK_MEAN = 30
BRIGHT_PERCENT = 20


def camera(case: Case) -> Iterable[Finding]:
    """The camera opens and is watched for two seconds; a running agent holds it."""
    device = case.settings.camera
    if device is None:
        return
    if case.is_running:
        yield Finding("camera", "ok", "the agent uses it; stop the agent to have it measured")
        return
    try:
        report = _watched(case.settings)
    except DeviceError as error:
        yield Finding("camera", "fail", str(error), "check cable, address and rights (group video)")
        return
    says = (
        f"{report.decifps // 10}.{report.decifps % 10} frames a second, sharpness "
        f"{report.sharpness}, mean grey {report.mean} of 255, burnt out {report.bright_percent} %"
    )
    advice = camera_advice(report, int(device.options.get("fps", 15)))
    yield Finding("camera", "warn" if advice else "ok", says, advice)


def camera_advice(report: CameraReport, wanted_fps: int) -> str:
    """What to change about a camera that gives such frames; "" when nothing."""
    advice = []
    if report.decifps < wanted_fps * 7:
        advice.append("too few frames: lower width and height, use a USB 3 port, more light")
    if 0 <= report.mean < DARK_MEAN:
        advice.append("too dark: more light, or a longer exposure")
    elif report.bright_percent > BRIGHT_PERCENT:
        advice.append("burnt out: set exposure to 80 (8 ms) or less, turn away from the lamp")
    if 0 <= report.sharpness < SOFT_BELOW:
        advice.append("soft, or nothing in view: focus at 12 to 20 cm and hold a receipt there")
    return "; ".join(advice)


def _watched(settings: Settings) -> CameraReport:
    device = settings.camera
    assert device is not None
    scanner = CameraScanner(camera_options(device.url, device.options))
    try:
        scanner.wait_open(OPEN_S)
        until_s = time.monotonic() + WATCH_S
        while time.monotonic() < until_s:
            scanner.read_scan(0.2)
        return scanner.report
    finally:
        scanner.close()
