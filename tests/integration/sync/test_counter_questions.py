"""A till asks for countable rights: an older centre has no such route, a mute one no answer."""

from edge_agent.centre_gate import CentreGate
from sync.contract.counters import CounterRequest, CounterWish

ONE = CounterRequest(wishes=[CounterWish(kind="coupon", key="A", total_units=1)])


def gate_of(client, timeout_s=5.0):
    gate = CentreGate(client, lambda rows: rows, timeout_s)
    gate.set_online(True)
    return gate


def test_an_older_centre_is_no_fault_and_the_till_stays_online(client):
    gate = gate_of(client)
    assert not gate.ask_counters(ONE)
    assert gate.is_online


def test_a_centre_that_is_gone_makes_the_till_offline_at_once(client):
    gate = gate_of(client)
    client.interrupt()
    assert not gate.ask_counters(ONE)
    assert not gate.is_online
    assert not gate.ask_counters(ONE), "not even asked"


def test_without_a_centre_nothing_is_asked():
    gate = CentreGate(None, lambda rows: rows, 1.0)
    gate.set_online(True)
    assert not gate.ask_counters(ONE)
