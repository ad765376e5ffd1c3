"""Odoo's point of sale with the add-on, end to end in Chromium.

`python -m integrations.odoo.e2e.run [SCENARIO...]` prints a line for each scenario and keeps
pictures and a JSON report in `bench/out/odoo`; exit 1 when a scenario failed, 0 when all passed or
when Odoo cannot be had here (which is said).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from playwright.sync_api import sync_playwright

from integrations.odoo.e2e.bench import ROOT, AgentProcess, OdooServer, TillPage
from integrations.odoo.e2e.scenarios import SCENARIOS

SKIPPED = 77
OUT = ROOT / "bench" / "out" / "odoo"


def main() -> int:
    """Prepare, run every scenario on one till, report."""
    folder = Path(os.environ.get("ODOO_E2E_DIR", "/var/tmp/loyalty-odoo"))
    prepared = subprocess.run([Path(__file__).parent / "prepare.sh", folder], check=False)
    if prepared.returncode == SKIPPED:
        return 0
    if prepared.returncode:
        return 1
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("odoo-e2e skipped: Chromium is needed")
        return 0
    OUT.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:]
    agent = AgentProcess(Path(tempfile.mkdtemp(prefix="odoo-till-")))
    odoo = OdooServer(folder)
    report: list[dict[str, object]] = []
    try:
        agent.start()
        config_id = odoo.install(agent)
        odoo.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-US")
            page.on("pageerror", lambda error: print("page:", error))
            page.on("console", lambda line: line.type == "error" and print("console:", line.text))
            till = TillPage(page, odoo, config_id)
            try:
                till.open()
            finally:
                page.screenshot(path=str(OUT / "till.png"))
            for scenario in SCENARIOS:
                if not wanted or scenario.__name__ in wanted:
                    report.append(_run(scenario, till, agent))
            browser.close()
    finally:
        odoo.kill()
        agent.kill()
        shutil.rmtree(agent.rig.folder, ignore_errors=True)
    passed = sum(row["result"] == "passed" for row in report)
    (OUT / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False))
    print(f"odoo-e2e: {passed} of {len(report)} scenarios passed")
    return 0 if passed == len(report) and report else 1


def _run(scenario: object, till: TillPage, agent: AgentProcess) -> dict[str, object]:
    name = getattr(scenario, "__name__", "")
    began = time.monotonic()
    try:
        scenario(till, agent)  # type: ignore[operator]
        result = "passed"
    except Exception:  # noqa: BLE001 - the next scenario is to run all the same
        traceback.print_exc()
        print((agent.rig.folder / "agent.log").read_text(encoding="utf-8")[-2000:])
        result = "failed"
    till.page.screenshot(path=str(OUT / f"{name}.png"))
    took = round(time.monotonic() - began, 1)
    print(f"{result:7} {name} ({took} s)", flush=True)
    if result == "failed":
        till.start_over()
    return {"scenario": name, "result": result, "seconds": took}


if __name__ == "__main__":
    sys.exit(main())
