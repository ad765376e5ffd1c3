"""A chain in one thread: centre, hubs, registers, members, and a network that does its worst.

Everything follows from the seed. A step is one delivered message, one use case, one crash or one
clock event. `Truth` stands beside the machines: it sees each approval (the goods are gone), each
right released and the centre's journal, and asserts after every step what the step could have
broken; every `FULL` steps it recomputes everything from the journal.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from bench.soak.authorisation_counters import Counting
from bench.soak.authorisation_truth import Broken, Truth
from loyalty.authorisation.policy import Policy, store_shares
from loyalty.protocol import CENTRE, Message
from loyalty.protocol.centre import Centre
from loyalty.protocol.hub import Hub
from loyalty.protocol.register import Disk, Register, ShownPurse

STORES = 50
TILLS = 2
MEMBERS = 120
FULL = 10_000
MOST_IN_FLIGHT = 300
POLICY = Policy(
    lease_least_points=10,
    purse_max_points=60,
    purse_life_min=900,
    cache_cap_points=50,
    cache_budget_points=400,
)

__all__ = ["POLICY", "Broken", "World"]


class World:
    """One seeded chain; the machines' classes can be replaced by mutants."""

    counts = True
    """With countable rights; without where a machine's other depth has none."""

    def __init__(
        self,
        seed: int,
        *,
        stores: int = STORES,
        members: int = MEMBERS,
        centre: type[Centre] = Centre,
        hub: type[Hub] = Hub,
        register: type[Register] = Register,
    ) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.steps = 0
        self.now = 10_000
        self.seen: Counter[str] = Counter()
        self.members = range(1, members + 1)
        self._hub_class = hub
        hub_budget, shares = store_shares(POLICY.cache_budget_points, TILLS)
        self._hub_budget = hub_budget
        tills = {s: [1_000 + s * TILLS + n for n in range(TILLS)] for s in range(stores)}
        self.centre = centre(POLICY, tills)
        self.hubs = {store: hub(10 + store, store, hub_budget) for store in range(stores)}
        self.registers = [
            register(node, store, 10 + store, shares[number], POLICY)
            for store, nodes in tills.items()
            for number, node in enumerate(nodes)
        ]
        self.clones: list[Register] = []
        self.images: dict[int, Disk] = {}
        self.at: dict[int, Any] = {CENTRE: self.centre}
        self.at.update({each.node: each for each in (*self.hubs.values(), *self.registers)})
        for store, each in self.hubs.items():
            self.centre.hubs[store] = each.node
        self._next_node = 100_000
        self._next_sale = 0
        self.wan_down: set[int] = set()
        self.lan_down: set[int] = set()
        self.clock: dict[int, int] = {}
        self.flying: list[tuple[int, Message]] = []
        self.purses: dict[int, ShownPurse] = {}
        self.homes = {m: self.dice.sample(range(stores), 3) for m in self.members}
        for member in self.members:
            self.centre.accrue(member, self.dice.randrange(50, 600))
        self.truth = Truth(self)
        self.counting = Counting(self)

    # --- the loop -----------------------------------------------------------------------------

    def run(self, steps: int) -> None:
        """So many steps; `Broken` at the first that breaks an invariant."""
        random_ = self.dice.random
        truth = self.truth
        for _ in range(steps):
            self.steps += 1
            draw = random_()
            if draw < 0.64 and self.flying:
                self._deliver()
            elif draw < 0.67 and self.counts:
                self.counting.step()
            elif draw < 0.76:
                self._begin()
            elif draw < 0.89:
                self._tick()
            elif draw < 0.92:
                hub = self.hubs[int(random_() * len(self.hubs))]
                self.send(hub.node, hub.tick())
            elif draw < 0.97:
                self._centre_event()
            else:
                self._fault()
            truth.after_step()
            if self.steps % FULL == 0:
                truth.recompute()

    def send(self, source: int, messages: list[Message]) -> None:
        """Under way; what is addressed to nobody is heard by the truth."""
        flying = self.flying
        for message in messages:
            if message[0] < 0:
                self.truth.hear(message)
            elif len(flying) < MOST_IN_FLIGHT:
                flying.append((source, message))
            else:
                flying[int(self.dice.random() * MOST_IN_FLIGHT)] = (source, message)

    def _deliver(self) -> None:
        flying = self.flying
        at = int(self.dice.random() * len(flying))
        source, message = flying[at]
        if self.dice.random() < 0.04:
            self.seen["duplicate"] += 1
        else:
            flying[at] = flying[-1]
            flying.pop()
        target = message[0]
        if not self._is_linked(source, target):
            return
        machine = self.at.get(target)
        if machine is not None:
            self.truth.touched = machine
            self._hand(machine, source, message)

    def _hand(self, machine: Any, source: int, message: Message) -> None:
        """A message has arrived."""
        self.send(message[0], getattr(machine, message[1])(source, *message[2]))

    def _is_linked(self, source: int, target: int) -> bool:
        one, other = self.at.get(source), self.at.get(target)
        if one is None or other is None:
            return False
        if source != CENTRE and target != CENTRE:
            return source not in self.lan_down and target not in self.lan_down
        return (one if source else other).store not in self.wan_down

    def any_register(self) -> Register:
        """Mostly one of the chain's own, now and then a clone."""
        if self.clones and self.dice.random() < 0.02:
            return self.dice.choice(self.clones)
        return self.registers[int(self.dice.random() * len(self.registers))]

    def clock_of(self, register: Register) -> int:
        """What its clock shows: right, days off, or frozen."""
        off = self.clock.get(register.machine, 0)
        return off if off > 1_000_000 else self.now + off

    # --- use cases ----------------------------------------------------------------------------

    def _begin(self) -> None:
        dice = self.dice
        self.now += dice.random() < 0.5
        member = 1 + int(dice.random() * len(self.members))
        if dice.random() < 0.8:
            store = self.homes[member][int(dice.random() * 3)]
            register = self.registers[store * TILLS + int(dice.random() * TILLS)]
        else:
            register = self.any_register()
        purse = self.purses.get(member) if dice.random() < 0.6 else None
        self._next_sale += 1
        wanted = 1 + int(dice.random() * 120)
        self.truth.wanted[self._next_sale] = wanted
        self.truth.touched = register
        clock = self.clock_of(register)
        out = register.begin(self._next_sale, member, wanted, purse, clock)
        self.send(register.machine, out)

    def _tick(self) -> None:
        register = self.any_register()
        self.truth.touched = register
        if register.pending is not None and self.dice.random() < 0.6:
            self.send(register.machine, register.time_out())
        else:
            self.send(register.machine, register.tick())

    def _centre_event(self) -> None:
        dice, centre = self.dice, self.centre
        if self.counts and dice.random() < 0.15:
            self.counting.centre_event()
            return
        member = 1 + int(dice.random() * len(self.members))
        draw = dice.random()
        rank = int(dice.random() * 2)
        store = self.homes[member][rank]
        if draw < 0.3:
            self.send(CENTRE, centre.grant(member, store, rank))
        elif draw < 0.4:
            self.send(CENTRE, centre.recall(member, store))
        elif draw < 0.55:
            self._renew_page(member)
        elif draw < 0.75:
            self._close_purses(member)
        elif draw < 0.9:
            centre.accrue(member, dice.randrange(1, 200))
        else:
            node = self.centre_till(self.homes[member][int(dice.random() * 3)])
            self.send(CENTRE, [(node, "on_balance", (member, centre.balance(member)))])
        timer = getattr(centre, "on_timer", None)
        if timer is not None:
            timer(self.now)

    def centre_till(self, store: int) -> int:
        """One of a store's registers."""
        return self.registers[store * TILLS + int(self.dice.random() * TILLS)].node

    def _renew_page(self, member: int) -> None:
        """The member's page asks for a purse; often it goes on showing the older code."""
        shown = self.centre.issue(member, tuple(self.homes[member]), self.now)
        if shown is None:
            return
        self.truth.issued(member, shown)
        old = self.purses.get(member)
        if old is None or old.serial != shown.serial or self.dice.random() < 0.5:
            self.purses[member] = shown

    def _close_purses(self, member: int) -> None:
        for store in self.homes[member]:
            self.send(CENTRE, self.centre.close_purses(self.centre_till(store), self.now))

    # --- faults -------------------------------------------------------------------------------

    def _fault(self) -> None:
        dice = self.dice
        draw = dice.random()
        if draw < 0.5:
            store = dice.randrange(len(self.hubs))
            self._flip(self.wan_down, store, "partition")
        elif draw < 0.72:
            machines = (*self.registers, *self.hubs.values())
            self._flip(self.lan_down, dice.choice(machines).node, "partition")
        elif draw < 0.9:
            self._crash(self.any_register())
        elif draw < 0.96:
            self._clock_jump(dice.choice(self.registers))
        elif draw < 0.985:
            register = dice.choice(self.registers)
            self.images[register.node] = register.disk.image()
        elif draw < 0.993 and self.images:
            node = dice.choice(sorted(self.images))
            self.seen["restored image"] += 1
            self._new_nonce(self.at[node], self.images[node])
        elif draw < 0.998:
            self._clone(dice.choice(self.registers))
        else:
            self._lose_hub(dice.randrange(len(self.hubs)))

    def _flip(self, down: set[int], which: int, name: str) -> None:
        if which in down:
            down.discard(which)
        else:
            down.add(which)
            self.seen[name] += 1

    def _crash(self, register: Register) -> None:
        self.seen["crash"] += 1
        self._new_nonce(register, None)
        self.truth.check_after_crash(register)

    def _new_nonce(self, register: Register, image: Disk | None) -> None:
        self._next_node += 1
        if image is None:
            register.crash(self._next_node)
        else:
            register.restored(image, self._next_node)

    def _clock_jump(self, register: Register) -> None:
        self.seen["clock jump"] += 1
        days = 3 * 24 * 60
        frozen = self.now + 10_000_000
        choices = (0, days, -days, self.dice.randrange(-600, 600), frozen)
        chosen = self.dice.choice(choices)
        self.clock[register.machine] = chosen if chosen != frozen else frozen

    def _clone(self, register: Register) -> None:
        if len(self.clones) >= 3:
            self.at.pop(self.clones.pop(0).machine)
        self.seen["clone"] += 1
        self._next_node += 1
        twin = register.clone(self._next_node)
        self.at[twin.machine] = twin
        self.clones.append(twin)

    def _lose_hub(self, store: int) -> None:
        """Its disk is gone: a new term on a new disk; what it held stays debited."""
        self.seen["hub lost"] += 1
        self._next_node += 1
        del self.at[self.hubs[store].node]
        hub = self._hub_class(self._next_node, store, self._hub_budget)
        self.hubs[store] = self.at[hub.node] = hub
        self.centre.new_hub(store, hub.node)

    def heal(self) -> None:
        """All links up, all clocks right, everything delivered; then the books must be whole."""
        self.wan_down.clear()
        self.lan_down.clear()
        self.clock.clear()
        for _ in range(400):
            for register in self.registers:
                self.send(register.machine, register.time_out())
                self.send(register.machine, register.tick())
                while self.flying:
                    self._deliver()
                    self.truth.after_step()
            if not any(each.disk.log.facts for each in self.registers):
                break
        self.truth.recompute()
        self.truth.all_posted()
