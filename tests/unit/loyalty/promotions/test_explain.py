"""Every reason code has its sentence, and every sentence a code that the engine gives."""

from __future__ import annotations

import re
from pathlib import Path

import loyalty.promotions
from loyalty.promotions.conditions import ScopeQuantity
from loyalty.promotions.effects import PercentOff
from loyalty.promotions.explain import REASONS, explain
from loyalty.promotions.hints import LOCALES

FOLDER = Path(loyalty.promotions.__file__).parent


def test_the_table_of_reasons_is_what_the_engine_gives():
    source = "".join(path.read_text() for path in FOLDER.glob("*.py"))
    given = set(re.findall(r'(?:Failure|_dated|_value|_one_of)\(\s*"(\w+)"', source))
    given |= {"no_goods", "store", "store_format", "register"}
    given |= {f"cap_{name}" for name in ("per_member_day", "per_member", "campaign_count")}
    assert given == set(REASONS)
    assert all(tuple(texts) == LOCALES and all(texts.values()) for texts in REASONS.values())


def test_a_trace_in_words(shop, goods, promotion, scope):
    rule = promotion(PercentOff(scope(), 1000), conditions=(ScopeQuantity(scope("tea"), 3),))
    trace = shop(rule).trace(goods("tea", 100))
    assert explain(trace) == "потрібно 3 шт., є 1"
    assert explain(trace, "en") == "3 pieces needed, 1 there"
    assert explain(trace, "pl") == "potrzeba 3 szt., jest 1"
    assert explain(shop(rule).trace(goods("tea", 100, 3))) == "спрацювала"
