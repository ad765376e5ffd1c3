"""Checkbox under random faults and kills, judged by the service's own books.

150 jobs on a new seed each time; ten thousand are `python -m bench.soak.registrar`."""

import os
import random

from tests.support.faulted_registrar import FaultedRegistrar

JOBS = 150


def test_each_job_is_one_receipt_whatever_befell_it():
    given = os.environ.get("REGISTRAR_SEED")
    seed = int(given) if given else random.SystemRandom().randrange(2**32)
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
