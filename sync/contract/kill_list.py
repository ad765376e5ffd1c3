"""The kill-list: a tiny signed file that stops promotions at once, without a new bundle.

It always names *all* promotions that are stopped, so a newer list replaces an older one. A
register stops what the list or its bundle names; a promotion acts again once it runs a bundle of at
least the sequence of the list that lets it go (ADR 0016).
The list has a sequence of its own and no dates, so a wrong clock never keeps one away. Refusals are
`InvalidRuleset` with codes of `sync.contract.rule_reading.REFUSALS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as ListOf
from typing import Annotated, Literal

from pydantic import Field

from loyalty.errors import InvalidRuleset
from sync.contract.messages import canonical_json
from sync.contract.rule_fields import Identifier, RuleModel, Text
from sync.contract.rule_reading import (
    SCHEMA_VERSION,
    Instant,
    Sequence,
    check_sequence,
    check_size,
    public_key_of,
    read_model,
    refuse_signature,
)
from sync.contract.signing import verify_kill_list

MAX_KILL_LIST_BYTES = 1024 * 1024
MAX_STOPPED = 1_000


class StoppedPromotion(RuleModel):
    """A promotion that no longer acts: why, and since when (UTC)."""

    promotion_id: Identifier
    reason: Text
    at: Instant


class KillList(RuleModel):
    """All promotions stopped by hand."""

    kind: Literal["kill_list"]
    schema_version: Annotated[int, Field(strict=True)] = SCHEMA_VERSION
    sequence: Sequence
    created_at: Instant
    stopped: Annotated[list[StoppedPromotion], Field(max_length=MAX_STOPPED)] = []

    @property
    def promotion_ids(self) -> frozenset[str]:
        """What `loyalty.promotions.circumstances.Circumstances.stopped` takes."""
        return frozenset(stop.promotion_id for stop in self.stopped)


def seal_kill_list(stopped: ListOf[StoppedPromotion], sequence: int, created_at: str) -> bytes:
    """The canonical bytes: these are what is signed (`sign_kill_list`) and sent.

    `created_at` is UTC with `Z`. Raises `InvalidRuleset` for what `open_kill_list` would refuse.
    """
    data = canonical_json(
        {
            "kind": "kill_list",
            "schema_version": SCHEMA_VERSION,
            "sequence": sequence,
            "created_at": created_at,
            "stopped": [stop.model_dump(mode="json") for stop in stopped],
        }
    )
    parse_kill_list(data)
    return data


def parse_kill_list(data: bytes) -> KillList:
    """Read a kill-list without checking its signature; raises `InvalidRuleset`."""
    kill_list = read_model(data, KillList, MAX_KILL_LIST_BYTES)
    seen: set[str] = set()
    for index, stop in enumerate(kill_list.stopped):
        if stop.promotion_id in seen:
            field = f"stopped[{index}].promotion_id"
            raise InvalidRuleset("duplicate_id", f"{stop.promotion_id} occurs twice", field)
        seen.add(stop.promotion_id)
    return kill_list


def open_kill_list(
    data: bytes,
    signature: bytes,
    key_id: str,
    trusted_keys: Mapping[str, bytes],
    newest_sequence: int,
) -> KillList:
    """Check a downloaded kill-list and read it.

    `trusted_keys` maps key ids to 32-byte public keys (those of bundles), `newest_sequence` is the
    highest sequence ever accepted, 0 when there is none. Raises `InvalidRuleset`.
    """
    check_size(data, MAX_KILL_LIST_BYTES)
    if not verify_kill_list(public_key_of(key_id, trusted_keys), data, signature):
        raise refuse_signature()
    kill_list = parse_kill_list(data)
    check_sequence(kill_list.sequence, newest_sequence)
    return kill_list
