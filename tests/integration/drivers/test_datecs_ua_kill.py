"""A driver killed at any point: before, inside or after any write, read or journal entry.

A new driver then has to say what the emulator knows, and the job must come out once. The matrix
is every protocol, every point, both kinds of receipt."""

import random

import pytest

from drivers.conformance.emulated import emulated_printer
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.emulators.dialects import DIALECTS
from tests.support.inline_printer import InlineBench
from tests.support.mortal_printing import (
    SLIP,
    WITHOUT_RETURNS,
    Fate,
    kill_and_check,
    paid_by_both,
    points_of,
    run,
    settle_and_check,
)
from tests.support.seeds import fresh_seed

STRIDE = 10
CELLS = [
    (kind, dialect)
    for dialect in DIALECTS
    for kind in ("sale", "return")
    if dialect != "datecs_ua" and not (kind == "return" and dialect in WITHOUT_RETURNS)
]


@pytest.mark.parametrize("kind", ["sale", "return"])
def test_killed_at_every_single_point(tmp_path, kind):
    with emulated_printer(tmp_path) as bench:
        changes = paid_by_both(kind)
        total = points_of(bench, sample_job("count", 2, SLIP, **changes))
        assert total > 80
        for deadly in range(1, total + 1):
            kill_and_check(bench, deadly, f"killed at point {deadly}", changes)


@pytest.mark.parametrize(("kind", "dialect"), CELLS)
def test_killed_at_points_of_every_protocol(tmp_path, kind, dialect):
    """A few cells of the matrix over a pty, other points in every run."""
    seed = fresh_seed()
    with emulated_printer(tmp_path, dialect=dialect) as bench:
        changes = paid_by_both(kind)
        total = points_of(bench, sample_job("count", 2, SLIP, **changes))
        assert total > 60
        for deadly in random.Random(seed).sample(range(1, total + 1), 5):
            kill_and_check(bench, deadly, f"seed {seed}, killed at point {deadly}", changes)


@pytest.mark.parametrize(("kind", "dialect"), CELLS)
def test_the_matrix_of_every_protocol(kind, dialect):
    """Every tenth point, another tenth in every run; `make soak-paper` goes through them all."""
    bench, changes = InlineBench(dialect), paid_by_both(kind)
    total = points_of(bench, sample_job("count", 2, SLIP, **changes))
    for deadly in range(random.SystemRandom().randint(1, STRIDE), total + 1, STRIDE):
        kill_and_check(bench, deadly, f"killed at point {deadly}", changes)


def test_killed_again_while_reconciling(tmp_path):
    with emulated_printer(tmp_path) as bench:
        seed = fresh_seed()
        chance = random.Random(seed)
        total = points_of(bench, sample_job("count", 2, SLIP))
        for number in range(60):
            job, disk = sample_job(f"job-{number}", 2, SLIP), MemoryJournal()
            before = bench.fiscal_documents()
            deaths = [chance.randint(1, total), chance.randint(1, 20), chance.randint(1, 20)]
            run(bench, job, disk, Fate(deaths[0]))
            for deadly in deaths[1:]:
                verb = chance.choice(["reconcile", "print_receipt"])
                run(bench, job, disk, Fate(deadly), verb)
            settle_and_check(bench, job, disk, before, f"seed {seed}, job {number}, {deaths}")


def test_killed_and_another_job_printed_before_the_first_is_settled(tmp_path):
    """The next sale does not wait: it clears what the dead job left, and both come out once."""
    with emulated_printer(tmp_path) as bench:
        seed = fresh_seed()
        chance = random.Random(seed)
        total = points_of(bench, sample_job("count", 2, SLIP))
        for number in range(40):
            disk, deadly = MemoryJournal(), chance.randint(1, total)
            note = f"seed {seed}, job {number}, killed at {deadly}"
            first, second = sample_job(f"a{number}", 2, SLIP), sample_job(f"b{number}", 1)
            before = bench.fiscal_documents()
            run(bench, first, disk, Fate(deadly))
            died_printed = bench.fiscal_documents() - before
            outcome = run(bench, second, disk, Fate())
            assert outcome.verdict == "printed", (note, outcome)
            settled = run(bench, first, disk, Fate(), "reconcile")
            on_paper = bench.fiscal_documents() - before - 1
            if settled.verdict != "unknown":
                assert settled.verdict == ("printed" if on_paper else "not_printed"), note
            assert on_paper >= died_printed, note
            assert on_paper <= 1, note
