"""Registers for these tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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
