"""The first depth: the machines of `loyalty.protocol`, with what a shop does beside redeeming."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.soak.depths_plan import EARNED_POINTS, Books, Fate, Order, Size, Sold
from bench.soak.depths_register import OpenSale, ShopRegister
from bench.soak.depths_shop import PENDING, ShopCentre, lease_name
from loyalty.protocol import CENTRE, AuthId
from loyalty.protocol.centre import ISSUED, OVERDRAFT, REDEEMED
from loyalty.protocol.log import Fact


class PureChain:
    """Centre and registers without I/O."""

    name = "pure"

    def __init__(
        self,
        size: Size,
        centre: type[ShopCentre] = ShopCentre,
        register: type[ShopRegister] = ShopRegister,
    ) -> None:
        self.centre = centre(size)
        self._register = register
        self.size = size
        self.tills = {till: register(till, size.prints(till)) for till in self.centre.tills}
        self.old: list[ShopRegister] = []
        self.flying: list[Callable[[], Any]] = []
        self.return_of: dict[int, int] = {}

    # --- a sale -------------------------------------------------------------------------------

    def sell(self, order: Order) -> Sold:
        """One order up to its end or its crash."""
        till = self.tills[order.till]
        if order.member is not None and order.wanted:
            stopped = self._redeem(till, order, order.member)
            if stopped is not None:
                return stopped
        elif order.crash in ("asked", "heard", "decided"):
            till.crash(0)
            return Sold("unknown" if order.loses_power else "open")
        sold = till.commit(order)
        if order.crash:
            till.crash(0)
        return sold

    def finish(self, order: Order) -> Sold:
        """The till confirms an open sale as it was decided; without a decision it must ask."""
        till = self.tills[order.till]
        known = till.counter.open.get(order.sale)
        if known is not None and known.decision is None:
            return Sold("open")
        return till.commit(order)

    def _redeem(self, till: ShopRegister, order: Order, member: int) -> Sold | None:
        before = till.counter.open.get(order.sale)
        dropped = till.drop(order.sale)
        asked = till.ask(order, member)
        if dropped is not None:
            self._void(dropped, order.void_fate)
        pending = till.pending
        assert pending is not None
        if order.crash == "asked":
            return self._stop(till, order, before)
        for _, _, question in asked:
            points = self._authorise(till, question, order.fate)
            if points is not None and order.crash != "heard":
                till.on_authorised(CENTRE, pending.auth, points)
        if order.crash == "heard":
            return self._stop(till, order, before)
        if till.pending is not None:
            till.time_out()
        return self._stop(till, order, before) if order.crash == "decided" else None

    def _stop(self, till: ShopRegister, order: Order, before: OpenSale | None) -> Sold:
        """The machine stops; without power, what no durable write has followed is gone."""
        assert before is None
        till.crash(0)
        if order.loses_power and order.is_online:
            till.counter.open[order.sale].decision = None
        elif order.loses_power:
            till.drop(order.sale)
            till.forget_question()
            return Sold("unknown")
        return Sold("open")

    def _authorise(self, till: ShopRegister, question: Any, fate: Fate) -> int | None:
        def ask() -> int:
            ((_, _, (_, points)),) = self.centre.on_authorise(till.node, *question)
            return int(points)

        if fate in ("late", "doubled"):
            self.flying.append(ask)
        points = ask() if fate in ("answered", "answer lost", "doubled") else None
        return None if fate == "answer lost" else points

    def _void(self, auth: AuthId, fate: Fate) -> None:
        if fate in ("late", "doubled"):
            self.flying.append(lambda: self.centre.on_void(auth))
        if fate in ("answered", "answer lost", "doubled"):
            self.centre.on_void(auth)

    def cancel(self, till: int, sale: int, fate: Fate) -> None:
        """The customer leaves."""
        gone = self.tills[till].drop(sale)
        if gone is not None:
            self._void(gone, fate)

    # --- after the sale -----------------------------------------------------------------------

    def paper(self, till: int, subject: int, is_return: bool, is_printed: bool) -> None:
        """A verdict on a sale's or a return's paper."""
        register = self.tills[till]
        if is_return and is_printed:
            register.undo(("printed", subject), self.return_of[subject], EARNED_POINTS)
        else:
            register.write(("printed" if is_printed else "waits", subject))

    def void(self, till: int, sale: int) -> None:
        """Undo a sale whose paper did not come out."""
        self.tills[till].undo(("void", sale), sale, 0)

    def give_back(self, till: int, sale: int) -> None:
        """All goods of a sale come back; the return has the sale's number."""
        register = self.tills[till]
        self.return_of[sale] = sale
        if register.prints:
            register.write(("return", sale, sale, True))
        else:
            register.undo(("return", sale, sale, False), sale, EARNED_POINTS)

    # --- sync ---------------------------------------------------------------------------------

    def push(self, till: int, most: int, fate: Fate) -> int:
        """Send the oldest facts of the oldest life that has some; what the centre has of it."""
        register = self.tills[till]
        for each in (*(old for old in self.old if old.node == till), register):
            log = each.disk.log
            if log.facts:
                return self._send(each, log.base, tuple(log.facts[:most]), fate)
        return 0

    def _send(self, register: ShopRegister, start: int, facts: tuple[Fact, ...], fate: Fate) -> int:
        epoch = register.disk.epoch
        settled = register.settled(start + len(facts) - 1)

        def send() -> int:
            life = (register.node, epoch)
            answer = self.centre.on_facts(register.node, *life, start, facts, settled)
            return int(answer[0][2][1])

        if fate in ("late", "doubled"):
            self.flying.append(send)
        acked = send() if fate in ("answered", "answer lost", "doubled") else 0
        if fate in ("answered", "doubled"):
            # As the product: only what was in this batch is settled by its answer.
            register.disk.log.prune(min(acked, start + len(facts) - 1))
            register.anchor = register.disk.mark
        return acked

    def pull(self, till: int, fate: Fate) -> None:
        """Follow the feed to its end."""
        if fate not in ("answered", "doubled"):
            return
        register, centre = self.tills[till], self.centre
        epoch = register.disk.epoch
        counter = register.counter
        counter.denied = {m for m in centre.books if centre.balance(m, OVERDRAFT)}
        for member, places in centre.books.items():
            balance = sum(p for place, p in places.items() if _is_shown(place))
            register.on_balance(CENTRE, member, balance)
            total = centre.granted.get((register.hub, member), 0)
            register.on_lent(register.hub, epoch, member, total)
        counter.applied = (epoch, centre.applied.get((till, epoch), 0))
        counter.recalls = [
            (holder, member, *asked)
            for (holder, member), asked in sorted(
                centre.recalls.items(), key=lambda each: lease_name(*each[0])
            )
            if holder == register.hub
        ]
        register.answer()

    def waiting(self) -> int:
        """Messages under way."""
        return len(self.flying)

    def deliver(self, which: int) -> None:
        """One of them arrives."""
        self.flying.pop(which)()

    # --- machines -----------------------------------------------------------------------------

    def crash(self, till: int) -> None:
        """The process stops and starts again."""
        self.tills[till].crash(0)

    def replace(self, till: int) -> None:
        """The register is enrolled anew; the log of its life before still comes in."""
        old = self.tills[till]
        self.old.append(old)
        epoch = self.centre.new_life(till)
        new = self.tills[till] = self._register(till, old.prints)
        new.hub = new.old_hub = self.centre.hubs[till]
        new.disk.epoch, new.counter, new.balances = epoch, old.counter, old.balances
        new.anchor = new.disk.mark

    def set_clock(self, till: int, offset_min: int, is_frozen: bool) -> None:
        """Nothing here looks at a clock."""

    def tick(self, minutes: int) -> None:
        """Time passes."""
        self.centre.now += minutes
        timer = getattr(self.centre, "on_timer", None)
        if timer is not None:
            timer(self.centre.now)

    # --- looking ------------------------------------------------------------------------------

    def books(self, member: int) -> Books:
        """A member's accounts."""
        found: Books = {}
        for place, points in self.centre.books.get(member, {}).items():
            name = place if isinstance(place, str) else _NAMES[place[0]]
            if name not in (ISSUED, REDEEMED):
                found[name] = found.get(name, 0) + points
        return found

    def shown(self, till: int, member: int) -> int:
        """The balance that the register would show."""
        return self.tills[till].shown(member)

    def audit(self) -> list[str]:
        """All books from the journal, and what no layer may overdraw."""
        centre, faults = self.centre, []
        sums: dict[int, dict[Any, int]] = {}
        for member, source, target, points in centre.journal:
            account = sums.setdefault(member, {})
            account[source] = account.get(source, 0) - points
            account[target] = account.get(target, 0) + points
        for member, account in sums.items():
            kept = {place: balance for place, balance in account.items() if balance}
            if kept != centre.books[member] or sum(kept.values()):
                faults.append(f"the journal of {member} gives {kept}")
        faults += [f"{n} overdrawn by {p}" for n, p in centre.overdrawn.items() if p]
        faults += [f"sale {sale} posted twice" for sale in centre.posted_twice]
        return faults

    def posted(self) -> dict[int, int]:
        """Sales of members at the centre, with the points they spent."""
        return dict(self.centre.sales)

    def close(self) -> None:
        """Nothing is held."""


_NAMES = {"lease": "leases", "hold": "held"}


def _is_shown(place: Any) -> bool:
    return place not in (ISSUED, REDEEMED, PENDING)
