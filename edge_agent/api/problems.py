"""RFC 9457 problem details: one shape for every refusal, with the cashier's sentence."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from edge_agent.errors import AgentError
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.sentences import LANGUAGES, sentence
from loyalty.errors import LoyaltyError

_CODES: Mapping[int, str] = MappingProxyType(
    {404: "no_such_route", 405: "method_not_allowed", 413: "too_large"}
)
NO_FIGURES: Mapping[str, str] = MappingProxyType({})
PROBLEM_TYPE = "application/problem+json"
PROBLEM_URN = "urn:loyalty-edge:problem:"


class ProblemBody(BaseModel):
    """A refusal. `type` ends in `code`, which is stable; `cashier_message` is per locale; `field`
    names the culprit; `instance` is this answer's own id, in the log where the agent failed."""

    type: str
    title: str
    status: int
    instance: str
    code: str
    detail: str = ""
    field: str = ""
    retryable: bool = False
    cashier_message: dict[str, str]


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    field: str = "",
    retryable: bool = False,
    figures: Mapping[str, str] = NO_FIGURES,
    instance: str = "",
) -> JSONResponse:
    """The answer for one refusal."""
    body = ProblemBody(
        type=f"{PROBLEM_URN}{code}",
        title=code.replace("_", " "),
        status=status,
        instance=f"urn:uuid:{instance or uuid.uuid4()}",
        code=code,
        detail=detail[:500],
        field=field,
        retryable=retryable,
        cashier_message={each: sentence(code, each, **figures) for each in LANGUAGES},
    )
    return JSONResponse(body.model_dump(), status_code=status, media_type=PROBLEM_TYPE)


def _from_validation(error: RequestValidationError) -> JSONResponse:
    first: dict[str, Any] = dict(error.errors()[0]) if error.errors() else {}
    where = ".".join(str(part) for part in first.get("loc", ()))
    return problem(422, "bad_request", f"{where}: {first.get('msg', 'invalid')}", field=where)


def install(app: FastAPI) -> None:
    """Turn every expected error into a problem answer."""

    @app.exception_handler(AgentError)
    def _agent(_request: Request, error: AgentError) -> JSONResponse:
        return problem(
            error.status,
            error.code,
            str(error),
            retryable=error.retryable,
            figures=error.figures,
        )

    @app.exception_handler(LoyaltyError)
    def _loyalty(_request: Request, error: LoyaltyError) -> JSONResponse:
        return problem(422, error.code, str(error), field=error.field)

    @app.exception_handler(RequestValidationError)
    def _validation(_request: Request, error: RequestValidationError) -> JSONResponse:
        return _from_validation(error)

    @app.exception_handler(Exception)
    def _unexpected(_request: Request, error: Exception) -> JSONResponse:
        instance = str(uuid.uuid4())
        emit(Event.API_FAILED, error=error, instance=instance)
        return problem(
            500, "agent_failed", "the agent failed on this call", retryable=True, instance=instance
        )

    @app.exception_handler(HTTPException)
    def _http(_request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 400:
            # The bytes are no JSON text at all (not UTF-8, nested without end).
            return problem(422, "bad_request", str(error.detail))
        code = _CODES.get(error.status_code, "http_error")
        answer = problem(error.status_code, code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer
