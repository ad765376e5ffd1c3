"""Random faults at random commands, whatever the protocol: the verdict is the emulator's truth."""

import pytest

from drivers.emulators.dialects import DIALECTS
from tests.support.faulted_printing import FaultedPrinter
from tests.support.seeds import fresh_seed

JOBS = 40


@pytest.mark.parametrize("dialect", DIALECTS)
def test_random_faults(dialect):
    seed = fresh_seed()
    print("seed", seed)
    printer = FaultedPrinter(dialect, seed)
    for _ in range(JOBS):
        printer.one_job()
    assert printer.jobs == JOBS
    assert printer.wrong == []


def test_a_driver_that_forgets_is_found_out():
    """The same jobs with a journal that loses everything between two attempts."""
    printer = FaultedPrinter("datecs_ua", 1, forgets=True)
    for _ in range(JOBS):
        printer.one_job()
    assert printer.wrong
