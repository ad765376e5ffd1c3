"""The OpenAPI 3.1 document of the local API: every route with the problems it may answer.

`docs/reference/openapi.json` is this document as a file; a repo test keeps the two equal.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from edge_agent.api.problems import PROBLEM_TYPE, ProblemBody

REFUSALS_OF_V1: Final = ("401", "403", "404", "409", "413", "422", "500", "503")
OPEN_ROUTES: Final = ("/healthz", "/v1/panel/sessions")
_REF: Final = "#/components/schemas/ProblemBody"


def document(app: FastAPI) -> dict[str, Any]:
    """The document of an application, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            openapi_version="3.1.0",
            routes=app.routes,
        )
        _teach_problems(made)
        app.openapi_schema = made
    return app.openapi_schema


def _teach_problems(made: dict[str, Any]) -> None:
    parts = made.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["ProblemBody"] = ProblemBody.model_json_schema()
    parts["securitySchemes"] = {"register": {"type": "http", "scheme": "bearer"}}
    for path, calls in made["paths"].items():
        for call in calls.values():
            known = call["responses"]
            known.pop("422", None)
            if path.startswith("/v1"):
                known.update({status: _problem(status) for status in REFUSALS_OF_V1})
            if path not in OPEN_ROUTES:
                call["security"] = [{"register": []}]


def _problem(status: str) -> dict[str, Any]:
    return {
        "description": _MEANING[status],
        "content": {PROBLEM_TYPE: {"schema": {"$ref": _REF}}},
    }


_MEANING: Final = {
    "401": "the register's token is missing or wrong",
    "403": "unknown Host, Origin or kind of body; nothing was read",
    "404": "nothing under this id, or no such route",
    "409": "the state or the figures do not allow this",
    "413": "the body is over its bound",
    "422": "the request does not fit, or its key belongs to another request",
    "500": "the agent failed; sell without loyalty",
    "503": "nothing can be promised now; sell without loyalty",
}
