"""Starting over: a register that is new, or whose cursor the centre no longer knows.

The centre is first told which leases are held here, when it is another life of it that asks; then
its snapshot file is downloaded, piece by piece and from where a cut left it, checked by its hash,
and made the cache in one step. Until then the old rows serve. A centre without snapshots gets an
empty cursor instead.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sync.contract.cache_format import FORMAT
from sync.contract.feed import FeedPage, SnapshotInfo
from sync.contract.live import RightsReply, RightsReport
from sync.errors import CentreRefused, CentreUnavailable, LocalStoreFailed

SLICE_S = 2.0
NOT_READY_S = 30.0
NOT_READY = "snapshot_not_ready"


class SnapshotSource(Protocol):
    """What is used of `sync.centre_client.CentreClient`."""

    def feed(self, cursor: str, limit: int) -> FeedPage: ...
    def snapshot(self, format_number: int) -> SnapshotInfo: ...
    def snapshot_bytes(self, snapshot_id: str, offset: int) -> Iterator[bytes]: ...
    def report_rights(self, report: RightsReport) -> RightsReply: ...


class RestartableCache(Protocol):
    """What is used of the cache."""

    def incarnation(self) -> str: ...
    def reset(self, incarnation: str) -> None: ...
    def install(self, file: Path, info: SnapshotInfo) -> None: ...


@dataclass(frozen=True, slots=True)
class Step:
    """How far it is: `wait_s` until the next step makes sense, `is_done` when the cache stands.

    `received` counts the bytes of this step, `restored` the leases the centre debited again."""

    is_done: bool = False
    wait_s: float = 0.0
    received: int = 0
    restored: int = 0


class FreshStart:
    """One start over; `step` is called until it is done, and survives every interruption.

    `rights` tells the leases held here for a new incarnation, None when there are none."""

    def __init__(
        self,
        client: SnapshotSource,
        cache: RestartableCache,
        folder: Path,
        rights: Callable[[str], RightsReport | None] = lambda _: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._cache = cache
        self._folder = folder
        self._rights = rights
        self._monotonic = monotonic
        self._info: SnapshotInfo | None = None
        self._told = ""

    def step(self) -> Step:
        """About two seconds of work. Raises `CentreUnavailable`, `CentreRefused` or
        `LocalStoreFailed`; what was downloaded stays."""
        try:
            return self._step()
        except CentreUnavailable as error:
            if error.code == NOT_READY:
                return Step(wait_s=error.retry_after_s or NOT_READY_S)
            raise
        except OSError as error:
            raise LocalStoreFailed(f"the snapshot cannot be stored: {error}") from error

    def _step(self) -> Step:
        if self._info is None:
            info = self._offered()
            incarnation = info.incarnation if info else self._client.feed("", 1).incarnation
            restored = self._tell(incarnation)
            if info is None:
                self._clear()
                self._cache.reset(incarnation)
                return Step(is_done=True, restored=restored)
            self._info = info
            return Step(restored=restored)
        return self._download(self._info)

    def _offered(self) -> SnapshotInfo | None:
        try:
            info = self._client.snapshot(FORMAT)
        except CentreRefused as error:
            if error.status in (404, 422):
                return None
            raise
        return info if info.format == FORMAT else None

    def _tell(self, incarnation: str) -> int:
        """Report the rights held here, once for each new incarnation; a register that has lost its
        cache does not know which it was and reports too."""
        if incarnation in (self._cache.incarnation(), self._told):
            return 0
        report = self._rights(incarnation)
        restored = 0
        if report is not None:
            try:
                restored = self._client.report_rights(report).restored
            except CentreRefused as error:
                # A centre of the first contract has no such route and forgets no lease.
                if error.status != 404:
                    raise
        self._told = incarnation
        return restored

    # --- the file -----------------------------------------------------------------------------

    def _download(self, info: SnapshotInfo) -> Step:
        file = self._part(info)
        offset = file.stat().st_size if file.exists() else 0
        received = self._receive(info, file, offset) if offset < info.size else 0
        if offset + received < info.size:
            return Step(received=received)
        if not _fits(file, info):
            self._forget(file)
            raise CentreUnavailable("the snapshot's bytes do not fit its hash")
        try:
            self._cache.install(file, info)
        finally:
            self._forget(file)
        return Step(is_done=True, received=received)

    def _receive(self, info: SnapshotInfo, file: Path, offset: int) -> int:
        """Append what comes within a slice of time; the number of bytes."""
        received, end = 0, self._monotonic() + SLICE_S
        try:
            pieces = self._client.snapshot_bytes(info.snapshot_id, offset)
            with open(file, "ab") as part:
                for piece in pieces:
                    piece = piece[: info.size - offset - received]
                    received += part.write(piece)
                    if self._monotonic() > end or offset + received >= info.size:
                        break
        except CentreRefused as error:
            if error.status == 404:
                self._forget(file)
                raise CentreUnavailable("the snapshot is gone; a newer one is asked for") from None
            raise
        if not received:
            raise CentreUnavailable("nothing of the snapshot came")
        return received

    def _part(self, info: SnapshotInfo) -> Path:
        file = self._folder / f"snapshot-{info.snapshot_id}.part"
        for other in self._folder.glob("snapshot-*.part"):
            if other != file:
                other.unlink()
        return file

    def _forget(self, file: Path) -> None:
        self._info = None
        with suppress(FileNotFoundError):
            file.unlink()

    def _clear(self) -> None:
        for file in self._folder.glob("snapshot-*.part"):
            file.unlink()


def _fits(file: Path, info: SnapshotInfo) -> bool:
    with open(file, "rb") as whole:
        digest = hashlib.file_digest(whole, "sha256").hexdigest()
    return digest == info.sha256 and file.stat().st_size == info.size
