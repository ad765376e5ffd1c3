"""A senior's word for one act of a cashier: who gave it, for what, and for how long it is good.

Words are kept in memory: a restart asks again. Where the centre has sent no list of staff nobody
can be asked, and every act is allowed."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.shift.desk import ShiftDesk
from edge_agent.shift.sign_in import RANK, SignIn, SignInRefused

Approved = Literal["reassign", "void", "return", "cash_out", "training", "card"]
LEAST: Final = "senior"
GOOD_FOR_S: Final = 120
MOST: Final = 50
NO_LIMIT: Final = 0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Policy:
    """Which acts need a senior besides a reassignment and cash taken out of the drawer.

    A return needs one from `return_from_minor` kopecks on, `NO_LIMIT` never."""

    void: bool = True
    return_from_minor: int = NO_LIMIT


@dataclass(frozen=True, slots=True)
class Approval:
    """One word. `subject` is the sale's id, or kopecks taken out; `ends_s` is monotonic."""

    approval_id: str
    act: Approved
    subject: str
    cashier_id: str
    name: str
    ends_s: float

    @property
    def by(self) -> str:
        """Who said so, as it stands in facts."""
        return _named(self.name, self.cashier_id)


class Approvals:
    """Asks for words and checks them. Any thread may call."""

    def __init__(self, desk: ShiftDesk, monotonic: Callable[[], float], policy: Policy) -> None:
        self._desk = desk
        self._monotonic = monotonic
        self._policy = policy
        self._lock = threading.Lock()
        self._words: dict[str, Approval] = {}

    def ask(self, given: SignIn, act: Approved, subject: str) -> Approval:
        """Take the word of whoever's PIN or badge this is; they are not signed in by it.

        Raises `SignInRefused`: `sign_in_wrong`, `sign_in_locked`, `approval_too_low`."""
        person = self._desk.vouch(given, LEAST)
        word = Approval(
            approval_id=secrets.token_urlsafe(18),
            act=act,
            subject=subject,
            cashier_id=person.cashier_id,
            name=person.name,
            ends_s=self._monotonic() + GOOD_FOR_S,
        )
        with self._lock:
            now = self._monotonic()
            fresh = [each for each in self._words.values() if each.ends_s > now]
            self._words = {each.approval_id: each for each in (*fresh, word)[-MOST:]}
        return word

    def run(
        self,
        act: Approved,
        subject: str,
        approval_id: str,
        work: Callable[[str], T],
        amount: Callable[[], int] = lambda: 0,
    ) -> T:
        """Do an act with the name of who answers for it, "" where nobody has to.

        A word is used up by the act that it allowed, not by one that was refused for another
        reason. `amount` tells the kopecks of a return. Raises `SignInRefused`
        (`approval_needed`)."""
        if not self._is_asked(act, amount):
            return work("")
        word = self._taken(act, subject, approval_id)
        by = word.by if word else self._own_word(act)
        is_done = False
        try:
            done = work(by)
            is_done = True
        finally:
            if word is not None and not is_done:
                with self._lock:
                    self._words[word.approval_id] = word
        emit(Event.ACT_APPROVED, act=act, by=by)
        return done

    def _is_asked(self, act: Approved, amount: Callable[[], int]) -> bool:
        if not self._desk.signs_in():
            return False
        if act == "void":
            return self._policy.void
        if act == "return":
            limit = self._policy.return_from_minor
            return limit != NO_LIMIT and amount() >= limit
        return True

    def _taken(self, act: Approved, subject: str, approval_id: str) -> Approval | None:
        """The word for exactly this; nobody else can take it meanwhile."""
        with self._lock:
            word = self._words.get(approval_id)
            is_for_this = word is not None and (word.act, word.subject) == (act, subject)
            if word is None or not is_for_this or word.ends_s <= self._monotonic():
                return None
            return self._words.pop(approval_id)

    def _own_word(self, act: Approved) -> str:
        current = self._desk.signed()
        if current is None or RANK.get(current.role, 0) < RANK[LEAST]:
            raise SignInRefused("approval_needed", f"{act} needs the word of a senior cashier")
        return _named(current.name, current.cashier_id)


def _named(name: str, cashier_id: str) -> str:
    return f"{name} ({cashier_id})"[:40]
