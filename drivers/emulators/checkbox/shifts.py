"""Shifts of the emulated service, by id. Kopecks."""

from __future__ import annotations

import uuid
from typing import Any

from drivers.emulators.checkbox.refused import Refused
from drivers.emulators.register.till import Till


class ShiftBook:
    """Every shift of one register, the open one last."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self._shifts: dict[str, dict[str, Any]] = {}

    def open(self, shift_id: str) -> dict[str, Any]:
        """A new shift under the caller's id, or one of our own."""
        if self.current() is not None:
            raise Refused(400, "shift.already_opened", "a shift is open already")
        core = self._till.core
        number = core.memory.shift.number
        known = shift_id or str(uuid.uuid4())
        core.memory.shift.opened_at = int(core.clock().timestamp())
        self._shifts[known] = {
            "id": known,
            "serial": number,
            "status": "OPENED",
            "opened_at": core.clock().isoformat(),
        }
        return self._told(self._shifts[known])

    def close(self) -> dict[str, Any]:
        """The Z report of the open shift."""
        shift = self._open()
        self._till.report(True)
        shift["status"] = "CLOSED"
        return self._told(shift)

    def x_report(self) -> dict[str, Any]:
        """An X report."""
        self._open()
        self._till.report(False)
        return {"id": str(uuid.uuid4()), "serial": self._till.core.memory.printed}

    def move_cash(self, value_minor: int) -> None:
        """Service cash; the drawer cannot give what it does not hold."""
        self._open()
        if self._till.core.memory.cash_minor + value_minor < 0:
            raise Refused(400, "receipt.not_enough_cash", "the drawer does not hold that much")
        self._till.move_cash(value_minor)

    def current(self) -> dict[str, Any] | None:
        """The open shift."""
        newest = self.newest()
        return newest if newest and newest["status"] == "OPENED" else None

    def newest(self) -> dict[str, Any] | None:
        """The shift that was opened last."""
        return self._told(list(self._shifts.values())[-1]) if self._shifts else None

    def find(self, shift_id: str) -> dict[str, Any]:
        """A shift by its id, or a refusal."""
        if shift_id not in self._shifts:
            raise Refused(404, "shift.not_found", "no such shift")
        return self._told(self._shifts[shift_id])

    def _open(self) -> dict[str, Any]:
        for shift in self._shifts.values():
            if shift["status"] == "OPENED":
                return shift
        raise Refused(400, "shift.not_opened", "the shift is not open")

    def _told(self, shift: dict[str, Any]) -> dict[str, Any]:
        memory = self._till.core.memory
        balance = {
            "balance": memory.cash_minor,
            "service_in": memory.shift.cash_in_minor,
            "service_out": memory.shift.cash_out_minor,
        }
        return {**shift, "balance": balance}
