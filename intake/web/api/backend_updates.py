"""Backends report the status of a request: by a signed call, or by a link in a mail."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import ValidationError
from sqlalchemy import select

from intake import service_requests
from intake.backends import Report
from intake.errors import BadField, HuyingError, InputError, NotFound
from intake.lifecycle import Status
from intake.locale import say
from intake.network import signing
from intake.pipeline import deliver
from intake.runtime import Parts
from intake.storage.models import ServiceRequest
from intake.web.api import schemas
from intake.web.auth import CurrentParts
from intake.web.plain_page import bad_link, page

router = APIRouter()
REPORTS = {
    "accepted": Status.ACCEPTED,
    "done": Status.DONE,
    "could_not": Status.NEEDS_REVIEW,
}


UPDATE_BYTES = 64 * 1024


@router.post("/api/backends/{name}/updates", tags=["backends"])
async def backend_update(parts: CurrentParts, name: str, request: Request) -> JSONResponse:
    """A backend reports a status, signed with the secret that also signs what it is sent."""
    backend = parts.backends.get(name)
    secrets = backend_secrets(backend)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > UPDATE_BYTES:
            raise InputError("The update is too large.", code="too_large")
    # Checked for an unknown backend too, so that the time taken doesn't reveal which names exist.
    signing.verify_body(
        secrets or ["-"], request.headers.get("huying-signature", ""), body, datetime.now(UTC)
    )
    if not secrets:
        raise NotFound("There is no such backend.")
    try:
        update = schemas.Update.model_validate(json.loads(body))
    except (ValueError, ValidationError):
        raise BadField("The update is not JSON of the published shape.") from None
    report = Report(
        REPORTS[update.status], update.external_id, update.note, update.who, datetime.now(UTC)
    )
    async with parts.sessions.begin() as session:
        found = await session.scalar(
            select(ServiceRequest.id).where(
                ServiceRequest.tracking_number == update.tracking_number,
                ServiceRequest.backend == name,
            )
        )
        if found is None:
            raise NotFound("This backend has no request of this number.")
        locked = await service_requests.lock(session, found)
        changed = await deliver.heard(session, locked, name, report)
        status = locked.status
    return JSONResponse({"status": status, "changed": changed})


def backend_secrets(backend: Any) -> list[str]:
    """The secrets that this backend may sign with; without any it can't report by signed calls."""
    secrets = getattr(backend, "secrets", None)
    return list(secrets()) if secrets else []


@router.get("/u/{token}", response_class=HTMLResponse, include_in_schema=False)
async def show_update(parts: CurrentParts, token: str, request: Request) -> HTMLResponse:
    """The page behind a link in a backend's mail, with one button that sends the report."""
    try:
        action, _ = _update_of(parts, token)
    except HuyingError as error:
        return bad_link(request, error)
    label = say("page.update.button", None, action=say(f"action.{action}", None))
    return page(request, f"action.{action}", None, buttons=[("", label)], ask=True)


@router.post("/u/{token}", response_class=HTMLResponse, include_in_schema=False)
async def do_update(
    parts: CurrentParts,
    token: str,
    request: Request,
    who: Annotated[str, Form(max_length=80)] = "",
    note: Annotated[str, Form(max_length=1000)] = "",
) -> HTMLResponse:
    """The button on `show_update`'s page was pressed."""
    try:
        action, (request_id, backend) = _update_of(parts, token)
    except HuyingError as error:
        return bad_link(request, error)
    report = Report(REPORTS[action], None, note.strip() or None, who.strip() or None)
    async with parts.sessions.begin() as session:
        locked = await service_requests.lock(session, int(request_id))
        await deliver.heard(session, locked, backend, report)
    return page(request, "page.update.done", None)


def _update_of(parts: Parts, token: str) -> tuple[str, tuple[str, str]]:
    error: HuyingError | None = None
    for action in REPORTS:
        try:
            subject = signing.check_link(
                parts.link_secrets, f"update-{action}", token, datetime.now(UTC)
            )
        except signing.LinkForged as forged:
            error = error or forged
            continue
        request_id, _, backend = subject.partition(":")
        return action, (request_id, backend)
    assert error is not None
    raise error
