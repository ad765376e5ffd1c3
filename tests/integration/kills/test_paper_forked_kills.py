"""Printing processes killed by the kernel on virtual time: each protocol at each kind of point."""

import json
import subprocess
import sys

from tests.support.seeds import fresh_seed
from tests.support.sigkill_lives import POINTS
from tests.support.sigkill_matrix import PROTOCOLS


def test_every_protocol_is_killed_at_every_kind_of_point():
    seed = fresh_seed()
    print("seed", seed)
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.forked_round", str(seed)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert set(told) == set(PROTOCOLS)
    for dialect, found in told.items():
        assert sum(found["verdicts"].values()) == len(POINTS), dialect
        assert found["naive"] == 2, f"{dialect}: the driver that forgets did not print twice"
