"""`python -m bench.soak.camera`: a camera goes and comes back over and over, and loses no code.

In turn: the stream ends and nobody answers; its server dies and another one listens on its port;
the stream stays open and silent; the picture stands still; the camera's process is killed; a folder
and a film go away and come back. Each time the loss must be told, and a code shown while the
camera was away must be the one scan that is told once it is back. After each cycle the camera's
process has as many descriptors and threads as before, and no process is left over. The table has
the seconds to the loss told and from the return to the first frame; limits are 2 s (3 s for a
picture that stands still) and 5 s, and what took longer is counted: a busy machine is no fault.

No V4L device can be emulated without a kernel module: a path that holds none is opened over and
over instead. SOAK_S bounds the seconds; TARGET asks for other cycles, SEED repeats a run.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.report import percentile
from bench.soak.camera_places import FilmPlace, FolderPlace, Place, StreamPlace
from bench.soak.campaign import CannotRun, Outcome, Terms, run
from drivers.errors import DeviceUnavailable
from drivers.scanner.camera.driver import CameraScanner
from drivers.scanner.camera.options import camera_options
from loyalty.codes import make_static_qr

NAME: Final = "camera"
TARGET: Final = 120
PATIENCE_S: Final = 60.0
NOWHERE_S: Final = 12.0
SAMPLES: Final = 12
GONE_S: Final = {"freeze": 3.0}
GONE_DEFAULT_S: Final = 2.0
BACK_S: Final = 5.0
KILLED: Final = "process killed"


class Gone(AssertionError):
    """What was waited for did not come."""


class Watched:
    """One camera before one place, and what must not grow."""

    def __init__(self, place: Place, first: str) -> None:
        self.place = place
        self.scanner = CameraScanner(camera_options(place.url, {}))
        self._told: list[str] = []
        try:
            self._wait("the camera", lambda: self.scanner.is_seeing)
            place.show(first)
            self._expect(first)
            self._wait("zbar", lambda: self.scanner.report.zbar_pid > 0)
        except Gone:
            self.close()
            raise
        samples = []
        for _ in range(SAMPLES):  # a film is opened anew at its end
            samples.append(self._held())
            self._listen(0.1)
        self._baseline = tuple(map(max, zip(*samples, strict=True)))

    def cycle(self, fault: str, text: str) -> tuple[float, float]:
        """Go, be told, come back with another code, read it; seconds to the loss told and back."""
        if self._told:
            raise Gone(f"{self._told} were told once too often")
        spent = self._killed(text) if fault == KILLED else self._gone(fault, text)
        self._wait(
            f"no leak: {self._baseline} before",
            lambda: all(n <= then for n, then in zip(self._held(), self._baseline, strict=True)),
        )
        return spent

    def close(self) -> None:
        """End the camera's process."""
        self.scanner.close()
        self.place.close()

    def _gone(self, fault: str, text: str) -> tuple[float, float]:
        restarts = self.scanner.restarts
        begun = time.monotonic()
        self.place.go(fault)
        self._wait("the loss", lambda: not self.scanner.is_seeing)
        gone_s = time.monotonic() - begun
        self.place.come_back(text)
        begun = time.monotonic()
        self._wait("the camera back", lambda: self.scanner.is_seeing)
        back_s = time.monotonic() - begun
        self._expect(text)
        if self.scanner.restarts != restarts:
            raise Gone("the camera's process ended")
        return gone_s, back_s

    def _killed(self, text: str) -> tuple[float, float]:
        old = (self.scanner.pid, self.scanner.report.zbar_pid)
        begun = time.monotonic()
        os.kill(self.scanner.pid, signal.SIGKILL)
        self.place.show(text)
        self._expect(text)
        back_s = time.monotonic() - begun
        self._wait("zbar", lambda: self.scanner.report.zbar_pid not in (0, old[1]))
        self._wait("the old processes' end", lambda: not any(map(_lives, old)))
        return 0.0, back_s

    def _held(self) -> tuple[int, int]:
        """Descriptors and threads of the camera's process."""
        folder = Path(f"/proc/{self.scanner.pid}")
        threads = (folder / "status").read_text(encoding="ascii").split("Threads:")[1].split()[0]
        return len(os.listdir(folder / "fd")), int(threads)

    def _expect(self, text: str) -> None:
        """The next scan is `text`."""
        self._wait(text, lambda: bool(self._told))
        told = self._told.pop(0)
        if told != text:
            raise Gone(f"{told} was told instead of {text}")

    def _wait(self, what: str, test: Callable[[], bool]) -> None:
        until_s = time.monotonic() + PATIENCE_S
        while not test():
            if time.monotonic() > until_s:
                raise Gone(f"{what} did not come; {self.scanner.report}, {self._held()}")
            self._listen(0.05)

    def _listen(self, seconds: float) -> None:
        try:
            scan = self.scanner.read_scan(seconds)
        except DeviceUnavailable:
            time.sleep(seconds / 5)
            return
        if scan is not None:
            self._told.append(scan.text)


def _lives(pid: int) -> bool:
    """A process that is there and is not a mere entry waiting to be reaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def _children() -> set[int]:
    """Processes below this one."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            found |= {int(pid) for pid in (task / "children").read_text(encoding="ascii").split()}
        except OSError:
            continue
    return found


def _nowhere() -> str:
    """A device that is not there is tried again and again; what grew, or ""."""
    scanner = CameraScanner(camera_options("device:/dev/v4l/by-id/usb-none-video-index0", {}))
    try:
        held: list[int] = []
        until_s = time.monotonic() + NOWHERE_S
        while time.monotonic() < until_s:
            try:
                scanner.read_scan(0.5)
            except DeviceUnavailable:
                held.append(len(os.listdir(f"/proc/{scanner.pid}/fd")))
                time.sleep(0.5)
        return "" if held and held[-1] <= max(held[: len(held) // 2 + 1]) else f"grew: {held}"
    finally:
        scanner.close()


class Cycles:
    """What a run has done so far."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self.done = 0
        self._codes = 0
        self.took: dict[str, list[tuple[float, float]]] = {}
        self.wrong: list[str] = []

    def before(self, place: Place, count: int) -> None:
        """So many cycles before one place."""
        try:
            watched = Watched(place, self._code())
        except Gone as why:
            self.wrong.append(f"{place.name}: {why}")
            return
        faults = (*place.faults, KILLED)
        try:
            for number in range(count):
                if self._terms.is_over:
                    return
                fault = faults[number % len(faults)]
                spent = watched.cycle(fault, self._code())
                self.took.setdefault(f"{place.name}, {fault}", []).append(spent)
                self.done += 1
        except Gone as why:
            self.wrong.append(f"cycle {self.done} {place.name} {fault}: {why}")
        finally:
            watched.close()

    def _code(self) -> str:
        """Another member's code each time."""
        self._codes += 1
        return make_static_qr(self._terms.seed * 1_000_000 + self._codes)


def work(terms: Terms) -> Outcome:
    """Cycles until the target or the time is reached."""
    if sys.platform != "linux":
        raise CannotRun("what is held is counted under /proc")
    before = _children()
    cycles = Cycles(terms)
    few = terms.target // 6
    with tempfile.TemporaryDirectory(prefix="soak-camera-") as name:
        cycles.before(StreamPlace(), terms.target - 2 * few)
        cycles.before(FolderPlace(Path(name) / "pictures"), few)
        cycles.before(FilmPlace(Path(name) / "film.avi"), few)
    if grown := _nowhere():
        cycles.wrong.append(f"a device that is not there: {grown}")
    if left := {pid for pid in _children() - before if _lives(pid)}:
        cycles.wrong.append(f"processes left over: {sorted(left)}")
    for text in cycles.wrong:
        print(text)
    late = _table(cycles.took)
    says = f"{len(cycles.wrong)} wrong, {late} later than promised"
    return Outcome(cycles.done, not cycles.wrong, says, {"wrong": len(cycles.wrong), "late": late})


def _table(took: dict[str, list[tuple[float, float]]]) -> int:
    """A row a fault, seconds; how many were late."""
    late = 0
    print(f"{'':28} {'cycles':>6}  {'gone p50':>8} {'max':>6}  {'back p50':>8} {'max':>6}")
    for fault, spent in took.items():
        gone, back = [each[0] for each in spent], [each[1] for each in spent]
        limit = GONE_S.get(fault.rpartition(", ")[2], GONE_DEFAULT_S)
        if KILLED not in fault:  # a process that starts anew is no replug
            late += sum(each > limit for each in gone) + sum(each > BACK_S for each in back)
        print(
            f"{fault:28} {len(spent):6}  {percentile(gone, 50):8.2f} {max(gone):6.2f}"
            f"  {percentile(back, 50):8.2f} {max(back):6.2f}"
        )
    return late


if __name__ == "__main__":
    sys.exit(run(NAME, TARGET, work))
