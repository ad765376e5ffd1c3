"""What holds for every test: on a CI machine that may install everything, nothing is left out."""

from __future__ import annotations

import os

import pytest

NEEDED = ("chromium", "zbar", "postgres")
REAL_TIME = ("tests/integration/", "tests/contract/drivers/")

# Programs that tests start keep their compiled modules, as installed ones do.
os.environ["PYTHONDONTWRITEBYTECODE"] = ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever runs real processes in real time on a shared machine has a second attempt."""
    for item in items:
        if item.nodeid.startswith(REAL_TIME):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that needed their second attempt: they are to be mended, not forgotten."""
    second = terminalreporter.stats.get("rerun", [])
    if second:
        terminalreporter.section("needed a second attempt")
    for report in second:
        terminalreporter.write_line(report.nodeid, yellow=True)
        crash = getattr(report.longrepr, "reprcrash", None)
        terminalreporter.write_line(f"  {crash.message if crash else report.longreprtext}"[:600])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skip for want of Chromium, libzbar or PostgreSQL is a failure where root runs CI."""
    if not os.environ.get("CI") or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    missing = [
        text
        for report in skipped
        if any(name in (text := str(report.longrepr)).lower() for name in NEEDED)
    ]
    if missing:
        reporter.write_line("skipped although this machine could have it:", red=True)
        for text in missing:
            reporter.write_line(f"  {text}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
