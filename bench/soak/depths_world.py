"""One schedule over several depths at once: every step must mean the same at each of them.

The schedule follows from the seed, and from decisions that are the same everywhere. After each
event the depths are compared; every `FULL` steps, and after healing, everything is compared and
recomputed. A step is a use case, a message that arrives (or fails to), a crash or a clock event;
one customer is an event of up to five steps.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from bench.soak.depths_judged import FULL, Judged, Receipt
from bench.soak.depths_plan import Crash, Depth, Fate, Order, Size, Sold

MOST_UNDER_WAY = 40
_FATES: tuple[tuple[Fate, float], ...] = (
    ("answered", 0.72),
    ("request lost", 0.08),
    ("answer lost", 0.08),
    ("late", 0.06),
    ("doubled", 0.06),
)
_CRASHES: tuple[Crash, ...] = ("asked", "heard", "decided", "committed", "committed")


class World(Judged):
    """Runs the same steps on every depth."""

    def __init__(
        self, seed: int, size: Size, depths: Sequence[Depth], full_every: int = FULL
    ) -> None:
        super().__init__(seed, size, depths, full_every)
        self.dice = random.Random(seed)
        for till in self.shops:
            self.pull(till, "answered")

    # --- steps --------------------------------------------------------------------------------

    def run(self, steps: int) -> None:
        """So many steps."""
        for _ in range(steps):
            self.step()

    def step(self) -> None:
        """One of them."""
        draw = self.dice.random()
        if draw < 0.34:
            self.sell(self._order())
        elif draw < 0.53:
            self.push(self._till(), self.dice.choice((1, 2, 5, 50)), self._fate())
        elif draw < 0.67:
            self.pull(self._till(), self._fate())
        elif draw < 0.79:
            self._settle_paper(self._till())
        elif draw < 0.89 and self._under_way:
            self.deliver(int(self.dice.random() * self._under_way))
        elif draw < 0.94:
            self._end_open(self._till())
        elif draw < 0.96:
            self._give_back(self._till())
        elif draw < 0.975:
            self.tick(self.dice.choice((1, 10, 60)))
        else:
            self._fault()

    def _till(self) -> int:
        return 1 + int(self.dice.random() * self.size.stores)

    def _fate(self) -> Fate:
        draw = self.dice.random()
        for fate, share in _FATES:
            draw -= share
            if draw < 0:
                return fate
        return "answered"

    def _order(self) -> Order:
        """A member mostly shops in a few stores, so that stores meet over the same points."""
        dice = self.dice
        member = 1 + int(dice.random() * self.size.members) if dice.random() < 0.92 else None
        till = self._till()
        if member is not None and dice.random() < 0.8:
            till = 1 + (member * 7 + int(dice.random() * 3)) % self.size.stores
        wanted = int(dice.random() * 9_000) if dice.random() < 0.8 else 0
        crash = dice.choice(_CRASHES) if dice.random() < 0.05 else ""
        is_online = till not in self.down
        return Order(
            sale=len(self.receipts) + 1,
            till=till,
            member=member,
            wanted=wanted,
            is_online=is_online,
            fate=self._fate() if is_online else "request lost",
            void_fate="answered",
            crash=crash,
            loses_power=bool(crash) and dice.random() < 0.6,
        )

    def sell(self, order: Order) -> Sold:
        """A new sale, or one that is still open, up to its end or its crash."""
        sold = self._same(f"order {order}", [depth.sell(order) for depth in self.depths])
        self.steps += _parts(order)
        if order.crash:
            self.seen["crash"] += 1
        self._ended(order, sold)
        return sold

    def finish(self, sale: int) -> Sold:
        """The till confirms an open sale as it was decided before."""
        order = replace(self.receipts[sale].order, crash="", loses_power=False)
        sold = self._same(f"finish {order}", [depth.finish(order) for depth in self.depths])
        self.seen["confirmed later"] += sold.state == "committed"
        self._ended(order, sold)
        return sold

    def _ended(self, order: Order, sold: Sold) -> None:
        self.seen[f"sale {sold.state}"] += 1
        shop = self.shops[order.till]
        receipt = Receipt(order, sold.state, sold.online + sold.lease, shop.epoch)
        self.receipts[order.sale] = receipt
        if order.sale in shop.open:
            shop.open.remove(order.sale)
        if sold.state == "open":
            shop.open.append(order.sale)
        elif sold.state == "committed":
            self.seen["online"] += bool(sold.online)
            self.seen["lease"] += bool(sold.lease)
            if self.size.prints(order.till):
                receipt.paper = "waiting"
                shop.papers.append(order.sale)
            else:
                shop.closed.append(order.sale)
        self._after(order.member)

    def _end_open(self, till: int) -> None:
        """An open sale is confirmed as it stands, or rung up again under a new authorisation, or
        the customer leaves."""
        shop = self.shops[till]
        if not shop.open:
            return
        sale = self.dice.choice(shop.open)
        order = self.receipts[sale].order
        draw = self.dice.random()
        if draw < 0.4 and self.receipts[sale].epoch == shop.epoch:
            self.finish(sale)
        elif draw < 0.7:
            is_online = till not in self.down
            again = replace(
                order,
                is_online=is_online,
                wanted=int(self.dice.random() * 9_000),
                fate=self._fate() if is_online else "request lost",
                void_fate=self._void_fate(till),
                crash="",
                loses_power=False,
            )
            self.seen["resumed"] += 1
            self.sell(again)
        else:
            self.cancel(till, sale, self._void_fate(till))

    def _void_fate(self, till: int) -> Fate:
        return "late" if till in self.down else self.dice.choice(("answered", "late", "doubled"))

    def cancel(self, till: int, sale: int, fate: Fate) -> None:
        """The customer leaves."""
        self._each(lambda depth: depth.cancel(till, sale, fate))
        self.shops[till].open.remove(sale)
        self.receipts[sale].state = "cancelled"
        self.seen["cancelled"] += 1
        self._after(self.receipts[sale].order.member)

    def _settle_paper(self, till: int) -> None:
        papers = self.shops[till].papers
        if papers:
            self.paper(till, self.dice.choice(papers), self.dice.random())

    def paper(self, till: int, sale: int, draw: float) -> None:
        """Printed, refused, or what follows a refusal: once more, or a void."""
        receipt, shop = self.receipts[sale], self.shops[till]
        is_return = receipt.back == "waiting"
        if receipt.paper == "refused" and draw < 0.5:
            self._each(lambda depth: depth.void(till, sale))
            receipt.state = receipt.paper = "voided"
            shop.papers.remove(sale)
            self.seen["voided"] += 1
        else:
            is_printed = is_return or draw < 0.85
            self._each(lambda depth: depth.paper(till, sale, is_return, is_printed))
            if is_return:
                receipt.state = receipt.back = "returned"
            else:
                receipt.paper = "printed" if is_printed else "refused"
            if is_printed:
                shop.papers.remove(sale)
                if not is_return:
                    shop.closed.append(sale)
        self._after(receipt.order.member)

    def _give_back(self, till: int) -> None:
        closed = self.shops[till].closed
        if closed:
            self.give_back(till, self.dice.choice(closed[-20:]))

    def give_back(self, till: int, sale: int) -> None:
        """All goods come back."""
        receipt, shop = self.receipts[sale], self.shops[till]
        self._each(lambda depth: depth.give_back(till, sale))
        shop.closed.remove(sale)
        self.seen["return"] += 1
        if self.size.prints(till):
            receipt.back = "waiting"
            shop.papers.append(sale)
        else:
            receipt.state = "returned"
        self._after(receipt.order.member)

    def push(self, till: int, most: int, fate: Fate) -> None:
        """Facts up."""
        if till in self.down:
            fate = "request lost"
        acked = [depth.push(till, most, fate) for depth in self.depths]
        self._same(f"push of {till}, {fate}", acked)
        self._sent(fate)

    def pull(self, till: int, fate: Fate) -> None:
        """Rows down."""
        if till in self.down:
            fate = "request lost"
        self._each(lambda depth: depth.pull(till, fate))
        self._sent(fate)

    def deliver(self, which: int) -> None:
        """A late message arrives."""
        self._each(lambda depth: depth.deliver(which))
        self.seen["late message"] += 1
        self._sent("answered")

    def _sent(self, fate: Fate) -> None:
        if fate == "doubled":
            self.seen["duplicate"] += 1
        self._after(None)
        while self._under_way > MOST_UNDER_WAY:
            self.deliver(0)

    # --- faults -------------------------------------------------------------------------------

    def _fault(self) -> None:
        draw, till = self.dice.random(), self._till()
        if draw < 0.6:
            self.cut(till)
        elif draw < 0.78:
            self.crash(till)
        elif draw < 0.95:
            days = 3 * 24 * 60
            offset = self.dice.choice((0, days, -days, self.dice.randrange(-600, 600)))
            self.set_clock(till, offset, self.dice.random() < 0.3)
        else:
            self.replace(till)

    def cut(self, till: int) -> None:
        """The store's way to the centre goes, or comes back."""
        if till in self.down:
            self.down.discard(till)
        else:
            self.down.add(till)
            self.seen["partition"] += 1

    def crash(self, till: int) -> None:
        """Between two sales."""
        self._each(lambda depth: depth.crash(till))
        self.seen["crash"] += 1
        self._after(None)

    def set_clock(self, till: int, offset_min: int, is_frozen: bool) -> None:
        """Days off, jumping, or standing still."""
        self._each(lambda depth: depth.set_clock(till, offset_min, is_frozen))
        self.seen["clock jump"] += 1

    def tick(self, minutes: int) -> None:
        """True time passes."""
        self._each(lambda depth: depth.tick(minutes))
        self._after(None)

    def replace(self, till: int) -> None:
        """The register gets a new life."""
        self._each(lambda depth: depth.replace(till))
        self.shops[till].epoch += 1
        self.seen["new life"] += 1
        self._after(None)


def _parts(order: Order) -> int:
    """Steps of an order beside the last one: use cases before it, and the question that came."""
    if not (order.member and order.wanted):
        return int(not order.crash)
    arrives = order.is_online and order.fate in ("answered", "answer lost", "doubled")
    done = {"asked": 1, "heard": 1 + arrives, "decided": 2 + arrives}
    return done.get(order.crash, 3 + arrives)
