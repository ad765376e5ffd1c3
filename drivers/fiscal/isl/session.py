"""What the sessions of all ISL dialects share: sending, status, and the refusal in a reply.

Every call raises `DeviceRefused` (the device said no; `vendor_code` is its status bytes),
`DeviceUnavailable` (no answer: it may have acted) or `FrameError` (an answer nobody can read).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

from drivers.base import DeviceInfo, DeviceJournal
from drivers.errors import DeviceRefused
from drivers.fiscal.counted.machine import MachineStatus
from drivers.fiscal.isl.frame import Reply
from drivers.fiscal.isl.link import CMD_DIAGNOSTICS, CMD_STATUS, IslLink, LinkCounters


class IslStatus(MachineStatus, Protocol):
    """Status bytes decoded by a dialect."""

    @property
    def rejected(self) -> bool:
        """A command that prints nothing was not carried out."""

    @property
    def refused(self) -> bool:
        """A command that prints was not carried out."""


class IslSession(ABC):
    """A recognised printer. `status` is what came with its last reply.

    A dialect gives its allow-list, the commands that print nothing, and how it reads the status
    bytes and the reply of 90; until 90 has been understood nothing but 74 and 90 goes out."""

    allowed: frozenset[int]
    prints_nothing: frozenset[int]
    dialect_name: str

    def __init__(self, link: IslLink) -> None:
        self._link = link
        self.status = self._ask()
        self.identity = self.diagnose()

    @abstractmethod
    def read_status(self, raw: bytes) -> IslStatus:
        """The dialect's meaning of the status bytes."""

    @abstractmethod
    def read_identity(self, data: bytes) -> DeviceInfo | None:
        """The reply of 90, `None` when it is not this dialect's."""

    @property
    def link_counters(self) -> LinkCounters:
        """How the line behaved so far."""
        return self._link.counters

    def bind(self, journal: DeviceJournal) -> None:
        """Keep SEQ in the agent's journal."""
        self._link.bind(journal)

    def refresh(self) -> IslStatus:
        """74: harmless, and the first thing after any doubt."""
        self.status = self._ask()
        return self.status

    def diagnose(self) -> DeviceInfo:
        """90: model, firmware, serial and fiscal number."""
        identity = self.read_identity(self.send(CMD_DIAGNOSTICS, b"1"))
        if identity is None:
            raise DeviceRefused(
                "wrong_dialect", f"the printer is no {self.dialect_name}; nothing was sent"
            )
        self._link.permit(self.allowed)
        return identity

    def send(self, cmd: int, data: bytes = b"") -> bytes:
        """One command; returns the reply's data, or raises what the status bytes mean."""
        reply = self._link.exchange(cmd, data)
        self.status = self.read_status(reply.status)
        self._check(cmd, reply)
        return reply.data

    def _ask(self) -> IslStatus:
        return self.read_status(self._link.exchange(CMD_STATUS).status)

    def _check(self, cmd: int, reply: Reply) -> None:
        status = self.status
        if status.rejected or (status.refused and cmd not in self.prints_nothing):
            code = status.reason or "device_error"
            answer = reply.data.decode("cp1251", "replace")
            raise DeviceRefused(
                code, f"command {int(cmd)} refused: {code} {answer}".strip(), status.raw
            )
