"""`python -m bench.panel_drawn`: from a reader's last byte to the card drawn in headless Chromium.

A pty stands for a serial reader, the register is a whole one, and the cashier's screen is open at
1024 × 600 with software rendering. Each scan names another member than the one before. Budget: last
byte to drawn p95 80 ms. The browser's own share (bytes of the state in the page to drawn) stands
apart. "Drawn" is the task after the frame in which the name stands.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.report import Row, finish, percentile
from drivers.emulators.scanning.outlets import OUTLETS
from drivers.emulators.wire import PtyEndpoint
from drivers.registry import open_scanner
from edge_agent.devices.scanner_worker import ScannerWorker
from tests.integration.panel.conftest import ARGUMENTS, CHROMIUM, panel_link, stocked
from tests.support.rig import CARD, NO_LEASE_CARD

SCANS = 200
SEED = 20261122
PATIENCE_S = 20.0
LOOK_S = 0.2
BUDGET_MS = 80.0

# Notes when bytes come into the page, and when a changed name has been drawn.
WATCH = """() => {
  window.drawn = [];
  let came = 0;
  const { read } = ReadableStreamDefaultReader.prototype;
  ReadableStreamDefaultReader.prototype.read = async function watched() {
    const found = await read.call(this);
    came = performance.timeOrigin + performance.now();
    return found;
  };
  let shown = '';
  new MutationObserver(() => {
    const name = document.querySelector('[data-test=name]')?.textContent ?? '';
    if (name === shown || !name) return;
    shown = name;
    const arrived = came;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        window.drawn.push([arrived, performance.timeOrigin + performance.now()]);
      };
      port2.postMessage(0);
    });
  }).observe(document, { subtree: true, childList: true, characterData: true });
}"""


def clock_gap_ms(page: Page) -> tuple[float, float]:
    """The page's clock less ours, and how far that may be wrong: the best of twenty looks."""
    best = (0.0, 1e9)
    for _ in range(20):
        before = time.time() * 1000
        there = float(page.evaluate("performance.timeOrigin + performance.now()"))
        after = time.time() * 1000
        if after - before < best[1]:
            best = (there - (before + after) / 2, after - before)
    return best[0], best[1] / 2


def scans(page: Page, port: PtyEndpoint) -> tuple[list[float], list[float]]:
    """Milliseconds from the last byte, and from the bytes in the page, to drawn."""
    chance = random.Random(SEED)
    gap, unsure = clock_gap_ms(page)
    print(f"the page's clock is {gap:.1f} ms off ours, known to ± {unsure:.1f} ms")
    outlet = OUTLETS["serial"]("cr")
    whole, own = [], []
    for number in range(SCANS):
        time.sleep(chance.uniform(0.02, 0.08))
        code = f"]E0{(CARD, NO_LEASE_CARD)[number % 2]}"
        pieces = outlet.bytes_of(code, is_again=False, gap_ms=0, now_ms=number * 1000)
        for piece in pieces[:-1]:
            port.send(piece.data)
        sent = time.time() * 1000 + gap
        port.send(pieces[-1].data)
        came, drawn = _drawn(page, number)
        whole.append(drawn - sent)
        own.append(drawn - came)
    return whole, own


def _drawn(page: Page, number: int) -> tuple[float, float]:
    """When the bytes of a scan came into the page, and when it was drawn."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        # No look while the page draws: a look costs it time.
        time.sleep(LOOK_S)
        found = page.evaluate("window.drawn")
        if len(found) > number:
            came, drawn = found[number]
            return float(came), float(drawn)
    raise TimeoutError(f"scan {number} was not drawn in {PATIENCE_S:.0f} s")


def measure(folder: Path) -> tuple[list[float], list[float]]:
    """A register, a reader, a browser: all scans."""
    rig = stocked(folder / "till")
    rig.start()
    assert rig.agent is not None
    desk = rig.agent.desk
    port = PtyEndpoint(folder / "reader")
    opened = threading.Event()

    def heard(scan: Any) -> Any:
        return desk.scans.heard(scan.text, scan.symbology)

    reader = ScannerWorker(
        lambda: open_scanner("scanner.serial", port.url, {}), heard, lambda _state: opened.set()
    )
    reader.start()
    try:
        opened.wait(20)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            page = browser.new_page(viewport={"width": 1024, "height": 600})
            page.add_init_script(f"({WATCH})()")
            page.goto(rig.url + panel_link(rig))
            page.locator("#entry").wait_for()
            found = scans(page, port)
            browser.close()
    finally:
        reader.stop()
        port.close()
        rig.stop()
    return found


def main() -> int:
    """Measure, print the table; 2 without Chromium."""
    if CHROMIUM is None:
        print("panel_drawn: needs Chromium on the PATH", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="bench-panel-drawn-") as folder:
        whole, own = measure(Path(folder))
    shares = [f"p{part} {percentile(own, part):.1f}" for part in (50, 95)]
    beside = f"the browser's own share: {', '.join(shares)} ms"
    rows = [
        Row(f"last byte to drawn, p50 of {SCANS}", percentile(whole, 50), BUDGET_MS, "ms"),
        Row(f"last byte to drawn, p95 of {SCANS}", percentile(whole, 95), BUDGET_MS, "ms", beside),
    ]
    return finish("panel_drawn", rows)


if __name__ == "__main__":
    sys.exit(main())
