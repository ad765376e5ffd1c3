"""What the last quote of an open sale decided, so that one more scan is not priced from nothing.

A promotion's decision follows from the lines in its scopes as they are when its turn comes. As
long as those are as they were, the decision is repeated instead of made again. Whatever is new or
comes out otherwise spoils its lines, and with them all promotions that look at these lines. A
quote made with a memory is the same as one made without.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from loyalty.promotions.compile import CompiledPromotion, CompiledRuleset
from loyalty.promotions.evaluation import Evaluation
from loyalty.promotions.facts import Facts
from loyalty.promotions.failures import Obstacle, gate_of
from loyalty.promotions.hints import NearMiss, rough_of
from loyalty.promotions.ruleset import Texts
from loyalty.promotions.worksheet import Run, SheetLine
from loyalty.quote import PromotionTrace

_State = tuple[int, int, tuple[tuple[int, int, bool], ...] | None]
"""A line's kopecks, points and pieces by price."""
_States = tuple[tuple[int, _State], ...]


class _Noted(NamedTuple):
    """A near miss at a first glance; `miss` is the close look, where there was one."""

    item: CompiledPromotion
    first: Obstacle
    rough_minor: int
    is_seen: bool
    miss: NearMiss | None


class _Decision(NamedTuple):
    """What came of one promotion, and of the best-of group that it began.

    `gain` is what its group gave after it."""

    is_repeatable: bool
    traces: tuple[tuple[int, PromotionTrace], ...]
    given: tuple[tuple[int, Any], ...]
    states: _States
    noted: tuple[_Noted, ...]
    gain: tuple[int, str] | None
    begins: bool


class Memory:
    """Kept by the caller beside one open sale, for one use at a time. Empty at first.

    It counts for the same rules, member, circumstances and minute only, and is left unused by
    programmes in which promotions far apart look at each other: exclusive ones, or
    `allocation: member_best`. Its size follows the last basket.
    """

    __slots__ = ("compiled", "decisions", "facts", "lines", "locale", "paid", "texts")

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Empty it."""
        self.compiled: CompiledRuleset | None = None
        self.facts: Facts | None = None
        self.locale = ""
        self.lines: Sequence[SheetLine] = ()
        self.decisions: dict[int, _Decision] = {}
        self.paid: list[tuple[int, int]] = []
        self.texts: dict[int, tuple[NearMiss, Texts]] = {}

    def lines_for(self, compiled: CompiledRuleset) -> Sequence[SheetLine]:
        """The lines of the last quote, for a sheet that takes over those that did not change."""
        return self.lines if self.compiled is compiled else ()

    def counts_for(self, compiled: CompiledRuleset, facts: Facts, locale: str) -> bool:
        """True when what was decided then would be decided now on equal lines."""
        then = self.facts
        return (
            self.compiled is compiled
            and then is not None
            and self.locale == locale
            and then.local.replace(second=0, microsecond=0)
            == facts.local.replace(second=0, microsecond=0)
            and then.store_id == facts.store_id
            and then.is_blocked == facts.is_blocked
            and then.member == facts.member
            and then.around == facts.around
            and not _has_manual(facts.sheet.lines)
        )


def _has_manual(lines: Sequence[SheetLine]) -> bool:
    """The till's own discounts are shared over all lines, so each line hangs on the others."""
    return any(line.manual for line in lines)


def is_used_with(compiled: CompiledRuleset) -> bool:
    """False where a promotion's decision hangs on more than the lines in its scopes."""
    return not compiled.exclusives and compiled.programme.policies.allocation != "member_best"


class RememberingEvaluation(Evaluation):
    """A pass that repeats what it may of the last one, and remembers its own.

    `_stale` are ranks of promotions that look at a line which is not as it was."""

    def __init__(
        self, compiled: CompiledRuleset, facts: Facts, locale: str, memory: Memory
    ) -> None:
        super().__init__(compiled, facts, locale)
        self._locale = locale
        self._before: dict[int, _Decision] = {}
        self._paid_before: list[tuple[int, int]] = []
        self._texts_before: dict[int, tuple[NearMiss, Texts]] = {}
        self._decisions: dict[int, _Decision] = {}
        self._paid_now: list[tuple[int, int]] = []
        self._texts_now: dict[int, tuple[NearMiss, Texts]] = {}
        self._spoiled: set[int] = set()
        self._stale: set[int] = set()
        self._noted: list[_Noted] = []
        outcome = self.outcome
        self._lists: tuple[list[Any], ...] = (
            outcome.promotions,
            outcome.accruals,
            outcome.gifts,
            outcome.tickets,
            outcome.coupons,
            outcome.used_coupons,
            outcome.messages,
        )
        if memory.counts_for(compiled, facts, locale):
            self._before, self._paid_before = memory.decisions, memory.paid
            self._texts_before = memory.texts
            self._compare(memory.lines)
        memory.forget()  # until this pass has come to its end

    def hand_to(self, memory: Memory) -> None:
        """Leave in the memory what this pass decided."""
        if not _has_manual(self.sheet.lines):
            memory.compiled, memory.facts, memory.locale = self.compiled, self.facts, self._locale
            memory.lines, memory.decisions = self.sheet.lines, self._decisions
            memory.paid, memory.texts = self._paid_now, self._texts_now

    def _compare(self, before: Sequence[SheetLine]) -> None:
        """Spoil what is new, gone or another than it was."""
        for number, (old, new) in enumerate(zip_longest(before, self.sheet.lines)):
            if old is not new:
                self._spoiled.add(number)
                for line in (old, new):
                    if line is not None:
                        self._spoil(line)

    def _spoil(self, line: SheetLine) -> None:
        users = self.compiled.users
        for number in line.scopes:
            self._stale.update(users[number])

    def _spoil_at(self, index: int) -> None:
        if index not in self._spoiled:
            self._spoiled.add(index)
            self._spoil(self.sheet.lines[index])

    def _paid(self) -> None:
        paid = self._paid_now = [(line.redeemed, line.gift_card) for line in self.sheet.lines]
        for index, (now, before) in enumerate(zip(paid, self._paid_before, strict=False)):
            if now != before:
                self._spoil_at(index)

    def _decide(self, item: CompiledPromotion) -> None:
        before = self._before.get(item.position)
        together = self.compiled.together[item.position]
        if (
            before is None
            or not before.is_repeatable
            or not self._stale.isdisjoint(together)
            or self._is_shut(item)
        ):
            self._decide_anew(item, () if before is None else before.states)
        else:
            self._repeat(item, before)

    def _decide_anew(self, item: CompiledPromotion, before: _States) -> None:
        together = self.compiled.together[item.position]
        outcome, changed, noted = self.outcome, self.acting.changed, self._noted
        changed.clear()
        noted.clear()
        counts = [len(given) for given in self._lists]
        places = [other.position for other in self._weighed_with(item)]
        traces = [outcome.traces[place] for place in places]
        is_decided = self.contest.is_decided(item)
        super()._decide(item)
        states = tuple([(line.index, _state_of(line)) for line in changed])
        if self._before:
            self._stale.update(together)
            if before != states:
                for index, _ in {*before, *states}:
                    self._spoil_at(index)
        self._decisions[item.position] = _Decision(
            bool(together) and not self._is_shut(item),
            tuple(
                [
                    (place, outcome.traces[place])
                    for place, trace in zip(places, traces, strict=True)
                    if outcome.traces[place] is not trace
                ]
            ),
            tuple(
                [
                    (number, one)
                    for number, count in enumerate(counts)
                    for one in self._lists[number][count:]
                ]
            ),
            states,
            tuple(noted),
            outcome.gains.get(item.promotion.group) if item.promotion.group else None,
            is_decided is not self.contest.is_decided(item),
        )

    def _weighed_with(self, item: CompiledPromotion) -> Sequence[CompiledPromotion]:
        """The promotion, or all that a best-of group weighs against each other."""
        if item.mode != "best":
            return (item,)
        promotions = self.compiled.promotions
        return [promotions[rank] for rank in self.compiled.together[item.position]] or (item,)

    def _is_shut(self, item: CompiledPromotion) -> bool:
        """A promotion whose time has not come says so with the time, which goes on."""
        return any(
            other.is_gated and gate_of(other, self.facts) is not None
            for other in self._weighed_with(item)
        )

    def _repeat(self, item: CompiledPromotion, before: _Decision) -> None:
        outcome, lines = self.outcome, self.sheet.lines
        for place, trace in before.traces:
            outcome.traces[place] = trace
        for number, one in before.given:
            self._lists[number].append(one)
        for index, (net, points, cut) in before.states:
            line = lines[index]
            line.net, line.points = net, points
            line.cut = None if cut is None else [Run(*run) for run in cut]
        if before.gain is not None:
            outcome.gains[item.promotion.group] = before.gain
        if before.begins:
            self.contest.decide(item)
        if before.noted:
            noted = tuple([self._note_again(one) for one in before.noted])
            before = before._replace(noted=noted)
        self._decisions[item.position] = before

    def _note_again(self, noted: _Noted) -> _Noted:
        misses = self.outcome.misses
        if not misses.has_place(noted.item, noted.rough_minor):
            return noted
        if not noted.is_seen:
            miss = self._close_look(noted.item, noted.first, noted.rough_minor)
            noted = noted._replace(is_seen=True, miss=miss)
        if noted.miss is not None:
            misses.add(noted.miss)
        return noted

    def _note_miss(self, item: CompiledPromotion, first: Obstacle) -> None:
        rough = rough_of(item, self.facts, self.programme)
        is_seen = self.outcome.misses.has_place(item, rough)
        miss = self._close_look(item, first, rough) if is_seen else None
        if miss is not None:
            self.outcome.misses.add(miss)
        self._noted.append(_Noted(item, first, rough, is_seen, miss))

    def _texts_of(self, miss: NearMiss) -> Texts:
        """What a near miss is told in, which follows from the goods and not from their prices."""
        position = miss.item.position
        known = self._texts_before.get(position)
        if known is None or known[0] is not miss:
            known = miss, super()._texts_of(miss)
        self._texts_now[position] = known
        return known[1]


def _state_of(line: SheetLine) -> _State:
    cut = line.cut
    runs = None if cut is None else tuple([(run.count, run.net, run.is_used) for run in cut])
    return line.net, line.points, runs
