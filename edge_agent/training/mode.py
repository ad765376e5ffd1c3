"""Training mode (ADR 0041): entered with no sale open, left without a trace."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from starlette.types import ASGIApp

from edge_agent.desk import Desk
from edge_agent.errors import AgentError, Conflict
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.training.stage import Stage, Voice

FOLDER: Final = "training"


class TrainingFailed(AgentError):
    """The files of a training could not be made or taken away."""

    status = 503
    retryable = True


class Trained(Protocol):
    """The agent over the files of a training."""

    @property
    def app(self) -> ASGIApp: ...
    @property
    def desk(self) -> Desk: ...
    def close(self) -> None: ...


class Training:
    """Enters and leaves; any thread may call.

    `make` builds the agent of a training over an empty folder, `has_open_sale` asks the register's
    own ledger."""

    def __init__(
        self,
        folder: Path,
        stage: Stage,
        voice: Voice,
        desk: Desk,
        make: Callable[[Path], Trained],
        has_open_sale: Callable[[], bool],
    ) -> None:
        self._folder = folder
        self._stage = stage
        self._voice = voice
        self._desk = desk
        self._scans = desk.scans
        self._make = make
        self._has_open_sale = has_open_sale
        self._lock = threading.Lock()
        self._trained: Trained | None = None
        # A training that a power cut ended is over.
        sweep(folder)

    @property
    def is_on(self) -> bool:
        """Whether the register trains now."""
        return self._trained is not None

    def desk(self) -> Desk:
        """The desk that the screens show."""
        trained = self._trained
        return self._desk if trained is None else trained.desk

    def enter(self) -> None:
        """Begin; again changes nothing. Raises `Conflict` (`training_sale_open`)."""
        with self._lock:
            if self._trained is not None:
                return
            self._refuse_open_sale()
            trained = self._made()
            try:
                self._change_to(trained)
                self._refuse_open_sale()
            except BaseException:
                self._change_back(trained)
                raise
            self._trained = trained
        trained.desk.push()
        emit(Event.TRAINING_BEGAN)

    def leave(self) -> None:
        """End, and take every file of it away; without a training nothing happens."""
        with self._lock:
            trained, self._trained = self._trained, None
            if trained is None:
                return
            self._change_back(trained)
        self._desk.push()
        emit(Event.TRAINING_ENDED)

    def close(self) -> None:
        """The agent stops, and its training with it; nobody is told any more."""
        with self._lock:
            trained, self._trained = self._trained, None
            if trained is not None:
                self._change_back(trained)

    def _made(self) -> Trained:
        try:
            sweep(self._folder)
            self._folder.mkdir(parents=True, mode=0o700)
            return self._make(self._folder)
        except OSError as error:
            raise TrainingFailed("training_failed", str(error)) from None

    def _change_to(self, trained: Trained) -> None:
        self._voice.is_muted = True
        self._desk.scans = trained.desk.scans
        if not self._stage.play(trained.app):
            raise Conflict("training_sale_open", "a call to the register is still under way")

    def _change_back(self, trained: Trained) -> None:
        self._stage.play(None)
        self._desk.scans = self._scans
        self._voice.is_muted = False
        trained.close()
        sweep(self._folder)

    def _refuse_open_sale(self) -> None:
        if self._has_open_sale():
            raise Conflict("training_sale_open", "a sale is open: finish or cancel it first")


def sweep(folder: Path) -> None:
    """Take the files of a training away. Raises `OSError`."""
    if folder.exists():
        shutil.rmtree(folder)
