"""The operators' API: list requests, read one, and what helps to decide about it.

Every view of personal data is kept in the access log.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import FileResponse

from intake import service_requests
from intake.errors import NotFound
from intake.lifecycle import Status
from intake.locale.times import window
from intake.service_requests import worklist
from intake.service_requests.outlook import following, outlook
from intake.service_requests.worklist import Filters, Group
from intake.understanding.fields import Urgency
from intake.understanding.spoken_text import Heard
from intake.understanding.when import read_when
from intake.web.api import audio, request_detail, schemas
from intake.web.auth import CurrentOperator, CurrentParts, by_number, log_access

router = APIRouter(prefix="/api/requests", tags=["operators"])
Short = Annotated[str | None, Query(max_length=100)]


@router.get("", summary="List requests, the newest first")
async def list_requests(
    parts: CurrentParts,
    operator: CurrentOperator,
    status: Annotated[list[Status] | None, Query()] = None,
    group: Group = Group.ALL,
    urgency: Urgency | None = None,
    category: Short = None,
    field: Short = None,
    area: Short = None,
    resident_group: Short = None,
    channel: Short = None,
    text: Short = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Short = None,
) -> schemas.Page:
    """Filter by status (several), the desk's ``group`` (which sets the order, too), urgency,
    category, ``field`` of service, area, ``resident_group``, channel, and ``text``: words in what
    was said, names, phones, places and numbers. Phones are masked."""
    filters = Filters(
        group=group,
        statuses=tuple(status or ()),
        area=area,
        field=field,
        category=category,
        resident_group=resident_group,
        channel=channel,
        urgency=urgency,
        words=text,
    )
    async with parts.sessions.begin() as session:
        found = await worklist.page(session, filters, parts.catalogue, after=cursor, limit=limit)
        await log_access(session, operator, "list")
    lines = [schemas.Line.of(line.request) for line in found.lines]
    return schemas.Page(requests=lines, next=found.next)


@router.get("/next", summary="The next request that waits for an operator")
async def read_next(
    parts: CurrentParts,
    operator: CurrentOperator,
    after: Annotated[str | None, Query(max_length=24)] = None,
) -> dict[str, str | None]:
    """The next one of the list of waiting requests after ``after``; after the last one the first.
    An emergency always comes first. A request that a colleague has open comes last."""
    async with parts.sessions.begin() as session:
        seen = await by_number(session, after) if after else None
        found = await following(session, parts, seen, operator.name)
        await log_access(session, operator, "next")
        return {"tracking_number": found}


@router.get("/{number}", summary="Read one request with all that belongs to it")
async def read_request(
    parts: CurrentParts, operator: CurrentOperator, number: str, response: Response
) -> schemas.Detail:
    """The ``ETag`` is the version to send as ``If-Match`` with a write."""
    async with parts.sessions.begin() as session:
        request = await by_number(session, number)
        await log_access(session, operator, "read", request)
        found = await request_detail.of(session, request, parts)
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.get("/{number}/recording", summary="Get the recording", response_class=FileResponse)
async def hear(
    parts: CurrentParts,
    operator: CurrentOperator,
    number: str,
    form: audio.Form = None,
    part: audio.Part = None,
) -> Response:
    """The bytes as the resident left them; ``as=wav``: 16 kHz mono WAV, which every browser
    plays."""
    async with parts.sessions.begin() as session:
        request = await by_number(session, number)
        recording = await service_requests.recording_of(session, request)
        await log_access(session, operator, "hear", request)
    if recording is None:
        raise NotFound("This request has no recording.")
    return await audio.response(parts, recording, request.tracking_number, form, part)


async def typed(
    category: Annotated[str | None, Query(max_length=64)] = None,
    urgency: Urgency | None = None,
    place: Annotated[str | None, Query(max_length=80)] = None,
    unit: Annotated[str | None, Query(max_length=40)] = None,
    phone: Annotated[str | None, Query(max_length=32)] = None,
) -> dict[str, str | None]:
    """What an operator typed and did not save yet; an empty parameter stands for an emptied
    field."""
    given = {"category": category, "urgency": urgency, "place": place, "unit": unit, "phone": phone}
    return {
        name: value.replace("\x00", "") or None
        for name, value in given.items()
        if value is not None
    }


Typed = Annotated[dict[str, str | None], Depends(typed)]


@router.get("/{number}/outlook", summary="What would become of a request")
async def read_outlook(
    parts: CurrentParts, operator: CurrentOperator, number: str, changes: Typed
) -> dict[str, Any]:
    """Where the request would go, which required fields are missing, which requests resemble it,
    and the resident's earlier requests. A given parameter counts instead of the stored value."""
    async with parts.sessions.begin() as session:
        request = await by_number(session, number)
        await log_access(session, operator, "outlook", request)
        return await outlook(session, request, parts, changes)


@router.get("/{number}/times", summary="What a time in words means")
async def read_times(
    parts: CurrentParts,
    operator: CurrentOperator,
    number: str,
    q: Annotated[str, Query(max_length=80)],
    language: Annotated[str, Query(max_length=8)] = "zh",
) -> list[dict[str, str]]:
    """Relative times count from when the resident spoke; local times, the likeliest first."""
    async with parts.sessions.begin() as session:
        request = await by_number(session, number)
    local = request.received_at.astimezone(parts.settings.zone).replace(tzinfo=None)
    found = await asyncio.to_thread(read_when, Heard.of(q), local)
    if found is None:
        return []
    return [
        {
            "start": f"{one.start:%Y-%m-%dT%H:%M}",
            "end": f"{one.end:%Y-%m-%dT%H:%M}",
            "said": window(one, language),
        }
        for one in (found.value, *found.alternatives)
    ]
