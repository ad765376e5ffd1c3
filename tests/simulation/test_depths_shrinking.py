"""The steps of the simulation as rules of Hypothesis: what breaks, it shrinks to a few steps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from bench.soak.depths_chains import SqliteChain
from bench.soak.depths_mutants import EarlyTill, HastyTill
from bench.soak.depths_plan import Order, Size
from bench.soak.depths_pure import PureChain
from bench.soak.depths_till import RealTill
from bench.soak.depths_world import World

SIZE = Size(stores=2, members=2)
TILLS, MEMBERS = st.integers(1, 2), st.integers(1, 2)
FATES = st.sampled_from(["answered", "request lost", "answer lost", "late", "doubled"])
CRASHES = st.sampled_from(["", "", "", "asked", "heard", "decided", "committed"])
SMALL = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Shops(RuleBasedStateMachine):
    """Two shops and two members: pure machines beside registers with SQL."""

    till: type[RealTill] = RealTill
    world: World | None = None

    @initialize()
    def open_shops(self) -> None:
        self.world = World(0, SIZE, [PureChain(SIZE), SqliteChain(SIZE, till=self.till)], 1)

    @rule(
        till=TILLS,
        member=MEMBERS,
        wanted=st.sampled_from([0, 500, 3_000, 30_000]),
        fate=FATES,
        crash=CRASHES,
        loses_power=st.booleans(),
    )
    def sell(self, till: int, member: int, wanted: int, fate: Any, crash: Any, loses_power: bool):
        world = self.world
        order = Order(
            len(world.receipts) + 1,
            till,
            member,
            wanted,
            is_online=till not in world.down,
            fate=fate if till not in world.down else "request lost",
            crash=crash,
            loses_power=loses_power and bool(crash),
        )
        world.sell(order)

    @rule(till=TILLS, most=st.integers(1, 4), fate=FATES)
    def push(self, till: int, most: int, fate: Any) -> None:
        self.world.push(till, most, fate)

    @rule(till=TILLS)
    def pull(self, till: int) -> None:
        self.world.pull(till, "answered")

    @precondition(lambda self: self.world and self.world.depths[0].waiting())
    @rule()
    def deliver(self) -> None:
        self.world.deliver(0)

    @precondition(lambda self: self.world and any(s.open for s in self.world.shops.values()))
    @rule(is_confirmed=st.booleans(), fate=st.sampled_from(["answered", "late", "doubled"]))
    def end_open(self, is_confirmed: bool, fate: Any) -> None:
        world = self.world
        till, shop = next((till, shop) for till, shop in world.shops.items() if shop.open)
        if is_confirmed and world.receipts[shop.open[0]].epoch == shop.epoch:
            world.finish(shop.open[0])
        else:
            world.cancel(till, shop.open[0], fate)

    @precondition(lambda self: self.world and any(s.papers for s in self.world.shops.values()))
    @rule(draw=st.sampled_from([0.1, 0.9]))
    def paper(self, draw: float) -> None:
        till, shop = next((till, s) for till, s in self.world.shops.items() if s.papers)
        self.world.paper(till, shop.papers[0], draw)

    @precondition(lambda self: self.world and any(s.closed for s in self.world.shops.values()))
    @rule()
    def give_back(self) -> None:
        till, shop = next((till, s) for till, s in self.world.shops.items() if s.closed)
        self.world.give_back(till, shop.closed[0])

    @rule(till=TILLS)
    def cut(self, till: int) -> None:
        self.world.cut(till)

    @rule(till=TILLS, offset=st.sampled_from([0, 4_320, -4_320]), is_frozen=st.booleans())
    def set_clock(self, till: int, offset: int, is_frozen: bool) -> None:
        self.world.set_clock(till, offset, is_frozen)

    @rule(till=TILLS)
    def crash(self, till: int) -> None:
        self.world.crash(till)

    @rule(till=TILLS)
    def replace(self, till: int) -> None:
        self.world.replace(till)

    def teardown(self) -> None:
        if self.world is not None:
            try:
                self.world.heal()
            finally:
                for depth in self.world.depths:
                    depth.close()


class EarlyShops(Shops):
    till = EarlyTill


class HastyShops(Shops):
    till = HastyTill


def test_any_order_of_steps():
    run_machine(Shops, settings=SMALL)


@pytest.mark.parametrize("machine", [EarlyShops, HastyShops])
def test_a_fault_is_found_without_a_schedule(machine):
    sought = settings(SMALL, max_examples=200, derandomize=True, phases=[Phase.generate])
    with pytest.raises(AssertionError):
        run_machine(machine, settings=sought)
