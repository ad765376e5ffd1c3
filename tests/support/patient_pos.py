"""A POS that never gives up: a write whose reply was lost is repeated with the same key."""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from tests.support.rig import payment

PAPER_S = 90.0
"""Two restarts beside a load of twenty take forty seconds."""
MAX_REPEATS = 20
JsonObject = dict[str, Any]


class PatientPos:
    """One till program. `revive` starts the agent again and gives a new connection.

    `lost` counts replies that never came, by the step of the sale."""

    def __init__(
        self,
        client: httpx.Client,
        revive: Callable[[str], httpx.Client],
        rng: random.Random,
    ) -> None:
        self._client = client
        self._revive = revive
        self._rng = rng
        self.lost: Counter[str] = Counter()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def new_id(self) -> str:
        """An id of the till's own making."""
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def ask(self, step: str, path: str) -> JsonObject:
        """Read something."""
        return self._until_answered(step, "GET", path, None, {})

    def write(
        self, step: str, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> JsonObject:
        """Write something under one key, however often it takes."""
        return self._until_answered(
            step, method, path, dict(body or {}), {"Idempotency-Key": self.new_id()}
        )

    def _until_answered(
        self,
        step: str,
        method: str,
        path: str,
        body: JsonObject | None,
        headers: Mapping[str, str],
    ) -> JsonObject:
        for _ in range(MAX_REPEATS):
            try:
                answer = self._client.request(method, path, json=body, headers=dict(headers))
            except httpx.TransportError:
                self.lost[step] += 1
                self._client.close()
                self._client = self._revive(step)
                continue
            assert answer.status_code == 200, f"{method} {path}: {answer.text}"
            result: JsonObject = answer.json()
            return result
        raise AssertionError(f"{method} {path} was never answered")

    # --- the steps of a sale ----------------------------------------------------------------

    def open(self, sale_id: str, *, take_scan: bool) -> JsonObject:
        """Open a sale, with whoever was scanned."""
        identity = {"take_scan": True} if take_scan else None
        return self.write("open", "POST", f"/v1/sales/{sale_id}/open", {"identity": identity})

    def put_basket(self, sale_id: str, lines: Sequence[Mapping[str, Any]]) -> JsonObject:
        """Ring up."""
        body = {"lines": list(lines)}
        return self.write("basket", "PUT", f"/v1/sales/{sale_id}/basket", body)

    def redeem(self, sale_id: str) -> JsonObject:
        """As much as is possible."""
        return self.write("redeem", "POST", f"/v1/sales/{sale_id}/redeem", {"points": None})

    def confirm(self, view: Mapping[str, Any], *, in_cash: bool) -> JsonObject:
        """Pay exactly."""
        body = payment(dict(view))
        if in_cash and view["payable_cash_minor"]:
            tender = {"kind": "cash", "amount_minor": view["payable_cash_minor"]}
            body["tenders"] = [tender]
        return self.write("confirm", "POST", f"/v1/sales/{view['sale_id']}/confirm", body)

    def paper(self, sale_id: str) -> JsonObject:
        """Wait for the paper; a cashier prints again what certainly did not come out."""
        for view in self._verdicts(sale_id):
            job = view["prints"][-1]
            if job["state"] != "not_printed":
                return view
            self.write("paper", "POST", f"/v1/print-jobs/{job['job_id']}/retry")
        raise AssertionError(f"the paper of sale {sale_id} has no end")

    def _verdicts(self, sale_id: str) -> Iterator[JsonObject]:
        end = time.monotonic() + PAPER_S
        while time.monotonic() < end:
            view = self.ask("paper", f"/v1/sales/{sale_id}/status")
            if view["prints"][-1]["state"] not in ("queued", "printing"):
                yield view
            time.sleep(0.005)


class StepClock:
    """How long each step of a sale takes when nobody interferes, seconds."""

    def __init__(self, first_guess_s: Mapping[str, float]) -> None:
        self._usual = dict(first_guess_s)

    def usual_s(self, step: str) -> float:
        """The running mean."""
        return self._usual[step]

    @contextmanager
    def timed(self, step: str, is_disturbed: Callable[[], bool]) -> Iterator[None]:
        """Learn from a step that was left alone."""
        started = time.monotonic()
        yield
        if not is_disturbed():
            took = time.monotonic() - started
            self._usual[step] = 0.8 * self._usual[step] + 0.2 * took
