"""Countable rights in the protocol: uses of a coupon, receipts of a campaign, kopecks of a card.

The same bounded counter as leases of points, held by one life of a register: what it may use is
what it was granted, less what it used and gave back. Sums only rise, so a lost, doubled or late
message needs no thought; a question says what is used already and how much is wanted beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loyalty.authorisation.conditions import b1_debited, b2_durable, b3_logged
from loyalty.protocol import CENTRE, Message

if TYPE_CHECKING:
    from loyalty.protocol.register import Disk

Life = tuple[int, int]
"""Register and epoch."""
Wants = tuple[tuple[int, int], ...]
"""Counters and the units that a sale takes of each."""


@dataclass(slots=True)
class Part:
    """What one life was lent of a counter. `recall` numbers the question to give back; 0: none."""

    granted: int = 0
    used: int = 0
    returned: int = 0
    recall: int = 0

    @property
    def left(self) -> int:
        """Units that the life may still use."""
        return max(0, self.granted - self.used - self.returned)

    @property
    def out(self) -> int:
        """Units that are not at the centre."""
        return max(self.granted - self.returned, self.used)


class CounterBook:
    """The centre's side: how much there is of each counter, and who was lent how much of it."""

    def __init__(self) -> None:
        self.total: dict[int, int] = {}
        self.parts: dict[int, dict[Life, Part]] = {}
        self.out: dict[int, int] = {}
        self.changed: set[int] = set()
        """Counters that moved since somebody looked."""
        self.sales: dict[int, Wants] = {}
        self.recalls = 0

    def make(self, key: int, units: int) -> None:
        """A new counter, or more of one: a gift card that was loaded again."""
        self.total[key] = self.total.get(key, 0) + units
        self.changed.add(key)

    def left(self, key: int) -> int:
        """Units that nobody was lent."""
        return self.total.get(key, 0) - self.out.get(key, 0)

    def lend(self, life: Life, key: int, units: int) -> int:
        """Lend up to so many units; the sum that this life was ever granted. The debit first."""
        part = self.parts.setdefault(key, {}).setdefault(life, Part())
        more = min(units, self.left(key))
        if more > 0:
            part.granted += more
            self.move(key, more)
            b1_debited(self.out[key], self.total[key])
        return part.granted

    def move(self, key: int, units: int) -> None:
        """Units left the centre, or came back (below zero)."""
        self.out[key] = self.out.get(key, 0) + units
        self.changed.add(key)

    def ask_back(self, key: int, units: int, but: Life) -> list[tuple[Life, int, int]]:
        """Other lives that are asked for up to so many units, the fullest first: (life, number of
        the recall, units). Nothing is credited by asking; who is asked already is asked again
        under the same number."""
        asked = []
        parts = self.parts.get(key, {})
        for life, part in sorted(parts.items(), key=lambda each: (-each[1].left, each[0])):
            more = min(units, part.left)
            if life != but and more > 0:
                if not part.recall:
                    self.recalls += 1
                    part.recall = self.recalls
                asked.append((life, part.recall, more))
                units -= more
        return asked

    def post(self, life: Life, sale: int, wants: Wants) -> bool:
        """A sale of a log, never refused; False when it is known already."""
        if sale in self.sales:
            return False
        self.sales[sale] = wants
        for key, units in wants:
            part = self.parts.setdefault(key, {}).setdefault(life, Part())
            before = part.out
            part.used += units
            self.move(key, part.out - before)
        return True

    def give_back(self, life: Life, key: int, units: int, recall: int) -> None:
        """Units that a log gave up; only then they are here again (B3)."""
        part = self.parts.setdefault(key, {}).setdefault(life, Part())
        credited = min(units, part.left)
        b3_logged(credited, units)
        before = part.out
        part.returned += credited
        if part.recall == recall:
            part.recall = 0
        self.move(key, part.out - before)


@dataclass(slots=True)
class HeldCounters:
    """A register's part of its disk: all sums of this life, and the last recall answered."""

    granted: dict[int, int] = field(default_factory=dict)
    gone: dict[int, int] = field(default_factory=dict)
    """Used and given back."""
    recalls: dict[int, int] = field(default_factory=dict)

    def left(self, key: int) -> int:
        """Units that may be used here."""
        return self.granted.get(key, 0) - self.gone.get(key, 0)

    def copy(self) -> HeldCounters:
        """As a disk image takes it."""
        return HeldCounters(self.granted.copy(), self.gone.copy(), self.recalls.copy())


class CountingRegister:
    """What a register does with counters: rings sales up, takes the units when they are paid."""

    node: int
    disk: Disk
    is_confirmed: bool

    def __init__(self) -> None:
        self.rung: dict[int, Wants] = {}
        """Open sales that were shown a price; nothing is taken for them yet."""

    if TYPE_CHECKING:

        def _note(self) -> None: ...

    def ring(self, sale: int, wants: Wants) -> list[Message]:
        """Price a sale with these uses; what is short here is asked for at the centre instead."""
        disk = self.disk
        if not self.is_confirmed:
            return []
        out: list[Message] = []
        for key, units in wants:
            if disk.counters.left(key) < units:
                total = disk.counters.gone.get(key, 0) + units
                out.append((CENTRE, "on_counter_wanted", (self.node, disk.epoch, key, total)))
        if not out:
            self.rung[sale] = wants
        return out

    def pay(self, sale: int) -> list[Message]:
        """The buyer pays: what another open sale took meanwhile is not there any more."""
        wants = self.rung.pop(sale, ())
        if not wants or not self.may_take(wants):
            return []
        disk = self.disk
        seq = self.take(sale, wants)
        b2_durable(seq, disk.log.head)
        return [(-1, "counted", ((self.node, disk.epoch), sale, wants))]

    def may_take(self, wants: Wants) -> bool:
        """Whether the units are here, in a life that is known to be the newest (B4)."""
        held = self.disk.counters
        return self.is_confirmed and all(held.left(key) >= units for key, units in wants)

    def take(self, sale: int, wants: Wants) -> int:
        """One transaction: the fact and what it uses up (B2)."""
        disk = self.disk
        for key, units in wants:
            disk.counters.gone[key] = disk.counters.gone.get(key, 0) + units
        seq = disk.log.append(("count", sale, wants))
        self._note()
        return seq

    def on_counted(self, _source: int, epoch: int, key: int, granted: int) -> list[Message]:
        """The sum that this life was granted; rights of another life are nobody's here."""
        disk = self.disk
        if epoch == disk.epoch and granted > disk.counters.granted.get(key, 0):
            disk.counters.granted[key] = granted
        return []

    def on_counter_recall(
        self, _source: int, epoch: int, key: int, recall: int, units: int
    ) -> list[Message]:
        """Give back what is left, into the log first; each recall is answered once."""
        disk = self.disk
        held = disk.counters
        if not self.is_confirmed or epoch != disk.epoch or recall <= held.recalls.get(key, 0):
            return []
        back = max(0, min(units, held.left(key)))
        held.recalls[key] = recall
        held.gone[key] = held.gone.get(key, 0) + back
        disk.log.append(("uncount", key, back, recall))
        self._note()
        return [(-1, "uncounted", ((self.node, epoch), key, back))]


class CountingCentre:
    """What the centre does with counters: lends, asks back, posts logs."""

    lives: dict[int, int]

    def __init__(self) -> None:
        self.counters = CounterBook()

    def lend_counter(self, node: int, key: int, units: int) -> list[Message]:
        """Lend ahead of a visit: the debit first, the message after it."""
        epoch = self.lives[node]
        granted = self.counters.lend((node, epoch), key, units)
        return [(node, "on_counted", (epoch, key, granted))]

    def on_counter_wanted(
        self, source: int, node: int, epoch: int, key: int, total: int
    ) -> list[Message]:
        """A till wants the sum lent to its life to become `total`; what is short here is asked
        for at the others. An ended life is lent nothing."""
        if epoch != self.lives[node] or source != node:
            return []
        book = self.counters
        part = book.parts.get(key, {}).get((node, epoch), Part())
        granted = book.lend((node, epoch), key, total - part.granted)
        out: list[Message] = [(node, "on_counted", (epoch, key, granted))]
        if granted < total:
            for (other, life), recall, units in book.ask_back(key, total - granted, (node, epoch)):
                out.append((other, "on_counter_recall", (life, key, recall, units)))
        return out
