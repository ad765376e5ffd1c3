"""Field types of rule files, and the base of all rule models.

Models are closed and immutable, numbers are strict integers with bounds, texts hold no control
characters. Dates and times stay text here, so that a file keeps its own bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_SCOPE_ITEMS = 5_000
MAX_CODES = 20_000
MAX_SET_PARTS = 20
MAX_AMOUNT_MINOR = 100_000_000
MAX_CAMPAIGN_MINOR = 1_000_000_000_000
MAX_POINTS = 100_000_000
MAX_PIECES = 10_000
MAX_USES = 1_000_000_000


class RuleModel(BaseModel):
    """Base of all rule models. Their fields bear the names of the dataclass they become."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _local_instant(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _local_date(text: str) -> str:
    date.fromisoformat(text)
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ValueError("unknown time zone") from None
    return name


def _whole(low: int, high: int) -> Any:
    return Field(strict=True, ge=low, le=high)


Bool = Annotated[bool, Field(strict=True)]
Amount = Annotated[int, _whole(1, MAX_AMOUNT_MINOR)]
AmountOrZero = Annotated[int, _whole(0, MAX_AMOUNT_MINOR)]
CampaignMoney = Annotated[int, _whole(1, MAX_CAMPAIGN_MINOR)]
Points = Annotated[int, _whole(1, MAX_POINTS)]
Pieces = Annotated[int, _whole(1, MAX_PIECES)]
PiecesOrZero = Annotated[int, _whole(0, MAX_PIECES)]
Uses = Annotated[int, _whole(1, MAX_USES)]
Days = Annotated[int, _whole(1, 3_660)]
Share = Annotated[int, _whole(0, 10_000)]
Percent = Annotated[int, _whole(1, 10_000)]
EarnPercent = Annotated[int, _whole(1, 100_000)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
# No control characters of ASCII and Latin-1, no line separators, nothing that turns the direction.
_PLAIN = r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"
Word = Annotated[str, Field(min_length=1, max_length=64, pattern=rf"^{_PLAIN}+$")]
WordOrNone = Annotated[str, Field(max_length=64, pattern=rf"^{_PLAIN}*$")]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=rf"^{_PLAIN}+$")]
Note = Annotated[str, Field(max_length=500, pattern=rf"^({_PLAIN}|\n)*$")]
Locale = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Words = Annotated[list[Word], Field(max_length=MAX_SCOPE_ITEMS)]
FewWords = Annotated[list[Word], Field(max_length=200)]
Codes = Annotated[list[Word], Field(max_length=MAX_CODES)]
Places = Annotated[list[Identifier], Field(max_length=MAX_SCOPE_ITEMS)]
LocaleTexts = Annotated[dict[Locale, Text], Field(min_length=1, max_length=8)]
OptionalTexts = Annotated[dict[Locale, Text], Field(max_length=8)]
LocalDate = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_local_date)]
LocalInstant = Annotated[
    str, Field(pattern=r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?$"), AfterValidator(_local_instant)
]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Prefix = Annotated[str, Field(pattern=r"^\d{1,6}$")]
Prefixes = Annotated[list[Prefix], Field(max_length=20)]
TimeZone = Annotated[str, Field(max_length=40), AfterValidator(_zone)]


def rule_fields(model: RuleModel) -> dict[str, Any]:
    """What the file says, as the core's dataclasses take it, without the tag `kind`.

    Objects become their dataclass, lists of objects or lists tuples, other lists frozen sets, and
    texts per locale pairs in a fixed order. What the file leaves out is left to the dataclass,
    whose defaults are the same.
    """
    values = model.__dict__
    return {name: _rule_value(values[name]) for name in model.model_fields_set if name != "kind"}


def _rule_value(value: Any) -> Any:
    if type(value) in (str, int, bool):
        return value
    if isinstance(value, RuleModel):
        return value.to_rule()  # type: ignore[attr-defined]
    if isinstance(value, dict):
        return tuple(sorted(value.items()))
    if isinstance(value, list):
        if value and isinstance(value[0], RuleModel):
            return tuple(_rule_value(item) for item in value)
        if value and isinstance(value[0], list):
            return tuple(tuple(item) for item in value)
        return frozenset(value)
    return value


def walk(at: str, model: RuleModel, written_only: bool = False) -> Iterator[tuple[str, RuleModel]]:
    """A model and all models inside it, each with its path in the file, in the order of fields.

    `written_only` leaves out what the file does not say and a default stands for.
    """
    yield at, model
    for name, value in model:
        if written_only and name not in model.model_fields_set:
            continue
        inner = f"{at}.{name}" if at else name
        if isinstance(value, RuleModel):
            yield from walk(inner, value, written_only)
        elif isinstance(value, list):
            for place, item in enumerate(value):
                if isinstance(item, RuleModel):
                    yield from walk(f"{inner}[{place}]", item, written_only)


def minutes_of(clock: str) -> int:
    """Minutes of the day of "HH:MM", 0…1440."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
