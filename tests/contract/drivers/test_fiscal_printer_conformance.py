"""The conformance suite on the emulated printer, over a pty and over TCP."""

import pytest

from drivers.conformance.emulated import emulated_printer
from drivers.conformance.fiscal_printer import FISCAL_PRINTER_CHECKS, check_prints_a_job_once
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.emulators.dialects import DIALECTS


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("wire", ["pty", "tcp"])
@pytest.mark.parametrize("check", FISCAL_PRINTER_CHECKS, ids=lambda check: check.__name__)
def test_the_driver_conforms(check, wire, dialect, tmp_path):
    with emulated_printer(tmp_path, wire, dialect=dialect) as bench:
        check(bench)


def test_the_suite_notices_a_driver_that_prints_twice(tmp_path):
    """A driver that forgets what it printed, made by losing the journal between attempts."""
    with emulated_printer(tmp_path) as bench:

        class Forgetful:
            def __init__(self):
                self._printer = bench.open()

            def print_receipt(self, job, _journal):
                return self._printer.print_receipt(job, MemoryJournal())

            def close(self):
                self._printer.close()

        class ForgetfulBench:
            fiscal_documents = staticmethod(bench.fiscal_documents)
            open = staticmethod(Forgetful)

        with pytest.raises(AssertionError, match="more than once"):
            check_prints_a_job_once(ForgetfulBench)


def test_sixty_receipts_of_ten_lines(tmp_path):
    """Sums stay exact over many receipts, and the journal is written a handful of times each."""
    with emulated_printer(tmp_path) as bench:
        printer, journal = bench.open(), MemoryJournal()
        expected = 0
        for number in range(60):
            job = sample_job(f"job-{number}", lines=10)
            assert printer.print_receipt(job, journal).verdict == "printed"
            expected += job.document.payable_minor
        printer.close()
        assert sum(receipt.total_minor for receipt in bench.receipts()) == expected
        assert bench.fiscal_documents() == 60
        assert journal.puts < 60 * 6
