"""Sales through a network that drops, doubles, delays and cuts; the volume runs in `bench.soak`."""

from __future__ import annotations

import time

import pytest

from bench.soak.durable_sync import Till, through_a_rough_network
from sync.contract.messages import ItemVerdict, UploadReply
from sync.errors import CentreUnavailable

SEED = 20_261_122
pytestmark = pytest.mark.postgres


def test_every_sale_is_there_exactly_once(tmp_path):
    wrong, figures = through_a_rough_network(
        tmp_path, 1_200, SEED, time.monotonic() + 60, registers=2, at_once=8
    )
    assert wrong == [], (SEED, figures)
    assert figures["sales"] == 1_200
    treated = figures["treated"]
    assert min(treated[fate] for fate in ("double", "drop_request", "drop_answer")) > 5
    assert min(treated[fate] for fate in ("cut_request", "cut_answer", "late")) > 0


def hopeful(till: Till) -> None:
    """A register that takes a lost answer for a good one, and does not look back when the centre
    tells it of a gap (that alone would heal it)."""
    till.drain_s = 3
    till.uplink._outbox.rewind = lambda *_: None
    client = till.uplink._client
    upload = client.upload

    def believing(batch):
        try:
            return upload(batch)
        except CentreUnavailable:
            verdicts = [ItemVerdict(seq=fact.seq, verdict="accepted") for fact in batch.facts]
            last = batch.facts[-1]
            return UploadReply(
                verdicts=verdicts, head_seq=last.seq, head_hash=last.hash, server_time=""
            )

    client.upload = believing


def test_the_judge_notices_a_register_that_only_hopes(tmp_path):
    wrong, _ = through_a_rough_network(
        tmp_path, 300, SEED, time.monotonic() + 20, registers=1, at_once=12, spoil=hopeful
    )
    assert any("stored" in sentence or "queue" in sentence for sentence in wrong)
