"""What every use case is told about the register it runs on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from edge_agent.clock import Clock
from edge_agent.hub.port import NoHub, StoreHub
from edge_agent.ports import MemberIndex
from loyalty.authorisation.policy import Needs, Policy
from loyalty.member import Strength
from loyalty.promotions.compile import CompiledRuleset
from loyalty.promotions.memory import Memory
from loyalty.promotions.ruleset import Programme


@dataclass(frozen=True, slots=True)
class RegisterContext:
    """The register's identity, settings and present surroundings; built anew for each call.

    `balance_as_of` is the instant up to which cached balances are known ("" when never).
    `is_head_confirmed` says that since its start this register is known to hold the newest of its
    own records, `store_registers` how many registers share the store's budget (0: unknown).
    `memory` is of the quote made last on this register, by the one thread that writes. `cashier` is
    a name for the receipt, `cashier_id` who is signed in ("": nobody)."""

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
    is_head_confirmed: bool = False
    is_chain_outage: bool = False
    store_registers: int = 0
    hub: StoreHub = field(default_factory=NoHub)
    memory: Memory | None = None
    cashier_id: str = ""

    def as_it_was(self, is_online: bool, balance_as_of: str) -> RegisterContext:
        """The same register at an earlier moment, as a receipt of then tells it."""
        return replace(self, is_online=is_online, balance_as_of=balance_as_of)

    @property
    def programme(self) -> Programme:
        """Programme data of the active ruleset."""
        return self.rules.programme

    @property
    def policy(self) -> Policy:
        """What the programme lets this register do; a row of the centre overrules the bundle."""
        known = self.members.offline_policy()
        if known is not None:
            return known
        programme = self.programme
        offline = programme.min_strength_redeem_offline
        needs = Needs(
            online=programme.min_strength_redeem_online,
            lease=offline,
            purse=max(offline, Strength.SIGNED_CODE),
            cache=offline,
        )
        return Policy(needs=needs)
