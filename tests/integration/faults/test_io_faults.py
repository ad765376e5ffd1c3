"""Calls of one sale on the ledger fail in a real agent: never an approval without durability.

`python -m bench.soak.durable_io_faults` fails every call with each kind of failure, over and over.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.io_faults import Faults, FaultyAgent, NoCompiler


def test_whatever_call_fails_no_sale_is_approved_that_is_not_on_disk(tmp_path: Path) -> None:
    try:
        faulty = FaultyAgent(tmp_path)
    except NoCompiler as why:
        pytest.skip(str(why))
    found = Faults()
    with faulty:
        for kind, step in (("EIO", 2), ("ENOSPC", 5), ("short write", 5)):
            faulty.every_call(kind, found, step=step)
    faulty.judge(found)
    assert found.is_sound, found
    assert found.answers["EIO s", 503] >= 1
    assert found.answers["EIO w", 503] >= 8
    assert sum(count for (what, code), count in found.answers.items() if code == 200) > 0, (
        "on a full disk the reserve lets the sale through"
    )
