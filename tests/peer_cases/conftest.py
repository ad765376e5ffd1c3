"""`--promo-cases FILE`: run the cases of a file; without it, the repository's own copies.

Each case is one test; near the end stands how many strict keys hold.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peer_cases.case_file import Case, CaseFileError, read_cases
from tests.peer_cases.outcome import KeyResult, judge

OWN = Path(__file__).parents[1] / "data" / "peer_cases"
MAX_NAMED = 200

CASES = pytest.StashKey[tuple[Case, ...]]()
TALLY = pytest.StashKey[dict[str, list[KeyResult]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--promo-cases",
        metavar="FILE",
        default=None,
        help="promotion cases in the neutral schema (default: the copies under tests/data)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TALLY] = {}
    if config.getoption("--promo-cases", default=None) is not None:
        _cases(config)


def _cases(config: pytest.Config) -> tuple[Case, ...]:
    if CASES not in config.stash:
        chosen = config.getoption("--promo-cases", default=None)
        paths = sorted(OWN.glob("*.json")) if chosen is None else [Path(chosen)]
        try:
            config.stash[CASES] = tuple(case for path in paths for case in read_cases(path))
        except CaseFileError as problem:
            raise pytest.UsageError(f"--promo-cases: {problem}") from None
    return config.stash[CASES]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "peer_case" in metafunc.fixturenames:
        cases = _cases(metafunc.config)
        metafunc.parametrize("peer_case", cases, ids=[case.case_id for case in cases])


@pytest.fixture
def judged(request: pytest.FixtureRequest, peer_case: Case) -> list[KeyResult]:
    """The case's keys. They count as not held until the product has answered."""
    tally = request.config.stash[TALLY]
    tally[peer_case.case_id] = [
        KeyResult(peer_case.case_id, key, peer_case.expect.get(key), "no answer", False, True)
        for key in peer_case.strict
    ]
    results = judge(peer_case)
    tally[peer_case.case_id] = results
    return results


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    results = [result for each in config.stash[TALLY].values() for result in each]
    if not results:
        return
    strict = [result for result in results if result.is_strict]
    others = [result for result in results if not result.is_strict]
    terminalreporter.section("peer cases")
    for title, rows in (("not held", strict), ("not held (informational)", others)):
        missed = [result for result in rows if not result.holds]
        for result in missed[:MAX_NAMED]:
            terminalreporter.write_line(f"{title}: {result}"[:1000])
        if len(missed) > MAX_NAMED:
            terminalreporter.write_line(f"{title}: {len(missed) - MAX_NAMED} more")
    held = sum(result.holds for result in others)
    terminalreporter.write_line(f"other keys (informational): {held} of {len(others)} hold")
    held = sum(result.holds for result in strict)
    terminalreporter.write_line(f"strict: {held} of {len(strict)} keys hold")
