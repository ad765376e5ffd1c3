"""Each reason code as the engine really gives it, and the sentence people read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pytest

from loyalty.member import Member
from loyalty.promotions import conditions as when
from loyalty.promotions.circumstances import Circumstances
from loyalty.promotions.effects import (
    AccrueMultiplier,
    AccruePercent,
    FixedPrice,
    NForM,
    PercentOff,
    RedeemAllowance,
)
from loyalty.promotions.explain import REASONS, explain
from loyalty.promotions.limits import Caps, Usage
from loyalty.promotions.scope import EVERYTHING, Scope, SetPart
from loyalty.quote import PromotionTrace

TEN = PercentOff(EVERYTHING, 1000)
TEA, BREAD = Scope(skus=frozenset({"tea"})), Scope(skus=frozenset({"bread"}))
SMOKE = Scope(skus=frozenset({"smoke"}))
MEMBER = Member(1, "О.", 1234, birthday="11-10", tier="silver", groups=("staff",))
USED = {"p": Usage(3, 3, 3, 300)}


@dataclass(frozen=True)
class Told:
    """A promotion on one tea at 20.00 on Sunday, 22 November at noon, and what is said of it."""

    uk: str
    en: str
    conditions: tuple[Any, ...] = ()
    effect: Any = TEN
    fields: dict[str, Any] = field(default_factory=dict)
    rivals: tuple[tuple[Any, dict[str, Any]], ...] = ()
    tea: dict[str, Any] = field(default_factory=dict)
    smokes: bool = False
    member: Member | None = MEMBER
    around: Circumstances = field(default_factory=lambda: Circumstances(usage=USED))
    modes: dict[str, str] = field(default_factory=dict)


def group(**fields: Any) -> dict[str, Any]:
    return {"group": "g", **fields}


TOLD = {
    "no_goods": Told(
        "у чеку немає потрібних товарів",
        "no such goods on the receipt",
        effect=PercentOff(BREAD, 1000),
    ),
    "scope_quantity": Told(
        "потрібно 5 шт., є 1", "5 pieces needed, 1 there", (when.ScopeQuantity(TEA, 5),)
    ),
    "set_quantity": Told(
        "потрібно 3 шт., вільних 1", "3 pieces needed, 1 free", effect=NForM(TEA, 3, 2)
    ),
    "scope_value": Told(
        "потрібно товарів на 30,50 грн, є на 20",
        "goods for UAH 30.50 needed, 20 there",
        (when.ScopeValue(TEA, 3050),),
    ),
    "receipt_value": Told(
        "потрібен чек від 100 грн, зараз 20",
        "receipt of UAH 100 needed, now 20",
        (when.ReceiptValue(10_000),),
    ),
    "distinct_skus": Told(
        "потрібно 3 різні товари, є 1",
        "3 different goods needed, 1 there",
        (when.DistinctSkus(EVERYTHING, 3),),
    ),
    "complete_set": Told(
        "у наборі 2 частини, зібрано 1",
        "parts of the set: 1 of 2",
        (when.CompleteSet((SetPart(TEA), SetPart(BREAD))),),
    ),
    "store": Told(
        "діє в інших магазинах", "runs in other stores", (when.StoreIn(frozenset({"S9"})),)
    ),
    "store_format": Told(
        "діє в магазинах іншого формату: mini",
        "runs in stores of another format: mini",
        (when.StoreIn(formats=frozenset({"mini"})),),
    ),
    "register": Told(
        "діє на інших касах",
        "runs on other registers",
        (when.StoreIn(registers=frozenset({"R9"})),),
    ),
    "channel": Told(
        "діє в іншому каналі: web",
        "runs in another channel: web",
        (when.ChannelIn(frozenset({"web"})),),
    ),
    "code_entered": Told(
        "потрібен код акції", "a code is needed", (when.CodeEntered(frozenset({"X"})),)
    ),
    "tender_kind": Told(
        "діє при оплаті карткою чи готівкою",
        "runs when paid by card or in cash",
        (when.TenderIn(frozenset({"card", "cash"})),),
    ),
    "not_started": Told(
        "почнеться 01.12.2026 о 10:00",
        "starts 2026-12-01 at 10:00",
        fields={"valid_from": datetime(2026, 12, 1, 10)},
    ),
    "ended": Told(
        "закінчилася 21.11.2026",
        "ended 2026-11-21",
        fields={"valid_until": datetime(2026, 11, 22)},
    ),
    "date_range": Told(
        "діє з 01.12.2026 по 24.12.2026",
        "runs from 2026-12-01 to 2026-12-24",
        (when.DateRange(date(2026, 12, 1), date(2026, 12, 25)),),
    ),
    "weekday": Told(
        "діє в інші дні: пн, пт", "runs on other days: Mon, Fri", (when.Weekday(frozenset({5, 1})),)
    ),
    "time_window": Told(
        "діє 22:00-02:00, зараз 12:00",
        "runs 22:00-02:00, now 12:00",
        (when.TimeWindow(1320, 120),),
    ),
    "birthday": Told(
        "діє біля дня народження (3 дн. до, 7 дн. після), минуло 12 дн.",
        "runs around the birthday (3 days before, 7 after), it was 12 days ago",
        (when.BirthdayWindow(3, 7),),
    ),
    "member_known": Told(
        "потрібна картка учасника",
        "a member card is needed",
        (when.MemberKnown(),),
        member=None,
    ),
    "member_blocked": Told(
        "картку заблоковано",
        "the card is blocked",
        (when.MemberKnown(),),
        member=Member(1, "О.", is_blocked=True),
    ),
    "member_group": Told(
        "для іншої групи: vip", "for another group: vip", (when.MemberGroup(frozenset({"vip"})),)
    ),
    "member_tier": Told(
        "для іншого рівня: gold", "for another tier: gold", (when.MemberTier(frozenset({"gold"})),)
    ),
    "member_segment": Told(
        "для інших покупців", "for other customers", (when.MemberSegment(frozenset({"pets"})),)
    ),
    "nth_purchase": Told(
        "це покупка № 1, діє на № 5, 10 і кратні 7",
        "this is purchase no. 1, it runs on no. 5, 10 and multiples of 7",
        (when.NthPurchase(frozenset({10, 5}), 7),),
    ),
    "first_purchase": Told(
        "лише на першу покупку",
        "for the first purchase only",
        (when.FirstPurchase(),),
        member=Member(1, "О.", purchases_count=2),
    ),
    "days_since_purchase": Told(
        "днів від останньої покупки: 2, потрібно від 30",
        "days since the last purchase: 2, needed at least 30",
        (when.DaysSincePurchase(30),),
        member=Member(1, "О.", last_purchase_on="2026-11-20"),
    ),
    "coupon_held": Told("немає купона", "no coupon for it", (when.CouponHeld(frozenset({"C"})),)),
    "points_at_least": Told(
        "потрібно 50 бонусів на рахунку, є 12,34",
        "a balance of 50 bonuses is needed, it is 12.34",
        (when.PointsAtLeast(5000),),
    ),
    "cashier_is_not_member": Told(
        "власна картка касира не діє",
        "the cashier's own card does not count",
        (when.CashierIsNotMember(),),
        around=Circumstances(cashier_member_id=1),
    ),
    "stopped": Told(
        "акцію зупинено",
        "the promotion was stopped",
        around=Circumstances(stopped=frozenset({"p"})),
    ),
    "cap_per_member_day": Told(
        "сьогодні вже використано 3 з 2",
        "used 3 of 2 today",
        fields={"caps": Caps(per_member_day=2)},
    ),
    "cap_per_member": Told(
        "учасник уже використав 3 з 3",
        "the member has used 3 of 3",
        fields={"caps": Caps(per_member=3)},
    ),
    "cap_campaign_count": Told(
        "акцію вичерпано: 3 з 3",
        "the campaign is used up: 3 of 3",
        fields={"caps": Caps(campaign_count=3)},
    ),
    "cap_campaign_minor": Told(
        "бюджет акції вичерпано: 3 з 3 грн",
        "the budget is used up: UAH 3 of 3",
        fields={"caps": Caps(campaign_minor=300)},
    ),
    "cap_budget": Told(
        "у бюджеті акції лишилося 1,50 грн, потрібно 2",
        "UAH 1.50 of the budget are left, 2 needed",
        fields={"caps": Caps(campaign_minor=450)},
    ),
    "exclusive_taken": Told(
        "діє виняткова акція «Суперник»",
        "the exclusive promotion “Rival” acts",
        rivals=((TEN, {"is_exclusive": True}),),
    ),
    "not_the_best": Told(
        "вигідніша акція «Суперник»: 4 грн проти 2",
        "“Rival” gives more: UAH 4 against 2",
        fields=group(),
        rivals=((PercentOff(EVERYTHING, 2000), group()),),
        modes={"g": "best"},
    ),
    "group_taken": Told(
        "у цій групі вже діє «Суперник»",
        "“Rival” acts in its group already",
        fields=group(),
        rivals=((TEN, group(priority=1)),),
    ),
    "allowance_taken": Told(
        "оплату бонусами вже змінила «Суперник»",
        "“Rival” has set what bonuses may pay",
        effect=RedeemAllowance(9000),
        rivals=((RedeemAllowance(1000), {"priority": 1}),),
    ),
    "law_tobacco": Told(
        "закон забороняє акції на тютюн",
        "the law forbids promotions of tobacco",
        effect=PercentOff(SMOKE, 1000),
        smokes=True,
    ),
    "floor": Told(
        "ціна вже найнижча з можливих",
        "the price is the lowest possible",
        tea={"min_price_minor": 2000},
    ),
    "already_cheaper": Told(
        "і так дешевше: 20 грн, за акцією 25",
        "already cheaper: UAH 20, by the promotion 25",
        effect=FixedPrice(TEA, 2500),
    ),
    "earns_nothing": Told(
        "на ці товари нічого не нараховується",
        "these goods earn nothing",
        effect=AccrueMultiplier(EVERYTHING, 20_000),
    ),
    "shadow": Told(
        "випробування: лише рахується",
        "trial: counted, not given",
        fields={"state": "shadow"},
    ),
}


@pytest.fixture
def told(goods: Any, shop: Any, promotion: Any) -> Callable[[Told], PromotionTrace]:
    def ask(case: Told) -> PromotionTrace:
        lines = [goods("tea", 2000, **case.tea)]
        if case.smokes:
            lines.append(goods("smoke", 9000, goods_class="tobacco"))
        rule = promotion(case.effect, "p", conditions=case.conditions, **case.fields)
        rivals = [promotion(effect, "rival", **fields) for effect, fields in case.rivals]
        till = shop(rule, *rivals, modes=case.modes)
        return till.trace(*lines, member=case.member, around=case.around)

    return ask


def test_every_reason_is_told_here() -> None:
    assert set(TOLD) == set(REASONS)


@pytest.mark.parametrize("reason", TOLD)
def test_the_reason_and_its_sentence(reason: str, told: Callable[[Told], PromotionTrace]) -> None:
    case = TOLD[reason]
    trace = told(case)
    assert trace.reason == reason
    assert trace.status != "fired"
    assert explain(trace, "uk", {"rival": "Суперник"}) == case.uk
    assert explain(trace, "en", {"rival": "Rival"}) == case.en
    assert explain(trace, "de", {"rival": "Суперник"}) == case.uk
    if case.rivals:
        assert trace.winner == "rival"


@pytest.mark.parametrize(
    ("case", "uk"),
    [
        (Told("", "", (when.DistinctSkus(EVERYTHING, 5),)), "потрібно 5 різних товарів, є 1"),
        (Told("", "", (when.DateRange(until_on=date(2026, 11, 1)),)), "діє по 31.10.2026"),
        (Told("", "", (when.DateRange(date(2026, 12, 1)),)), "діє з 01.12.2026"),
        (Told("", "", (when.NthPurchase(every=4),)), "це покупка № 1, діє на кратні 4"),
        (Told("", "", (when.DaysSincePurchase(30),)), "покупок ще не було"),
        (Told("", "", (when.PointsAtLeast(2100),)), "потрібно 21 бонус на рахунку, є 12,34"),
        (
            Told("", "", fields={"valid_until": datetime(2026, 11, 22, 9, 30)}),
            "закінчилася 22.11.2026 о 09:30",
        ),
        (
            Told("", "", (when.BirthdayWindow(2, 2),), member=Member(1, "О.", birthday="11-25")),
            "діє біля дня народження (2 дн. до, 2 дн. після), до нього 3 дн.",
        ),
        (
            Told("", "", (when.BirthdayWindow(2, 2),), member=Member(1, "О.")),
            "діє біля дня народження (2 дн. до, 2 дн. після), він невідомий",
        ),
        (
            Told("", "", effect=AccruePercent(EVERYTHING, 1000), fields={"state": "pilot"}),
            "пілот на інших касах: лише рахується",
        ),
        (Told("", ""), "спрацювала"),
        (
            Told("", "", fields={"caps": Caps(per_receipt_minor=1)}),
            "спрацювала, урізана межею на чек",
        ),
        (
            Told("", "", fields={"caps": Caps(campaign_minor=301, is_partial=True)}),
            "спрацювала, урізана рештою бюджету",
        ),
        (
            Told(
                "",
                "",
                effect=AccruePercent(EVERYTHING, 1000),
                fields={"caps": Caps(per_receipt_points=1)},
            ),
            "спрацювала, бонуси урізані межею на чек",
        ),
    ],
)
def test_other_figures_in_ukrainian(
    case: Told, uk: str, told: Callable[[Told], PromotionTrace]
) -> None:
    assert explain(told(case)) == uk


def test_a_winner_without_a_name_is_its_id_and_odd_names_are_harmless(
    told: Callable[[Told], PromotionTrace],
) -> None:
    trace = told(TOLD["group_taken"])
    assert explain(trace) == "у цій групі вже діє «rival»"
    assert explain(trace, names={"rival": ""}) == "у цій групі вже діє «rival»"
    odd = {"rival": "<b>{seen}</b>\n«Сир»\u202e"}
    assert explain(trace, names=odd) == "у цій групі вже діє «<b>{seen}</b> „Сир“»"
