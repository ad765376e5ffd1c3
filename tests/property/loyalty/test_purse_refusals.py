"""No wrong claim is taken; the soak asks the same of 100,000."""

from __future__ import annotations

from bench.soak.authorisation_claims import Claims
from tests.support.seeds import fresh_seed

WRONG = 2_500


def test_no_wrong_claim_is_taken():
    seed = fresh_seed(1_000_000)
    claims = Claims(seed)
    for _ in range(WRONG):
        claims.try_wrong()
    assert claims.accepted == [], f"seed {seed}"
    kinds = {kind for kind, _ in claims.codes}
    codes = {code for _, code in claims.codes}
    assert len(kinds) == 11, (seed, kinds)
    assert codes >= {
        "purse_malformed", "purse_unknown_key", "purse_forged", "purse_wrong_store",
        "purse_early", "purse_expired", "purse_bad_link", "purse_stale_link", "purse_replayed",
    }, (seed, codes)  # fmt: skip
