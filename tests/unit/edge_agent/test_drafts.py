"""A draft comes back from its text as it went in, whether it was the last one written or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from edge_agent.usecases.drafts import Draft, Identification, dump_draft, load_draft
from loyalty.basket import Basket, LineItem
from loyalty.member import Member, Strength
from loyalty.promotions.compile import compile_ruleset
from loyalty.promotions.engine import evaluate
from sync.contract.bundle import parse_bundle, seal
from sync.contract.messages import canonical_json
from tests.support.rig import RULES


def _draft(price_minor: int) -> Draft:
    """A member's basket, priced, with traces, promotions and accruals."""
    line = LineItem("1", "milk", "Молоко", 2_000, price_minor, 2 * price_minor, groups=("dairy",))
    basket = Basket((line, replace(line, line_id="2", excise_stamps=("АА123",))))
    member = Member(101, "Олена К.", balance_points=20_000)
    bundle = parse_bundle(seal(canonical_json(RULES), 1, "2026-01-01T00:00:00Z"))
    quote = evaluate(
        compile_ruleset(bundle.to_ruleset()),
        basket,
        member=member,
        at=datetime(2026, 11, 22, 12, tzinfo=ZoneInfo("Europe/Kyiv")),
        store_id="S1",
        redeem_points=500,
        spendable_points=500,
        locale="uk",
    )
    how = Identification("card", Strength.STATIC_CODE, "scanner")
    return Draft(basket, member, how, quote=quote, approved_points=500)


def test_the_draft_written_last_and_one_before_it() -> None:
    first, second = _draft(4_590), _draft(2_750)
    texts = [dump_draft(first), dump_draft(second)]
    assert load_draft(texts[1]) == second
    parsed = load_draft(texts[0])
    assert first.quote is not None
    stored = replace(first, quote=replace(first.quote, traces=()))
    assert parsed == stored
    assert repr(parsed) == repr(stored), "no list where a tuple was"
    assert load_draft(texts[1]) == second
