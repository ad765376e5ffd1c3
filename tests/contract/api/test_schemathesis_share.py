"""A small share of `make soak-api` with every run: Schemathesis by the API's own document."""

from __future__ import annotations

from pathlib import Path

from bench.soak.api import fuzz
from tests.support.rig import Rig

SEED = 20261122
MOST_S = 15  # some hundreds of cases; a dozen of them on a machine that hardly moves
ONLY = r"/v1/(sales/\{sale_id\}/(open|basket|member|print-result|reassign)|receipts/search)$"


def test_no_case_breaks_what_the_document_promises(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    rig = Rig(tmp_path)
    rig.start()
    try:
        cases, violations, said = fuzz(rig.url, SEED, 4, MOST_S, only=ONLY, phases="fuzzing")
    finally:
        rig.stop()
    assert violations == 0, said[-4_000:]
    assert cases >= 14, said[-4_000:]
