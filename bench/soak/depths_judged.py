"""What must hold after every step: the depths agree, the books are whole, nothing is lost."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from bench.soak.depths_plan import Books, Depth, Fate, Order, Size

T = TypeVar("T")
FULL = 10_000


class Broken(AssertionError):
    """An invariant, or the agreement of two depths, does not hold; `name` says which."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name


@dataclass(slots=True)
class Receipt:
    """A sale as the shop remembers it. `paper`: waiting, printed, refused or none."""

    order: Order
    state: str
    points: int
    epoch: int
    paper: str = "none"
    back: str = ""


@dataclass(slots=True)
class Shop:
    """What the schedule remembers of one register."""

    epoch: int = 1
    open: list[int] = field(default_factory=list)
    papers: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)


class Judged(ABC):
    """Depths under one schedule; the first one is the reference."""

    def __init__(self, seed: int, size: Size, depths: Sequence[Depth], full_every: int) -> None:
        self.seed = seed
        self.size = size
        self.depths = tuple(depths)
        self.steps = 0
        self.seen: Counter[str] = Counter()
        self.receipts: dict[int, Receipt] = {}
        self.shops = {till: Shop() for till in range(1, size.stores + 1)}
        self.down: set[int] = set()
        self._full_every = self._next_full = full_every
        self._under_way = 0

    # --- the schedule's verbs that healing needs ------------------------------------------------

    @abstractmethod
    def cancel(self, till: int, sale: int, fate: Fate) -> None:
        """The customer leaves."""

    @abstractmethod
    def push(self, till: int, most: int, fate: Fate) -> None:
        """Facts up."""

    @abstractmethod
    def pull(self, till: int, fate: Fate) -> None:
        """Rows down."""

    @abstractmethod
    def deliver(self, which: int) -> None:
        """A late message arrives."""

    # --- judging ------------------------------------------------------------------------------

    def _fail(self, name: str, text: str) -> None:
        raise Broken(name, f"{text} (seed {self.seed}, step {self.steps})")

    def _each(self, call: Callable[[Depth], object]) -> None:
        for depth in self.depths:
            try:
                call(depth)
            except AssertionError as found:
                self._fail(depth.name, str(found))

    def _same(self, what: str, answers: Sequence[T]) -> T:
        for depth, answer in zip(self.depths[1:], answers[1:], strict=True):
            if answer != answers[0]:
                first = self.depths[0].name
                self._fail("differs", f"{what}: {first} {answers[0]}, {depth.name} {answer}")
        return answers[0]

    def _after(self, member: int | None) -> None:
        """The step is over: the depths agree on what it touched."""
        self.steps += 1
        self._under_way = self.depths[0].waiting()
        if any(depth.waiting() != self._under_way for depth in self.depths):
            self._fail("differs", f"{[depth.waiting() for depth in self.depths]} under way")
        if member is None:
            member = 1 + self.steps % self.size.members
        self.compare(member)
        if self.steps >= self._next_full:
            self._next_full = self.steps + self._full_every
            self.recompute()

    def compare(self, member: int) -> Books:
        """A member's books at every depth."""
        books = [depth.books(member) for depth in self.depths]
        for depth, found in zip(self.depths[1:], books[1:], strict=True):
            if found != books[0]:
                first = self.depths[0].name
                text = f"member {member}: {first} {books[0]}, {depth.name} {found}"
                self._fail("differs", text)
        return books[0]

    def recompute(self) -> None:
        """All members, all entries."""
        for member in range(1, self.size.members + 1):
            self.compare(member)
        for depth in self.depths:
            for fault in depth.audit():
                self._fail(f"audit {depth.name}", fault)

    def heal(self) -> None:
        """All ways up, everything delivered: the books are whole, the caches tell the truth."""
        self.down.clear()
        for till, shop in self.shops.items():
            for sale in list(shop.open):
                self.cancel(till, sale, "answered")
        while self._under_way:
            self.deliver(0)
        for till, shop in self.shops.items():
            for _ in range(shop.epoch + 1):
                self.push(till, 100_000, "answered")
        for till in self.shops:
            self.pull(till, "answered")
        self.recompute()
        for member in range(1, self.size.members + 1):
            if "held" in self.compare(member):
                self._fail("held", f"points of {member} are held for no sale")
        self._all_posted()
        self._caches_tell_the_truth()

    def _all_posted(self) -> None:
        """Each sale that was answered is at the centre once, with the points it spent."""
        sold = {
            number: receipt.points
            for number, receipt in self.receipts.items()
            if receipt.order.member and receipt.state in ("committed", "voided", "returned")
        }
        for depth in self.depths:
            posted = depth.posted()
            if posted != sold:
                lost = sorted(sold.keys() - posted.keys())[:5]
                extra = sorted(posted.keys() - sold.keys())[:5]
                other = [n for n in sold if posted.get(n, sold[n]) != sold[n]][:5]
                self._fail("lost", f"{depth.name}: lost {lost}, extra {extra}, other {other}")

    def _caches_tell_the_truth(self) -> None:
        """Each register shows some members, and each member is shown by some, as they stand."""
        members = self.size.members
        for till in self.shops:
            for member in {1 + (self.steps + till * 5 + n) % members for n in range(5)}:
                books = self.depths[0].books(member)
                balance = max(0, sum(p for name, p in books.items() if name != "pending"))
                for depth in self.depths:
                    shown = depth.shown(till, member)
                    if shown != balance:
                        text = f"{till} shows {shown} of {balance} to {member}"
                        self._fail("cache", f"{depth.name}: {text}")
