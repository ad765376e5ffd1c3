"""A route that is built when it is first asked for, and not before the first sale (ADR 0031).

FastAPI builds a route's dependencies and its validators of parameters, body and answer when the
route is declared: two milliseconds each, of which a sale needs two routes of forty. Until a path
fits, only the path is known here. The document of the API asks for all of them, and so tests that
read it find a route that cannot be built.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import compile_path

_building = threading.RLock()


class LateRoute(APIRoute):
    """An `APIRoute` of the same arguments."""

    _is_built = False

    def __init__(self, path: str, endpoint: Callable[..., Any], **told: Any) -> None:
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        self._build: Callable[[], None] = lambda: APIRoute.__init__(self, path, endpoint, **told)

    def __getattr__(self, name: str) -> Any:
        """Called for what is not there yet: everything but the path."""
        with _building:
            if not self._is_built:
                self._is_built = True
                self._build()
        return object.__getattribute__(self, name)
