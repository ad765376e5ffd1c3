"""Buyers at the tills: real basket shapes, members with cards, phones, and strangers."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

from edge_agent.demo.processes import DemoFailed
from edge_agent.demo.world import Register
from edge_agent.demo_data import loader
from loyalty.basket import Basket

IDENTIFIED_SHARE = 0.65
PHONE_SHARE = 0.15
REDEEM_SHARE = 0.35
BY_CARD_SHARE = 0.6


@dataclass
class Till:
    """What one register's buyers did, as its POS program saw it."""

    register: Register
    rng: random.Random
    sales: list[str] = field(default_factory=list)
    layers: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Buyer:
    """Who comes: with a card to scan, with a phone number to say, or nobody we know."""

    card: str = ""
    phone: str = ""
    redeems: bool = False


class Shoppers:
    """Makes buyers and sells to them. The same seed gives the same buyers and baskets."""

    def __init__(self, registers: list[Register], seed: int, tick: Callable[[], None]) -> None:
        self.goods = loader.goods()
        self.members = loader.members()
        self.shapes = loader.basket_shapes()
        self.tick = tick
        self.tills = [
            Till(register, random.Random(seed + number))
            for number, register in enumerate(registers)
        ]

    def sell(self, count: int, members: int) -> None:
        """`count` sales over both tills at once; buyers come from the first `members` members."""
        shares = [count // 2 + count % 2, count // 2]
        with ThreadPoolExecutor(len(self.tills)) as pool:
            jobs = [
                pool.submit(self._queue, till, share, members)
                for till, share in zip(self.tills, shares, strict=True)
            ]
            for job in jobs:
                job.result()

    def _queue(self, till: Till, count: int, members: int) -> None:
        for _ in range(count):
            self.one(till, self._buyer(till, members), self.basket(till))

    def _buyer(self, till: Till, members: int) -> Buyer:
        if till.rng.random() >= IDENTIFIED_SHARE:
            return Buyer()
        member = till.rng.choice(self.members[:members])
        redeems = till.rng.random() < REDEEM_SHARE
        if till.rng.random() < PHONE_SHARE:
            return Buyer(phone=member.phone, redeems=redeems)
        return Buyer(card=member.card, redeems=redeems)

    def basket(self, till: Till) -> Basket:
        while True:
            basket = loader.basket_of(till.rng.choice(self.shapes), self.goods)
            if basket.lines:
                return basket

    def begin(self, till: Till, buyer: Buyer, basket: Basket) -> dict[str, Any]:
        """Identify, ring up and, when the buyer wants it, redeem; the sale stays open."""
        pos = till.register.till
        sale_id = str(uuid.UUID(int=till.rng.getrandbits(128), version=4))
        if buyer.card:
            symbology = "]Q3" if buyer.card.startswith("LC1:") else "]E0"
            till.register.scan(f"{symbology}{buyer.card}")
            if not pos.wait_for_member():
                raise DemoFailed(f"{till.register.name}: the scanned member did not appear")
        pos.open(sale_id, take_scan=bool(buyer.card), phone=buyer.phone)
        view = pos.put_basket(sale_id, [_plain(asdict(line)) for line in basket.lines])
        if buyer.redeems:
            view = pos.redeem_all(sale_id)
        return view

    def finish(self, till: Till, view: dict[str, Any]) -> dict[str, Any]:
        """Pay and wait for the paper."""
        pos = till.register.till
        done = pos.confirm(view, till.rng.random() < BY_CARD_SHARE)
        till.sales.append(done["sale_id"])
        done = pos.wait_for_paper(done["sale_id"])
        layer = done["result"]["layer"]
        if layer:
            till.layers[layer] += 1
            till.reasons[done["redeem"]["reason"]] += 1
        self.tick()
        return done

    def one(self, till: Till, buyer: Buyer, basket: Basket) -> dict[str, Any]:
        """One whole sale."""
        return self.finish(till, self.begin(till, buyer, basket))


def _plain(line: dict[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in line.items()}
