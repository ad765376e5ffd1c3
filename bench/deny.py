"""How soon every register denies a member: a real centre, whole registers with default settings.

`python -m bench.deny`. A member is blocked at the centre; each register is looked at until its own
cache denies. First as it is, by the stream of hints; then with every stream cut, by the poll alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.report import Row, finish, median, percentile
from central.instants import system_clock
from central.people import block
from tests.support.flaky_centre import FlakyCentre
from tests.support.live_register import LiveRegister
from tests.support.real_centre import RealCentre, real_centre

REGISTERS = 6
ROUNDS = {"stream": 10, "poll": 4}
LIMIT_S = 60.0
TOO_LATE_S = 180.0
HINTS = "/v1/feed/hints"


def register_at(folder: Path, centre: RealCentre, url: str) -> LiveRegister:
    """A register that was never told how often to look."""
    made = LiveRegister(folder, centre.identity(), url)
    made.config.write_text(
        f'data_dir = "data"\n[api]\nport = 0\n[centre]\nurl = "{url}"\n', encoding="utf-8"
    )
    made.start()
    return made


def denied_after_s(register: LiveRegister, member_id: int, began: float) -> float:
    """Seconds until the register's own cache says no."""
    query = "SELECT 1 FROM right_row WHERE kind = 'deny' AND key = ? AND body IS NOT NULL"
    while not register.rows(query, str(member_id), file="cache.db"):
        if time.monotonic() - began > TOO_LATE_S:
            raise SystemExit(f"deny: {register.folder.name} never heard of it")
        time.sleep(0.02)
    return time.monotonic() - began


def one_round(
    centre: RealCentre, registers: Sequence[LiveRegister], pool: ThreadPoolExecutor
) -> list[float]:
    """Block one member; seconds of each register."""
    shopper = centre.shopper()
    with centre._db.transaction():
        block(centre._db, shopper.member_id, system_clock(), "bench", "lost card", on=True)
    began = time.monotonic()
    waits = [pool.submit(denied_after_s, each, shopper.member_id, began) for each in registers]
    return [each.result() for each in waits]


def main() -> int:
    """Measure, print, write the report."""
    taken: dict[str, list[float]] = {}
    with TemporaryDirectory(prefix="deny-") as name, ExitStack() as stack:
        folder = Path(name)
        centre = stack.enter_context(real_centre(folder))
        proxy = FlakyCentre(centre.url)
        stack.callback(proxy.close)
        registers = []
        for number in range(REGISTERS):
            registers.append(register_at(folder / f"r{number}", centre, proxy.url))
            stack.callback(registers[-1].stop)
        for register in registers:
            register.until_online()
        pool = stack.enter_context(ThreadPoolExecutor(REGISTERS))
        for way, rounds in ROUNDS.items():
            if way == "poll":
                proxy.misbehave("refuse")
                proxy.misbehave("error", HINTS)
                for register in registers:
                    register.until_online()
            taken[way] = [
                waited for _ in range(rounds) for waited in one_round(centre, registers, pool)
            ]
    says = {"stream": "by the stream of hints", "poll": "streams cut, by the poll"}
    return finish(
        "deny",
        [
            Row(
                f"a blocked member is denied by all registers, {says[way]}",
                max(waits),
                LIMIT_S,
                "s",
                f"worst of {len(waits)}; p50 {median(waits):.2f}, p95 {percentile(waits, 95):.2f}",
            )
            for way, waits in taken.items()
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
