"""What a start need not pay for, said before the heavy packages are imported.

The first sale waits for every import, and a start lies beside other work of the machine. Only
`edge-agent run` calls this (ADR 0031); commands and tests import as Python does.
"""

from __future__ import annotations

import gc
import os
import sys

UNUSED = ("pydantic.v1", "rich")
"""Optional to the packages that import them, and nothing here: FastAPI looks for models of the old
pydantic, httpx for colours of its own command line. Both take an ImportError for a no."""


def begin() -> None:
    """Pause the garbage collector, and leave out what no till uses."""
    gc.disable()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for name in UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def settle() -> None:
    """The collector again; what the start made stays for good and is not looked through."""
    gc.freeze()
    gc.enable()
