"""Answers that nobody waits for any more: no command of a Shtrih-M is carried out for them."""

import pytest

from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.fiscal.shtrih.commands import Cmd
from tests.support.inline_printer import InlineBench
from tests.support.mortal_printing import driver_over

CHANGING = (Cmd.OPEN, Cmd.SALE, Cmd.DISCOUNT, Cmd.PRINT_LINE, Cmd.CLOSE)


def carried_out(script):
    """The verdict, and how often each changing command was carried out."""
    bench = InlineBench("shtrih")
    bench.emulator.send(script)
    printer = driver_over(bench, bench.connect)
    outcome = printer.print_receipt(sample_job("once", 3), MemoryJournal())
    printer.close()
    return outcome.verdict, {cmd: bench.device.executed[cmd] for cmd in CHANGING}


@pytest.mark.parametrize("cmd", CHANGING, ids=lambda cmd: cmd.name)
@pytest.mark.parametrize("fault", ["stale", "stale 3", "nak", "noise", "corrupt"])
def test_a_surplus_answer_carries_nothing_out_twice(fault, cmd):
    assert carried_out(f"{fault} at {int(cmd)}") == carried_out("clear")
