"""Buyers at several tills at once who never pause."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Protocol

import httpx


class SellingTill(Protocol):
    """What is used of `tests.support.hub_net.Till`."""

    name: str

    def sell(self, card: str, points: int) -> int: ...


class Shopping:
    """Tills that sell to members without a pause, each on its own thread, until told to stop."""

    def __init__(
        self, tills: Sequence[SellingTill], cards: Sequence[tuple[int, str]], points: int
    ) -> None:
        self._cards, self._points = cards, points
        self._stop = threading.Event()
        self.redeemed: dict[int, int] = {member: 0 for member, _ in cards}
        self.sales: dict[str, int] = {till.name: 0 for till in tills}
        self.longest_s: dict[str, float] = {till.name: 0.0 for till in tills}
        self.failures: list[str] = []
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._sell, args=(till,), daemon=True) for till in tills
        ]
        for thread in self._threads:
            thread.start()

    def _sell(self, till: SellingTill) -> None:
        number = 0
        last = time.monotonic()
        while not self._stop.is_set():
            member, card = self._cards[number % len(self._cards)]
            number += 1
            try:
                points = till.sell(card, self._points)
            except (AssertionError, httpx.HTTPError) as error:
                self.failures.append(f"{till.name}: {error}")
                return
            now = time.monotonic()
            with self._lock:
                self.redeemed[member] += points
                self.sales[till.name] += 1
                self.longest_s[till.name] = max(self.longest_s[till.name], now - last)
            last = now

    def end(self) -> None:
        """Let the sales under way finish."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()
