"""The hub term of this store: signed by the centre, kept on disk, followed until a newer one comes.

Without the centre registers follow the last term. Its `not_after` is a word to people and to
`edge-agent doctor`: no right rests on a register's clock, so none ends by it.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from sync.contract.feed import FeedPage, FeedRow
from sync.contract.rights import FeedHubTerm, HubPeer, HubTerm
from sync.contract.signing import public_key_of, verify_hub_term
from sync.durable_file import write_durably
from sync.enrolment import Identity
from sync.errors import LocalStoreFailed

KIND = "hub_term"
FILE_NAME = "hub-term.json"
_MAX_FILE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Peer:
    """A register of the store: its address is "" where none is known, `certificate` DER."""

    register_id: str
    epoch: int
    address: str
    key: bytes = field(repr=False)
    certificate: bytes = field(repr=False)


class Terms:
    """The newest term that verifies. Methods may be called from any thread.

    `on_change` hears of another term, on the thread that brought it."""

    def __init__(self, path: Path, identity: Identity) -> None:
        self._path = path
        self._identity = identity
        self._lock = threading.RLock()
        self._term: HubTerm | None = None
        self._peers: Mapping[str, Peer] = {}
        self.on_change: Callable[[], None] = lambda: None
        row = _stored(path)
        if row is not None:
            self._take(row)

    @property
    def current(self) -> HubTerm | None:
        """The term in force; None when the store has no hub."""
        return self._term

    @property
    def number(self) -> int:
        """Number of the term in force, 0 without one."""
        return self._term.term if self._term else 0

    @property
    def is_own(self) -> bool:
        """This very life of this register is the hub."""
        term = self._term
        who = (self._identity.register_id, self._identity.epoch)
        return term is not None and (term.register_id, term.epoch) == who

    @property
    def hub(self) -> Peer | None:
        """The hub as a peer; None when there is none, or it is this register."""
        term = self._term
        return None if term is None or self.is_own else self._peers.get(term.register_id)

    @property
    def own(self) -> Peer | None:
        """This register as its peers know it, when the term knows this very key."""
        peer = self._peers.get(self._identity.register_id)
        if peer is None or peer.key != public_key_of(self._identity.private_key):
            return None
        return peer

    @property
    def peers(self) -> tuple[Peer, ...]:
        """Every register of the term."""
        return tuple(self._peers.values())

    def peer(self, register_id: str) -> Peer | None:
        """A register of the term."""
        return self._peers.get(register_id)

    def take_from(self, page: FeedPage) -> FeedPage:
        """Take terms out of a page of the feed; raises `LocalStoreFailed` when the disk refuses."""
        rows = []
        for row in page.rows:
            if row.kind == KIND:
                self.hear(row)
            else:
                rows.append(row)
        return page if len(rows) == len(page.rows) else page.model_copy(update={"rows": rows})

    def hear(self, row: FeedRow) -> None:
        """A row of the feed: a newer term, or the end of having a hub."""
        if row.key != self._identity.store_id:
            return
        with self._lock:
            if row.is_deleted:
                self._end()
                return
            try:
                fresh = FeedHubTerm.model_validate(row.body)
            except ValidationError:
                emit(Event.HUB_TERM_REFUSED, problem="malformed")
                return
            if not self._take(fresh):
                return
            try:
                write_durably(self._path, fresh.model_dump_json().encode())
            except OSError as error:
                raise LocalStoreFailed(f"{self._path} cannot be written: {error}") from error
        emit(Event.HUB_TERM_TAKEN, term=self.number, hub=self._hub_name())
        self.on_change()

    def _hub_name(self) -> str:
        return self._term.register_id if self._term else ""

    def _end(self) -> None:
        if self._term is None:
            return
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise LocalStoreFailed(f"{self._path} cannot be removed: {error}") from error
        self._term, self._peers = None, {}
        emit(Event.HUB_TERM_TAKEN, term=0, hub="")
        self.on_change()

    def _take(self, row: FeedHubTerm) -> bool:
        """True when the row verifies and is newer than what is in force."""
        key = self._identity.programme_keys.get(row.key_id)
        try:
            signature = base64.b64decode(row.signature, validate=True)
            if key is None or not verify_hub_term(key, row.content.encode(), signature):
                emit(Event.HUB_TERM_REFUSED, problem="signature")
                return False
            term = HubTerm.model_validate_json(row.content)
            peers = {peer.register_id: _peer(peer) for peer in term.peers}
        except (ValidationError, binascii.Error, ValueError):
            emit(Event.HUB_TERM_REFUSED, problem="malformed")
            return False
        if term.store_id != self._identity.store_id or term.register_id not in peers:
            emit(Event.HUB_TERM_REFUSED, problem="another store's")
            return False
        if self._term is not None and term.term <= self._term.term:
            return False
        self._term, self._peers = term, peers
        return True


def _peer(peer: HubPeer) -> Peer:
    key = base64.b64decode(peer.public_key, validate=True)
    certificate = base64.b64decode(peer.certificate, validate=True)
    return Peer(peer.register_id, peer.epoch, peer.address, key, certificate)


def _stored(path: Path) -> FeedHubTerm | None:
    try:
        with path.open("rb") as file:
            return FeedHubTerm.model_validate(json.loads(file.read(_MAX_FILE)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        # The term comes again with the feed; until then this register is an island of its own.
        emit(Event.HUB_TERM_REFUSED, problem=f"{path.name}: {type(error).__name__}")
        return None
