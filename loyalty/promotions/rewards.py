"""The effects that change prices, and what computes each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from loyalty.promotions import effects as then
from loyalty.promotions.policies import Policies
from loyalty.promotions.prices import Demand, amount, fixed_price, percent
from loyalty.promotions.sets import n_for_m, nth_unit, set_price
from loyalty.promotions.takings import Taking
from loyalty.promotions.worksheet import SheetLine

Reward = Callable[
    [Any, Sequence[Sequence[SheetLine]], Policies, bool, Demand | None],
    Taking,
]
"""(effect, lines of each target, policies, whether pieces are used up, demand) -> taking."""

REWARDS: dict[type[then.Effect], Reward] = {
    then.PercentOff: percent,
    then.AmountOff: amount,
    then.FixedPrice: fixed_price,
    then.SetPrice: set_price,
    then.NForM: n_for_m,
    then.NthUnitPercent: nth_unit,
}
