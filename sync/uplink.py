"""Sending a register's facts to the centre: in order, in batches, never given up.

The outbox stays the truth: nothing here deletes, and nothing is acknowledged but what the reply
says the centre has committed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from sync.contract.lanes import BURNS, lane_of
from sync.contract.messages import (
    MAX_BATCH_BYTES,
    MAX_BATCH_FACTS,
    ItemVerdict,
    UploadBatch,
    UploadReply,
)
from sync.errors import CentreRefused, CentreUnavailable

FIRST_SIZE = 200
SIZE_STEP = 50
_SETTLED = frozenset({"accepted", "duplicate", "quarantined"})


class OutboxPort(Protocol):
    """The durable queue of upstream facts."""

    def pending(self, max_facts: int, max_bytes: int) -> UploadBatch | None:
        """The oldest facts not yet acknowledged, consecutive and of one epoch.

        At most `max_facts`, and at most `max_bytes` of bodies unless the first is larger alone.
        """
        ...

    def acknowledge(self, batch: UploadBatch, reply: UploadReply) -> None:
        """Mark each fact whose own verdict is accepted, duplicate or quarantined as sent."""
        ...

    def rewind(self, epoch: int, head_seq: int) -> None:
        """The centre holds this epoch only up to `head_seq`: all above it is pending again."""
        ...


class FactSink(Protocol):
    """Where facts go: `sync.centre_client.CentreClient`, or a store hub."""

    def upload(self, batch: UploadBatch) -> UploadReply: ...


@dataclass(frozen=True, slots=True)
class Fork:
    """The centre holds another fact under this number: a cloned or restored register."""

    epoch: int
    seq: int
    detail: str


@dataclass(frozen=True, slots=True)
class PushResult:
    """What one push did. `more` asks for another push now.

    `quarantined` counts facts that the centre stored without applying. `rewound_to` is the head
    of a centre that has lost or never had our earlier facts. `fork` says that the centre has
    another history of this epoch: both are kept, and the register needs a new epoch. `stuck`
    says that rewinding did not help: facts are gone or damaged.
    """

    sent: int = 0
    duplicates: int = 0
    quarantined: int = 0
    head_seq: int | None = None
    rewound_to: int | None = None
    fork: Fork | None = None
    stuck: bool = False
    more: bool = False


class Uplink:
    """Pushes batches; their size grows by 50 on success and halves on failure (1 … 500)."""

    def __init__(self, client: FactSink, outbox: OutboxPort) -> None:
        self._client = client
        self._outbox = outbox
        self._size = FIRST_SIZE
        self._last_gap: tuple[int, int, int] | None = None

    @property
    def batch_size(self) -> int:
        """Facts that the next batch may hold."""
        return self._size

    def is_urgent(self) -> bool:
        """Whether the next batch spends points, which others could spend meanwhile."""
        batch = self._outbox.pending(self._size, MAX_BATCH_BYTES)
        return batch is not None and lane_of(batch) == BURNS

    def push_once(self) -> PushResult:
        """Send one batch. Raises `CentreUnavailable` or `CentreRefused`; the facts stay."""
        batch = self._outbox.pending(self._size, MAX_BATCH_BYTES)
        if batch is None or not batch.facts:
            return PushResult()
        try:
            reply = self._client.upload(batch)
            verdicts = _matched(batch, reply)
        except CentreUnavailable:
            self._size = max(1, self._size // 2)
            raise
        except CentreRefused as error:
            if error.status == 413 and self._size > 1:
                self._size = max(1, min(self._size, len(batch.facts)) // 2)
                return PushResult(more=True)
            raise
        return self._settle(batch, reply, verdicts)

    def compare_head(self, epoch: int, acknowledged_seq: int, head_seq: int) -> bool:
        """Rewind when a heartbeat shows the centre below what it once acknowledged.

        True when it did: the centre was restored from an older copy of itself."""
        if head_seq >= acknowledged_seq:
            return False
        self._outbox.rewind(epoch, head_seq)
        return True

    def _settle(
        self, batch: UploadBatch, reply: UploadReply, verdicts: list[ItemVerdict]
    ) -> PushResult:
        settled = [item for item in verdicts if item.verdict in _SETTLED]
        has_gap = any(item.verdict == "gap" for item in verdicts)
        forked = next((item for item in verdicts if item.verdict == "fork"), None)
        if len(settled) == len(verdicts) and reply.head_seq < batch.facts[-1].seq:
            raise CentreUnavailable("the reply accepts facts above its own head")
        if settled or forked is not None:
            # By verdict, not by head: after a fork the head is another history's.
            self._outbox.acknowledge(batch, reply)
            self._last_gap = None
        if len(settled) == len(verdicts) >= self._size:
            self._size = min(MAX_BATCH_FACTS, self._size + SIZE_STEP)
        result = PushResult(
            sent=len(settled),
            duplicates=_count(verdicts, "duplicate"),
            quarantined=_count(verdicts, "quarantined"),
            head_seq=reply.head_seq,
            more=forked is None and not has_gap,
        )
        if forked is not None:
            return replace(result, fork=Fork(batch.epoch, forked.seq, forked.detail))
        return self._rewind(batch, reply, result) if has_gap else result

    def _rewind(self, batch: UploadBatch, reply: UploadReply, result: PushResult) -> PushResult:
        gap = (batch.epoch, batch.facts[0].seq, reply.head_seq)
        if gap == self._last_gap:
            # Rewound already, and the outbox still offers what the centre cannot link.
            return replace(result, stuck=True)
        self._last_gap = gap
        self._outbox.rewind(batch.epoch, reply.head_seq)
        return replace(result, rewound_to=reply.head_seq, more=True)


def _matched(batch: UploadBatch, reply: UploadReply) -> list[ItemVerdict]:
    """One verdict for each fact sent, or `CentreUnavailable`: half a reply settles nothing."""
    by_seq = {item.seq: item for item in reply.verdicts}
    if any(fact.seq not in by_seq for fact in batch.facts):
        raise CentreUnavailable("the reply does not answer every fact that was sent")
    return [by_seq[fact.seq] for fact in batch.facts]


def _count(verdicts: Iterable[ItemVerdict], verdict: str) -> int:
    return sum(item.verdict == verdict for item in verdicts)
