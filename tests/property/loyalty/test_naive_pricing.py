"""The engine against a second pricing that asks every promotion and counts every piece."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.pricing.naive_pricing import disagreements
from tests.support.pricing.naive_sheet import Unclear
from tests.support.pricing.random_sales import random_sale


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**40))
def test_engine_and_naive_pricing_agree(seed: int) -> None:
    sale = random_sale(seed)
    try:
        found = disagreements(sale, sale.quote())
    except Unclear:
        return
    assert found == []


def test_most_random_sales_can_be_judged() -> None:
    unclear = 0
    for seed in range(300):
        sale = random_sale(seed)
        try:
            assert disagreements(sale, sale.quote()) == []
        except Unclear:
            unclear += 1
    assert unclear * 4 < 300
