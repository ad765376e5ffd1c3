"""Countable rights in the chain: limits of campaigns, coupons of one use, gift cards.

`Counting` deals events to the machines; `CountedTruth` sees what was taken of each counter and what
was given up, and asserts used ≤ granted ≤ existing after every step that moved one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

from loyalty.authorisation.policy import lease_value
from loyalty.protocol import CENTRE
from loyalty.protocol.counters import Life, Part, Wants

if TYPE_CHECKING:
    from bench.soak.authorisation_world import World
    from loyalty.protocol.register import Register

CAMPAIGNS = 4
CAMPAIGN_USES = 400
CARDS = 30
CARD_UNITS = 300
COUPONS = 60
MOST_RUNG = 4
"""Open sales of one till with counted uses."""


class Counting:
    """Counters of one chain, by number: campaigns first, then gift cards, then coupons of one."""

    def __init__(self, world: World) -> None:
        self.world = world
        book = world.centre.counters
        for key in range(CAMPAIGNS + CARDS + COUPONS):
            units = CAMPAIGN_USES if key < CAMPAIGNS else CARD_UNITS
            book.make(key, 1 if key >= CAMPAIGNS + CARDS else units)
        self.first_coupon = CAMPAIGNS + CARDS
        self.next_coupon = CAMPAIGNS + CARDS + COUPONS
        self.sale = 0

    def step(self) -> None:
        """A till prices a sale with counted uses, or a buyer pays one."""
        world = self.world
        register = world.any_register()
        world.truth.touched = register
        if register.rung and (len(register.rung) >= MOST_RUNG or world.dice.random() < 0.45):
            sale = world.dice.choice(list(register.rung))
            world.send(register.machine, register.pay(sale))
            return
        self.sale += 1
        world.send(register.machine, register.ring(self.sale, self._wants(register)))

    def _wants(self, register: Register) -> Wants:
        """Often what the till holds a part of, so that sales meet over the last unit."""
        draw = self.world.dice.random
        held = register.disk.counters.granted
        if held and draw() < 0.5:
            key = self.world.dice.choice(list(held))
            left = register.disk.counters.left(key)
            is_card = CAMPAIGNS <= key < self.first_coupon
            if left > 0:
                return ((key, 1 + int(draw() * left) if is_card else 1),)
        key = int(draw() * CAMPAIGNS)
        if draw() < 0.4:
            return ((key, 1),)
        if draw() < 0.5:
            card = CAMPAIGNS + int(draw() * CARDS)
            return ((card, 1 + int(draw() * 80)),)
        coupon = self.next_coupon - 1 - int(draw() * COUPONS)
        return ((coupon, 1), (key, 1)) if draw() < 0.2 else ((coupon, 1),)

    def centre_event(self) -> None:
        """A store is lent its share, a card is loaded, a coupon is issued, a limit raised."""
        world = self.world
        draw = world.dice.random
        book = world.centre.counters
        kind = draw()
        if kind < 0.55:
            key = int(draw() * self.next_coupon)
            if key >= CAMPAIGNS + CARDS:
                key = self.next_coupon - 1 - int(draw() * COUPONS)
            share = lease_value(world.centre.policy, book.left(key), int(draw() * 2))
            units = max(1, share)
            node = world.registers[int(draw() * len(world.registers))].node
            world.send(CENTRE, world.centre.lend_counter(node, key, units))
        elif kind < 0.85:
            book.make(self.next_coupon, 1)
            self.next_coupon += 1
        elif kind < 0.95:
            book.make(CAMPAIGNS + int(draw() * CARDS), 1 + int(draw() * 200))
        else:
            book.make(int(draw() * CAMPAIGNS), 50)


class CountedTruth:
    """What was taken of each counter, judged from outside the machines."""

    def __init__(self, world: World, fail: Callable[[str, str], None]) -> None:
        self.world = world
        self._fail = fail
        self.used: Counter[int] = Counter()
        self.used_by: Counter[tuple[Life, int]] = Counter()
        self.given_up: Counter[tuple[Life, int]] = Counter()
        self.open_sales: dict[Life, set[int]] = {}
        self.life_of: dict[int, Life] = {}
        self._sales = 0

    def counted(self, life: Life, sale: int, wants: Wants) -> None:
        """Goods are gone for these uses."""
        book = self.world.centre.counters
        self.open_sales.setdefault(life, set()).add(sale)
        self.life_of[sale] = life
        for key, units in wants:
            self.used[key] += units
            self.used_by[life, key] += units
            if self.used[key] > book.total[key]:
                self._fail("counter", f"{self.used[key]} used of {book.total[key]} of {key}")
            self._check_life(life, key)

    def given_back(self, life: Life, key: int, units: int) -> None:
        """A life wrote into its log that it uses so many no more."""
        self.given_up[life, key] += units
        self._check_life(life, key)

    def _check_life(self, life: Life, key: int) -> None:
        part = self.world.centre.counters.parts.get(key, {}).get(life)
        gone = self.used_by[life, key] + self.given_up[life, key]
        if gone > (part.granted if part else 0):
            self._fail("counter lease", f"{gone} of {key} gone at {life}, lent {part}")

    def after_step(self) -> None:
        """What the step moved at the centre."""
        book = self.world.centre.counters
        for key in book.changed:
            self._check(key)
        book.changed.clear()
        if len(book.sales) > self._sales:
            new = len(book.sales) - self._sales
            self._sales += new
            for sale in islice(reversed(book.sales), new):
                if sale in self.life_of:
                    self.open_sales[self.life_of.pop(sale)].discard(sale)

    def _check(self, key: int) -> None:
        book = self.world.centre.counters
        lent = 0
        for life, part in book.parts.get(key, {}).items():
            lent += max(part.granted - part.returned, part.used)
            if part.returned > self.given_up[life, key]:
                self._fail("counter credited", f"{part} of {key} at {life} was not given up")
            if part.used > self.used_by[life, key]:
                self._fail("counter twice", f"{part} of {key} at {life}: more than was sold")
        if lent > book.total[key]:
            self._fail("counter lent", f"{lent} lent and used of {book.total[key]} of {key}")

    def check_after_crash(self, register: Register, life: Life) -> None:
        """Each use that the centre lacks is still in the log."""
        missing = self.open_sales.get(life, set())
        if missing:
            kept = {fact[1] for fact in register.disk.log.facts if fact[0] == "count"}
            if lost := missing - kept:
                self._fail("durable", f"sales {lost} took counters and are on no disk")

    def recompute(self) -> None:
        """Every counter, and what each life may still use beside what its log has yet to tell."""
        centre = self.world.centre
        for key in centre.counters.total:
            self._check(key)
        for register in self.world.registers:
            life = (register.node, register.disk.epoch)
            if register.is_confirmed:
                told = self._untold(register, centre.applied.get(life, 0))
                for key in register.disk.counters.granted:
                    part = centre.counters.parts.get(key, {}).get(life, Part())
                    rights = register.disk.counters.left(key) + told[key]
                    if rights > part.granted - part.used - part.returned:
                        self._fail("counter rights", f"{rights} of {key} at {life}, {part}")

    @staticmethod
    def _untold(register: Register, applied: int) -> Counter[int]:
        waiting: Counter[int] = Counter()
        log = register.disk.log
        for fact in log.facts[max(0, applied - log.base + 1) :]:
            if fact[0] == "count":
                for key, units in fact[2]:
                    waiting[key] += units
            elif fact[0] == "uncount":
                waiting[fact[1]] += fact[2]
        return waiting

    def all_posted(self) -> None:
        """After healing every use of a life that is not lost is at the centre."""
        for register in self.world.registers:
            left: Any = self.open_sales.get((register.node, register.disk.epoch))
            if left:
                self._fail("lost", f"{len(left)} counted sales of {register.node} never arrived")
