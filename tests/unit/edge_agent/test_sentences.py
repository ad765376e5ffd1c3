"""Every code a cashier can meet has a sentence of its own."""

from __future__ import annotations

import pytest

from edge_agent.sentences import known_codes, sentence
from loyalty.codes import REASONS


@pytest.mark.parametrize("code", sorted(REASONS))
def test_every_reason_of_a_scan_has_a_sentence(code: str) -> None:
    assert code in known_codes()


def test_an_unknown_code_gets_a_harmless_sentence() -> None:
    assert sentence("no_such_code", "uk") == "Продаж можна продовжити без бонусів"
    assert sentence("no_such_code", "en")
