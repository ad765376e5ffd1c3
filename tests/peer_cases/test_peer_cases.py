"""The figures of other engines' public tests come out of this engine, by its own rules."""

from __future__ import annotations

from tests.peer_cases.case_file import Case
from tests.peer_cases.outcome import KeyResult


def test_every_strict_key_holds(peer_case: Case, judged: list[KeyResult]) -> None:
    missed = [result for result in judged if not result.holds]
    strict = [str(result) for result in missed if result.is_strict]
    unknown = [str(result) for result in missed if str(result.got).startswith("not understood")]
    assert not strict, "\n".join(strict)
    # A case without strict keys is not skipped either when a word of it is unknown.
    assert not unknown, f"{peer_case.kind}\n" + "\n".join(unknown)
