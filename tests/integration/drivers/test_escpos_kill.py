"""A receipt printer's driver killed at any point: what a new one says is true, or `unknown`.

The kill is an exception no driver code can catch, before, inside or after a write, a read or a
journal entry; what survives is the journal as it was put, and the printer."""

import pytest

from drivers.conformance.emulated_receipts import QUICK, emulated_receipts
from drivers.conformance.receipt_printer import slip_job
from drivers.conformance.samples import MemoryJournal
from drivers.receipt.driver import DEFAULTS, read_options
from drivers.receipt.printer import EscPosPrinter
from drivers.transport import open_transport
from tests.support.mortal_printing import Fate, Killed, MortalJournal, MortalPort

LINES = ("Їжак ґречний", "Баланс: 345,50 бонуса", "Дякуємо!")


def attempt(bench, job_id, disk, fate, options):
    """One life of the driver; its outcome, or `None` when it was killed."""
    ports = []

    def connect():
        ports.append(open_transport(bench.emulator.url))
        return MortalPort(ports[-1], fate)

    printer = EscPosPrinter(connect, options)
    try:
        return printer.print_receipt(slip_job(job_id, *LINES), MortalJournal(disk, fate))
    except Killed:
        return None
    finally:
        for port in ports:
            port.close()


@pytest.mark.parametrize("counts", [True, False])
def test_killed_at_every_single_point(tmp_path, counts):
    options = read_options({**DEFAULTS, **QUICK, "counts": counts}, False)
    with emulated_receipts(tmp_path) as bench:
        whole = Fate()
        assert attempt(bench, "count", MemoryJournal(), whole, options).verdict == "printed"
        assert whole.points > 15
        verdicts = {}
        for deadly in range(1, whole.points + 1):
            disk, job, before = MemoryJournal(), f"job-{deadly}", bench.slips()
            assert attempt(bench, job, disk, Fate(deadly), options) is None
            printer = bench.open(counts=counts)
            found = printer.reconcile(slip_job(job, *LINES), disk)
            came_out = bench.slips() - before
            if found.verdict != "unknown":
                assert came_out == (1 if found.verdict == "printed" else 0), deadly
            verdicts[found.verdict] = verdicts.get(found.verdict, 0) + 1
            again = printer.print_receipt(slip_job(job, *LINES), disk)
            printer.close()
            assert again.verdict == ("unknown" if found.verdict == "unknown" else "printed")
            assert bench.slips() - before <= 1, f"doubled at point {deadly}"
            if again.verdict == "printed":
                assert bench.slips() - before == 1, f"lost at point {deadly}"
        assert set(verdicts) == {"printed", "not_printed", "unknown"}
        if counts:
            assert verdicts["unknown"] < verdicts["printed"], verdicts
