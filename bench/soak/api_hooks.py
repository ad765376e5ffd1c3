"""Hooks of the API's campaign, loaded by Schemathesis: places for calls, and what came of each.

A case that fits the document but names a sale at random meets nothing but 404. Three of four such
cases get a sale in the state that their call is for; the fourth, and every case that breaks the
document, go out as they were made. What each operation answered is written to `API_SOAK_TABLE`.
"""

from __future__ import annotations

import atexit
import json
import os
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

import schemathesis

from bench.soak.api_places import Places

_places = Places(os.environ["API_SOAK_URL"], os.environ["API_SOAK_TOKEN"])
_numbers = count()
_seen: Counter[tuple[str, str, int]] = Counter()


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    """Give a case that fits the document its place, three times of four."""
    if case.meta is None or not case.meta.generation.mode.is_positive or next(_numbers) % 4 == 0:
        return
    change = _places.of(case.operation.label)
    if change is not None:
        case.path_parameters = {**(case.path_parameters or {}), **change.path}
        if change.body is not None:
            known = case.body if isinstance(case.body, dict) and change.keeps else {}
            case.body = {**known, **change.body}


@schemathesis.hook
def after_call(_context: Any, case: Any, response: Any) -> None:
    """Count what the operation answered."""
    fits = case.meta is None or case.meta.generation.mode.is_positive
    label = case.operation.label
    _seen[(label, "fits" if fits else "breaks", int(response.status_code))] += 1
    _places.left(label, int(response.status_code))


@atexit.register
def _write() -> None:
    rows = [[*key, times] for key, times in sorted(_seen.items())]
    Path(os.environ["API_SOAK_TABLE"]).write_text(json.dumps(rows), encoding="utf-8")
