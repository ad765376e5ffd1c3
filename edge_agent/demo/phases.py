"""The day of the demo shop: online, cable pulled, a kill in mid-sale, back again, a new rule."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from edge_agent.demo.processes import DemoFailed
from edge_agent.demo.shopping import Buyer, Shoppers
from edge_agent.demo.world import World

ONLINE_SHARE, OFFLINE_SHARE, KILL_SHARE, BACK_SHARE = 0.45, 0.25, 0.08, 0.10
KNOWN_MEMBERS = 40
WAIT_S = 20.0


@dataclass
class Story:
    """What happened, beyond what the ledgers say."""

    declined: dict[str, Any] = field(default_factory=dict)
    killed_sale: str = ""
    restart_s: float = 0.0
    returned: dict[str, Any] = field(default_factory=dict)
    online_after_s: float = 0.0
    offline_after_s: float = 0.0
    rule_seen_after_s: float = 0.0


def wait_until(what: str, test: Callable[[], bool], timeout_s: float = WAIT_S) -> float:
    """Seconds until `test` held; a sentence when it never did."""
    started = time.monotonic()
    while not test():
        if time.monotonic() - started > timeout_s:
            raise DemoFailed(f"{what} did not happen within {timeout_s:.0f} s")
        time.sleep(0.05)
    return time.monotonic() - started


class Day:
    """Runs the phases in order over one world."""

    def __init__(
        self,
        world: World,
        sales: int,
        seed: int,
        say: Callable[[str], None],
        tick: Callable[[], None],
    ) -> None:
        self.world = world
        self.sales = sales
        self.say = say
        self.story = Story()
        self.shoppers = Shoppers(world.registers, seed, tick)

    def run(self) -> Story:
        """All phases."""
        self.say("online: members, promotions, bonuses")
        self._all(lambda status: bool(status["online"]) and status["ruleset_active"] == 1, "online")
        self.shoppers.sell(self._part(ONLINE_SHARE), KNOWN_MEMBERS)
        self._settle_queue()
        self.say("centre stopped: the registers go on alone")
        self.world.stop_centre()
        self.story.offline_after_s = self._all(lambda status: not status["online"], "offline")
        self._decline_one()
        self.shoppers.sell(self._part(OFFLINE_SHARE), KNOWN_MEMBERS)
        self.say("a register is killed in the middle of a sale and restarted")
        self._kill_one()
        self.shoppers.sell(self._part(KILL_SHARE), KNOWN_MEMBERS)
        self.say("centre back: the queue drains")
        self.world.start_centre()
        self.story.online_after_s = self._all(lambda status: bool(status["online"]), "online again")
        self.shoppers.sell(self._part(BACK_SHARE), len(self.shoppers.members))
        self.say("a new rule is pushed and seen by both registers")
        self.world.push_rules()
        self.story.rule_seen_after_s = self._all(
            lambda status: status["ruleset_active"] == 2, "the new rule"
        )
        done = sum(len(till.sales) for till in self.shoppers.tills)
        self.shoppers.sell(max(10, self.sales - done), len(self.shoppers.members))
        self._return_one()
        self._settle_queue()
        return self.story

    def _part(self, share: float) -> int:
        return max(4, round(self.sales * share))

    def _all(self, test: Callable[[dict[str, Any]], bool], what: str) -> float:
        registers = self.world.registers
        return wait_until(
            f"{what} on both registers",
            lambda: all(test(register.till.get("/v1/status")) for register in registers),
        )

    def _settle_queue(self) -> None:
        self._all(lambda status: status["outbox_pending"] == 0, "an empty queue")

    def _decline_one(self) -> None:
        """A member who never shopped here, with the centre away: no lease, no redemption."""
        till = self.shoppers.tills[0]
        stranger = max(self.shoppers.members[KNOWN_MEMBERS:], key=lambda m: m.balance_points)
        view = self.shoppers.one(
            till, Buyer(card=stranger.card, redeems=True), self.shoppers.basket(till)
        )
        self.story.declined = {
            "layer": view["result"]["layer"],
            "reason": view["redeem"]["reason"],
            "sentence": view["redeem"]["sentence"],
            "earned_points": view["result"]["accrual_points"],
        }

    def _kill_one(self) -> None:
        """SIGKILL between the sale's commit and its paper; the restart finds both."""
        till = self.shoppers.tills[0]
        register = till.register
        buyer = Buyer(card=self.shoppers.members[0].card, redeems=True)
        view = self.shoppers.begin(till, buyer, self.shoppers.basket(till))
        register.fault("delay 150")
        register.till.confirm(view, by_card=True)
        sale_id = str(view["sale_id"])
        wait_until(
            "the printing of a sale",
            lambda: (
                register.till.get(f"/v1/sales/{sale_id}/status")["prints"][0]["state"] == "printing"
            ),
        )
        time.sleep(0.4)
        register.stop(kill=True)
        register.fault(f"delay {self.world.device_delay_ms}")
        started = time.monotonic()
        register.start()
        self.story.restart_s = time.monotonic() - started
        self.story.killed_sale = sale_id
        done = register.till.wait_for_paper(sale_id)
        job = done["prints"][-1]
        if job["state"] == "not_printed":
            register.till.send("POST", f"/v1/print-jobs/{job['job_id']}/retry", {})
            register.till.wait_for_paper(sale_id)
        till.sales.append(sale_id)

    def _return_one(self) -> None:
        till = self.shoppers.tills[1]
        pos = till.register.till
        for sale_id in till.sales:
            view = pos.get(f"/v1/sales/{sale_id}/status")
            if view["state"] == "posted" and view["result"]["redeemed_points"] > 0:
                break
        body = {"return_id": sale_id[:-4] + "beef", "reason": "покупець передумав"}
        self.story.returned = pos.send("POST", f"/v1/sales/{sale_id}/returns", body)
        pos.wait_for_paper(sale_id)
