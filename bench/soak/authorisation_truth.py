"""What must hold after every step, judged from outside the machines."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

from bench.soak.authorisation_counters import CountedTruth
from loyalty.authorisation.decision import Decision
from loyalty.protocol import Message
from loyalty.protocol.centre import AVAILABLE, ISSUED, OVERDRAFT
from loyalty.protocol.register import Pending, Register, ShownPurse

if TYPE_CHECKING:
    from bench.soak.authorisation_world import World


class Broken(AssertionError):
    """An invariant does not hold; `name` says which."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name


Life = tuple[int, int]


class Truth:
    """Goods that are gone, rights that were given up, and the centre's books beside them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.touched: Any = None
        self.wanted: dict[int, int] = {}
        self.values: dict[int, int] = {}
        self.until: dict[int, int] = {}
        self.owner: dict[int, int] = {}
        self.lease: Counter[tuple[int, int]] = Counter()
        self.released: Counter[tuple[int, int]] = Counter()
        self.purse: Counter[int] = Counter()
        self.deciders: dict[int, set[Any]] = {}
        self.cache: Counter[Any] = Counter()
        self.cache_of_sale: dict[int, tuple[Any, int]] = {}
        self.open_sales: dict[Life, dict[int, int]] = {}
        self.life_of: dict[int, Life] = {}
        self.approved: Counter[str] = Counter()
        self.most_purse_over = 0
        self.at_centre: Counter[int] = Counter()
        """Purse points of approvals that the centre had claimed, by serial."""
        self.counted = CountedTruth(world, self._fail)
        self._read = 0
        self._sales = 0

    def _fail(self, name: str, text: str) -> None:
        world = self.world
        raise Broken(name, f"{text} (seed {world.seed}, step {world.steps})")

    # --- what the machines do -----------------------------------------------------------------

    def issued(self, member: int, shown: ShownPurse) -> None:
        """A purse as it left the centre, the latest of its renewals."""
        self.values[shown.serial] = shown.value
        self.until[shown.serial] = shown.not_after
        self.owner[shown.serial] = member

    def hear(self, message: Message) -> None:
        """An approval, or rights that a holder gave up in its log."""
        kind = message[1]
        if kind == "approved":
            self._approved(*message[2])
        elif kind == "counted":
            self.approved["counter"] += 1
            self.counted.counted(*message[2])
        elif kind == "uncounted":
            self.counted.given_back(*message[2])
        else:
            hub, member, points = message[2]
            self.released[hub, member] += points

    def _approved(self, register: Register, pending: Pending, decision: Decision) -> None:
        if not decision.parts:
            return
        life = (register.node, register.disk.epoch)
        self.open_sales.setdefault(life, {})[pending.sale] = decision.points
        self.life_of[pending.sale] = life
        for part in decision.parts:
            self.approved[part.layer] += 1
            if part.layer == "lease":
                self.lease[int(part.ref), pending.member] += part.points
                self._check_lease(int(part.ref), pending.member)
            elif part.layer == "purse":
                self._purse_used(register, life, int(part.ref), part.points)
                if pending.online is not None:
                    self._purse_online(int(part.ref), part.points)
            elif part.layer == "cache":
                self._cache_used(register, life, pending.sale, part.points)
            elif part.points > self.world.centre.answered.get(pending.auth, 0):
                self._fail("online", "more than the centre held")

    def _purse_used(self, register: Register, life: Life, serial: int, points: int) -> None:
        """K counts those who could decide: the hub for all that reach it, else the register."""
        decider: Any = life if register.is_alone else register.hub
        deciders = self.deciders.setdefault(serial, set())
        deciders.add(decider)
        self.purse[serial] += points
        over = self.purse[serial] - self.values[serial]
        self.most_purse_over = max(self.most_purse_over, over)
        if over > (len(deciders) - 1) * self.values[serial]:
            self._fail("purse", f"serial {serial} gave {over} over with K {len(deciders)}")
        if serial in self.world.centre.closed:
            self._fail("purse closed", f"serial {serial} is spent after it was credited back")

    def _purse_online(self, serial: int, points: int) -> None:
        """Approved with the centre's answer: all such uses together never exceed the value."""
        self.at_centre[serial] += points
        if self.at_centre[serial] > self.values[serial]:
            self._fail("purse online", f"serial {serial} gave {self.at_centre[serial]} online")

    def _cache_used(self, register: Register, life: Life, sale: int, points: int) -> None:
        decider: Any = life if register.is_alone else register.hub
        self.cache[decider] += points
        self.cache_of_sale[sale] = (decider, points)
        budget = register.share if register.is_alone else self.world._hub_budget
        if self.cache[decider] > budget:
            self._fail("cache", f"{decider} risked {self.cache[decider]} of {budget}")

    def _check_lease(self, hub: int, member: int) -> None:
        centre, key = self.world.centre, (hub, member)
        spent, credited = self.lease[key], centre.credited.get(key, 0)
        if spent + credited > centre.granted.get(key, 0):
            self._fail("lease", f"{spent} spent, {credited} credited back of {key}")
        if credited > self.released[key]:
            self._fail("lease credited", f"{credited} of {self.released[key]} given up, {key}")

    def check_after_crash(self, register: Register) -> None:
        """Each approved sale that the centre lacks is still in the log of its register."""
        life = (register.node, register.disk.epoch)
        if register.anchor is None or not register.is_confirmed:
            return
        kept = {fact[1] for fact in register.disk.log.facts if fact[0] == "burn"}
        for sale in self.open_sales.get(life, {}):
            if sale not in kept:
                self._fail("durable", f"sale {sale} was approved and is on no disk")
        self.counted.check_after_crash(register, life)

    # --- after every step ---------------------------------------------------------------------

    def after_step(self) -> None:
        """What the step could have changed: new lines of the journal, the touched register."""
        if self.world.centre.counters.changed:
            self.counted.after_step()
        journal = self.world.centre.journal
        if len(journal) > self._read:
            for member, source, target, points in journal[self._read :]:
                self._line(member, source, target, points)
            self._read = len(journal)
        if len(self.world.centre.sales) > self._sales:
            self._posted()
        machine = self.touched
        if isinstance(machine, Register) and machine.is_confirmed:
            life = (machine.node, machine.disk.epoch)
            applied = self.world.centre.applied.get(life, 0)
            if machine.anchor is not None and machine.disk.log.base - 1 > applied:
                self._fail("pruned", f"{life} forgot what the centre lacks after {applied}")

    def _line(self, member: int, source: Any, target: Any, points: int) -> None:
        centre = self.world.centre
        if sum(centre.books[member].values()):
            self._fail("sum", f"the books of {member} are not even")
        if centre.posted_twice:
            self._fail("twice", f"sales {centre.posted_twice} were posted twice")
        if source == OVERDRAFT:
            for layer in ("online", "lease"):
                if centre.overdrawn[layer]:
                    self._fail(layer, f"overdrawn by {centre.overdrawn[layer]}")
        if target == AVAILABLE and source[0] == "lease":
            self._check_lease(source[1], member)
        elif target == AVAILABLE and source[0] == "purse":
            self._check_closing(source[1], points)
        elif target[0] == "hold":
            _, _, sale = centre.held[target[1]]
            held = sum(each[1] for each in centre.held.values() if each[2] == sale)
            if held + centre.sales.get(sale, 0) > self.wanted[sale]:
                self._fail("added", f"{held} held for sale {sale} of {self.wanted[sale]}")

    def _posted(self) -> None:
        """Sales that the step brought to the centre."""
        centre = self.world.centre
        new = len(centre.sales) - self._sales
        self._sales += new
        for sale, points in islice(reversed(centre.sales.items()), new):
            life = self.life_of.get(sale)
            if life is not None:
                approved = self.open_sales[life].pop(sale, points)
                if approved != points:
                    self._fail("fact", f"sale {sale} posted {points}, approved {approved}")
            decider, risked = self.cache_of_sale.pop(sale, (None, 0))
            if risked:
                self.cache[decider] -= risked

    def _check_closing(self, serial: int, credited: int) -> None:
        world = self.world
        purse = self.purse[serial]
        limit = self.values[serial] * max(1, len(self.deciders.get(serial, ())))
        if purse + credited > limit:
            self._fail("purse credited", f"serial {serial}: {purse} spent, {credited} back")
        stores = world.homes[self.owner[serial]]
        for register in world.registers:
            is_open = register.disk.floor < self.until[serial]
            if is_open and register.store in stores and register.is_confirmed:
                self._fail("purse credited", f"{register.node} would still take {serial}")

    # --- in full ------------------------------------------------------------------------------

    def recompute(self) -> None:
        """All balances from the journal, every lease and every purse anew."""
        centre = self.world.centre
        books: dict[int, Counter[Any]] = {}
        for member, source, target, points in centre.journal:
            account = books.setdefault(member, Counter())
            account[source] -= points
            account[target] += points
        for member, account in books.items():
            kept = {place: balance for place, balance in account.items() if balance}
            if kept != centre.books[member] or sum(account.values()):
                self._fail("books", f"the journal of {member} gives {kept}")
            below = [p for p, b in kept.items() if b < 0 and p not in (ISSUED, OVERDRAFT)]
            if below:
                self._fail("books", f"{below} of {member} are short")
        for hub, member in centre.granted:
            self._check_lease(hub, member)
        for serial, points in self.purse.items():
            most = self.values[serial] * len(self.deciders[serial])
            if points > most:
                self._fail("purse", f"serial {serial} gave {points} of {most}")
        for register in self.world.registers:
            self.check_after_crash(register)
        self._check_rights()
        self.counted.recompute()

    def _check_rights(self) -> None:
        """What holders may still spend, with what their logs have yet to tell, was all debited."""
        world = self.world
        rights: Counter[tuple[int, int]] = Counter()
        for hub in world.hubs.values():
            for member, granted in hub.granted.items():
                rights[hub.node, member] += granted - hub.given.get(member, 0)
            self._count_facts(rights, hub.log.base, hub.log.facts, (hub.node, 0))
        for register in world.registers:
            if register.is_confirmed:
                disk = register.disk
                for key, lent in disk.lent.items():
                    rights[key] += lent - disk.used.get(key, 0)
                life = (register.node, disk.epoch)
                self._count_facts(rights, disk.log.base, disk.log.facts, life)
        for (hub_node, member), points in rights.items():
            debited = world.centre.balance(member, ("lease", hub_node))
            if points > debited:
                self._fail("rights", f"{points} at hub {hub_node} for {member}, {debited} debited")

    def _count_facts(
        self, rights: Counter[tuple[int, int]], base: int, facts: list[Any], life: Life
    ) -> None:
        applied = self.world.centre.applied.get(life, 0)
        for fact in facts[max(0, applied - base + 1) :]:
            if fact[0] == "release":
                rights[fact[1], fact[2]] += fact[3]
            elif fact[0] == "burn":
                for layer, ref, points in fact[4]:
                    if layer == "lease":
                        rights[int(ref), fact[3]] += points

    def all_posted(self) -> None:
        """After healing every approved sale of a life that is not lost is at the centre once."""
        world = self.world
        if len(set(world.centre.posted_twice)):
            self._fail("twice", "a sale was posted twice")
        for register in world.registers:
            left = self.open_sales.get((register.node, register.disk.epoch))
            if left:
                self._fail("lost", f"{len(left)} sales of {register.node} never arrived")
        self.counted.all_posted()
