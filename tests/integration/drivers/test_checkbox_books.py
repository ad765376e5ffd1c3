"""Checkbox under random faults and kills, judged by the service's own books.

150 jobs on a new seed each time; ten thousand are `python -m bench.soak.registrar`."""

from tests.support.faulted_registrar import FaultedRegistrar
from tests.support.seeds import fresh_seed

JOBS = 150


def test_each_job_is_one_receipt_whatever_befell_it():
    seed = fresh_seed()
    print("seed", seed)
    register = FaultedRegistrar(seed)
    for _ in range(JOBS):
        register.one_job()
    assert register.wrong == []
    assert register.unknown == 0
    assert register.kills > 0
    assert register.offline > 0


def test_a_driver_that_forgets_is_found_out():
    register = FaultedRegistrar(1, forgets=True)
    for _ in range(20):
        register.one_job()
    assert register.wrong
