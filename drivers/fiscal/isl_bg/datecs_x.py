"""Datecs X (FP-700X, FMP-350X, FMP-55X, DP-25X, DP-150X, WP-50X)."""

from __future__ import annotations

from drivers.fiscal.isl_bg.dialects import DatecsX
from drivers.fiscal.isl_bg.family import Family
from drivers.fiscal.isl_bg.options import DATECS_X

FAMILY = Family("fiscal.datecs_x", DatecsX(), DATECS_X, "012345", 279)
DRIVER = FAMILY.spec()
