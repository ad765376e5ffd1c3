"""Running every check and showing what came of it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from edge_agent.commands import settings_file, status
from edge_agent.commands.local_api import NotAnswering
from edge_agent.config import ConfigError, Settings, load_settings
from edge_agent.doctor import centre, devices, machine
from edge_agent.doctor.camera import camera
from edge_agent.doctor.finding import Case, Finding
from edge_agent.doctor.hub import hub
from edge_agent.doctor.hw_proxy import hw_proxy
from edge_agent.doctor.rounding import rounding
from edge_agent.doctor.rules import rules

CHECKS: tuple[Callable[[Case], Iterable[Finding]], ...] = (
    machine.data_folder,
    machine.free_space,
    machine.reserve,
    centre.identity,
    machine.agent,
    machine.port,
    machine.ledger,
    machine.head,
    hub,
    machine.sqlite_version,
    centre.centre,
    centre.certificate,
    rules,
    devices.scanner,
    camera,
    devices.printer,
    hw_proxy,
    rounding,
)


def run(arguments: argparse.Namespace) -> int:
    """Print the findings; exit code 1 when something must be mended."""
    findings = examine(settings_file.find(arguments.config))
    failed = any(finding.verdict == "fail" for finding in findings)
    if arguments.json:
        verdict = "fail" if failed else "ok"
        shown = {"verdict": verdict, "findings": [asdict(finding) for finding in findings]}
        print(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        print("\n".join(lines(findings)))
    return 1 if failed else 0


def examine(path: Path) -> list[Finding]:
    """All findings about the register of one settings file, in a fixed order."""
    try:
        settings = load_settings(path)
    except ConfigError as error:
        return [
            Finding("settings", "fail", str(one), "correct the line: edge-agent check-config")
            for one in (error, *error.also)
        ]
    case = _case(settings)
    findings = [Finding("settings", "ok", str(path))]
    for check in CHECKS:
        findings += check(case)
    return findings


def lines(findings: list[Finding]) -> list[str]:
    """The findings for people, and a last line that sums them up."""
    shown = []
    for finding in findings:
        shown.append(f"{finding.verdict:<5} {finding.check:<12} {finding.says}")
        if finding.do:
            shown.append(f"{'':18} → {finding.do}")
    count = {v: sum(f.verdict == v for f in findings) for v in ("fail", "warn")}
    if not any(count.values()):
        return [*shown, "all is well"]
    return [*shown, f"{count['fail']} to mend, {count['warn']} to look at"]


def _case(settings: Settings) -> Case:
    try:
        found = status.ask(settings)
    except NotAnswering as no:
        return Case(settings, no.is_running, None, str(no))
    return Case(settings, True, found, "")
