"""Becoming a member at the till, and another card for one: put to the centre live, for names and
phones stand in no fact."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sync.contract.feed import FeedRow
from sync.contract.messages import MemberIdField, WireModel

CardKey = Annotated[str, Field(pattern=r"^card:[0-9A-Za-z]{1,100}$")]
NO_CARD = r"^(card:[0-9A-Za-z]{1,100})?$"


class JoinRequest(WireModel):
    """A buyer's own data; `consent_at` is when they agreed. Safe to repeat: the phone decides."""

    phone: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{7,14}$")]
    name: Annotated[str, Field(min_length=1, max_length=80)]
    birthday: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    token_key: Annotated[str, Field(pattern=NO_CARD)] = ""
    consent_at: Annotated[str, Field(max_length=40)]


class JoinReply(WireModel):
    """The member's rows; `known` when the phone was somebody's already, whose data stay."""

    state: Literal["joined", "known", "card_taken"]
    rows: list[FeedRow] = []
    server_time: str


class CardRequest(WireModel):
    """Another card for a member: the earlier cards lead nowhere from then on. Safe to send again.

    `author` is whose word allowed it."""

    member_id: MemberIdField
    token_key: CardKey
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    author: Annotated[str, Field(max_length=80)]


class CardReply(WireModel):
    """The member's rows as they are now."""

    state: Literal["bound", "card_taken", "no_such_member"]
    rows: list[FeedRow] = []
    server_time: str
