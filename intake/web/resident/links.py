"""The other doors: backends report, duty people answer alarms, residents see how it stands.

Links in mails are signed and end. A page opened by GET changes nothing (mail scanners open
every link); its one button does.
"""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from fastapi.templating import Jinja2Templates
from pydantic import ValidationError
from sqlalchemy import select

from intake import service_requests
from intake.backends import Report
from intake.errors import BadField, HuyingError, InputError, MoveNotAllowed, NotFound
from intake.lifecycle import ENDED, Actor, Status
from intake.locale import reason, say
from intake.network import signing
from intake.pipeline import deliver
from intake.runtime import Parts
from intake.service_requests import By, hash_key
from intake.storage.models import AccessLog, Alarm, Message, Recording, ServiceRequest
from intake.web.access_log_throttle import log_look
from intake.web.api import schemas
from intake.web.api.request_detail import recording_response
from intake.web.auth import CurrentOperator, CurrentParts, log_access

router = APIRouter()
templates = Jinja2Templates(Path(__file__).parent.parent / "templates")
REPORTS = {
    "accepted": Status.ACCEPTED,
    "done": Status.DONE,
    "could_not": Status.NEEDS_REVIEW,
}
UPDATE_BYTES = 64 * 1024


def page(
    request: Request, key: str, language: str | None, status: int = 200, **values: Any
) -> HTMLResponse:
    """A plain page in large print: a title, sentences, at most a few buttons."""

    def text(name: str, **more: Any) -> str:
        return say(name, language, **{**values, **more})

    context = {"say": text, "language": language or "zh", "title": text(key), **values}
    return templates.TemplateResponse(request, "plain.html", context, status_code=status)


@router.post("/api/backends/{name}/updates", tags=["backends"])
async def backend_update(parts: CurrentParts, name: str, request: Request) -> JSONResponse:
    """A backend reports: signed with the secret that signs what we send it."""
    backend = parts.backends.get(name)
    secrets = backend_secrets(backend)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > UPDATE_BYTES:
            raise InputError("The update is too large.", code="too_large")
    # An unknown backend is checked too, so that names can't be told from the time it takes.
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
    """The secrets whose signature we believe from this backend; none: it can't report so."""
    secrets = getattr(backend, "secrets", None)
    return list(secrets()) if secrets else []


@router.get("/u/{token}", response_class=HTMLResponse, include_in_schema=False)
async def show_update(parts: CurrentParts, token: str, request: Request) -> HTMLResponse:
    """The page behind a link in a backend's mail: one button."""
    try:
        action, _ = _update_of(parts, token)
    except HuyingError as error:
        return _bad_link(request, error)
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
    """The button was pressed."""
    try:
        action, (request_id, backend) = _update_of(parts, token)
    except HuyingError as error:
        return _bad_link(request, error)
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


@router.get("/a/{token}", response_class=HTMLResponse, include_in_schema=False)
async def show_alarm(parts: CurrentParts, token: str, request: Request) -> HTMLResponse:
    """The page behind an alarm's link: what happened, and one button."""
    try:
        alarm_id, who = _alarm_of(parts, token)
    except HuyingError as error:
        return _bad_link(request, error)
    async with parts.sessions.begin() as session:
        alarm = await session.get_one(Alarm, alarm_id)
        found = await session.get_one(ServiceRequest, alarm.service_request_id)
        session.add(AccessLog(who=who, action="alarm_link", service_request_id=found.id))
    if alarm.status == "acknowledged":
        return page(request, "page.ack.done", None, who=alarm.acknowledged_by)
    lines = [found.tracking_number, found.text, found.place, found.unit, found.phone]
    return page(
        request,
        "page.ack.title",
        None,
        lines=[line for line in lines if line],
        buttons=[("", say("page.ack.button", None))],
    )


@router.post("/a/{token}", response_class=HTMLResponse, include_in_schema=False)
async def take_alarm(parts: CurrentParts, token: str, request: Request) -> HTMLResponse:
    """Somebody on duty takes it; the chain of calls ends."""
    try:
        alarm_id, who = _alarm_of(parts, token)
    except HuyingError as error:
        return _bad_link(request, error)
    async with parts.sessions.begin() as session:
        alarm = await session.get_one(Alarm, alarm_id, with_for_update=True)
        await service_requests.acknowledge(session, alarm, who)
        taken_by = alarm.acknowledged_by
    return page(request, "page.ack.done", None, who=taken_by)


def _alarm_of(parts: Parts, token: str) -> tuple[int, str]:
    subject = signing.check_link(parts.link_secrets, "alarm", token, datetime.now(UTC))
    alarm_id, who = json.loads(subject)
    return int(alarm_id), str(who)


@router.get("/api/alarms", tags=["operators"])
async def alarms(parts: CurrentParts, operator: CurrentOperator) -> list[dict[str, Any]]:
    """The alarms that nobody has taken yet."""
    async with parts.sessions.begin() as session:
        rows = await session.execute(
            select(Alarm, ServiceRequest.tracking_number)
            .join(ServiceRequest, ServiceRequest.id == Alarm.service_request_id)
            .where(Alarm.status != "acknowledged")
            .order_by(Alarm.id)
        )
        await log_look(session, operator, "alarms")
        return [
            {
                "id": alarm.id,
                "tracking_number": number,
                "status": alarm.status,
                "step": alarm.step,
                "created_at": alarm.created_at,
            }
            for alarm, number in rows.all()
        ]


@router.post("/api/alarms/{alarm_id}/acknowledge", tags=["operators"])
async def acknowledge(
    parts: CurrentParts, operator: CurrentOperator, alarm_id: int
) -> dict[str, Any]:
    """An operator takes it."""
    async with parts.sessions.begin() as session:
        alarm = await session.get(Alarm, min(alarm_id, 2**62), with_for_update=True)
        if alarm is None:
            raise NotFound("There is no such alarm.")
        await service_requests.acknowledge(session, alarm, operator.name)
        await log_access(session, operator, "acknowledge")
        return {"id": alarm.id, "status": alarm.status, "acknowledged_by": alarm.acknowledged_by}


@router.get("/r/{token}", include_in_schema=False)
async def linked_recording(parts: CurrentParts, token: str) -> FileResponse:
    """A backend hears the recording by the signed link it was sent."""
    subject = signing.check_link(parts.link_secrets, "recording", token, datetime.now(UTC))
    async with parts.sessions() as session:
        recording = await session.get(Recording, int(subject))
    if recording is None:
        raise NotFound("The recording is not there any more.")
    return recording_response(parts, recording, "recording")


@router.get("/s/{key}", response_model=None, tags=["residents"])
async def status_page(parts: CurrentParts, key: str, request: Request) -> Response:
    """How it stands, for whoever holds the secret link: a page, or JSON if asked for."""
    found = await _by_key(parts, key)
    async with parts.sessions() as session:
        said = await session.scalars(
            select(Message)
            .where(Message.service_request_id == found.id, Message.direction == "out")
            .order_by(Message.id)
        )
        messages = [message.text for message in said if message.text]
    now = say(f"status.{found.status}", found.language)
    if "text/html" not in request.headers.get("accept", ""):
        body = {
            "tracking_number": found.tracking_number,
            "status": found.status,
            "status_text": now,
            "messages": messages,
            "category": found.category,
            "urgency": found.urgency,
            "when_start": found.when_start.isoformat() if found.when_start else None,
            "when_end": found.when_end.isoformat() if found.when_end else None,
            "updated_at": found.updated_at.isoformat(),
        }
        return JSONResponse(body, headers={"Cache-Control": "no-store"})
    return page(
        request,
        "page.status.title",
        found.language,
        number=found.tracking_number,
        lines=[now, *messages],
        emergency=found.urgency == "emergency",
    )


@router.post("/s/{key}/{action}", tags=["residents"])
async def resident_acts(parts: CurrentParts, key: str, action: str) -> dict[str, str]:
    """The resident agrees (``closed``), says it is not fixed (``not_fixed``), that we got her
    wrong (``not_right``), or cancels (``cancel``)."""
    found = await _by_key(parts, key)
    by = By(Actor.RESIDENT)
    async with parts.sessions.begin() as session:
        locked = await service_requests.lock(session, found.id)
        status = Status(locked.status)
        if action == "cancel" and status is not Status.CANCELLED:
            await service_requests.advance(session, locked, Status.CANCELLED, by)
        elif action == "closed" and status is not Status.CLOSED:
            await service_requests.advance(session, locked, Status.CLOSED, by)
        elif action == "not_fixed":
            if status is not Status.DONE:
                raise MoveNotAllowed("It is not said to be done yet.")
            await service_requests.advance(session, locked, Status.ROUTED, by)
            await service_requests.tell_backend(session, locked, "changed")
        elif action == "not_right":
            if status in ENDED:
                raise MoveNotAllowed("It has ended; leave a new message.")
            await service_requests.review(session, locked, [reason("resident_disagrees")], by)
        elif action not in ("cancel", "closed"):
            raise NotFound("There is nothing of that name.")
        return {"tracking_number": locked.tracking_number, "status": locked.status}


async def _by_key(parts: Parts, key: str) -> ServiceRequest:
    async with parts.sessions() as session:
        found = await session.scalar(
            select(ServiceRequest).where(ServiceRequest.status_key_hash == hash_key(key))
        )
    if found is None or not hmac.compare_digest(found.status_key.encode(), key.encode()):
        raise NotFound(say("link.forged", None))
    return found


def _bad_link(request: Request, error: HuyingError) -> HTMLResponse:
    key = "link.expired" if isinstance(error, signing.LinkExpired) else "link.forged"
    return page(request, key, None, 410 if key == "link.expired" else 404)
