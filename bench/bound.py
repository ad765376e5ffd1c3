"""What a signed purse costs a register that never saw the member: verify, then the whole decision.

`python -m bench.bound`. First in memory, scanned text in, decision out; beside each stands the bare
Ed25519 verify of the library, in turns with it. Then on a whole register over real files and
without a centre: scan, member put into an open sale, redemption decided. Last the anchor that is
written when a right was spent, beside a bare `fdatasync` in the same folder.
"""

from __future__ import annotations

import os
import random
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bench.report import Row, finish, median, percentile
from edge_agent.agent import Agent
from edge_agent.bootstrap import build
from edge_agent.config import load_settings
from edge_agent.usecases.open_sale import OpenSale
from loyalty import purse
from loyalty.authorisation.decision import Inputs, PurseRight, decide, wanted_claim
from loyalty.authorisation.policy import Policy
from loyalty.basket import Basket, LineItem
from loyalty.codes import CodePolicy, classify
from loyalty.member import Strength
from loyalty.purse import Claim, Place
from tests.support.purses import Page
from tests.support.rig import TOKEN, Rig

NOW = 29_000_000
ROUNDS = 2_000
DECISIONS = 200
VERIFY_MS = 0.3
DECISION_MS = 50.0


def _verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


class Till:
    """A register's public keys, and codes as phones show them in the last minute of their life."""

    def __init__(self) -> None:
        dice = random.Random(1)
        self._key = Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))
        other = Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))
        public = self._key.public_key().public_bytes_raw()
        self.keys = purse.keys_by_tag([public, other.public_key().public_bytes_raw()])
        self.public = public
        self.store = purse.store_tag("S1")
        self._dice = dice

    def claim(self, seed: bytes = b"") -> Claim:
        """A purse of 72 hours whose time is nearly over."""
        life = purse.MAX_LIFE_MIN
        return Claim(
            purse.key_tag(self.public),
            self._dice.randrange(1, 2**40),
            self._dice.randrange(1, 2**53),
            10_000,
            NOW - life,
            life,
            (self.store, 2, 3),
            purse.chain_end(seed, life) if seed else b"",
        )

    def still(self) -> str:
        """A code without a moving part."""
        return purse.issue(self.claim(), self._key.sign)

    def moving(self) -> str:
        """The dearest code: its link is the last of the chain."""
        seed = self._dice.randbytes(16)
        text = purse.issue(self.claim(seed), self._key.sign)
        return text + purse.suffix(seed, purse.MAX_LIFE_MIN, purse.MAX_LIFE_MIN)

    def decide(self, text: str) -> int:
        """Scan to decision, as a register without a hub makes it."""
        scanned = classify(text, "]Q1", "scanner", CodePolicy())
        shown = purse.read(scanned.purse, self.keys, _verify)
        left = purse.points_left(shown, Place(self.store, NOW), None)
        right = PurseRight(shown.claim.serial, left)
        inputs = Inputs("a", 5_000, Strength.SIGNED_CODE, Policy(), 1, purse=right)
        claimed = wanted_claim(inputs)
        return decide(
            Inputs("a", 5_000, Strength.SIGNED_CODE, Policy(), 1, purse=right, claimed=claimed)
        ).points


def _timed_ms(work: Callable[[], object]) -> float:
    began = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - began) / 1e6


def register_rows() -> list[Row]:
    """Scan to decision on a register's own ledger, and what the anchor adds to a sale."""
    decisions, work, anchors, bare = [], [], [], []
    with TemporaryDirectory(prefix="bound-") as name:
        folder = Path(name)
        rig = Rig(folder)
        agent = build(load_settings(rig.config), port=1, token=TOKEN)
        raw = os.open(folder / "raw", os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            page = Page(rig.programme_key, rig.key_id)
            agent.health._cache.apply_rows([page.row()])
            for number in range(DECISIONS):
                code = page.still(page.claim(4_000, member_id=900_000 + number))
                basket = Basket((LineItem("1", "bread", "bread", 1_000, 10_000, 10_000),))
                view = agent.till.open(OpenSale(str(uuid.uuid4()), basket))
                sale = view.sale_id
                before = time.process_time_ns()
                decisions.append(_timed_ms(lambda sale=sale, code=code: _redeem(agent, sale, code)))
                work.append((time.process_time_ns() - before) / 1e6)
                anchors.append(_timed_ms(agent.till._guard.keep))
                os.pwrite(raw, b"x" * 512, 0)
                bare.append(_timed_ms(lambda: os.fdatasync(raw)))
        finally:
            os.close(raw)
            agent.close()
    return [
        Row(
            "scan to decision on a real ledger, p99", percentile(decisions, 99), DECISION_MS,
            "ms", f"p50 {median(decisions):.2f} ms, {DECISIONS} members never seen",
        ),
        Row(
            "its work alone (processor time), p99", percentile(work, 99), DECISION_MS / 2,
            "ms", f"p50 {median(work):.2f} ms; other load hardly moves it",
        ),
        Row(
            "the anchor when a right was spent, p50", median(anchors), 3 * median(bare) + 0.5,
            "ms", f"bare fdatasync p50 {median(bare):.2f}; p99 {percentile(anchors, 99):.2f}",
        ),
    ]  # fmt: skip


def _redeem(agent: Agent, sale_id: str, code: str) -> None:
    found = agent.desk.identify(code, "]Q1", "scanner")
    agent.till.put_member(sale_id, found.member, found.how)
    view = agent.till.redeem(sale_id, None)
    if view.redeem.layer != "purse" or not view.redeemed_minor:
        raise SystemExit("bound: a good purse is refused")


def main() -> int:
    """Measure, print, write the report."""
    till = Till()
    bare, reads, stills, movings = [], [], [], []
    message = b"m" * 73
    signature = till._key.sign(message)
    for _ in range(ROUNDS):
        text = till.still()
        bare.append(_timed_ms(lambda: _verify(till.public, signature, message)))
        reads.append(_timed_ms(lambda text=text: purse.read(text, till.keys, _verify)))
        stills.append(_timed_ms(lambda text=text: till.decide(text)))
    for _ in range(ROUNDS // 20):
        text = till.moving()
        if till.decide(text) != 5_000:
            print("bound: could not run: a good purse is refused")
            return 2
        movings.append(_timed_ms(lambda text=text: till.decide(text)))
    beside = f"bare verify p50 {median(bare):.3f}, p99 {percentile(bare, 99):.3f} ms"
    rows = [
        Row("read and verify a purse, p50", median(reads), VERIFY_MS, "ms", beside),
        Row("still code to decision, p99", percentile(stills, 99), DECISION_MS, "ms", beside),
        Row(
            "moving code, 4,321 hashes, p99", percentile(movings, 99), DECISION_MS, "ms",
            f"p50 {median(movings):.2f} ms",
        ),
    ]  # fmt: skip
    return finish("bound", rows + register_rows())


if __name__ == "__main__":
    sys.exit(main())
