"""The bundle: one immutable JSON file with a programme's rules, signed over its exact bytes.

A rule file is the same JSON without the header that `seal` adds. Every refusal is an
`InvalidRuleset` whose `field` is a readable path such as `promotions[3].effect.percent_bp`;
the codes stand in `REFUSALS`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic.json_schema import models_json_schema

from loyalty.errors import InvalidRuleset
from loyalty.promotions.ruleset import GroupMode, Ruleset
from sync.contract.messages import canonical_json
from sync.contract.rule_checks import Conflict as Conflict
from sync.contract.rule_checks import conflicts as conflicts
from sync.contract.rule_fields import Identifier, RuleModel, Word
from sync.contract.rule_programme import ProgrammeModel
from sync.contract.rule_promotion import PromotionModel
from sync.contract.signing import verify_bundle

SCHEMA_VERSION = 1
MAX_BUNDLE_BYTES = 5 * 1024 * 1024
MAX_PROMOTIONS = 10_000
MAX_DEPTH = 20
MAX_GROUPS = 20_000

REFUSALS = {
    "too_large": "the file is over 5 MB",
    "bad_json": "the bytes are not UTF-8 JSON",
    "duplicate_key": "a JSON object names the same key twice",
    "too_deep": "objects and lists are nested over 20 levels",
    "unknown_schema": "the schema version is not one this agent reads",
    "unknown_field": "a field the vocabulary does not have",
    "unknown_kind": "a condition or effect kind the vocabulary does not have",
    "missing_field": "a required field is absent",
    "bad_value": "a value of the wrong type, form or range",
    "duplicate_id": "two promotions share an id",
    "group_cycle": "the tree of goods groups runs in a circle",
    "unknown_key": "signed by a key that is not trusted",
    "bad_signature": "the signature does not fit the bytes",
    "lower_sequence": "the sequence is not above the newest known one",
    "not_yet_valid": "the bundle starts later",
    "expired": "the bundle has expired",
    "agent_too_old": "the bundle needs a newer agent",
}


def _utc_instant(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Instant = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$"),
    AfterValidator(_utc_instant),
]
Version = Annotated[str, Field(pattern=r"^\d{1,5}(\.\d{1,5}){0,3}$")]
Sequence = Annotated[int, Field(strict=True, ge=1, lt=2**53)]


class BundleDraft(RuleModel):
    """A rule file. `group_parents` maps each goods group to its parent, `null` for a root."""

    schema_version: Annotated[int, Field(strict=True)] = SCHEMA_VERSION
    note: Annotated[str, Field(max_length=500)] = ""
    not_before: Instant | None = None
    expires_at: Instant | None = None
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
    parent_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class Bundle(_Sealed):
    """A sealed rule file."""

    kind: Literal["bundle"]

    def to_ruleset(self, sequence: int | None = None) -> Ruleset:
        """The rules under the bundle's own sequence."""
        return super().to_ruleset(self.sequence if sequence is None else sequence)


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
    stay as in the draft.
    """
    draft = parse_draft(draft_bytes)
    body = draft.model_dump(mode="json", exclude_unset=True)
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
    _check_size(data)
    public_key = trusted_keys.get(key_id)
    if public_key is None:
        raise InvalidRuleset("unknown_key", f"key {key_id[:32]} is not trusted", "key_id")
    if not verify_bundle(public_key, data, signature):
        raise InvalidRuleset("bad_signature", "the signature does not fit the bytes", "signature")
    bundle = parse_bundle(data)
    if bundle.sequence <= newest_sequence:
        raise InvalidRuleset(
            "lower_sequence", f"{bundle.sequence} is not above {newest_sequence}", "sequence"
        )
    _check_dates(bundle, now)
    if agent_version and _version(bundle.min_agent_version or "0") > _version(agent_version):
        raise InvalidRuleset(
            "agent_too_old", f"needs agent {bundle.min_agent_version}", "min_agent_version"
        )
    return bundle


def _check_dates(bundle: Bundle, now: datetime) -> None:
    instant = now.astimezone(UTC)
    if bundle.expires_at and datetime.fromisoformat(bundle.expires_at) <= instant:
        raise InvalidRuleset("expired", f"expired at {bundle.expires_at}", "expires_at")
    if bundle.not_before and datetime.fromisoformat(bundle.not_before) > instant:
        raise InvalidRuleset("not_yet_valid", f"valid from {bundle.not_before}", "not_before")


def _version(text: str) -> tuple[int, ...]:
    numbers = [int(part) for part in re.findall(r"\d+", text)[:4]]
    return tuple(numbers + [0] * (4 - len(numbers)))


def json_schema() -> dict[str, Any]:
    """JSON Schema of a rule file and of a sealed bundle, for editors and for docs/reference."""
    _, schema = models_json_schema(
        [(BundleDraft, "validation"), (Bundle, "validation")],
        title="Rule file (BundleDraft) or sealed bundle (Bundle)",
    )
    names = ("BundleDraft", "Bundle")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in names],
        **schema,
    }


# --- reading ----------------------------------------------------------------------------------


def _check_size(data: bytes) -> None:
    if len(data) > MAX_BUNDLE_BYTES:
        raise InvalidRuleset("too_large", f"over {MAX_BUNDLE_BYTES} bytes")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidRuleset("duplicate_key", "a key occurs twice in one object", twice[:64])
    return found


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _load(data: bytes) -> dict[str, Any]:
    _check_size(data)
    try:
        value = json.loads(
            data.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise InvalidRuleset("too_deep", f"nested over {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise InvalidRuleset("bad_json", f"not UTF-8 JSON: {str(error)[:120]}") from None
    if not isinstance(value, dict):
        raise InvalidRuleset("bad_value", "a rule file is one JSON object")
    _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            below.extend(item.values() if isinstance(item, dict) else item)
        level = [item for item in below if isinstance(item, dict | list)]
        if not level:
            return
    raise InvalidRuleset("too_deep", f"nested over {MAX_DEPTH} levels")


def _parse(data: bytes, model: type[AnyDraft]) -> AnyDraft:
    value = _load(data)
    version = value.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise InvalidRuleset("unknown_schema", "this schema is not known", "schema_version")
    try:
        parsed = model.model_validate(value)
    except ValidationError as error:
        raise _explain(error, value) from None
    _check_ids(parsed)
    _check_tree(parsed.group_parents)
    return parsed


_CODES = {
    "extra_forbidden": "unknown_field",
    "missing": "missing_field",
    "union_tag_invalid": "unknown_kind",
    "union_tag_not_found": "missing_field",
}


def _explain(error: ValidationError, value: Any) -> InvalidRuleset:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = _path(first["loc"], value)
    code = _CODES.get(first["type"], "bad_value")
    return InvalidRuleset(code, f"{field or 'file'}: {first['msg']}"[:300], field)


def _path(location: tuple[int | str, ...], value: Any) -> str:
    """Readable path; the tags that a union puts into a location are no part of the file."""
    path = ""
    for position, part in enumerate(location):
        if isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
            path += f"[{part}]"
        elif isinstance(value, dict):
            is_last = position == len(location) - 1
            if part not in value and (not is_last or part == value.get("kind")):
                continue
            value = value.get(part)
            path += f".{str(part)[:64]}"
    return path.lstrip(".")


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
