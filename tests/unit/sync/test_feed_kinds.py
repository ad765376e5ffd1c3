"""Every kind of row has a place where a register of a store takes it from."""

from __future__ import annotations

import re
from pathlib import Path

from edge_agent.ledger.cache_rights import KINDS
from sync.contract.feed import HUB_KINDS, OWN_KINDS, SUMMED_KINDS

CONTRACT = Path(__file__).parents[3] / "sync" / "contract"
ONLY_SUMMED = {"phone"}
"""Rows of kind `token` under a phone's key: the sums name them by their table."""
FROM_BOTH = {"deny"}


def _told_kinds() -> set[str]:
    """Kinds that the contract's models are documented for."""
    text = "".join(path.read_text(encoding="utf-8") for path in CONTRACT.glob("*.py"))
    return set(re.findall(r"Row kind `([a-z_]+)`", text))


def test_a_kind_comes_from_the_hub_or_from_the_centre() -> None:
    kinds = _told_kinds() | set(KINDS) | (set(SUMMED_KINDS) - ONLY_SUMMED)
    assert kinds == HUB_KINDS | OWN_KINDS
    assert HUB_KINDS & OWN_KINDS == FROM_BOTH
    assert len(_told_kinds()) >= 14
