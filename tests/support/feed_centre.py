"""A centre's way down in memory, with the cursors and scopes of the contract, over real HTTP."""

# ruff: noqa: ARG002 - the port's signatures are fixed
from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import uvicorn

from sync.contract.cursor import Cursor, read_cursor
from sync.contract.feed import HUB_KINDS, OWN_KINDS, BucketSums, FeedPage, FeedRow
from sync.contract.live import Heartbeat, HeartbeatReply, RightsReply, RightsReport
from sync.contract.rights import HeadReply, HeadRequest
from sync.contract.signing import public_key_of
from sync.enrolment import Identity
from sync.serving.app import build_app
from sync.serving.hints import HintBoard
from sync.serving.port import Caller, Refused, RegisterKeys, SignedBundle

FIRST_LIFE = "1" * 32
NOW = "2026-11-22T10:00:00.000Z"
EVERYONE = "*"


class FeedCentre:
    """Rows with scopes at rising positions; counts who asked for what in `asked`."""

    def __init__(self, identities: Sequence[Identity]) -> None:
        self._registers = {each.register_id: each for each in identities}
        self.incarnation = FIRST_LIFE
        self.knows_hubs = True
        self.rows: dict[tuple[str, str], tuple[int, str, FeedRow]] = {}
        self.asked: Counter[tuple[str, str]] = Counter()
        self.rights: list[RightsReport] = []
        self.beats: list[Heartbeat] = []
        self.bundles: dict[int, SignedBundle] = {}
        self._xid = 100
        self._lock = threading.Lock()

    # --- what the tests put in ----------------------------------------------------------------

    def put(
        self,
        kind: str,
        key: str,
        body: dict[str, Any],
        scope: str = EVERYONE,
        *,
        gone: bool = False,
    ) -> FeedRow:
        """One row changes in a transaction of its own."""
        with self._lock:
            known = self.rows.get((kind, key))
            version = known[2].version + 1 if known else 1
            row = FeedRow(kind=kind, key=key, version=version, is_deleted=gone, body=body)
            self._xid += 1
            self.rows[kind, key] = (self._xid, scope, row)
            return row

    def member(self, member_id: int, points: int) -> FeedRow:
        """A member's row."""
        body = {"member_id": member_id, "name": "Олена К.", "balance_points": points}
        return self.put("member", str(member_id), body)

    # --- the port -----------------------------------------------------------------------------

    def keys_of(self, register_id: str) -> RegisterKeys | None:
        """Keys of the registers it was made with."""
        who = self._registers.get(register_id)
        if who is None:
            return None
        keys = ((who.epoch, public_key_of(who.private_key)),)
        return RegisterKeys(register_id, who.store_id, who.epoch, False, keys)

    def feed(self, caller: Caller, cursor: str, limit: int, heads: int | None = None) -> FeedPage:
        """Everything that the caller may see."""
        self.asked[caller.register_id, "feed"] += 1
        page = self._page(caller, cursor, limit, HUB_KINDS | OWN_KINDS)
        if heads is None or page.more:
            return page
        others = [
            row
            for xid, scope, row in self.rows.values()
            if row.kind == "head" and row.key != caller.register_id and xid > heads
        ]
        return page.model_copy(update={"rows": [*page.rows, *others], "heads": self._xid})

    def own_feed(self, caller: Caller, cursor: str, limit: int) -> FeedPage:
        """What a till behind a hub reads."""
        self.asked[caller.register_id, "own"] += 1
        if not self.knows_hubs:
            raise Refused(404, "no_such_route", "an older centre")
        return self._page(caller, cursor, limit, OWN_KINDS | {"hub_term"})

    def _page(
        self, caller: Caller, text: str, limit: int, kinds: frozenset[str] | set[str]
    ) -> FeedPage:
        cursor = read_cursor(text) if text else Cursor(self.incarnation)
        if cursor is None or cursor.incarnation != self.incarnation:
            raise Refused(410, "cursor_gone", "start over")
        scopes = {EVERYONE, f"store:{caller.store_id}", f"register:{caller.register_id}"}
        start = (0, 0) if cursor.near == (0, 0) else cursor.at
        with self._lock:
            found = [
                (xid, row)
                for xid, scope, row in self.rows.values()
                if (xid, 0) > start and scope in scopes and row.kind in kinds
            ]
            found.sort(key=lambda each: each[0])
            end = self._xid
        part = found[:limit]
        more = len(found) > limit
        at = (part[-1][0], 0) if more else (max(end, cursor.xid), 0)
        return FeedPage(
            incarnation=self.incarnation,
            cursor=str(Cursor(self.incarnation, *at, cursor.head_version)),
            rows=[row for _, row in part],
            more=more,
            server_time=NOW,
        )

    def bundle(self, sequence: int) -> SignedBundle | None:
        """A published bundle."""
        return self.bundles.get(sequence)

    def snapshot(self, caller: Caller, format_number: int) -> Any:
        """No files are made here."""
        raise Refused(404, "no_such_format", "none")

    def bucket_sums(self, caller: Caller, cursor: str, kinds: Sequence[str]) -> BucketSums:
        """Nothing is compared here."""
        raise Refused(404, "no_such_route", "none")

    def report_rights(self, caller: Caller, report: RightsReport) -> RightsReply:
        """Remember what was told."""
        self.rights.append(report)
        return RightsReply(incarnation=self.incarnation, restored=0, server_time=NOW)

    def heartbeat(self, caller: Caller, report: Heartbeat) -> HeartbeatReply:
        """Remember the report."""
        self.beats.append(report)
        return HeartbeatReply(
            server_time=NOW, head_seq=report.last_seq, incarnation=self.incarnation
        )

    def confirm_head(self, caller: Caller, request: HeadRequest) -> HeadReply:
        """Every log is whole."""
        return HeadReply(state="confirmed", head_seq=request.seq, server_time=NOW)

    def server_time(self) -> str:
        """This centre's clock stands."""
        return NOW

    def is_healthy(self) -> bool:
        """Always."""
        return True


class Listening:
    """A centre served from a thread until `close`."""

    def __init__(self, centre: FeedCentre) -> None:
        self._board = HintBoard()
        app = build_app(cast(Any, centre), self._board)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        work = {"sockets": [self._socket]}
        self._thread = threading.Thread(target=self._server.run, kwargs=work, daemon=True)
        self._thread.start()

    def hint(self) -> None:
        """There is something new."""
        self._board.post()

    def close(self) -> None:
        """Nobody answers any more."""
        self._board.close()
        self._server.should_exit = True
        self._thread.join(60)
        self._socket.close()
        assert not self._thread.is_alive()
