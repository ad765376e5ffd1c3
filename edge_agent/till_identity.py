"""Who a till is, and where its rules come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from edge_agent.config import Settings
from loyalty.promotions.compile import CompiledRuleset
from sync.enrolment import Identity


@dataclass(frozen=True, slots=True)
class TillIdentity:
    """Who this register is and how it is set up. Promotions may ask for its store's format and
    for the channel it sells through. In training nothing leaves the machine."""

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
    is_training: bool = False


class Rules(Protocol):
    """The rules in force, and the moment to change them."""

    def rules(self) -> CompiledRuleset: ...
    def activate_rules(self) -> bool: ...


def identity_of(
    settings: Settings, identity: Identity, version: str, is_training: bool = False
) -> TillIdentity:
    """Who this register is, by its enrolment and its settings."""
    return TillIdentity(
        register_id=identity.register_id,
        store_id=identity.store_id,
        store_name=identity.store_name,
        epoch=identity.epoch,
        locale=settings.locale,
        cash_step_minor=settings.till.cash_rounding,
        prints=settings.till.print_mode == "agent" and settings.printer is not None,
        cashier=settings.till.cashier_name,
        store_format=settings.till.store_format,
        channel=settings.till.channel,
        agent_version=version,
        is_training=is_training,
    )
