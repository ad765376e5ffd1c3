"""Odoo's point of sale with the add-on, end to end in Chromium.

`python -m integrations.odoo.e2e.run [SCENARIO...]` prints a line for each scenario and keeps
pictures and a JSON report in `bench/out/odoo`; exit 1 when a scenario failed, 0 when all passed or
when Odoo cannot be had here (which is said).
"""

from __future__ import annotations

import json
import sys
import time
import traceback

from integrations.odoo.e2e.after_sale import AFTER_SALE
from integrations.odoo.e2e.bench import OUT, AgentProcess, TillPage
from integrations.odoo.e2e.opened import new_agent, opened_till
from integrations.odoo.e2e.scenarios import SCENARIOS


def main() -> int:
    """Prepare, run every scenario on one till, report."""
    wanted = sys.argv[1:]
    agent = new_agent()
    report: list[dict[str, object]] = []
    with opened_till(agent) as till:
        for scenario in (*AFTER_SALE, *SCENARIOS):
            if not wanted or scenario.__name__ in wanted:
                report.append(_run(scenario, till, agent))
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
