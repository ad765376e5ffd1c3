"""Start of a real agent over a given cache, until a member's first sale is confirmed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx

from bench.report import median
from edge_agent.demo.processes import KEEPS_COMPILED
from tests.support.rig import TOKEN, Rig, line, sell

STARTS = 3


def start_to_first_sale_s(folder: Path, token_key: str) -> float:
    """Median seconds from the process's start to the first sale of the member of that token.

    The cache of `folder`/data serves; the rest of the register is made anew."""
    large = folder / "data" / "cache.db"
    rig = Rig(folder / "register")
    small = rig.folder / "data" / "cache.db"
    small.unlink()
    shutil.move(large, small)
    (rig.folder / "data" / "api.token").write_text(TOKEN, encoding="ascii")
    card = token_key.removeprefix("card:")
    took = [_start(rig, card) for _ in range(STARTS)]
    shutil.move(small, large)
    return median(took)


def _start(rig: Rig, card: str) -> float:
    script = str(Path(sys.executable).parent / "edge-agent")
    began = time.monotonic()
    with subprocess.Popen(
        [script, "run", "--config", str(rig.config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **KEEPS_COMPILED},
    ) as child:
        try:
            assert child.stdout is not None
            url = json.loads(child.stdout.readline())["url"]
            with httpx.Client(
                base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10
            ) as http:
                view = sell(http, [line(1, "bread", 10_000)], card=card)
            took_s = time.monotonic() - began
            assert view["member"] is not None, "the cache's member was not found"
        finally:
            child.terminate()
            child.wait(20)
    return took_s
