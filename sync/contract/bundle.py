"""The bundle: one immutable JSON file with a programme's rules, signed over its exact bytes.

A rule file is the same JSON without the header that `seal` adds. Every refusal is an
`InvalidRuleset` whose `field` is a readable path such as `promotions[3].effect.percent_bp`;
the codes stand in `REFUSALS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field
from pydantic.json_schema import models_json_schema

from loyalty.errors import InvalidRuleset
from loyalty.promotions.ruleset import GroupMode, Ruleset
from sync.contract.kill_list import KillList
from sync.contract.messages import canonical_json
from sync.contract.rule_checks import Conflict as Conflict
from sync.contract.rule_checks import conflicts as conflicts
from sync.contract.rule_fields import Identifier, Note, RuleModel, Word
from sync.contract.rule_programme import ProgrammeModel
from sync.contract.rule_promotion import PromotionModel
from sync.contract.rule_reading import (
    MAX_DEPTH,
    MAX_KEYS,
    SCHEMA_VERSION,
    Instant,
    Sequence,
    check_sequence,
    check_size,
    public_key_of,
    read_model,
    refuse_signature,
)
from sync.contract.rule_reading import REFUSALS as REFUSALS
from sync.contract.rule_receipt import ReceiptTemplateModel
from sync.contract.rule_since import version_key
from sync.contract.signing import verify_bundle

MAX_BUNDLE_BYTES = 5 * 1024 * 1024
MAX_PROMOTIONS = 10_000
MAX_GROUPS = MAX_KEYS
GRACE_HOURS = 72

Version = Annotated[str, Field(pattern=r"^\d{1,5}(\.\d{1,5}){0,3}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Freshness = Literal["not_yet", "valid", "grace", "expired"]
Lineage = Literal["root", "continues", "gap", "fork"]


class BundleDraft(RuleModel):
    """A rule file. `group_parents` maps each goods group to its parent, `null` for a root.

    Registers take a bundle up to `grace_hours` after it expired, and say so on their screens.
    `stopped` are promotions that no longer act, beside the kill-list that comes on its own.
    `receipt` changes the built-in slip.
    """

    schema_version: Annotated[int, Field(strict=True)] = SCHEMA_VERSION
    note: Note = ""
    not_before: Instant | None = None
    expires_at: Instant | None = None
    grace_hours: Annotated[int, Field(strict=True, ge=0, le=8_784)] = GRACE_HOURS
    min_agent_version: Version | None = None
    programme: ProgrammeModel = ProgrammeModel()
    group_parents: Annotated[dict[Word, Word | None], Field(max_length=MAX_GROUPS)] = Field(
        default_factory=dict
    )
    group_modes: Annotated[dict[Word, GroupMode], Field(max_length=MAX_PROMOTIONS)] = Field(
        default_factory=dict
    )
    promotions: Annotated[list[PromotionModel], Field(max_length=MAX_PROMOTIONS)] = Field(
        default_factory=list
    )
    stopped: Annotated[list[Identifier], Field(max_length=MAX_PROMOTIONS)] = Field(
        default_factory=list
    )
    receipt: ReceiptTemplateModel | None = None

    def to_ruleset(self, sequence: int) -> Ruleset:
        """The rules as the engine takes them."""
        return Ruleset(
            sequence=sequence,
            programme=self.programme.to_rule(),
            promotions=tuple(promotion.to_rule() for promotion in self.promotions),
            group_parents={name: parent or "" for name, parent in self.group_parents.items()},
            group_modes=dict(self.group_modes),
            stopped=frozenset(self.stopped),
        )


class _Sealed(BundleDraft):
    sequence: Sequence
    created_at: Instant
    parent_sha256: Sha256 | None = None


class Bundle(_Sealed):
    """A sealed rule file."""

    kind: Literal["bundle"]

    def to_ruleset(self, sequence: int | None = None) -> Ruleset:
        """The rules under the bundle's own sequence."""
        return super().to_ruleset(self.sequence if sequence is None else sequence)

    def freshness(self, now: datetime) -> Freshness:
        """How the bundle stands to its dates at an aware instant.

        A register goes on with what it runs whatever this says, and shows `grace` and `expired`
        as a warning; a download that is `not_yet` or `expired` is refused.
        """
        instant = now.astimezone(UTC)
        if self.not_before and instant < datetime.fromisoformat(self.not_before):
            return "not_yet"
        if self.expires_at is None:
            return "valid"
        over = instant - datetime.fromisoformat(self.expires_at)
        if over < timedelta(0):
            return "valid"
        return "grace" if over < timedelta(hours=self.grace_hours) else "expired"

    def lineage(self, held: Mapping[int, str]) -> Lineage:
        """How the bundle follows those that a register holds (sequence to SHA-256, hex).

        `root` names no parent, `continues` names one that is held, `gap` one that never came
        here. `fork` follows the sequence just before, yet not the bytes held under it: the
        centre has published that number twice, as after a restore. No lineage is refused, for a
        register that was off skips bundles; a fork is worth an event.
        """
        if self.parent_sha256 is None:
            return "root"
        if self.parent_sha256 in held.values():
            return "continues"
        return "fork" if self.sequence - 1 in held else "gap"


AnyDraft = TypeVar("AnyDraft", bound=BundleDraft)


def parse_draft(data: bytes) -> BundleDraft:
    """Read a rule file; raises `InvalidRuleset` naming the first fault."""
    return _parse(data, BundleDraft)


def parse_bundle(data: bytes) -> Bundle:
    """Read a sealed bundle without checking its signature; raises `InvalidRuleset`."""
    return _parse(data, Bundle)


def seal(
    draft_bytes: bytes,
    sequence: int,
    created_at: str,
    *,
    parent_sha256: str | None = None,
    not_before: str | None = None,
    expires_at: str | None = None,
    min_agent_version: str | None = None,
) -> bytes:
    """The canonical bytes of the bundle: these are what is hashed, signed and sent.

    Instants are UTC with `Z`. The keyword arguments replace what the draft says; those left out
    stay as in the draft. Promotions in state `draft` are left out. `parent_sha256` is that of the
    bundle published before.
    """
    draft = parse_draft(draft_bytes)
    body = draft.model_dump(mode="json", exclude_unset=True)
    if "promotions" in body:
        body["promotions"] = [p for p in body["promotions"] if p.get("state") != "draft"]
    body |= {
        "kind": "bundle",
        "schema_version": SCHEMA_VERSION,
        "sequence": sequence,
        "created_at": created_at,
    }
    options = {
        "parent_sha256": parent_sha256,
        "not_before": not_before,
        "expires_at": expires_at,
        "min_agent_version": min_agent_version,
    }
    body |= {name: value for name, value in options.items() if value is not None}
    data = canonical_json(body)
    parse_bundle(data)
    return data


def open_bundle(
    data: bytes,
    signature: bytes,
    key_id: str,
    trusted_keys: Mapping[str, bytes],
    newest_sequence: int,
    now: datetime,
    agent_version: str = "",
) -> Bundle:
    """Check a downloaded bundle and read it.

    `trusted_keys` maps key ids to 32-byte public keys, `newest_sequence` is the highest sequence
    ever accepted, `now` is aware. Raises `InvalidRuleset` with a code of `REFUSALS`.
    """
    check_size(data, MAX_BUNDLE_BYTES)
    if not verify_bundle(public_key_of(key_id, trusted_keys), data, signature):
        raise refuse_signature()
    bundle = parse_bundle(data)
    check_sequence(bundle.sequence, newest_sequence)
    _check_dates(bundle, now)
    if agent_version and version_key(bundle.min_agent_version or "0") > version_key(agent_version):
        raise InvalidRuleset(
            "agent_too_old", f"needs agent {bundle.min_agent_version}", "min_agent_version"
        )
    return bundle


def _check_dates(bundle: Bundle, now: datetime) -> None:
    freshness = bundle.freshness(now)
    if freshness == "expired":
        message = f"expired at {bundle.expires_at}, grace {bundle.grace_hours} h"
        raise InvalidRuleset("expired", message, "expires_at")
    if freshness == "not_yet":
        raise InvalidRuleset("not_yet_valid", f"valid from {bundle.not_before}", "not_before")


def json_schema() -> dict[str, Any]:
    """JSON Schema of rule file, sealed bundle and kill-list, for editors and docs/reference."""
    models: tuple[type[RuleModel], ...] = (BundleDraft, Bundle, KillList)
    _, schema = models_json_schema(
        [(model, "validation") for model in models],
        title="Rule file (BundleDraft), sealed bundle (Bundle) or kill-list (KillList)",
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "anyOf": [{"$ref": f"#/$defs/{model.__name__}"} for model in models],
        **schema,
    }


def _parse(data: bytes, model: type[AnyDraft]) -> AnyDraft:
    parsed = read_model(data, model, MAX_BUNDLE_BYTES)
    _check_ids(parsed)
    _check_tree(parsed.group_parents)
    return parsed


def _check_ids(draft: BundleDraft) -> None:
    seen: set[str] = set()
    for index, promotion in enumerate(draft.promotions):
        if promotion.promotion_id in seen:
            field = f"promotions[{index}].promotion_id"
            raise InvalidRuleset("duplicate_id", f"{promotion.promotion_id} occurs twice", field)
        seen.add(promotion.promotion_id)


def _check_tree(parents: Mapping[str, str | None]) -> None:
    depths: dict[str, int] = {}
    for start in parents:
        trail: list[str] = []
        node: str | None = start
        while node is not None and node not in depths:
            if len(trail) > MAX_DEPTH:
                _refuse_tree(node, trail)
            trail.append(node)
            node = parents.get(node)
        depth = depths[node] if node is not None else 0
        for name in reversed(trail):
            depth += 1
            depths[name] = depth
        if depth > MAX_DEPTH:
            _refuse_tree(start, [])


def _refuse_tree(node: str, trail: list[str]) -> None:
    field = f"group_parents.{node}"
    if node in trail:
        raise InvalidRuleset("group_cycle", f"group {node} is above itself", field)
    raise InvalidRuleset("too_deep", f"group {node} is over {MAX_DEPTH} levels down", field)
