"""Which rules are active: they change only between receipts."""

from __future__ import annotations

from edge_agent.bundles import BundleStore
from edge_agent.clock import Clock
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from loyalty.promotions.compile import CompiledRuleset, compile_ruleset
from loyalty.promotions.ruleset import Ruleset

_NO_RULES = compile_ruleset(Ruleset(0))


class RulesSlot:
    """The active ruleset over the two slots on disk; none yet means sales without promotions."""

    def __init__(self, store: BundleStore, clock: Clock) -> None:
        self.store = store
        self._clock = clock
        self.active_at = ""

    def rules(self) -> CompiledRuleset:
        """The compiled rules in force."""
        return self.store.active or _NO_RULES

    def activate_rules(self) -> bool:
        """Put a downloaded bundle in force; called when no receipt is open."""
        if self.store.activate_pending() is None:
            return False
        self.active_at = self._clock.stamp()
        emit(Event.RULES_ACTIVATED, sequence=self.store.active_sequence)
        return True
