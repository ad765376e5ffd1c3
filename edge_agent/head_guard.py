"""Whether this register knows that its log is the newest of its own past.

Only then may a right be spent that was given to the log before (condition B4): the anchor says
so at the start, else the centre does at the first contact. A register that does not know goes on
selling and earning.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import Literal, Protocol

from edge_agent.anchor import Anchor
from edge_agent.config import Settings
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.ledger.heads import HeadMark, head_of, holds
from edge_agent.ledger.ledger import Ledger
from edge_agent.machine_facts import machine_facts
from sync.contract.rights import HeadReply, HeadRequest
from sync.enrolment import Identity
from sync.errors import CentreRefused, SyncError

ASK_S = 5.0
"""No sale waits for this question."""
HeadState = Literal[
    "confirmed",
    "no_anchor",
    "anchor_damaged",
    "anchor_failed",
    "other_machine",
    "older_image",
    "behind",
    "forked",
]
ENDED = frozenset({"behind", "forked"})
"""The centre knows of another history: only a new enrolment helps."""


class HeadAnswers(Protocol):
    """Who may confirm a head: the centre."""

    def confirm_head(self, request: HeadRequest, timeout_s: float = ...) -> HeadReply: ...


def state_by_anchor(connection: sqlite3.Connection, anchor: Anchor, epoch: int) -> HeadState:
    """What the anchor says of a ledger that has just been opened."""
    mark = anchor.read()
    if isinstance(mark, str):
        return mark
    if mark.epoch != epoch:
        return "older_image" if mark.epoch > epoch else "no_anchor"
    return "confirmed" if holds(connection, mark) else "older_image"


def anchor_of(settings: Settings, identity: Identity, machine: str = "") -> Anchor:
    """The anchor of a register; `machine` are its machine's facts, "" asks the machine."""
    facts = machine or machine_facts(settings.data_dir)
    return Anchor(settings.anchor_dir, identity.register_id, identity.private_key, facts)


def guard_of(ledger: Ledger, settings: Settings, identity: Identity, machine: str) -> HeadGuard:
    """The guard of a ledger that has just been opened."""
    return HeadGuard(ledger, anchor_of(settings, identity, machine), identity.epoch)


def begin(settings: Settings, identity: Identity) -> None:
    """Drop the anchor of a register that was enrolled on this machine this moment: its log has
    no past elsewhere. Raises `OSError`."""
    anchor = anchor_of(settings, identity)
    anchor.read()
    anchor.write(HeadMark(identity.epoch))


class HeadGuard:
    """One start of one register; methods may be called from any thread."""

    def __init__(self, ledger: Ledger, anchor: Anchor, epoch: int) -> None:
        self._ledger = ledger
        self._anchor = anchor
        self._epoch = epoch
        self._lock = threading.Lock()
        self._is_told = False
        self.on_change: Callable[[], None] = lambda: None
        self.state: HeadState = ledger.query(lambda c: state_by_anchor(c, anchor, epoch))
        if self.is_confirmed:
            # What was committed after the anchor was last written counts from here on as well.
            self.keep()
        if not self.is_confirmed:
            emit(Event.HEAD_UNCONFIRMED, reason=self.state)

    @property
    def is_confirmed(self) -> bool:
        """Whether rights may be spent."""
        return self.state == "confirmed"

    def keep(self) -> None:
        """Write the anchor at the present end of the log; called when a right was spent, before
        anybody is told.

        A disk that refuses costs the rights until the centre has confirmed, never the sale."""
        with self._lock:
            if not self.is_confirmed:
                return
            try:
                self._anchor.write(self._head())
            except OSError as error:
                emit(Event.ANCHOR_FAILED, problem=str(error))
                self.state = "anchor_failed"

    @property
    def wants_centre(self) -> bool:
        """Whether the centre is still to be asked since the start. A register that its anchor has
        confirmed asks too: so the centre learns which machine it is before a clone comes."""
        return not (self._is_told or self.state in ENDED)

    def ask(self, centre: HeadAnswers) -> None:
        """Let the centre confirm what the anchor could not; waits for the network."""
        with self._lock:
            if not self.wants_centre:
                return
            before = self.state
            head = self._head()
            request = HeadRequest(
                epoch=head.epoch, seq=head.seq, hash=head.hash.hex(), machine=self._anchor.machine
            )
            try:
                reply = self._asked(centre, request)
            except SyncError as error:
                if not self.is_confirmed:
                    emit(Event.HEAD_UNCONFIRMED, reason=self.state, problem=str(error))
                return
            self._answered(reply, head)
        if self.state != before:
            self.on_change()

    def _asked(self, centre: HeadAnswers, request: HeadRequest) -> HeadReply:
        """A centre before contract 3 has no such route. It cannot vouch for an image; a register
        that has no anchor yet, because it was upgraded, goes on as it did before."""
        try:
            return centre.confirm_head(request, ASK_S)
        except CentreRefused as error:
            if error.status != 404 or self.state not in ("no_anchor", "confirmed"):
                raise
            return HeadReply(state="confirmed", head_seq=request.seq, server_time="")

    def _answered(self, reply: HeadReply, head: HeadMark) -> None:
        if reply.state == "confirmed":
            try:
                self._anchor.write(head)
            except OSError as error:
                emit(Event.ANCHOR_FAILED, problem=str(error))
                self.state = "anchor_failed"
                return
            self._is_told = True
            if not self.is_confirmed:
                self.state = "confirmed"
                emit(Event.HEAD_CONFIRMED, epoch=head.epoch, seq=head.seq)
        elif reply.state == "behind" or reply.state == "forked":
            self.state = reply.state
            self._ledger.fence(self._epoch)
            emit(Event.EPOCH_FENCED, epoch=self._epoch, seq=reply.head_seq)

    def _head(self) -> HeadMark:
        return self._ledger.query(lambda c: head_of(c, self._epoch))
