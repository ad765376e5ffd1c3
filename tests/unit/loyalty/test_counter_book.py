"""Countable rights of the pure machines: the centre's book and a register's part."""

import random

from bench.soak.authorisation_world import POLICY
from loyalty.protocol import CENTRE
from loyalty.protocol.centre import Centre
from loyalty.protocol.register import Register


def chain():
    centre = Centre(POLICY, {0: (1,), 1: (2,)})
    centre.hubs = {0: 9, 1: 8}
    return centre, Register(1, 0, 9, 100, POLICY), Register(2, 1, 8, 100, POLICY)


def send(register, *machines):
    """Its log goes up."""
    for target, name, arguments in register.tick():
        if target == CENTRE:
            for _, method, answer in getattr(machines[0], name)(register.machine, *arguments):
                getattr(register, method)(CENTRE, *answer)


def ask(register, sale, wants, *machines):
    for _, name, arguments in register.ring(sale, wants):
        out = getattr(machines[0], name)(register.machine, *arguments)
        for target, method, answer in out:
            getattr(machines[target], method)(CENTRE, *answer)


def test_a_coupon_of_one_is_used_once_wherever_it_lies():
    machines = centre, one, two = chain()
    centre.counters.make(5, 1)
    ask(one, 1, ((5, 1),), *machines)
    assert one.disk.counters.left(5) == 1
    assert one.ring(2, ((5, 1),)) == []
    assert one.ring(3, ((5, 1),)) == []
    assert [bool(one.pay(sale)) for sale in (2, 3)] == [True, False], "two open sales"
    ask(two, 4, ((5, 1),), *machines)
    assert two.disk.counters.left(5) == 0
    send(one, *machines)
    assert centre.counters.sales == {2: ((5, 1),)}
    assert centre.counters.left(5) == 0


def test_an_unused_unit_moves_by_its_holders_log():
    machines = centre, one, two = chain()
    centre.counters.make(5, 1)
    ask(one, 1, ((5, 1),), *machines)
    ask(two, 2, ((5, 1),), *machines)
    assert (one.disk.counters.left(5), two.disk.counters.left(5)) == (0, 0)
    assert centre.counters.left(5) == 0, "asking credits nothing"
    send(one, *machines)
    assert centre.counters.left(5) == 1
    ask(two, 3, ((5, 1),), *machines)
    assert two.disk.counters.left(5) == 1


def test_a_new_life_and_an_unconfirmed_one_take_nothing():
    machines = centre, one, _ = chain()
    centre.counters.make(5, 3)
    ask(one, 1, ((5, 3),), *machines)
    image = one.disk.image()
    one.ring(2, ((5, 3),))
    assert one.pay(2)
    one.restored(image, nonce=1)
    assert one.disk.counters.left(5) == 3
    assert not one.is_confirmed
    assert one.ring(3, ((5, 1),)) == []
    assert one.pay(3) == []
    assert one.on_counter_recall(CENTRE, 1, 5, 1, 3) == []
    ((_, name, arguments),) = one.tick()
    ((_, method, answer),) = getattr(centre, name)(1, *arguments)
    getattr(one, method)(CENTRE, *answer)
    assert one.disk.counters.left(5) == 0
    assert centre.on_counter_wanted(1, 1, 1, 5, 3) == [], "the old life is lent nothing"


def test_doubled_and_late_messages_change_nothing():
    centre, one, _ = chain()
    centre.counters.make(5, 10)
    dice = random.Random(7)
    late = []
    for units in (1, 2, 3):
        (message,) = centre.lend_counter(1, 5, units)
        late += [message, message]
    dice.shuffle(late)
    for _, method, arguments in late:
        getattr(one, method)(CENTRE, *arguments)
    assert one.disk.counters.left(5) == 6
    for _ in range(2):
        one.on_counter_recall(CENTRE, 1, 5, 1, 4)
    assert one.disk.counters.left(5) == 2
    facts = tuple(one.disk.log.facts)
    for _ in range(2):
        centre.on_facts(1, 1, 1, 1, facts, 0)
    assert centre.counters.left(5) == 8
