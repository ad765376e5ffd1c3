"""Sales at a till whose agent is killed again and again, at seeded moments inside the steps."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from loyalty.codes import gtin_check_digit
from sync.contract.feed import FeedRow
from tests.support.paper_truth import Findings, compare
from tests.support.patient_pos import PatientPos, StepClock
from tests.support.register_process import Executioner, RegisterProcess, copy_of_ledger
from tests.support.rig import line

STEPS = {"scan": 1, "open": 3, "basket": 3, "redeem": 5, "confirm": 9, "paper": 15}
"""Steps in which a kill may be armed, and how often each is chosen."""
FIRST_GUESS_S = {
    "scan": 0.03,
    "open": 0.02,
    "basket": 0.02,
    "redeem": 0.02,
    "confirm": 0.03,
    "paper": 0.3,
}
SCREEN_S = 8.0
AGAIN_SHARE = 0.15
AGAIN_WITHIN_S = 0.4
CARDS = [f"042100000{n:03d}" + gtin_check_digit(f"042100000{n:03d}") for n in range(1, 9)]
MEMBERS = {card: 301 + number for number, card in enumerate(CARDS)}
LEASE_POINTS = 4_000


def member_rows() -> list[FeedRow]:
    """Eight members, each with a lease that a few purchases use up."""
    rows = []
    for card, member_id in MEMBERS.items():
        body: dict[str, Any] = {"member_id": member_id, "name": "Олена К.", "balance_points": 9_000}
        rows.append(FeedRow(kind="member", key=str(member_id), version=1, body=body))
        rows.append(
            FeedRow(kind="token", key=f"card:{card}", version=1, body={"member_id": member_id})
        )
        lease_id = f"R1.1.{member_id}"
        lease = {
            "lease_id": lease_id,
            "member_id": member_id,
            "register_id": "R1",
            "epoch": 1,
            "granted_points": LEASE_POINTS,
            "state": "open",
        }
        rows.append(FeedRow(kind="lease", key=lease_id, version=1, body=lease))
    return rows


class KillLoop:
    """One till, one buyer after the other, and a hand on the plug."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.rng = random.Random(seed)
        self.register = RegisterProcess(folder, member_rows())
        self.executioner = Executioner(self.register)
        self.clock = StepClock(FIRST_GUESS_S)
        self.restarts_s: list[float] = []
        self.found: Counter[str] = Counter()
        self.acknowledged: dict[str, int] = {}
        self._sale_id = ""
        self._target = ""
        self.register.start()
        self.pos = PatientPos(self.register.client(), self._revive, self.rng)

    @property
    def kills(self) -> int:
        """Times the agent was killed so far."""
        return self.executioner.kills

    def close(self) -> None:
        """End both processes."""
        self.executioner.join()
        self.pos.close()
        self.register.close()

    def run(self, kills: int, is_over: Callable[[], bool] = lambda: False) -> Findings:
        """Sell until `kills` kills have struck or it is over, then in peace until all paper has
        its end."""
        while self.kills < kills and not is_over():
            self._target = self.rng.choices(list(STEPS), list(STEPS.values()))[0]
            self._sell()
        self.executioner.join()
        self._target = ""
        self._sell()
        for sale_id in self.acknowledged:
            self.pos.paper(sale_id)
        self.pos.close()
        self.register.agent.stop()
        granted = {f"R1.1.{member_id}": LEASE_POINTS for member_id in MEMBERS.values()}
        return compare(self.register.ledger, self.register.paper, self.acknowledged, granted)

    # --- one sale ---------------------------------------------------------------------------

    def _sell(self) -> None:
        pos = self.pos
        self._sale_id = pos.new_id()
        wants_member = self._target in ("scan", "redeem") or self.rng.random() < 0.6
        card = self.rng.choice(list(MEMBERS)) if wants_member else ""
        if card:
            self._step("scan", lambda: self._scan(card))
        view = self._step("open", lambda: pos.open(self._sale_id, take_scan=bool(card)))
        view = self._step("basket", lambda: pos.put_basket(self._sale_id, self._basket()))
        if card and view["member"] is None:
            # The scan died with the agent before the sale had it: the cashier scans once more.
            self._scan(card)
            view = pos.ask("scan", f"/v1/sales/{self._sale_id}/status")
        if view["member"] is not None and (self._target == "redeem" or self.rng.random() < 0.7):
            view = self._step("redeem", lambda: pos.redeem(self._sale_id))
        in_cash = self.rng.random() < 0.4
        shown = view
        done = self._step("confirm", lambda: pos.confirm(shown, in_cash=in_cash))
        self.acknowledged[done["sale_id"]] = done["result"]["payable_minor"]
        self._step("paper", lambda: pos.paper(self._sale_id))

    def _step(self, step: str, work: Any) -> Any:
        before, armed = self.kills, step == self._target
        with self.clock.timed(step, lambda: armed or self.kills > before):
            if armed:
                self.executioner.arm(self.rng.uniform(0, 1.1 * self.clock.usual_s(step)))
            return work()

    def _scan(self, card: str) -> None:
        """Real bytes from the reader, until the member stands on the screen; a scan that died
        with the agent is repeated, as a cashier would."""
        state: dict[str, Any] = {}
        for _ in range(4):
            kills = self.kills
            self.register.device("scanner", f"scan ]E0{card}")
            end = time.monotonic() + SCREEN_S
            while time.monotonic() < end and self.kills == kills:
                state = self.pos.ask("scan", "/v1/state")
                sale = state["sale"] or {}
                present = sale["member"] if sale.get("state") == "open" else None
                for member in (state["waiting"], present):
                    if member and member["member_id"] == MEMBERS[card]:
                        return
        raise AssertionError(f"the member did not come to the screen: {state}")

    def _basket(self) -> list[dict[str, Any]]:
        """A few goods, one of a price that hardly another receipt has."""
        rng = self.rng
        lines = [line(1, "milk", 4_590, rng.randint(1, 3), groups=["dairy"])]
        lines += [line(2, "bread", 2_750)] * rng.randint(0, 1)
        return [*lines, line(3, "honey", rng.randint(1_000, 60_000))]

    # --- the kill and the next start --------------------------------------------------------

    def _revive(self, step: str) -> httpx.Client:
        self.executioner.join()
        self.found[f"{step}: {self._autopsy()}"] += 1
        self.restarts_s.append(self.register.start())
        if self._target and self.rng.random() < AGAIN_SHARE:
            self.executioner.arm(self.rng.uniform(0, AGAIN_WITHIN_S))
        return self.register.client()

    def _autopsy(self) -> str:
        """How far the sale had come on disk, from a copy of the dead agent's file."""
        into = self.folder / "autopsy"
        with closing(copy_of_ledger(self.register.ledger, into)) as dead:
            sale = dead.execute("SELECT state FROM sale WHERE sale_id = ?", (self._sale_id,))
            job = dead.execute(
                "SELECT job_id, state FROM print_job WHERE subject_id = ?", (self._sale_id,)
            ).fetchone()
            asked = dead.execute(
                "SELECT count(*) FROM authorisation WHERE sale_id = ? AND state = 'asked'",
                (self._sale_id,),
            ).fetchone()[0]
            row = sale.fetchone()
            stage = ""
            if job is not None and job[1] == "printing":
                stage = _stage(dead.execute(_CURRENT).fetchone(), job[0])
        shutil.rmtree(into)
        if job is not None:
            return f"{job[1]}{stage}"
        return "redemption asked" if asked else row[0] if row else "nothing"


_CURRENT = (
    "SELECT json_extract(value, '$.job_id'), json_extract(value, '$.stage') FROM device_journal "
    "WHERE key = 'job.current'"
)


def _stage(current: tuple[str, str] | None, job_id: str) -> str:
    return f" ({current[1]})" if current and current[0] == job_id else " (not sent)"
