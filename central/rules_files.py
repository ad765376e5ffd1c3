"""What the rules commands read: rule files, sealed bundles, sequences, baskets and members."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from central.db.bulk import Connection
from central.errors import BadInput
from central.rules import read_bundle
from loyalty.basket import Basket, check_basket
from loyalty.errors import InvalidBasket, InvalidRuleset
from sync.contract.basket_models import BasketIn, MemberIn
from sync.contract.bundle import Bundle, BundleDraft, parse_bundle, parse_draft

MAX_RULES_BYTES = 8 * 1024 * 1024
MAX_JSON_BYTES = 4 * 1024 * 1024
Open = Callable[[], AbstractContextManager[Connection]]
"""Opens the centre's database, only when a sequence is asked for."""
Model = TypeVar("Model", bound=BaseModel)


class RulesRefused(Exception):
    """A rule file that cannot be read; the command says so and ends with 1."""

    def __init__(self, label: str, error: InvalidRuleset) -> None:
        super().__init__(str(error))
        self.label = label
        self.error = error


@dataclass(frozen=True, slots=True)
class RuleSource:
    """Rules and where they came from; `sequence` 0 for a file that was never sealed."""

    label: str
    data: bytes
    draft: BundleDraft
    sequence: int = 0


def read_bytes(path: Path, limit: int = MAX_RULES_BYTES) -> bytes:
    """A file's bytes, at most one more than `limit`. Raises `BadInput`."""
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise BadInput("no_such_file", f"{path}: {error.strerror}") from None


def parse_rules(data: bytes, label: str) -> RuleSource:
    """A rule file, or a sealed bundle (its signature is not looked at). Raises `RulesRefused`."""
    try:
        draft = parse_bundle(data) if _is_sealed(data) else parse_draft(data)
    except InvalidRuleset as error:
        raise RulesRefused(label, error) from None
    sequence = draft.sequence if isinstance(draft, Bundle) else 0
    return RuleSource(label, data, draft, sequence)


def load_rules(argument: str, open_database: Open) -> RuleSource:
    """Rules by the name of a file, or by the sequence under which they were published."""
    path = Path(argument)
    if argument.isascii() and argument.isdigit() and not path.exists():
        return published_rules(int(argument), open_database)
    return parse_rules(read_bytes(path), str(path))


def published_rules(sequence: int, open_database: Open) -> RuleSource:
    """Rules that were published. Raises `BadInput` for an unknown sequence."""
    with open_database() as connection:
        found = read_bundle(connection, sequence) if sequence < 2**63 else None
    if found is None:
        raise BadInput("no_such_bundle", f"no bundle was published under {sequence}")
    return parse_rules(found.content, f"sequence {sequence}")


def read_basket(path: Path) -> Basket:
    """The body of the API's basket, or of its `open` call that holds one. Raises `BadInput`."""
    data = read_bytes(path, MAX_JSON_BYTES)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict) and "lines" not in value and isinstance(value.get("basket"), dict):
        data = json.dumps(value["basket"]).encode()
    basket = _parse(BasketIn, data, path).basket()
    try:
        return check_basket(basket)
    except InvalidBasket as error:
        raise BadInput(error.code, f"{path}: {error}") from None


def read_member(path: Path) -> MemberIn:
    """The API's member object. Raises `BadInput`."""
    return _parse(MemberIn, read_bytes(path, MAX_JSON_BYTES), path)


def _parse(model: type[Model], data: bytes, path: Path) -> Model:
    if len(data) > MAX_JSON_BYTES:
        raise BadInput("too_large", f"{path} is over {MAX_JSON_BYTES // 2**20} MiB")
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadInput("bad_value", f"{path}: {field or 'file'}: {first['msg']}") from None


def _is_sealed(data: bytes) -> bool:
    """Only a sealed bundle says of what kind it is; all else is left to the reader of rules."""
    try:
        value = json.loads(data) if len(data) <= MAX_RULES_BYTES else None
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.get("kind") == "bundle"
