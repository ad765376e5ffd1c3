"""One job handed in a hundred times by eight threads over three lives of the driver: one slip."""

import threading

import pytest

from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.emulators.dialects import DIALECTS
from tests.support.inline_printer import InlineBench
from tests.support.mortal_printing import driver_over

THREADS, TIMES, LIVES = 8, 100, 3


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_hundred_times_is_once(dialect):
    bench, journal = InlineBench(dialect), MemoryJournal()
    job, turn, verdicts = sample_job("same", 2), threading.Lock(), []
    for _ in range(LIVES):
        printer = driver_over(bench, bench.connect)

        def hand_in(printer=printer):
            for _ in range(TIMES // THREADS + 1):
                with turn:  # the one thread that the agent gives a device
                    verdicts.append(printer.print_receipt(job, journal).verdict)

        threads = [threading.Thread(target=hand_in) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        printer.close()
    assert len(verdicts) >= LIVES * TIMES
    assert set(verdicts) == {"printed"}
    assert bench.fiscal_documents() == 1
    printer = driver_over(bench, bench.connect)
    other = printer.print_receipt(sample_job("same", 3), journal)
    printer.close()
    assert (other.verdict, other.reason) == ("not_printed", "job_conflict")
    assert bench.fiscal_documents() == 1
