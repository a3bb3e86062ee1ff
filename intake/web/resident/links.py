"""Links that people and backends are sent: the recording for a backend, the resident's status page.

Links in mails are signed and expire. GET changes nothing, because mail scanners open every link;
the page's button sends a POST.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from sqlalchemy import select

from intake import service_requests
from intake.errors import NotFound
from intake.lifecycle import Actor, Status
from intake.locale import say
from intake.network import signing
from intake.runtime import Parts
from intake.service_requests import Author, hash_key
from intake.storage.models import Message, Recording, ServiceRequest
from intake.web.api.request_detail import recording_response
from intake.web.auth import CurrentParts
from intake.web.plain_page import page

router = APIRouter()


@router.get("/r/{token}", include_in_schema=False)
async def linked_recording(parts: CurrentParts, token: str) -> FileResponse:
    """The recording, for a backend with the signed link that it was sent."""
    subject = signing.check_link(parts.link_secrets, "recording", token, datetime.now(UTC))
    async with parts.sessions() as session:
        recording = await session.get(Recording, int(subject))
    if recording is None:
        raise NotFound("The recording has been deleted.")
    return recording_response(parts, recording, "recording")


@router.get("/s/{key}", response_model=None, tags=["residents"])
async def status_page(parts: CurrentParts, key: str, request: Request) -> Response:
    """The status of a request, for whoever has the secret link: a page, or JSON if asked for."""
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
    """The resident says that it is done (``closed``), is not fixed (``not_fixed``) or was
    understood wrong (``not_right``), or cancels it (``cancel``)."""
    found = await _by_key(parts, key)
    by = Author(Actor.RESIDENT)
    async with parts.sessions.begin() as session:
        locked = await service_requests.lock(session, found.id)
        status = Status(locked.status)
        if action == "cancel" and status is not Status.CANCELLED:
            await service_requests.advance(session, locked, Status.CANCELLED, by)
        elif action == "closed" and status is not Status.CLOSED:
            await service_requests.advance(session, locked, Status.CLOSED, by)
        elif action == "not_fixed":
            await service_requests.say_not_fixed(session, locked, by)
        elif action == "not_right":
            await service_requests.answer_read_back(session, locked, False, by)
        elif action not in ("cancel", "closed"):
            raise NotFound("There is no such action.")
        return {"tracking_number": locked.tracking_number, "status": locked.status}


async def _by_key(parts: Parts, key: str) -> ServiceRequest:
    async with parts.sessions() as session:
        found = await session.scalar(
            select(ServiceRequest).where(ServiceRequest.status_key_hash == hash_key(key))
        )
    if found is None or not hmac.compare_digest(found.status_key.encode(), key.encode()):
        raise NotFound(say("link.forged", None))
    return found
