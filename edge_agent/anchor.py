"""The anchor: where this register's log ended when it last spent a right, kept outside its folder.

A database that comes back from an image, or starts on another machine, cannot know that it is
old. The anchor can: it lies outside the data folder and is bound to the machine. One file of two
slots written in turn, each sealed, so that a power cut leaves at least the older one; a write is
one wait for the disk.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_agent.ledger.heads import HeadMark
from sync.durable_file import sync_folder

SLOT_BYTES = 512
SLOTS = 2
FILE_NAME = "anchor"
_TAG = b"loyalty-edge/anchor/1\n"
AnchorFault = Literal["no_anchor", "anchor_damaged", "other_machine"]


_sync_data = getattr(os, "fdatasync", os.fsync)


@dataclass(frozen=True, slots=True)
class _Slot:
    number: int
    mark: HeadMark
    machine: str


class Anchor:
    """The anchor of one register. `secret` is its private key, `facts` those of the machine.

    The seal keeps accidents apart, not somebody who holds the register's key on its machine."""

    def __init__(self, folder: Path, register_id: str, secret: bytes, facts: str) -> None:
        self.path = folder / FILE_NAME
        self._register_id = register_id
        self._key = hashlib.sha256(_TAG + secret).digest()
        self._machine = hmac.new(self._key, facts.encode(), "sha256").hexdigest()
        self._number = 0

    @property
    def machine(self) -> str:
        """A name of this machine that says nothing about it to anybody else."""
        return self._machine

    def read(self) -> HeadMark | AnchorFault:
        """The newest mark whose seal fits, or why there is none."""
        try:
            with self.path.open("rb") as file:
                data = file.read(SLOT_BYTES * SLOTS)
        except FileNotFoundError:
            return "no_anchor"
        except OSError:
            return "anchor_damaged"
        pieces = [data[at : at + SLOT_BYTES] for at in range(0, len(data), SLOT_BYTES)]
        slots = [slot for piece in pieces if (slot := self._slot(piece)) is not None]
        if not slots:
            return "anchor_damaged"
        newest = max(slots, key=lambda slot: slot.number)
        self._number = newest.number
        return newest.mark if newest.machine == self._machine else "other_machine"

    def write(self, mark: HeadMark) -> None:
        """Keep a mark; on the disk when this returns. Raises `OSError`."""
        is_new = not self.path.is_file()
        if is_new:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._number += 1
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
        descriptor = os.open(self.path, flags, 0o600)
        try:
            if is_new:
                os.write(descriptor, bytes(SLOT_BYTES * SLOTS))
            os.lseek(descriptor, self._number % SLOTS * SLOT_BYTES, os.SEEK_SET)
            os.write(descriptor, self._sealed(mark))
            # The file keeps its size: its data alone has to reach the disk.
            (os.fsync if is_new else _sync_data)(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(self.path.parent)

    def _sealed(self, mark: HeadMark) -> bytes:
        content = {
            "register_id": self._register_id,
            "number": self._number,
            "epoch": mark.epoch,
            "seq": mark.seq,
            "hash": mark.hash.hex(),
            "machine": self._machine,
        }
        text = json.dumps(content, sort_keys=True)
        seal = hmac.new(self._key, text.encode(), "sha256").hexdigest()
        return f"{seal} {text}".encode().ljust(SLOT_BYTES - 1) + b"\n"

    def _slot(self, piece: bytes) -> _Slot | None:
        seal, _, text = piece.decode("utf-8", "replace").strip("\0 \n").partition(" ")
        expected = hmac.new(self._key, text.encode(), "sha256").hexdigest()
        if not hmac.compare_digest(seal.encode(), expected.encode()):
            return None
        with suppress(ValueError, KeyError, TypeError):
            content = json.loads(text)
            if content["register_id"] == self._register_id:
                mark = HeadMark(content["epoch"], content["seq"], bytes.fromhex(content["hash"]))
                return _Slot(content["number"], mark, content["machine"])
        return None
