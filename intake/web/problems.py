"""Errors as RFC 9457 problem documents: a stable code and a sentence that says what to do."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg.errors import NumericValueOutOfRange
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from intake.errors import HuyingError

log = logging.getLogger("huying.web")
MEDIA_TYPE = "application/problem+json"


def problem(
    status: int, code: str, sentence: str, *, headers: dict[str, str] | None = None, **extra: Any
) -> JSONResponse:
    """One problem document. ``type`` is a URN of the code, ``title`` the sentence."""
    body = {
        "type": f"urn:huying:problem:{code}",
        "title": sentence,
        "status": status,
        "code": code,
        **extra,
    }
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of the app with a problem document."""

    @app.exception_handler(HuyingError)
    async def ours(request: Request, error: HuyingError) -> JSONResponse:
        headers = dict(error.headers)
        if error.http_status in (429, 503, 507):
            headers["Retry-After"] = str(int(error.retry_after_seconds or 5))
        if error.http_status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if error.http_status >= 500:
            log.error("%s: %s", error.code, error.sentence)
        extra = {k: v for k, v in error.details.items() if k in ("field", "limit", "state")}
        return problem(error.http_status, error.code, error.sentence, headers=headers, **extra)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        fields = [
            {"field": ".".join(str(p) for p in e["loc"][1:]), "error": e["msg"]}
            for e in error.errors()
        ]
        names = ", ".join(f["field"] for f in fields if f["field"]) or "the body"
        return problem(422, "bad_field", f"Correct {names} and send it again.", fields=fields)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        headers = dict(error.headers or {})
        return problem(error.status_code, code, str(error.detail), headers=headers)

    async def away(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, DBAPIError) and not (
            isinstance(error, OperationalError) or error.connection_invalidated
        ):
            if isinstance(error.orig, NumericValueOutOfRange):
                return problem(404, "not_found", "There is nothing with this number.")
            log.error("database error: %s", type(error.orig).__name__)
            return problem(500, "internal", "The server has an error; it is in the log.")
        sentence = "The database can't be reached now; nothing was stored, send it again."
        return problem(503, "unavailable", sentence, headers={"Retry-After": "5"})

    for kind in (DBAPIError, PoolTimeout, ConnectionError):
        app.add_exception_handler(kind, away)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        return problem(500, "internal", "The server has an error; it is in the log.")
