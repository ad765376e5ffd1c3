"""A store hub at two depths at once: the pure machine, and the product's hub on its `hub.db`.

Both get every message and must give the same answer. The process can be killed at any moment of
a message; what then stands in the files is what the next process finds, and must be what the pure
machine remembers.
"""

from __future__ import annotations

import base64
import shutil
import uuid
from pathlib import Path
from typing import Any, Literal

from edge_agent.anchor import FILE_NAME as ANCHOR
from edge_agent.anchor import Anchor
from edge_agent.hub.past import HubPast
from edge_agent.hub.server import Hub as StoreHub
from edge_agent.hub.terms import KIND, Terms
from edge_agent.ledger.hub_file import FILE_NAME, HubFile
from edge_agent.ledger.hub_rights import Handed, HubLease, PurseClaim, Wish, given, settle
from loyalty.protocol import AuthId, Message
from loyalty.protocol.hub import Hub
from sync.contract.feed import FeedRow
from sync.contract.rights import AloneReport, AloneUse, FeedHubTerm, HubPeer, HubTerm
from sync.contract.signing import new_private_key, public_key_of, sign_hub_term
from sync.enrolment import Identity
from sync.serving.port import Caller

Moment = Literal["before", "inside", "torn", "committed", "answered"]
"""Of a message's handling: not begun; inside the transaction; while the log of the database is
written; between the commit and the anchor; when all is durable and the answer has not left."""
MOMENTS: tuple[Moment, ...] = ("before", "inside", "torn", "committed", "answered")
NOW = "2026-11-22T10:00:00.000Z"
EPOCH = 1
_KEY = new_private_key()
_FILES = (FILE_NAME, f"{FILE_NAME}-wal", ANCHOR)


class Differs(AssertionError):
    """The product's hub and the pure one do not agree."""


def name_of(node: int) -> str:
    """A machine's register id."""
    return f"R{node}"


def auth_id_of(auth: AuthId) -> str:
    """The id on the wire."""
    node, epoch, number = auth
    return str(uuid.UUID(int=node << 80 | epoch << 72 | number, version=4))


class _Past(HubPast):
    """The anchor's keeper; the process may die just before it writes."""

    dies: Any = None

    def keep(self, known: Handed) -> bool:
        if self.dies is not None:
            self.dies()
        return super().keep(known)


class HubOnDisk:
    """The product's hub of one store on files in memory. Killed, it leaves what its files hold."""

    def __init__(self, folder: Path, hub: Hub) -> None:
        self._root = folder
        self._pure = hub
        self._starts = 0
        self._minute = 0
        self._statements_left = 0
        self.own_spent: dict[str, int] = {}
        self._identity = Identity(
            register_id=name_of(hub.node),
            store_id=f"S{hub.store}",
            store_name="",
            epoch=EPOCH,
            incarnation="i",
            centre_url="",
            ca_pem="",
            programme_keys={"p": public_key_of(_KEY)},
            private_key=_KEY,
            phone_key=b"",
        )
        self._image = folder / "image"
        self._folder = folder / "0"
        self._folder.mkdir(parents=True)
        self._open()

    # --- the process --------------------------------------------------------------------------

    def _open(self) -> None:
        self._starts += 1
        self.file = HubFile(self._folder / FILE_NAME)
        who = (self._identity.register_id, self._identity.private_key)
        self._past = _Past(self.file, Anchor(self._folder, *who, "this machine"), EPOCH)
        terms = Terms(self._folder / "term.json", self._identity)
        terms.hear(self._term())
        self.hub = StoreHub(
            self.file,
            terms,
            *(self._identity.register_id, EPOCH),
            self._lease_of,
            lambda lease_id: self.own_spent.get(lease_id, 0),
            lambda: self._pure.cache_budget,
            lambda: True,
            self._past,
            lambda: NOW,
        )

    def _term(self) -> FeedRow:
        public = base64.b64encode(public_key_of(_KEY)).decode()
        term = HubTerm(
            store_id=self._identity.store_id,
            term=1,
            register_id=self._identity.register_id,
            epoch=EPOCH,
            not_before=NOW,
            not_after=NOW,
            peers=[HubPeer(register_id=self._identity.register_id, epoch=EPOCH, public_key=public)],
        )
        content = term.model_dump_json()
        signature = base64.b64encode(sign_hub_term(_KEY, content.encode())).decode()
        row = FeedHubTerm(content=content, signature=signature, key_id="p")
        return FeedRow(
            kind=KIND, key=self._identity.store_id, version=1, body=row.model_dump(mode="json")
        )

    def _lease_of(self, member_id: int) -> HubLease | None:
        granted = self._pure.granted.get(member_id, 0)
        return HubLease(self.lease_id(member_id), granted, True) if granted else None

    def lease_id(self, member_id: int) -> str:
        """The store's lease of a member."""
        return f"{self._identity.register_id}.{EPOCH}.{member_id}"

    def _take_image(self) -> None:
        """What the disk holds at this very moment."""
        if not self._image.exists():
            self._image.mkdir()
            for name in _FILES:
                if (self._folder / name).exists():
                    shutil.copy(self._folder / name, self._image / name)

    def _log_size(self) -> int:
        log = self._folder / f"{FILE_NAME}-wal"
        return log.stat().st_size if log.exists() else 0

    def die(self, moment: Moment, share: float, call: Any) -> bool:
        """Handle `call` up to a moment, then start again from what the disk held; whether the call
        is among that. `share` from 0 to 1 says where in a transaction or a write it ends."""
        is_done = moment in ("committed", "answered")
        start = self._log_size()
        if moment == "before":
            self._take_image()
        elif moment == "inside":
            self._count_down(1 + int(share * 6))
        elif moment in ("torn", "committed"):
            self._past.dies = self._take_image
        call()
        if not self._image.exists():
            # Nothing was handed out, so there was nothing to die in.
            self._take_image()
            is_done = True
        elif moment == "torn":
            is_done = not self._tear(start, share)
        self._start_again()
        return is_done

    def _count_down(self, statements: int) -> None:
        def heard(statement: str) -> None:
            if self._statements_left <= 0:
                return
            self._statements_left -= 1
            if self._statements_left == 0 or statement.startswith("COMMIT"):
                self._take_image()

        self.file.read(lambda c: c.set_trace_callback(heard))
        self._statements_left = statements

    def _tear(self, start: int, share: float) -> bool:
        """The write of the last transaction ended somewhere; False where the log began anew."""
        log = self._image / f"{FILE_NAME}-wal"
        end = log.stat().st_size
        if end <= start:
            return False
        with log.open("r+b") as file:
            file.truncate(start + int((end - start) * share))
        return True

    def _start_again(self) -> None:
        self.file.close()
        shutil.rmtree(self._folder)
        self._folder = self._root / str(self._starts)
        self._image.rename(self._folder)
        self._open()
        if self.hub.is_fenced:
            raise Differs(f"hub {self._pure.node}: a killed hub takes itself for an older image")

    def close(self) -> None:
        """Let go of the files."""
        self.file.close()

    # --- what it is asked ---------------------------------------------------------------------

    def borrow(self, source: int, epoch: int, member: int, total: int) -> int:
        """The sum lent to that life."""
        return self.hub.lend(Wish(name_of(source), epoch, member, total))[1]

    def given(self, member: int) -> int:
        """Points of a member's lease that have left the hub."""
        return self.file.read(lambda c: given(c, self.lease_id(member)))

    def claim(
        self, auth: AuthId, serial: int, value: int, purse: int, cache: int
    ) -> tuple[int, int]:
        """Purse and cache points; each screen of a purse is later than the one before."""
        self._minute += 1
        wish = PurseClaim(
            auth_id=auth_id_of(auth),
            register_id=name_of(auth[0]),
            member_id=1,
            serial=serial,
            value=value,
            minute=self._minute,
            purse_points=purse,
            cache_points=cache,
        )
        return self.hub.grant(wish)

    def used_alone(self, source: int, used: tuple[tuple[int, int], ...]) -> None:
        """What a register burnt."""
        uses = [AloneUse(purse_serial=s, points=p, minute=self._minute) for s, p in used]
        who = Caller(name_of(source), self._identity.store_id, EPOCH, True)
        self.hub.used_alone(who, AloneReport(epoch=EPOCH, purses=uses))

    def settle(self, register: int, done: list[AuthId]) -> None:
        """Redemptions that the centre has."""
        ids = [auth_id_of(auth) for auth in done]
        self.file.write(lambda c: settle(c, name_of(register), ids, []))

    def give_back(self, member: int, free: int) -> None:
        """The hub's own till takes what is free and gives it back in its log."""
        lease_id = self.lease_id(member)
        total = self.own_spent.get(lease_id, 0) + free
        _, lent = self.hub.lend(Wish(self._identity.register_id, EPOCH, member, total))
        if lent != total:
            raise Differs(f"hub {self._pure.node} has {lent} of {total} of {member} to give back")
        self.own_spent[lease_id] = lent

    # --- looking ------------------------------------------------------------------------------

    def compare(self) -> None:
        """All that the file holds beside all that the pure hub remembers."""
        pure = self._pure
        tables = {
            "given": (
                "SELECT lease_id, points FROM lease_given",
                {(self.lease_id(m), points) for m, points in pure.given.items() if points},
            ),
            "lent": (
                "SELECT register_id, epoch, member_id, points FROM lease_lent"
                f" WHERE register_id <> '{self._identity.register_id}'",
                {(name_of(n), e, m, p) for (n, e, m), p in pure.lent.items() if p},
            ),
            "claimed": (
                "SELECT auth_id, purse_points, cache_points FROM claim",
                {(auth_id_of(auth), *points) for auth, points in pure.answers.items()},
            ),
            "risked": (
                "SELECT auth_id, cache_points FROM claim WHERE cache_points > 0 AND is_settled = 0",
                {(auth_id_of(auth), points) for auth, points in pure.cache_claims.items()},
            ),
            "beside": (
                "SELECT register_id, serial, points FROM purse_burnt",
                {(name_of(n), serial, p) for (n, serial), p in pure.beside.items()},
            ),
        }
        for what, (query, expected) in tables.items():
            rows = self.file.read(lambda c, q=query: c.execute(q).fetchall())  # type: ignore[misc]
            found = {tuple(row) for row in rows}
            if found != expected:
                odd = sorted(found ^ expected)[:4]
                raise Differs(f"hub {pure.node}, {what}: file and pure machine differ in {odd}")


class TwinHub(Hub):
    """Pure, with the product's hub beside it; `folder` is set by the world that makes it."""

    folder: Path
    made: list[TwinHub]
    on_disk: type[HubOnDisk] = HubOnDisk

    def __init__(self, node: int, store: int, cache_budget: int) -> None:
        super().__init__(node, store, cache_budget)
        self.disk = self.on_disk(self.folder / str(node), self)
        self.made.append(self)

    def _same(self, what: str, pure: Any, real: Any) -> None:
        if pure != real:
            raise Differs(f"hub {self.node}, {what}: pure {pure}, on its file {real}")

    def on_borrow(self, source: int, epoch: int, member: int, total: int) -> list[Message]:
        """Lent by both."""
        out = super().on_borrow(source, epoch, member, total)
        real = self.disk.borrow(source, epoch, member, total)
        self._same(f"{member} lent to {source}", out[0][2][2], real)
        return out

    def on_claim(
        self, source: int, auth: AuthId, serial: int, value: int, purse: int, cache: int
    ) -> list[Message]:
        """Claimed at both."""
        out = super().on_claim(source, auth, serial, value, purse, cache)
        real = self.disk.claim(auth, serial, value, purse, cache)
        self._same(f"claim {auth}", out[0][2][1:], real)
        return out

    def on_settled(self, source: int, register: int, epoch: int, number: int) -> list[Message]:
        """Settled at both."""
        before = set(self.cache_claims)
        out = super().on_settled(source, register, epoch, number)
        self.disk.settle(register, sorted(before - set(self.cache_claims)))
        return out

    def on_used_alone(self, source: int, used: tuple[tuple[int, int], ...]) -> list[Message]:
        """Told to both."""
        out = super().on_used_alone(source, used)
        self.disk.used_alone(source, used)
        return out

    def on_recall(self, source: int, member: int) -> list[Message]:
        """Given back by both."""
        free = self.free(member)
        out = super().on_recall(source, member)
        if free > 0:
            self.disk.give_back(member, free)
        return out

    def killed(self, moment: Moment, share: float, method: str, arguments: tuple[Any, ...]) -> None:
        """The process dies while it handles a message; nobody hears an answer."""
        calls = {
            "on_borrow": lambda: self.disk.borrow(*arguments),
            "on_claim": lambda: self.disk.claim(*arguments[1:]),
        }
        call = calls.get(method)
        if call is None:
            moment, call = "before", lambda: None
        if self.disk.die(moment, share, call) and method in calls:
            getattr(super(), method)(*arguments)
        self.disk.compare()


class RealHub(TwinHub):
    """The hub on its file alone: what it says is what its tills hear, right or wrong.

    For faults, which the invariants must see without another hub beside."""

    def on_borrow(self, source: int, epoch: int, member: int, total: int) -> list[Message]:
        """As the file says."""
        lent = self.disk.borrow(source, epoch, member, total)
        self.given[member] = max(self.disk.given(member), self.given.get(member, 0))
        return [(source, "on_lent", (epoch, member, lent))]

    def on_claim(
        self, source: int, auth: AuthId, serial: int, value: int, purse: int, cache: int
    ) -> list[Message]:
        """As the file says."""
        return [(source, "on_claimed", (auth, *self.disk.claim(auth, serial, value, purse, cache)))]

    def killed(
        self, _moment: Moment, share: float, _method: str, _arguments: tuple[Any, ...]
    ) -> None:
        """Nobody hears an answer."""
        self.disk.die("before", share, lambda: None)
