"""The ASGI application: routes behind the guard, the panel's files, documents without the net."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from edge_agent.api import problems
from edge_agent.api.guard import Guard, Tokens
from edge_agent.api.openapi import document


def create_app(
    routers: Sequence[APIRouter],
    tokens: Tokens,
    hosts: Callable[[], Iterable[str]],
    origins: Iterable[str],
    version: str,
    register_id: str,
) -> FastAPI:
    """Build the application. `hosts` are the exact Host values that are ours at call time."""
    app = FastAPI(
        title="Loyalty Edge: the register's local API",
        version=version,
        summary="Members, promotions, bonuses and paper for the POS on this machine",
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    app.router.redirect_slashes = False
    # `include_router` would build every route a second time, within the first request.
    app.router.routes.extend(route for router in routers for route in router.routes)

    @app.get("/healthz", tags=["register"])
    def healthz() -> dict[str, str | int]:
        """The process answers, and says whose it is."""
        return {"status": "ok", "register_id": register_id, "pid": os.getpid()}

    static = Path(str(resources.files("edge_agent") / "panel" / "static"))

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse((static / "docs.html").read_text(encoding="utf-8"))

    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    app.mount("/panel", StaticFiles(directory=static, html=True), name="panel")
    app.add_middleware(Guard, tokens=tokens, hosts=hosts, origins=tuple(origins))
    return app
