"""How promotions stand to each other: one that stops all others, and the best of a group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loyalty.money import format_minor
from loyalty.promotions.acting import Acting
from loyalty.promotions.compile import (
    PRICE_STAGES,
    CompiledPromotion,
    CompiledRuleset,
)
from loyalty.promotions.facts import Failure
from loyalty.promotions.failures import may_act


@dataclass(frozen=True, slots=True)
class Exclusive:
    """The promotion that stops the others, and how far it does.

    `barred` are places of exclusive promotions that would have given nothing on the basket as it
    was rung; what others leave does not let them in, for by then they would not be alone.
    """

    item: CompiledPromotion | None
    stops_everything: bool
    barred: frozenset[int]

    def keeps_out(self, other: CompiledPromotion) -> Failure | None:
        """Why a promotion may not act; None for those that may."""
        if self.item is None or other is self.item:
            return NOTHING_LEFT if other.position in self.barred else None
        if self.stops_everything or other.stage in PRICE_STAGES or other.stage == "gift":
            return Failure("exclusive_taken", self.item.promotion.promotion_id, "")
        return None

    def leaves_open(self, other: CompiledPromotion) -> bool:
        """True when the promotion would act if its own conditions held."""
        if self.item is None or self.keeps_out(other) is None:
            return True
        mine, its = self.item, other
        return (its.promotion.is_exclusive or its.mode == "exclusive") and (
            -its.promotion.priority,
            its.position,
        ) < (-mine.promotion.priority, mine.position)


NOTHING_LEFT = Failure("floor", "0.00", "0.01")


def exclusive_of(
    compiled: CompiledRuleset, ordered: Sequence[CompiledPromotion], acting: Acting
) -> Exclusive | None:
    """The exclusive promotion that acts on this basket: by priority, or by what it gives.

    Whether one can act is asked on the basket as it was rung, before any other promotion."""
    if not compiled.exclusives:
        return None
    touched = {item.position for item in ordered}
    policies = compiled.programme.policies
    best: tuple[int, CompiledPromotion] | None = None
    barred = []
    for rank in compiled.exclusives:
        item = compiled.promotions[rank]
        if item.position not in touched or not acting.is_live(item):
            continue
        if not may_act(item, acting.facts):
            continue
        gain = acting.gain_of(item)
        if gain is None and item.stage in PRICE_STAGES:
            barred.append(item.position)
        elif gain is not None and (best is None or gain > best[0]):
            best = gain, item
            if policies.exclusive_choice == "priority":
                break
    stops_everything = policies.exclusive_stops == "everything"
    return Exclusive(best[1] if best else None, stops_everything, frozenset(barred))


class Contest:
    """Best-of groups: a group is weighed when the first of its promotions that can act has its
    turn.

    Only what acts before redemption competes with each other, and what acts after it."""

    def __init__(self, ordered: Sequence[CompiledPromotion], acting: Acting) -> None:
        self._groups: dict[str, list[CompiledPromotion]] = {}
        for item in ordered:
            if item.mode == "best":
                self._groups.setdefault(item.promotion.group, []).append(item)
        self._acting = acting
        self._decided: set[tuple[str, bool]] = set()
        self._entered: list[tuple[int | None, CompiledPromotion]] = []
        self._rivals: list[tuple[int, CompiledPromotion]] = []

    def is_decided(self, item: CompiledPromotion) -> bool:
        """The group was weighed already, and all its promotions with it."""
        return (item.promotion.group, item.is_early) in self._decided

    def decide(self, item: CompiledPromotion) -> None:
        """The group was weighed elsewhere, as it would be here."""
        self._decided.add((item.promotion.group, item.is_early))

    def begin(self, item: CompiledPromotion, gain: int) -> Iterator[CompiledPromotion]:
        """Weigh a group from a promotion that gives so much; those that have their turn later."""
        group, is_early = item.promotion.group, item.is_early
        self._entered = [(gain, item)]
        self.decide(item)
        rivals = self._groups[group]
        for other in rivals[rivals.index(item) + 1 :]:
            if other.is_early == is_early:
                yield other

    def enter(self, item: CompiledPromotion) -> None:
        """Nothing keeps this promotion from acting but its own group."""
        self._entered.append((self._acting.gain_of(item), item))

    def winner(self) -> CompiledPromotion | None:
        """The one that gives most to the member; the earlier among equals."""
        best: tuple[int, CompiledPromotion] | None = None
        self._rivals = []
        for gain, item in self._entered:
            taken = self._acting.outcome.gains.get(item.promotion.group)
            if taken is not None:
                failure = Failure("group_taken", item.promotion.group, "")
                self._acting.outcome.trace(item, "lost", failure, winner=taken[1])
                continue
            if gain is None:
                self._acting.act(item)
                continue
            self._rivals.append((gain, item))
            if best is None or gain > best[0]:
                best = gain, item
        return None if best is None else best[1]

    def close(self, winner: CompiledPromotion) -> None:
        """Tell the losers who won, and how much more it gives."""
        winner_id = winner.promotion.promotion_id
        best = max(gain for gain, _ in self._rivals)
        for gain, item in self._rivals:
            if item is not winner:
                failure = Failure("not_the_best", format_minor(gain), format_minor(best))
                amount = 0 if item.reward is None else gain
                self._acting.outcome.trace(
                    item, "lost", failure, amount_minor=amount, winner=winner_id
                )
