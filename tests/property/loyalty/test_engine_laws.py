"""Laws that hold for every basket and every ruleset of the vocabulary, each law a test.

Sales are drawn from a seed that a failure prints; `random_sale(seed)` makes the same sale again,
and `make soak-promotions` runs the same laws over many more of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.promotions.conditions import CONDITION_KINDS
from loyalty.promotions.effects import EFFECT_KINDS
from loyalty.promotions.explain import REASONS
from tests.support.pricing.laws import LAWS, Law, as_bytes, breaches
from tests.support.pricing.random_rules import CONDITIONS, EFFECTS
from tests.support.pricing.random_sales import random_sale

ROOT = Path(__file__).parents[3]
COMMON = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
seeds = st.integers(0, 2**40)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@COMMON
@given(seed=seeds)
def test_law(law: Law, seed: int) -> None:
    assert breaches(random_sale(seed), (law,)) == []


def test_random_sales_reach_the_whole_vocabulary() -> None:
    reasons: Counter[str] = Counter()
    effects: Counter[str] = Counter()
    conditions: Counter[str] = Counter()
    for seed in range(1_500):
        sale = random_sale(seed)
        traces = {trace.promotion_id: trace for trace in sale.quote().traces}
        reasons.update({trace.reason for trace in traces.values()})
        for promotion in sale.ruleset.promotions:
            trace = traces.get(promotion.promotion_id)
            if trace is not None and trace.status == "fired":
                effects[type(promotion.effect).__name__] += 1
                conditions.update(type(item).__name__ for item in promotion.conditions)
    assert set(EFFECTS) == set(EFFECT_KINDS.values())
    assert set(CONDITIONS) == set(CONDITION_KINDS.values())
    assert {kind.__name__ for kind in EFFECTS} - set(effects) == set()
    assert {kind.__name__ for kind in CONDITIONS} - set(conditions) == set()
    assert set(REASONS) - set(reasons) == set()


DIGEST = """
import hashlib, sys
from tests.support.pricing.laws import as_bytes
from tests.support.pricing.random_sales import random_sale
digest = hashlib.sha256()
for seed in range(300):
    digest.update(as_bytes(random_sale(seed).quote()))
print(digest.hexdigest())
"""


def test_quotes_do_not_depend_on_how_a_process_hashes_texts() -> None:
    digests = set()
    for hash_seed in ("0", "7"):
        env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", DIGEST], env=env, cwd=ROOT, capture_output=True, check=True
        )
        digests.add(done.stdout)
    assert len(digests) == 1
    assert as_bytes(random_sale(1).quote()) != as_bytes(random_sale(2).quote())
