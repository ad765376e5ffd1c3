"""Which rules are active, and what is stopped in them: both change only between receipts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edge_agent.bundles import BundleStore
from edge_agent.clock import Clock
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.kill_lists import KillListStore
from loyalty.promotions.compile import CompiledRuleset, compile_ruleset
from loyalty.promotions.ruleset import Ruleset
from loyalty.receipt_template import PLAIN, ReceiptTemplate

_NO_RULES = compile_ruleset(Ruleset(0))


@dataclass(frozen=True, slots=True)
class _InForce:
    """Rules, and what is stopped in them."""

    rules: CompiledRuleset
    stopped: frozenset[str]


class RulesSlot:
    """The active ruleset over the two slots on disk, without what the kill-list stops; no bundle
    yet means sales without promotions. `on_activated` is called when something has changed."""

    def __init__(self, store: BundleStore, stops: KillListStore, clock: Clock) -> None:
        self.store = store
        self.stops = stops
        self.active_at = ""
        self.on_activated: Callable[[], None] = lambda: None
        self._clock = clock
        self._in_force = self._made()

    @classmethod
    def open(
        cls, folder: Path, trusted_keys: Mapping[str, bytes], agent_version: str, clock: Clock
    ) -> RulesSlot:
        """The slot over a folder (made when absent). Raises `LocalStoreFailed`."""
        store = BundleStore.open(folder, trusted_keys, agent_version)
        stops = KillListStore.open(folder, trusted_keys, lambda: store.active_sequence)
        return cls(store, stops, clock)

    def rules(self) -> CompiledRuleset:
        """The compiled rules in force."""
        return self._in_force.rules

    def template(self) -> ReceiptTemplate:
        """How slips look by the bundle in force."""
        bundle = self.store.active_bundle
        return bundle.receipt.to_rule() if bundle is not None and bundle.receipt else PLAIN

    def activate_rules(self) -> bool:
        """Put a downloaded bundle and kill-list in force; called when no receipt is open."""
        is_new = self.store.activate_pending() is not None
        has_list = self.stops.activate()
        before = self._in_force
        if is_new or has_list:
            self._in_force = self._made()
            self.active_at = self._clock.stamp()
        if is_new:
            emit(Event.RULES_ACTIVATED, sequence=self.store.active_sequence)
        if has_list or before.stopped != self._in_force.stopped:
            stopped = sorted(self._in_force.stopped)[:20]
            emit(Event.PROMOTIONS_STOPPED, sequence=self.stops.active_sequence, promotions=stopped)
        if is_new or has_list:
            self.on_activated()
        return is_new or has_list

    def _made(self) -> _InForce:
        bundle, source = self.store.active_bundle, self.store.active
        stopped = self.stops.stopped()
        if bundle is None or source is None:
            return _InForce(_NO_RULES, stopped)
        ruleset = bundle.to_ruleset()
        if stopped <= ruleset.stopped:
            return _InForce(source, stopped)
        ruleset = replace(ruleset, stopped=ruleset.stopped | stopped)
        return _InForce(compile_ruleset(ruleset), stopped)
