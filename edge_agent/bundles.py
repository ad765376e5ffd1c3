"""The register's rule bundles on disk: current, previous and pending, each file with a signature.

A bundle is verified before it is stored and again when it is loaded. It becomes active between
receipts by renames; a crash among them can leave a file beside another's signature, so at start
each file is tried with every signature of the folder.
"""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from loyalty.errors import InvalidRuleset
from loyalty.promotions.compile import CompiledRuleset, compile_ruleset
from sync.contract.bundle import MAX_BUNDLE_BYTES, Bundle, open_bundle, parse_bundle
from sync.contract.signing import verify_bundle
from sync.durable_file import sync_folder, write_durably
from sync.errors import LocalStoreFailed

SLOTS = ("current", "previous", "pending")
CLOCK_CODES = frozenset({"not_yet_valid", "expired"})
CLOCK_RETRY_S = 3_600.0
_MAX_SIGNATURE_FILE = 1_024
_MAX_REFUSALS = 64


@dataclass(frozen=True, slots=True)
class Refusal:
    """A bundle that was refused, and why (a code of `sync.contract.bundle.REFUSALS`)."""

    sequence: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class _Signature:
    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class _Slot:
    name: str
    bundle: Bundle
    rules: CompiledRuleset


class BundleStore:
    """Bundles of one register; methods may be called from any thread."""

    def __init__(
        self,
        folder: Path,
        trusted_keys: Mapping[str, bytes],
        agent_version: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._keys = dict(trusted_keys)
        self._agent_version = agent_version
        self._monotonic = monotonic
        self._lock = threading.RLock()
        self._active: _Slot | None = None
        self._pending: _Slot | None = None
        self._refused: Refusal | None = None
        self._refusals: dict[int, tuple[str, float]] = {}

    @classmethod
    def open(
        cls, folder: Path, trusted_keys: Mapping[str, bytes], agent_version: str = ""
    ) -> BundleStore:
        """Load the slots of `folder` (made when absent): current, or previous when it is broken.

        Dates are not looked at: a register that was off, or whose clock is wrong, keeps its last
        rules. Raises `LocalStoreFailed` when the folder cannot be used."""
        store = cls(folder, trusted_keys, agent_version)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            store._load()
        except OSError as error:
            raise LocalStoreFailed(f"{folder} cannot be used: {error}") from error
        return store

    @property
    def active(self) -> CompiledRuleset | None:
        """The rules that sales run on, or `None` before the first bundle."""
        slot = self._active
        return slot.rules if slot else None

    @property
    def active_bundle(self) -> Bundle | None:
        """The bundle behind `active`: its dates, note and parent."""
        slot = self._active
        return slot.bundle if slot else None

    @property
    def active_sequence(self) -> int:
        """Sequence of the active bundle, 0 when there is none."""
        slot = self._active
        return slot.bundle.sequence if slot else 0

    @property
    def downloaded_sequence(self) -> int:
        """Highest sequence that is verified and stored here, 0 when there is none."""
        with self._lock:
            pending = self._pending.bundle.sequence if self._pending else 0
            return max(pending, self.active_sequence)

    @property
    def refused(self) -> Refusal | None:
        """The last refusal since the start that no accepted bundle has followed."""
        return self._refused

    def is_refused(self, sequence: int) -> bool:
        """True while this sequence need not be downloaded again.

        A refusal by date is tried again after an hour, for the clock may have been at fault."""
        with self._lock:
            code, at = self._refusals.get(sequence, ("", 0.0))
        return bool(code) and (code not in CLOCK_CODES or self._monotonic() - at < CLOCK_RETRY_S)

    def offer(
        self,
        data: bytes,
        signature: bytes,
        key_id: str,
        now: datetime,
        wanted_sequence: int | None = None,
    ) -> int:
        """Verify a downloaded bundle and store it as pending; its sequence.

        Raises `InvalidRuleset` (remembered in `refused`), or `LocalStoreFailed` when the disk
        refuses. `wanted_sequence` is the one asked for: another one inside is refused.
        """
        with self._lock:
            try:
                slot = self._verify(data, signature, key_id, now, wanted_sequence)
            except InvalidRuleset as error:
                self._refuse(wanted_sequence or _claimed_sequence(data), error.code, str(error))
                raise
            try:
                write_durably(self._data_file("pending"), data)
                write_durably(self._signature_file("pending"), _dump(key_id, signature))
            except OSError as error:
                raise LocalStoreFailed(f"the bundle cannot be stored: {error}") from error
            self._pending = slot
            self._refused = None
            return slot.bundle.sequence

    def refuse(self, sequence: int, code: str, message: str) -> None:
        """Remember that a sequence cannot be used, e.g. its bytes never fit their digest."""
        with self._lock:
            self._refuse(sequence, code, message)

    def activate_pending(self) -> CompiledRuleset | None:
        """Make the pending bundle current, for use between receipts; `None` when none waits.

        Raises `LocalStoreFailed` when the disk refuses; the active bundle then stays.
        """
        with self._lock:
            pending = self._pending
            if pending is None:
                return None
            try:
                if self._active is not None and self._active.name == "current":
                    self._rename("current", "previous")
                self._rename("pending", "current")
            except OSError as error:
                return self._after_half_activation(pending, error)
            self._active = _Slot("current", pending.bundle, pending.rules)
            self._pending = None
            return pending.rules

    def signed(self, sequence: int) -> tuple[bytes, bytes, str] | None:
        """Exact bytes, signature and key id of a bundle that is stored here; None for another."""
        with self._lock:
            held = (self._active, self._pending)
            slot = next((s for s in held if s and s.bundle.sequence == sequence), None)
            found = self._read_signature(slot.name) if slot else None
            data = _read(self._data_file(slot.name), MAX_BUNDLE_BYTES) if slot else None
        if found is None or data is None:
            return None
        return data, found.signature, found.key_id

    # --- inside -------------------------------------------------------------------------------

    def _after_half_activation(self, pending: _Slot, error: OSError) -> CompiledRuleset:
        """Take the folder as a restart would find it; the active rules stay unless it moved on."""
        kept = self._active
        with suppress(OSError):
            self._load()
        if self._active is None:
            self._active = kept
        if self.active_sequence != pending.bundle.sequence or self._active is None:
            raise LocalStoreFailed(f"the bundle cannot be activated: {error}") from error
        return self._active.rules

    def _verify(
        self,
        data: bytes,
        signature: bytes,
        key_id: str,
        now: datetime,
        wanted_sequence: int | None,
    ) -> _Slot:
        bundle = open_bundle(
            data,
            signature,
            key_id,
            self._keys,
            self.downloaded_sequence,
            now,
            self._agent_version,
        )
        if wanted_sequence is not None and bundle.sequence != wanted_sequence:
            message = f"asked for {wanted_sequence}, got {bundle.sequence}"
            raise InvalidRuleset("wrong_sequence", message, "sequence")
        return _Slot("pending", bundle, compile_ruleset(bundle.to_ruleset()))

    def _refuse(self, sequence: int, code: str, message: str) -> None:
        self._refused = Refusal(sequence, code, message)
        self._refusals[sequence] = (code, self._monotonic())
        while len(self._refusals) > _MAX_REFUSALS:
            self._refusals.pop(next(iter(self._refusals)))

    def _rename(self, source: str, target: str) -> None:
        os.replace(self._data_file(source), self._data_file(target))
        os.replace(self._signature_file(source), self._signature_file(target))
        sync_folder(self._folder)

    def _load(self) -> None:
        signatures = [self._read_signature(name) for name in SLOTS]
        slots = {name: self._read_slot(name, signatures) for name in SLOTS}
        self._active = slots["current"] or slots["previous"]
        pending = slots["pending"]
        is_news = pending is not None and pending.bundle.sequence > self.active_sequence
        self._pending = pending if is_news else None

    def _read_slot(self, name: str, signatures: list[_Signature | None]) -> _Slot | None:
        data = _read(self._data_file(name), MAX_BUNDLE_BYTES)
        if data is None:
            return None
        for found in signatures:
            key = None if found is None else self._keys.get(found.key_id)
            if found is None or key is None or not verify_bundle(key, data, found.signature):
                continue
            try:
                bundle = parse_bundle(data)
                rules = compile_ruleset(bundle.to_ruleset())
            except InvalidRuleset as error:
                # Written by another version of the agent, whose vocabulary differs.
                self._refuse(_claimed_sequence(data), error.code, str(error))
                return None
            self._keep_beside(name, found)
            return _Slot(name, bundle, rules)
        return None

    def _keep_beside(self, name: str, found: _Signature) -> None:
        """Put a signature that a crash left elsewhere beside its file again."""
        if self._read_signature(name) != found:
            # A full disk must not stop the start; the pair is found again next time.
            with suppress(OSError):
                write_durably(self._signature_file(name), _dump(found.key_id, found.signature))

    def _read_signature(self, name: str) -> _Signature | None:
        text = _read(self._signature_file(name), _MAX_SIGNATURE_FILE)
        try:
            value = json.loads(text or b"")
            signature = base64.b64decode(value["signature"], validate=True)
            return _Signature(str(value["key_id"]), signature)
        except (ValueError, TypeError, KeyError, RecursionError):
            return None

    def _data_file(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _signature_file(self, name: str) -> Path:
        return self._folder / f"{name}.json.sig"


def _dump(key_id: str, signature: bytes) -> bytes:
    text = base64.b64encode(signature).decode("ascii")
    return json.dumps({"key_id": key_id, "signature": text}).encode()


def _read(path: Path, limit: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        return None
    return data if len(data) <= limit else None


def _claimed_sequence(data: bytes) -> int:
    try:
        return parse_bundle(data).sequence
    except InvalidRuleset:
        return 0
