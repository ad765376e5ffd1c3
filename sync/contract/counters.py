"""Asking for countable rights while a sale waits: `POST /v1/counters`.

A register that is online has lent to it what a sale is short of; the units are then used by the
lease, online and offline in one way. Nothing has to be given up: what no sale used stays lent and
is asked back when another register needs it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sync.contract.feed import FeedRow
from sync.contract.messages import MemberIdField, WireModel
from sync.contract.rights import CounterKind, Units

MAX_WISHES = 16


class CounterWish(WireModel):
    """Lend so much that the sum ever granted to this life of the register becomes `total_units`:
    what it used and gave back by its own records, and what it wants beside that. `kind`, `key` and
    `window` as in `FeedCounterLease`; `member_id` None for rights of nobody's own."""

    kind: CounterKind
    key: Annotated[str, Field(min_length=1, max_length=64)]
    window: Annotated[str, Field(max_length=10)] = ""
    member_id: MemberIdField | None = None
    total_units: Units


class CounterRequest(WireModel):
    """Wishes for one sale."""

    wishes: Annotated[list[CounterWish], Field(min_length=1, max_length=MAX_WISHES)]


class CounterReply(WireModel):
    """The register's own rows of these counters as they are now, `counter_lease` rows of the feed;
    none for a counter that the centre does not know."""

    rows: list[FeedRow] = []
    server_time: str
