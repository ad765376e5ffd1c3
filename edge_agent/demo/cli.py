"""`edge-agent demo`: set up the little shop, live through its day, say what is true after it."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import httpx

from edge_agent.demo.evidence import gather
from edge_agent.demo.phases import Day
from edge_agent.demo.processes import DemoFailed
from edge_agent.demo.report import summary, table
from edge_agent.demo.world import World, together

SEED = 20_261_122
PICTURES = 12
BAR = 28


class Progress:
    """A bar on stderr when it is a terminal, else one line a phase."""

    def __init__(self, total: int, quiet: bool) -> None:
        self._total = total
        self._quiet = quiet
        self._done = 0
        self._phase = ""
        self._tty = sys.stderr.isatty()

    def say(self, phase: str) -> None:
        """A new phase."""
        self._phase = phase
        if self._quiet:
            return
        if self._tty:
            self._draw()
        else:
            print(f"[{self._done:>3}/{self._total}] {phase}", file=sys.stderr, flush=True)

    def tick(self) -> None:
        """One sale done."""
        self._done += 1
        if self._tty and not self._quiet:
            self._draw()

    def _draw(self) -> None:
        filled = min(BAR, BAR * self._done // max(1, self._total))
        bar = "█" * filled + "·" * (BAR - filled)
        text = f"\r{bar} {self._done:>3}/{self._total}  {self._phase:<58.58}"
        print(text, end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._tty and not self._quiet:
            print(file=sys.stderr)


def run(arguments: argparse.Namespace) -> int:
    """Exit 0 when every invariant holds, 1 when one does not, 2 when a step failed."""
    folder = Path(tempfile.mkdtemp(prefix="loyalty-edge-demo-"))
    progress = Progress(arguments.sales, arguments.json)
    world = World(folder, arguments.device_delay)
    started = time.monotonic()
    failed = True
    try:
        found = _live(world, arguments.sales, progress, started, arguments.device_delay)
        failed = not found["ok"]
        print(json.dumps(found, ensure_ascii=False) if arguments.json else f"\n{table(found)}")
        if arguments.keep:
            _keep(world)
        return 1 if failed else 0
    except DemoFailed as error:
        progress.end()
        print(f"edge-agent demo: {error}\nlogs: {world.logs}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        world.close()
        if not failed and not arguments.keep:
            _tidy(folder)


def _live(
    world: World, sales: int, progress: Progress, started: float, delay_ms: int
) -> dict[str, object]:
    progress.say("starting the centre, its PostgreSQL and the devices")
    together(world.start_centre, world.start_emulators)
    progress.say("goods, members and rules; enrolling two registers")
    world.fill_centre()
    world.enrol_registers()
    day = Day(world, sales, SEED, progress.say, progress.tick)
    story = day.run()
    progress.say("comparing paper, registers and centre")
    evidence = gather(world)
    pictures = _pictures(world)
    progress.end()
    return summary(evidence, story, delay_ms, time.monotonic() - started, str(pictures))


def _pictures(world: World) -> Path:
    """The last slips of both printers as PNG."""
    folder = world.folder / "receipts"
    folder.mkdir(exist_ok=True)
    for register in world.registers:
        base = f"{world.control}/devices/{register.printer}/receipts"
        count = len(httpx.get(base, timeout=10).json())
        for number in range(max(0, count - PICTURES), count):
            answer = httpx.get(f"{base}/{number}.png", timeout=20)
            if answer.status_code == 200:
                (folder / f"{register.name}-{number:03d}.png").write_bytes(answer.content)
    return folder


def _keep(world: World) -> None:
    print("\nIt goes on running; Ctrl-C ends it. A panel link works once, within a minute.")
    print(json.dumps(world.addresses(), ensure_ascii=False, indent=1), flush=True)
    while True:
        time.sleep(3600)


def _tidy(folder: Path) -> None:
    """Keep the pictures, drop the rest."""
    for entry in folder.iterdir():
        if entry.name == "receipts":
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
