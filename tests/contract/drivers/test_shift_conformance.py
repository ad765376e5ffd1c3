"""The shift's part of the conformance suite on every emulated device."""

import pytest

from drivers.conformance.emulated import emulated_printer
from drivers.conformance.emulated_checkbox import emulated_checkbox
from drivers.conformance.emulated_shift import EmulatedShiftBench
from drivers.conformance.shift_printer import SHIFT_CHECKS, check_counts_a_z_once
from drivers.emulators.dialects import DIALECTS


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("check", SHIFT_CHECKS, ids=lambda check: check.__name__)
def test_the_driver_keeps_the_shift(check, dialect, tmp_path):
    with emulated_printer(tmp_path, "tcp", dialect=dialect) as bench:
        check(EmulatedShiftBench(bench))


@pytest.mark.parametrize("check", SHIFT_CHECKS, ids=lambda check: check.__name__)
def test_checkbox_keeps_the_shift(check):
    with emulated_checkbox() as bench:
        check(EmulatedShiftBench(bench))


def test_the_suite_notices_a_driver_that_makes_a_second_z(tmp_path):
    """A driver that opens a new act each time it is asked."""
    with emulated_printer(tmp_path, "tcp", dialect="datecs_p") as bench:
        asked = []

        class Forgetful(EmulatedShiftBench):
            def open(self):
                printer = super().open()
                run = printer.run_shift

                def run_anew(job, journal):
                    asked.append(job)
                    return run(type(job)(f"{job.job_id}-{len(asked)}", job.action), journal)

                printer.run_shift = run_anew
                return printer

        with pytest.raises(AssertionError, match="not exactly one Z"):
            check_counts_a_z_once(Forgetful(bench))
