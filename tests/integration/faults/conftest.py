"""One real centre for all tests here; each test has a register, a store and members of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support.emulated_devices import EmulatedDevices
from tests.support.flaky_centre import FlakyCentre
from tests.support.live_register import LiveRegister, until
from tests.support.real_centre import RealCentre, real_centre

MakeRegister = Callable[..., LiveRegister]


@pytest.fixture(scope="session")
def centre() -> Iterator[RealCentre]:
    # PostgreSQL's socket wants a short path.
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    try:
        with real_centre(folder) as running:
            yield running
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def flaky(centre: RealCentre) -> Iterator[FlakyCentre]:
    """The way to the centre."""
    with closing(FlakyCentre(centre.url)) as proxy:
        yield proxy


@pytest.fixture
def register(centre: RealCentre, flaky: FlakyCentre, tmp_path: Path) -> Iterator[MakeRegister]:
    """Makes a started, online register; keyword arguments are those of `LiveRegister`."""
    with ExitStack() as stack:

        def make(**options: object) -> LiveRegister:
            identity = centre.identity()
            folder = tmp_path / identity.register_id
            made = LiveRegister(folder, identity, flaky.url, **options)  # type: ignore[arg-type]
            stack.callback(made.stop)
            made.start()
            made.until_online()
            until("rules", lambda: made.status()["ruleset_active"])
            return made

        yield make


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[EmulatedDevices]:
    """A scanner and a printer of its own."""
    with closing(EmulatedDevices(tmp_path / "devices")) as both:
        yield both
