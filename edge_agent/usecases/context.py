"""What every use case is told about the register it runs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_agent.clock import Clock
from edge_agent.ports import MemberIndex
from loyalty.promotions.compile import CompiledRuleset
from loyalty.promotions.ruleset import Programme


@dataclass(frozen=True, slots=True)
class RegisterContext:
    """The register's identity, settings and present surroundings; built anew for each call.

    `balance_as_of` is the instant up to which cached balances are known ("" when never)."""

    register_id: str
    store_id: str
    store_name: str
    epoch: int
    clock: Clock
    members: MemberIndex
    rules: CompiledRuleset
    is_online: bool
    balance_as_of: str
    locale: Literal["uk", "en"]
    cash_step_minor: int
    prints: bool
    cashier: str
    agent_version: str
    store_format: str = ""
    channel: str = "till"

    @property
    def programme(self) -> Programme:
        """Programme data of the active ruleset."""
        return self.rules.programme
