"""Daisy (Compact, Expert and relatives)."""

from __future__ import annotations

from drivers.fiscal.isl_bg.dialects import Daisy
from drivers.fiscal.isl_bg.family import Family
from drivers.fiscal.isl_bg.options import DAISY

FAMILY = Family("fiscal.daisy", Daisy(), DAISY, "PNCD", 0)
DRIVER = FAMILY.spec()
