"""A store hub killed in the middle of sales: real processes in network namespaces, the WAN cut.

Two tills sell without a pause to members whose points rest in one lease of the store; the hub is
killed with SIGKILL and started again TARGET times (100). Then the WAN is mended, and the centre's
books say what was burnt. `python -m bench.soak.authorisation_hub`; needs root and `ip`. Cut short
it leaves no process and no namespace; what a killed one has left, the next removes.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench.soak.campaign import CannotRun, Outcome, Terms, run
from tests.support.hub_net import SILENCE_S, HubNet, hub_net
from tests.support.hub_shopping import Shopping
from tests.support.live_register import until
from tests.support.namespaces import NoNamespaces, unwound_by_signals

NAME = "authorisation-hub"
TARGET = 100
MEMBERS = 12
POINTS = 40
DOWN_S = (0.1, 3.5)
UP_S = (0.2, 2.0)


def work(terms: Terms) -> Outcome:
    """One store, killed until the target or the time is reached."""
    with (
        unwound_by_signals(),
        tempfile.TemporaryDirectory(prefix="hub-soak-") as folder,
        ExitStack() as stack,
    ):
        try:
            net = stack.enter_context(hub_net(Path(folder)))
        except NoNamespaces as why:
            raise CannotRun(str(why)) from None
        return _campaign(net, terms)


def _campaign(net: HubNet, terms: Terms) -> Outcome:
    dice = random.Random(terms.seed)
    net.until_settled()
    shoppers = [net.centre.shopper() for _ in range(MEMBERS)]
    for shopper in shoppers:
        net.tills[0].sell(shopper.card, 0)
        until("a lease at the hub", lambda s=shopper: net.granted(s.member_id) > 0)  # type: ignore[misc]
    net.cut_wan()
    net.until_offline()
    shopping = Shopping(net.tills, [(each.member_id, each.card) for each in shoppers], POINTS)
    try:
        kills = _kill(net, terms, dice, shopping)
    finally:
        shopping.end()
    sums = [
        (net.granted(each.member_id), [net.burnt(till, each.member_id) for till in net.tills])
        for each in shoppers
    ]
    net.mend_wan()
    drained_s = net.until_drained()
    books = net.centre.audit()
    overdrawn = [s for s in shoppers if "overdraft" in net.centre.accounts(s.member_id)]
    over = sum(max(0, sum(burnt) - granted) for granted, burnt in sums)
    burnt_here = sum(sum(burnt) for _, burnt in sums)
    pause_s = max(shopping.longest_s.values())
    is_sound = not (over or overdrawn or shopping.failures) and bool(books["ok"])
    is_sound = is_sound and burnt_here == sum(shopping.redeemed.values())
    is_sound = is_sound and pause_s <= SILENCE_S + 1
    figures = {
        "sales": sum(shopping.sales.values()),
        "burnt_points": burnt_here,
        "overspent_points": over,
        "overdrawn_members": len(overdrawn),
        "longest_pause_s": round(pause_s, 2),
        "drained_s": round(drained_s, 1),
        "times_alone": sum(till.logged("hub_lost") for till in net.tills),
        "failures": shopping.failures,
    }
    says = (
        f"{figures['sales']} sales, {burnt_here} points burnt, {over} over the leases,"
        f" {len(overdrawn)} members overdrawn at the centre; longest pause of a till"
        f" {pause_s:.2f} s (silence {SILENCE_S} s + 1 s); all sent {drained_s:.0f} s after the WAN"
    )
    return Outcome(kills, is_sound, "; ".join(shopping.failures) or says, figures)


def _kill(net: HubNet, terms: Terms, dice: random.Random, shopping: Shopping) -> int:
    """Kill the hub and start it again, until the target, the time or a failure; how often."""
    kills = 0
    while kills < terms.target and not terms.is_over and not shopping.failures:
        time.sleep(dice.uniform(*UP_S))
        net.hub.stop(kill=True)
        kills += 1
        time.sleep(dice.uniform(*DOWN_S))
        net.hub.start()
    return kills


if __name__ == "__main__":
    sys.exit(run(NAME, TARGET, work))
