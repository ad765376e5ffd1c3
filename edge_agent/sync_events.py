"""What the exchange with the centre has to tell the log."""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.bundles import BundleStore
from edge_agent.clock import ClockState
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from sync.bucket_check import Comparison
from sync.downlink import PullResult
from sync.uplink import PushResult


class SyncEvents:
    """Turns results into events, each said once while it lasts.

    `fence` is told the epoch of which the centre holds another history; it must not block."""

    def __init__(self, bundles: BundleStore, fence: Callable[[int], object]) -> None:
        self._bundles = bundles
        self._fence = fence
        self._clock_off = False
        self._refused_sequence = 0

    def pushed(self, result: PushResult) -> None:
        """After each upload."""
        if result.sent:
            emit(Event.FACTS_SENT, sent=result.sent, duplicates=result.duplicates)
        if result.quarantined:
            emit(Event.FACT_QUARANTINED, facts=result.quarantined)
        if result.rewound_to is not None:
            emit(Event.CENTRE_RESTORED, head_seq=result.rewound_to)
        if result.fork is not None:
            emit(Event.EPOCH_FENCED, epoch=result.fork.epoch, seq=result.fork.seq)
            self._fence(result.fork.epoch)

    def applied(self, result: PullResult) -> None:
        """After each page of the feed; also the moment to notice a refused bundle."""
        if result.rows:
            emit(Event.FEED_APPLIED, rows=result.rows)
        if result.restored:
            emit(Event.RIGHTS_TOLD, leases=result.restored)
        if result.was_reset and result.downloaded:
            emit(Event.SNAPSHOT_TAKEN)
        refused = self._bundles.refused
        if refused is not None and refused.sequence != self._refused_sequence:
            self._refused_sequence = refused.sequence
            emit(Event.RULES_REFUSED, sequence=refused.sequence, code=refused.code)

    def compared(self, found: Comparison) -> None:
        """After each comparison with the centre's checksums."""
        if found.different:
            emit(
                Event.CACHE_MENDED,
                buckets=found.different,
                written=found.written,
                dropped=found.dropped,
                left=found.left,
            )

    def clock(self, state: ClockState) -> None:
        """After each answer of the centre."""
        if state.is_off and not self._clock_off:
            emit(Event.CLOCK_OFF, offset_ms=state.offset_ms, error_ms=state.error_ms)
        self._clock_off = state.is_off
