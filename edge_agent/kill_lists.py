"""The register's kill-list on disk: promotions that the centre has stopped by hand.

A list is verified before it is stored and again when it is loaded. It lies in two copies, so that
one damaged file stops nothing from being stopped; the newest that verifies counts. A new list is
taken into force between receipts, and what it no longer stops acts again only when the register
runs the bundle that the list came with.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.bundles import Refusal
from loyalty.errors import InvalidRuleset
from sync.contract.feed import FeedKillList, FeedPage
from sync.contract.kill_list import MAX_KILL_LIST_BYTES, open_kill_list
from sync.durable_file import write_durably
from sync.errors import LocalStoreFailed

KIND = "kill_list"
COPIES = ("kill-list.json", "kill-list.copy.json")
_MAX_FILE = 3 * MAX_KILL_LIST_BYTES


@dataclass(frozen=True, slots=True)
class _Held:
    """A verified list. `kept` were stopped before it and stay so until bundle `bundle_sequence`."""

    row: FeedKillList
    promotion_ids: frozenset[str]
    kept: frozenset[str]

    def stopped(self, active_bundle: int) -> frozenset[str]:
        """What must not act while this bundle is active."""
        is_early = active_bundle < self.row.bundle_sequence
        return self.promotion_ids | self.kept if is_early else self.promotion_ids


class KillListStore:
    """The kill-list of one register; methods may be called from any thread.

    `active_bundle` tells the sequence of the bundle that sales run on."""

    def __init__(
        self, folder: Path, trusted_keys: Mapping[str, bytes], active_bundle: Callable[[], int]
    ) -> None:
        self._files = tuple(folder / name for name in COPIES)
        self._keys = dict(trusted_keys)
        self._active_bundle = active_bundle
        self._lock = threading.RLock()
        self._newest: _Held | None = None
        self._active: _Held | None = None
        self._is_stored = True
        self._refused: Refusal | None = None

    @classmethod
    def open(
        cls, folder: Path, trusted_keys: Mapping[str, bytes], active_bundle: Callable[[], int]
    ) -> KillListStore:
        """Load the list of `folder`, which exists. Raises `LocalStoreFailed`."""
        store = cls(folder, trusted_keys, active_bundle)
        try:
            held = [each for each in map(store._read, store._files) if each is not None]
        except OSError as error:
            raise LocalStoreFailed(f"{folder} cannot be read: {error}") from error
        newest = max(held, key=lambda each: each.row.sequence, default=None)
        store._newest = store._active = newest
        if newest is not None and held.count(newest) < len(COPIES):
            # A full disk must not stop the start; the list comes again with a heartbeat.
            with suppress(LocalStoreFailed):
                store._store()
        return store

    @property
    def active_sequence(self) -> int:
        """Sequence of the list in force, 0 when there is none."""
        return self._active.row.sequence if self._active else 0

    @property
    def downloaded_sequence(self) -> int:
        """Sequence of the newest verified list, 0 when there is none."""
        return self._newest.row.sequence if self._newest else 0

    @property
    def is_waiting(self) -> bool:
        """A newer list waits for the end of the receipt."""
        return self._newest is not self._active

    @property
    def refused(self) -> Refusal | None:
        """The last refusal that no accepted list has followed."""
        return self._refused

    def offer(self, row: FeedKillList) -> bool:
        """Verify and store a list; True when it is news. A refused one is remembered.

        Raises `LocalStoreFailed` when the disk refuses: the list will be in force all the same,
        and is stored when it is offered again."""
        with self._lock:
            is_known = row.sequence == self.downloaded_sequence
            if not is_known:
                try:
                    ids = self._verified(row)
                except InvalidRuleset as error:
                    self._refused = Refusal(row.sequence, error.code, str(error))
                    return False
                kept = self._kept()
                self._newest = _Held(row, ids, kept)
                self._refused = None
            if not is_known or not self._is_stored:
                self._store()
            return not is_known

    def hear(self, row: FeedKillList, then: Callable[[], None]) -> None:
        """`offer`, and do `then` when it is news."""
        if self.offer(row):
            then()

    def activate(self) -> bool:
        """Take the newest list into force, between receipts; False when none waits."""
        with self._lock:
            was_waiting = self.is_waiting
            self._active = self._newest
            return was_waiting

    def stopped(self) -> frozenset[str]:
        """Promotions that must not act in the active bundle."""
        return self._active.stopped(self._active_bundle()) if self._active else frozenset()

    def take_from(self, page: FeedPage) -> FeedPage:
        """Take the list out of a page of the feed before the cursor moves behind it."""
        rows = [row for row in page.rows if row.kind != KIND]
        for row in page.rows:
            if row.kind == KIND and not row.is_deleted:
                self.offer_body(row.body)
        return page if len(rows) == len(page.rows) else page.model_copy(update={"rows": rows})

    def offer_body(self, body: Mapping[str, Any]) -> bool:
        """`offer` for a body that was not checked yet; one that cannot be read is refused."""
        try:
            row = FeedKillList.model_validate(body)
        except ValueError:
            self._refused = Refusal(0, "bad_value", "the row of the kill-list cannot be read")
            return False
        return self.offer(row)

    # --- inside -------------------------------------------------------------------------------

    def _kept(self) -> frozenset[str]:
        """What is stopped in the bundle of now; the next list lets it act with its own bundle."""
        return self._newest.stopped(self._active_bundle()) if self._newest else frozenset()

    def _verified(self, row: FeedKillList, newest: int | None = None) -> frozenset[str]:
        try:
            signature = base64.b64decode(row.signature, validate=True)
        except (ValueError, binascii.Error):
            signature = b""
        content = row.content.encode()
        floor = self.downloaded_sequence if newest is None else newest
        opened = open_kill_list(content, signature, row.key_id, self._keys, floor)
        if opened.sequence != row.sequence:
            message = f"announced as {row.sequence}, is {opened.sequence}"
            raise InvalidRuleset("wrong_sequence", message, "sequence")
        return opened.promotion_ids

    def _store(self) -> None:
        held = self._newest
        if held is None:
            return
        body = {"row": held.row.model_dump(), "kept": sorted(held.kept)}
        data = json.dumps(body, ensure_ascii=False).encode()
        self._is_stored = False
        try:
            for file in self._files:
                write_durably(file, data)
        except OSError as error:
            raise LocalStoreFailed(f"the kill-list cannot be stored: {error}") from error
        self._is_stored = True

    def _read(self, file: Path) -> _Held | None:
        try:
            with file.open("rb") as stream:
                data = stream.read(_MAX_FILE + 1)
        except FileNotFoundError:
            return None
        try:
            body = json.loads(data)
            row = FeedKillList.model_validate(body["row"])
            kept = frozenset(map(str, body["kept"]))
            return _Held(row, self._verified(row, newest=0), kept)
        except (ValueError, TypeError, KeyError, RecursionError, InvalidRuleset) as error:
            code = error.code if isinstance(error, InvalidRuleset) else "damaged"
            self._refused = Refusal(0, code, f"{file.name} cannot be used")
            return None
