"""What holds for every test: on a CI machine that may install everything, nothing is left out."""

from __future__ import annotations

import os

import pytest

NEEDED = ("chromium", "zbar", "postgres")


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
