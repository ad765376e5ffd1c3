"""Every code a cashier can meet has a sentence of its own."""

from __future__ import annotations

import re

import pytest

from edge_agent.api_sentences import API_CODES
from edge_agent.sentences import LANGUAGES, known_codes, sentence
from edge_agent.sentences_pl import POLISH
from loyalty.codes import REASONS


@pytest.mark.parametrize("code", sorted(REASONS))
def test_every_reason_of_a_scan_has_a_sentence(code: str) -> None:
    assert code in known_codes()


def test_an_unknown_code_gets_a_harmless_sentence() -> None:
    assert sentence("no_such_code", "uk") == "Продаж можна продовжити без бонусів"
    assert sentence("no_such_code", "en")


def test_every_code_has_a_sentence_in_each_language() -> None:
    assert set(POLISH) == known_codes()
    assert set(API_CODES) <= known_codes()


@pytest.mark.parametrize("code", sorted(POLISH))
def test_a_sentence_names_the_same_figures_in_each_language(code: str) -> None:
    figures = {name: f"<{name}>" for name in ("before", "after", "amount", "quantity", "name")}
    shown = [sorted(re.findall("<[a-z]+>", sentence(code, one, **figures))) for one in LANGUAGES]
    assert shown[0] == shown[1] == shown[2]
    assert "?" not in sentence(code, "pl", **figures)
