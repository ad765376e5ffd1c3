"""`python -m drivers.tap`."""

import sys

from drivers.tap.cli import main

sys.exit(main())
