"""The parts of a training: own ledger and anchor, the register's goods, members and rules to read.

Nothing here has a way out: no client of the centre, no hub, no printer. The life that is trained in
has an epoch which no centre gives, so that no right lent to the register fits it.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

from edge_agent.centre_gate import CentreGate
from edge_agent.config import Settings
from edge_agent.head_guard import begin, guard_of
from edge_agent.ledger.ledger import Ledger, Outbox
from edge_agent.ledger.storage import Storage
from edge_agent.log_setup import free_bytes
from edge_agent.one_time_codes import NoSender, OneTimeCodes
from edge_agent.parts import Parts
from sync.contract.live import AuthorisationReply, AuthorisationRequest

EPOCHS_ABOVE: Final = 1_000_000
"""A centre raises a register's epoch at each enrolment; it never gets here."""


class TrainingGate(CentreGate):
    """Stands in for the centre: grants whatever the card shows, and asks nobody."""

    def __init__(self) -> None:
        super().__init__(None, lambda _rows: None, authorise_timeout_s=1.0)

    @property
    def is_online(self) -> bool:
        """What is trained is the ordinary day."""
        return True

    def authorise(self, request: AuthorisationRequest) -> AuthorisationReply:
        """All that was asked for."""
        points = request.points
        return AuthorisationReply(auth_id=request.auth_id, approved_points=points, server_time="")


class TrainingParts(Parts):
    """Shares cache, clock and rules with the real ones and opens no other file of theirs."""

    def __init__(self, real: Parts, folder: Path) -> None:
        self.settings = settings_in(real.settings, folder)
        self.identity = replace(real.identity, epoch=real.identity.epoch + EPOCHS_ABOVE)
        self.stack = ExitStack()
        self.clock, self.cache, self.rules = real.clock, real.cache, real.rules
        self.events = real.events
        self.storage = Storage(folder, 0, free_bytes)
        begin(self.settings, self.identity)
        self.ledger = Ledger(
            self.settings.ledger_file, self.identity.register_id, self.identity.epoch, _no_room
        )
        self.stack.callback(self.ledger.close)
        self.outbox = Outbox(self.ledger, self.identity.register_id)
        self.guard = guard_of(self.ledger, self.settings, self.identity, "")
        self.hub = None
        self.client = None
        self.gate = TrainingGate()
        self.codes = OneTimeCodes(NoSender(), time.monotonic)


def settings_in(settings: Settings, folder: Path) -> Settings:
    """The register's settings over another folder, without any section that a register may have or
    not have: centre, hub, exchange and devices all reach outside."""
    outside: dict[str, Any] = {f.name: None for f in fields(Settings) if f.default is None}
    return replace(
        settings,
        **outside,
        data_dir=folder,
        till=replace(settings.till, print_mode="none"),
        storage=replace(settings.storage, anchor_dir=folder / "anchor"),
    )


def _no_room() -> bool:
    return False
