"""One finding of the doctor, and what every check is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from edge_agent.config import Settings

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`says` is what was seen, `do` what the reader should do ("" when nothing)."""

    check: str
    verdict: Verdict
    says: str
    do: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """The register under examination; `status` is what its agent says, `None` when it does not."""

    settings: Settings
    is_running: bool
    status: Mapping[str, Any] | None
    problem: str
