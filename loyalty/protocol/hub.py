"""The store hub: hands out rights that it was handed, and remembers what the island has used.

It distributes and never creates, so a wrong or a second hub can only misplace rights.
"""

from __future__ import annotations

from loyalty.authorisation.conditions import b1_debited
from loyalty.protocol import CENTRE, AuthId, Message
from loyalty.protocol.log import Log


class Hub:
    """One term of a store's hub. `node` names it for ever: another disk is another term."""

    def __init__(self, node: int, store: int, cache_budget: int) -> None:
        self.node = node
        self.store = store
        self.cache_budget = cache_budget
        self.log = Log()
        self.granted: dict[int, int] = {}
        self.given: dict[int, int] = {}
        """Lent and released, by member: only rises."""
        self.lent: dict[tuple[int, int, int], int] = {}
        """By register node, epoch and member: only rises."""
        self.purses: dict[int, int] = {}
        self.claimed: dict[tuple[int, int], int] = {}
        """By register and serial; together with `beside` it is what this hub knows as used."""
        self.beside: dict[tuple[int, int], int] = {}
        """What a register burnt of a serial beside its claims here: without this hub."""
        self.answers: dict[AuthId, tuple[int, int]] = {}
        self.cache_claims: dict[AuthId, int] = {}

    def free(self, member: int) -> int:
        """Rights that are still here."""
        return self.granted.get(member, 0) - self.given.get(member, 0)

    def tick(self) -> list[Message]:
        """Ask the centre for what was granted, and send the log."""
        start, facts = self.log.waiting()
        return [(CENTRE, "on_hub_poll", (self.store, start, facts))]

    def on_granted(self, _source: int, grants: tuple[tuple[int, int], ...]) -> list[Message]:
        """Sums of all grants by member."""
        for member, total in grants:
            if total > self.granted.get(member, 0):
                self.granted[member] = total
        return []

    def on_acked(self, _source: int, acked: int) -> list[Message]:
        """The centre has the log up to here."""
        self.log.prune(acked)
        return []

    def on_settled(self, _source: int, register: int, epoch: int, number: int) -> list[Message]:
        """Every redemption of that life up to `number` is known to the centre or was given up."""
        done = [a for a in self.cache_claims if a[:2] == (register, epoch) and a[2] <= number]
        for auth in done:
            del self.cache_claims[auth]
        return []

    def on_borrow(self, source: int, epoch: int, member: int, total: int) -> list[Message]:
        """Lend so much that the sum lent to this life of the register becomes `total`, at most."""
        key = (source, epoch, member)
        lent = self.lent.get(key, 0)
        more = min(total - lent, self.free(member))
        if more > 0:
            self.given[member] = self.given.get(member, 0) + more
            self.lent[key] = lent = lent + more
            b1_debited(self.given[member], self.granted[member])
        return [(source, "on_lent", (epoch, member, lent))]

    def on_claim(
        self, source: int, auth: AuthId, serial: int, value: int, purse: int, cache: int
    ) -> list[Message]:
        """Claim purse points of a serial and cache points; the same answer for the same id."""
        answer = self.answers.get(auth)
        if answer is None:
            used = self.purses.get(serial, 0)
            got_purse = max(0, min(purse, value - used - self._beside(serial)))
            got_cache = max(0, min(cache, self.cache_budget - sum(self.cache_claims.values())))
            if got_purse:
                self.purses[serial] = used + got_purse
                key = (source, serial)
                self.claimed[key] = self.claimed.get(key, 0) + got_purse
            if got_cache:
                self.cache_claims[auth] = got_cache
            answer = self.answers[auth] = (got_purse, got_cache)
        return [(source, "on_claimed", (auth, *answer))]

    def _beside(self, serial: int) -> int:
        return sum(points for (_, known), points in self.beside.items() if known == serial)

    def on_used_alone(self, source: int, used: tuple[tuple[int, int], ...]) -> list[Message]:
        """A register is back and says what it burnt of which serials in all. What it had claimed
        here by now counts already; later claims come on top of the rest."""
        for serial, points in used:
            key = (source, serial)
            beside = points - self.claimed.get(key, 0)
            self.beside[key] = max(0, beside, self.beside.get(key, 0))
        return [(source, "on_heard", ())]

    def on_recall(self, _source: int, member: int) -> list[Message]:
        """The centre wants rights back: what is here goes into the log, holders are asked."""
        free = self.free(member)
        out: list[Message] = []
        if free > 0:
            self.given[member] = self.given.get(member, 0) + free
            self.log.append(("release", self.node, member, free))
            out.append((-1, "released", (self.node, member, free)))
        out += [(node, "on_recall", (member,)) for node, _, m in self.lent if m == member]
        return out
