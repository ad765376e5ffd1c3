"""The camera end to end: emulated cameras over real HTTP, real files, a real child process."""

import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from drivers.base import Scan
from drivers.emulators.bench_file import device_entry
from drivers.emulators.camera import CameraEmulator
from drivers.emulators.control import ControlServer
from drivers.emulators.fleet import Fleet
from drivers.emulators.phone_screen import phone_scene
from drivers.emulators.script import ScriptError
from drivers.errors import DeviceUnavailable
from drivers.registry import load_driver, open_scanner
from drivers.scanner.camera.driver import CameraScanner
from drivers.scanner.camera.options import camera_options
from edge_agent.devices.camera_worker import CameraWorker

PATIENCE_S = 60.0
ONE, TWO = "LC1:0000000001Y", "LC1:ABCDEFGHJKM"


@pytest.fixture
def camera() -> Iterator[CameraEmulator]:
    emulator = CameraEmulator("eye")
    yield emulator
    emulator.close()


@pytest.fixture
def scanner(camera: CameraEmulator) -> Iterator[CameraScanner]:
    opened = CameraScanner(camera_options(camera.url, {}))
    try:
        opened.wait_open(PATIENCE_S)
        yield opened
    finally:
        opened.close()


def listen(scanner: CameraScanner, wanted: Callable[[list[Scan]], bool]) -> list[Scan]:
    """Scans until `wanted` holds of them."""
    scans: list[Scan] = []
    until_s = time.monotonic() + PATIENCE_S
    while not wanted(scans):
        assert time.monotonic() < until_s, f"only {scans}, {scanner.report}"
        try:
            scan = scanner.read_scan(0.2)
        except DeviceUnavailable:
            continue
        if scan is not None:
            scans.append(scan)
    return scans


def frames_pass(scanner: CameraScanner, count: int) -> list[Scan]:
    """Scans while the child decodes `count` more frames."""
    begun = scanner.report.decoded
    return listen(scanner, lambda _scans: scanner.report.decoded >= begun + count)


def test_one_presentation_is_one_scan_and_the_next_code_another(
    camera: CameraEmulator, scanner: CameraScanner
) -> None:
    camera.send(f"scan {ONE}")
    assert [s.text for s in listen(scanner, lambda s: len(s) == 1)] == [ONE]
    assert frames_pass(scanner, 20) == []
    camera.send(f"scan {TWO}")
    assert [(s.text, s.symbology) for s in listen(scanner, lambda s: len(s) == 1)] == [(TWO, "]Q1")]
    scanner.scan_again()
    assert [s.text for s in listen(scanner, lambda s: len(s) == 1)] == [TWO]


def test_taken_away_and_shown_again_is_two(camera: CameraEmulator, scanner: CameraScanner) -> None:
    camera.send(f"scan {ONE}")
    listen(scanner, lambda s: len(s) == 1)
    camera.send("blank")
    assert frames_pass(scanner, 18) == []
    camera.send(f"scan {ONE}")
    assert [s.text for s in listen(scanner, lambda s: len(s) == 1)] == [ONE]


def test_a_killed_process_is_back_and_tells_nothing_twice(
    camera: CameraEmulator, scanner: CameraScanner
) -> None:
    camera.send(f"scan {ONE}")
    listen(scanner, lambda s: len(s) == 1)
    listen(scanner, lambda _s: scanner.report.decoded > 0)
    os.kill(scanner.pid, signal.SIGKILL)
    listen(scanner, lambda _s: scanner.restarts == 1 and scanner.is_seeing)
    camera.send(f"scan {TWO}")
    assert [s.text for s in listen(scanner, lambda s: len(s) == 1)] == [TWO]


def test_zbar_that_dies_costs_nothing_else(camera: CameraEmulator, scanner: CameraScanner) -> None:
    listen(scanner, lambda _s: scanner.report.zbar_pid > 0)
    os.kill(scanner.report.zbar_pid, signal.SIGABRT)
    listen(scanner, lambda _s: scanner.report.zbar_crashes == 1)
    camera.send(f"scan {ONE}")
    assert [s.text for s in listen(scanner, lambda s: len(s) == 1)] == [ONE]
    assert scanner.restarts == 0


def test_a_camera_that_stands_still_is_noticed_and_comes_back(
    camera: CameraEmulator, scanner: CameraScanner
) -> None:
    camera.send("freeze 6s")
    listen(scanner, lambda _s: not scanner.is_seeing)
    with pytest.raises(DeviceUnavailable):
        scanner.read_scan(0.0)
    camera.send(f"scan {ONE}")
    assert [s.text for s in listen(scanner, lambda s: len(s) == 1)] == [ONE]
    assert scanner.report.threads <= 2


def test_a_folder_and_a_film_are_cameras_too(tmp_path: Path) -> None:
    scene = np.asarray(phone_scene(ONE, (640, 480), 200))
    cv2.imwrite(str(tmp_path / "one.png"), scene)
    film = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 15, (640, 480), False)
    for _ in range(20):
        writer.write(scene)
    writer.release()
    for url in (f"folder:{tmp_path}", f"video:{film}"):
        scanner = open_scanner("scanner.camera", url, {"roi": "10,0,80,100"})
        try:
            assert isinstance(scanner, CameraScanner)
            assert [s.text for s in listen(scanner, lambda s: len(s) == 1)] == [ONE]
        finally:
            scanner.close()


def test_a_camera_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(DeviceUnavailable, match="holds no picture"):
        open_scanner("scanner.camera", f"folder:{tmp_path}", {})


def test_the_emulator_refuses_what_it_does_not_know(camera: CameraEmulator) -> None:
    for script in ("dance", "show a.png", "scan ", "unplug x"):
        with pytest.raises(ScriptError):
            camera.send(script)


def test_the_emulator_plays_its_folder(tmp_path: Path) -> None:
    for name, text in (("a.png", ONE), ("b.png", TWO)):
        phone_scene(text, (640, 480), 200).save(tmp_path / name)
    emulator = CameraEmulator("eye", folder=tmp_path, fps=30)
    scanner = CameraScanner(camera_options(emulator.url, {}))
    try:
        scanner.wait_open(PATIENCE_S)
        scans = listen(scanner, lambda s: len(s) >= 2)
        assert {scan.text for scan in scans} == {ONE, TWO}
        emulator.send("show a.png")
    finally:
        scanner.close()
        emulator.close()


def test_a_bench_file_has_cameras_and_the_control_server_steers_them(tmp_path: Path) -> None:
    table = {"name": "eye", "kind": "camera", "tcp": "127.0.0.1:0", "fps": 20}
    fleet = Fleet()
    url = str(fleet.start(device_entry(table, tmp_path)).describe()["url"])
    server = ControlServer(fleet)
    scanner = CameraScanner(camera_options(url, {}))
    try:
        scanner.wait_open(PATIENCE_S)
        sent = httpx.post(
            f"{server.url}/devices/eye/send", json={"script": f"scan {ONE}"}, timeout=PATIENCE_S
        )
        assert sent.status_code == 200
        assert [s.text for s in listen(scanner, lambda s: len(s) == 1)] == [ONE]
    finally:
        scanner.close()
        server.close()
        fleet.close()


def test_the_agents_thread_hands_scans_over_and_tells_when_the_camera_is_gone(
    camera: CameraEmulator,
) -> None:
    scans: queue.SimpleQueue[str] = queue.SimpleQueue()
    states: queue.SimpleQueue[str] = queue.SimpleQueue()
    worker = CameraWorker(
        lambda: CameraScanner(camera_options(camera.url, {})),
        lambda scan: scans.put(scan.text),
        states.put,
    )
    worker.start()
    try:
        assert states.get(timeout=PATIENCE_S) == "ok"
        camera.send(f"scan {ONE}")
        assert scans.get(timeout=PATIENCE_S) == ONE
        camera.send("unplug 6s")
        assert states.get(timeout=PATIENCE_S) == "offline"
        assert states.get(timeout=PATIENCE_S) == "ok"
    finally:
        worker.stop()


def test_the_agents_side_imports_no_picture_library() -> None:
    code = (
        "import sys, edge_agent.devices.workers, edge_agent.doctor.camera\n"
        "print([m for m in ('cv2', 'numpy', 'pyzbar', 'zxingcpp') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_driver_is_installed() -> None:
    assert load_driver("scanner.camera").kind == "scanner"
