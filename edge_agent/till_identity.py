"""Who a till is, and where its rules come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from loyalty.promotions.compile import CompiledRuleset


@dataclass(frozen=True, slots=True)
class TillIdentity:
    """Who this register is and how it is set up. Promotions may ask for its store's format and
    for the channel it sells through."""

    register_id: str
    store_id: str
    store_name: str
    epoch: int
    locale: Literal["uk", "en"]
    cash_step_minor: int
    prints: bool
    cashier: str
    agent_version: str
    store_format: str = ""
    channel: str = "till"


class Rules(Protocol):
    """The rules in force, and the moment to change them."""

    def rules(self) -> CompiledRuleset: ...
    def activate_rules(self) -> bool: ...
