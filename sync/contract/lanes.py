"""Which request goes first when there are too many: a sale's question, what spends points, what
earns them or brings state down, and reports last."""

from __future__ import annotations

from typing import Final

from sync.contract.messages import UploadBatch

AUTHORISE: Final = "authorise"
BURNS: Final = "burns"
EARNS: Final = "earns"
TELEMETRY: Final = "telemetry"
LANES: Final = (AUTHORISE, BURNS, EARNS, TELEMETRY)

_BURNT = '"redemption":{'
_BURNS = frozenset({"lease_close", "lease_returned", "counter_lease_returned", "purse_floor"})


def lane_of(batch: UploadBatch) -> str:
    """`burns` when a fact of the batch moves points that others could spend meanwhile.

    The order of a register's facts is never changed: a burn takes what stands before it along."""
    is_burn = any(fact.kind in _BURNS or _BURNT in fact.body for fact in batch.facts)
    return BURNS if is_burn else EARNS
