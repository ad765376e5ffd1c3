"""A PostgreSQL for the simulations that need one."""

from __future__ import annotations

import pytest

from bench.soak.depths_server import postgres


@pytest.fixture(scope="session")
def url():
    with postgres() as found:
        yield found
