"""Datecs with Bulgarian firmware, protocol P (FP-800, FP-2000, FP-650, FMP-10, FP-550)."""

from __future__ import annotations

from drivers.fiscal.isl_bg.dialects import DatecsP
from drivers.fiscal.isl_bg.family import Family
from drivers.fiscal.isl_bg.options import DATECS_P

FAMILY = Family("fiscal.datecs_p", DatecsP(), DATECS_P, "PNCD", 140)
DRIVER = FAMILY.spec()
