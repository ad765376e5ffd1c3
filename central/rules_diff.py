"""What changed between two rule files, promotion by promotion and field by field, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from central.rules_files import RuleSource
from central.rules_words import field_words, value_words
from sync.contract.rule_promotion import PromotionModel

_HEADER = ("note", "not_before", "expires_at", "min_agent_version", "stopped")
_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field: its path in the file, what it was and is (None: not there), and a sentence."""

    field: str
    before: Any
    after: Any
    words: str


def diff(before: RuleSource, after: RuleSource) -> dict[str, Any]:
    """Everything that differs, as one JSON-able dictionary; `same` when nothing does."""
    old = {each.promotion_id: each for each in before.draft.promotions}
    new = {each.promotion_id: each for each in after.draft.promotions}
    changed = [
        {**_named(new[name]), "fields": fields}
        for name in new
        if name in old and (fields := _fields(_plain(old[name]), _plain(new[name])))
    ]
    found: dict[str, Any] = {
        "a": _origin(before),
        "b": _origin(after),
        "header": _fields(_header(before), _header(after)),
        "programme": _fields(_part(before, "programme"), _part(after, "programme")),
        "groups": _fields(_part(before, "group_parents"), _part(after, "group_parents"))
        + _fields(_part(before, "group_modes"), _part(after, "group_modes")),
        "added": [_summary(new[name]) for name in new if name not in old],
        "removed": [_summary(old[name]) for name in old if name not in new],
        "changed": changed,
        "order_changed": _order(old, new) != _order(new, old),
    }
    parts = ("header", "programme", "groups", "added", "removed", "changed", "order_changed")
    return {"same": not any(found[part] for part in parts), **found}


def text(found: dict[str, Any]) -> Iterator[str]:
    """The same as lines for people: `+` new, `-` gone, `~` changed."""
    yield f"{found['a']['label']} -> {found['b']['label']}"
    if found["same"]:
        yield "the rules are the same"
    for part, title in (("header", "file"), ("programme", "programme"), ("groups", "goods groups")):
        if found[part]:
            yield f"~ {title}"
            yield from (f"    {change['words']}" for change in found[part])
    for part, mark in (("removed", "-"), ("added", "+")):
        for each in found[part]:
            yield f"{mark} {each['promotion_id']} «{each['name']}»"
            yield from (f"    {line}" for line in each["words"])
    for each in found["changed"]:
        yield f"~ {each['promotion_id']} «{each['name']}»"
        yield from (f"    {change['words']}" for change in each["fields"])
    if found["order_changed"]:
        yield "~ the order of the promotions in the file; among equal priorities the earlier acts"


def _origin(source: RuleSource) -> dict[str, Any]:
    return {
        "label": source.label,
        "sequence": source.sequence or None,
        "promotions": len(source.draft.promotions),
    }


def _header(source: RuleSource) -> dict[str, Any]:
    return {name: getattr(source.draft, name) for name in _HEADER}


def _part(source: RuleSource, name: str) -> dict[str, Any]:
    found: dict[str, Any] = source.draft.model_dump(mode="json", include={name})[name]
    return found


def _plain(promotion: PromotionModel) -> dict[str, Any]:
    return promotion.model_dump(mode="json")


def _named(promotion: PromotionModel) -> dict[str, Any]:
    name = promotion.name
    return {
        "promotion_id": promotion.promotion_id,
        "name": name.get("uk") or next(iter(name.values())),
    }


def _summary(promotion: PromotionModel) -> dict[str, Any]:
    """A promotion that stands on one side only, with every field that says something."""
    plain = promotion.model_dump(mode="json", exclude_defaults=True)
    effect = promotion.effect.model_dump(mode="json", exclude_defaults=True)
    # The kind is a default of its model and would be left out.
    plain["effect"] = {"kind": promotion.effect.kind, **effect}
    plain["conditions"] = [
        {"kind": each.kind, **each.model_dump(mode="json", exclude_defaults=True)}
        for each in promotion.conditions
    ]
    words = []
    for name, value in plain.items():
        if name in ("promotion_id", "name") or value == []:
            continue
        values = value if name in ("conditions", "messages") else [value]
        title = name.rstrip("s") if name in ("conditions", "messages") else name
        words += [f"{field_words(title)}: {value_words(title, each)}" for each in values]
    return {**_named(promotion), "words": words}


def _order(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return [name for name in one if name in other]


# --- fields -----------------------------------------------------------------------------------


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [asdict(change) for change in _compare("", before, after)]


def _compare(path: str, before: Any, after: Any) -> Iterator[FieldChange]:
    if before == after:
        return
    if _is_one_kind(before, after):
        for name in [*before, *(name for name in after if name not in before)]:
            under = f"{path}.{name}" if path else str(name)
            yield from _compare(under, before.get(name, _MISSING), after.get(name, _MISSING))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _compare_lists(path, before, after)
    else:
        yield _change(path, before, after)


def _is_one_kind(before: Any, after: Any) -> bool:
    """Two objects that can be compared field by field; another kind is another thing."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return False
    return before.get("kind") == after.get("kind")


def _compare_lists(path: str, before: list[Any], after: list[Any]) -> Iterator[FieldChange]:
    if all(isinstance(item, dict) for item in (*before, *after)):
        yield from _compare_objects(path, before, after)
        return
    gone = [item for item in before if item not in after]
    new = [item for item in after if item not in before]
    if gone or new:
        words = [f"{word} {value_words(path, items)}" for word, items in _both(new, gone) if items]
        yield FieldChange(path, before, after, f"{field_words(path)}: {'; '.join(words)}")


def _both(new: list[Any], gone: list[Any]) -> tuple[tuple[str, list[Any]], ...]:
    return ("added", new), ("removed", gone)


def _compare_objects(
    path: str, before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> Iterator[FieldChange]:
    """Objects that are equal on both sides are paired first, then those of one kind in order."""
    left = [item for item in before if item not in after]
    for place, item in enumerate(after):
        if item in before:
            continue
        partner = next((one for one in left if _is_one_kind(one, item)), None)
        where = f"{path}[{place}]"
        if partner is None:
            yield _change(where, _MISSING, item)
        else:
            left.remove(partner)
            yield from _compare(where, partner, item)
    for item in left:
        yield _change(f"{path}[{before.index(item)}]", item, _MISSING)


def _change(path: str, before: Any, after: Any) -> FieldChange:
    name = field_words(path)
    if before is _MISSING or before is None:
        words = f"{name} added: {value_words(path, after)}"
    elif after is _MISSING or after is None:
        words = f"{name} removed: {value_words(path, before)}"
    else:
        words = f"{name}: {value_words(path, before)} -> {value_words(path, after)}"
    return FieldChange(
        path, None if before is _MISSING else before, None if after is _MISSING else after, words
    )
