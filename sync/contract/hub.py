"""What registers and their store's hub say to each other beside `sync.contract.rights`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sync.contract.messages import MemberIdField, Points, Uuid, WireModel

MAX_IDS = 500
MAX_SPENT = 20_000


class HubBeat(WireModel):
    """`POST /v1/hub/beat`, every second: a register is here, and how far the centre has its log.

    `settled` are authorisations whose sales the centre has acknowledged, `dropped` those that were
    given up for ever; each is said until one beat has been answered."""

    epoch: Annotated[int, Field(ge=1)]
    acked_seq: Annotated[int, Field(ge=0)] = 0
    settled: Annotated[list[Uuid], Field(max_length=MAX_IDS)] = []
    dropped: Annotated[list[Uuid], Field(max_length=MAX_IDS)] = []


class PeerSpent(WireModel):
    """Points of a member that other registers of the store spent and the centre has not yet."""

    member_id: MemberIdField
    points: Points


class HubBeatReply(WireModel):
    """`copied_seq`: the second copy of the caller's log ends here.

    `feed` says whether the hub keeps the store's feed, and whether it has lately read it to its
    end (`stale`: it has not); `feed_at` is its cursor, so that a beat is also the hint."""

    term: int
    copied_seq: int
    feed: Literal["none", "stale", "current"] = "none"
    feed_at: Annotated[str, Field(max_length=200)] = ""
    spent: Annotated[list[PeerSpent], Field(max_length=MAX_SPENT)] = []
    server_time: str
