"""Registers for these tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub_shop import Shop
from tests.support.hub_stations import Serving, Station
from tests.support.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A running register without a centre and without devices."""
    register = Rig(tmp_path)
    register.start()
    try:
        yield register
    finally:
        register.stop()


@pytest.fixture
def shop() -> Shop:
    """Three registers of one store."""
    return Shop(3)


@pytest.fixture
def stations(tmp_path: Path, shop: Shop) -> Iterator[list[Station]]:
    """Their hub parts, without a till."""
    made = [Station(tmp_path / each.register_id, each) for each in shop.identities]
    yield made
    for station in made:
        station.close()


@pytest.fixture
def serving(stations: list[Station], shop: Shop) -> Iterator[Serving]:
    """R1 is the hub, and its peers know where."""
    stations[0].terms.hear(shop.term_row(1))
    running = Serving(stations[0])
    for station in stations[1:]:
        station.terms.hear(shop.term_row(1, addresses={"R1": f"127.0.0.1:{running.port}"}))
    yield running
    running.close()
