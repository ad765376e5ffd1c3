"""What the comparison of the depths has found, each in the fewest steps."""

from __future__ import annotations

import shutil

import pytest

from bench.soak.depths_chains import PostgresChain, SqliteChain
from bench.soak.depths_judged import Judged
from bench.soak.depths_link import Link
from bench.soak.depths_plan import Order, Size
from bench.soak.depths_till import RealTill, compiled
from bench.soak.depths_world import World


def ended(world: Judged) -> list[str]:
    try:
        return world.depths[0].audit()
    finally:
        world.depths[0].close()


def test_what_is_settled_belongs_to_the_facts_sent():
    """Two sales are approved online. A batch of both is lost, one of the first alone arrives: the
    second sale's points must stay held, for its fact is still on its way."""
    size = Size(stores=2, members=1)
    chain = SqliteChain(size)
    world = World(1, size, [chain])
    for number, wanted in ((1, 1_000), (2, 5_000)):
        world.sell(Order(number, till=1, member=1, wanted=wanted, is_online=True))
    outbox = chain.tills[1].outbox
    assert outbox.pending(50, 10**6).settled_number == 2
    alone = outbox.pending(1, 10**6)
    assert not ended(world)
    assert (len(alone.facts), alone.settled_number) == (1, 1)


def test_a_right_of_an_earlier_life_is_not_spent_in_the_next():
    """Decided from a lease, then the register is enrolled anew, then the till confirms (B4)."""
    size = Size(stores=2, members=1)
    world = World(1, size, [SqliteChain(size)])
    world.sell(Order(1, till=1, member=1, wanted=0, is_online=True))
    world.push(1, 50, "answered")
    world.pull(1, "answered")
    order = Order(2, till=1, member=1, wanted=3_000, is_online=False, crash="decided")
    assert world.sell(order).state == "open"
    world.replace(1)
    try:
        sold = world.finish(2)
    finally:
        world.depths[0].close()
    assert sold.lease == 0


def test_a_hold_that_the_next_life_uses_is_not_settled_by_the_life_before():
    """Approved online, then enrolled anew, then confirmed: what the old log settles is not it."""
    size = Size(stores=2, members=1)
    world = World(1, size, [SqliteChain(size)])
    try:
        world.sell(Order(1, till=1, member=1, wanted=0, is_online=True))
        world.sell(Order(2, till=1, member=1, wanted=3_000, is_online=True, crash="decided"))
        world.replace(1)
        spent = world.finish(2)
        world.push(1, 50, "answered")
        held = world.compare(1).get("held", 0)
    finally:
        world.depths[0].close()
    assert held == spent.online


def clone_of(chain: PostgresChain, till: int) -> RealTill:
    """The same files and key in another machine."""
    source = chain.tills[till]
    folder = chain.folder / "clone"
    folder.mkdir()
    source.crash()
    for name in ("ledger.db", "cache.db"):
        shutil.copy(chain.folder / str(till) / name, folder / name)
    link = Link(chain.server, source.link.caller, chain.flying)
    return RealTill(folder, till, source.prints, compiled(), link, lambda: chain.now)


@pytest.mark.postgres
def test_a_clone_settles_no_question_of_the_register_it_was_copied_from(url):
    """Both ask under number 1; the clone's fork says that 1 is over."""
    size = Size(stores=2, members=1)
    chain = PostgresChain(size, url)
    world = World(1, size, [chain])
    try:
        world.sell(Order(1, till=1, member=None, wanted=0, is_online=True))
        world.push(1, 50, "answered")
        clone = clone_of(chain, 1)
        world.sell(Order(2, till=1, member=None, wanted=0, is_online=True))
        world.push(1, 50, "answered")
        held = world.sell(Order(3, till=1, member=1, wanted=9_000, is_online=True)).online
        clone.sell(Order(4, till=1, member=1, wanted=500, is_online=False))
        clone.push(50, "answered")
        clone.close()
        assert world.compare(1).get("held", 0) == held == 9_000
    finally:
        chain.close()


@pytest.mark.postgres
def test_what_the_life_before_spent_is_shown_as_spent_once(url):
    """Spent from a lease offline, then enrolled anew; the last fact of the old life arrives and
    nothing is sold in the new one yet."""
    size = Size(stores=2, members=1)
    chain = PostgresChain(size, url)
    world = World(1, size, [chain])
    try:
        world.sell(Order(1, till=1, member=1, wanted=0, is_online=True))
        world.push(1, 50, "answered")
        world.pull(1, "answered")
        assert world.sell(Order(2, till=1, member=1, wanted=3_000, is_online=False)).lease == 3_000
        world.replace(1)
        world.push(1, 50, "answered")
        world.pull(1, "answered")
        books = world.depths[0].books(1)
        shown = chain.shown(1, 1)
    finally:
        chain.close()
    assert shown == sum(points for place, points in books.items() if place != "pending")
