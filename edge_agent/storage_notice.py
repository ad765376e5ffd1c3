"""What the cashier and the log are told when the disk changes its state."""

from __future__ import annotations

import threading

from edge_agent.desk import Desk
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.ledger.storage import StorageState

_NOTICES = {
    "ok": ("info", "disk_ok"),
    "low": ("warn", "disk_low"),
    "reserve": ("warn", "disk_reserve"),
    "full": ("error", "disk_full"),
    "damaged": ("error", "ledger_damaged"),
}


def storage_changed(desk: Desk, old: StorageState, new: StorageState) -> None:
    """Tell log and cashier. The call may come from inside a transaction, and the screen asks the
    ledger for figures: so another thread shows them."""
    emit(Event.DISK_STATE, state=new, before=old)

    def show() -> None:
        desk.notify(*_NOTICES[new])
        desk.push()

    threading.Thread(target=show, name="storage-notice", daemon=True).start()
