"""The resident's API, by the secret link of a request: live status, right or not right, rating.

A wrong key gets the same answer, in the same time, whether or not it resembles an existing one.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake import channels, service_requests
from intake.accounts import households
from intake.channels.page.options import Options
from intake.errors import NotFound
from intake.lifecycle import Actor
from intake.network.addresses import counted_as
from intake.runtime import Parts
from intake.service_requests import Author, hash_key
from intake.storage.models import Household, ServiceRequest
from intake.web.api import schemas
from intake.web.auth import CurrentParts
from intake.web.resident import status as request_status
from intake.web.resident.live_updates import News

router = APIRouter(tags=["residents"])
NO_STORE = {"Cache-Control": "no-store"}
LATEST = 5


class Rating(schemas.Strict):
    """Three faces: 1 sad, 3 so-so, 5 glad."""

    value: Literal[1, 3, 5]
    comment: str | None = Field(None, max_length=500)


async def by_key(session: AsyncSession, key: str) -> ServiceRequest:
    """The request of a status key. Raises `NotFound`.

    Looked up by its SHA-256, so that the time taken says nothing about the key.
    """
    found = await session.scalar(
        select(ServiceRequest).where(ServiceRequest.status_key_hash == hash_key(key))
    )
    if found is None or not hmac.compare_digest(found.status_key.encode(), key.encode()):
        raise NotFound("There is no request for this link.")
    return found


async def _known(parts: CurrentParts, key: str) -> int:
    async with parts.sessions() as session:
        return (await by_key(session, key)).id


async def _placed(request: Request, parts: CurrentParts) -> AsyncIterator[News]:
    state = request.app.state
    if not hasattr(state, "news"):
        options = channels.options_of(parts.settings, "page")
        assert isinstance(options, Options)
        state.news = News(parts, streams=options.streams, per_network=options.streams_per_address)
    news: News = state.news
    with news.place(counted_as(request.client.host if request.client else "-")):
        yield news


@router.get("/api/s/{key}/events", response_class=EventSourceResponse)
async def events(
    parts: CurrentParts,
    service_request_id: Annotated[int, Depends(_known)],
    news: Annotated[News, Depends(_placed)],
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: ``status``, whose data is what ``GET /api/s/{key}`` answers, at once
    and at every change."""
    last: dict[str, Any] | None = None
    async with aclosing(news.of(service_request_id)) as calls:
        async for _ in calls:
            now = await _standing(parts, service_request_id)
            if now is None:
                return
            if now != last:
                yield ServerSentEvent(event="status", data=now)
                last = now


async def _standing(parts: Parts, service_request_id: int) -> dict[str, Any] | None:
    async with parts.sessions() as session:
        request = await session.get(ServiceRequest, service_request_id)
        return await request_status.of(session, request, parts) if request is not None else None


@router.get("/api/s/{key}")
async def show(parts: CurrentParts, key: str, response: Response) -> dict[str, Any]:
    """The status, as one sentence and in parts."""
    response.headers.update(NO_STORE)
    async with parts.sessions() as session:
        return await request_status.of(session, await by_key(session, key), parts)


@router.post("/api/s/{key}/right")
async def right(parts: CurrentParts, key: str) -> dict[str, Any]:
    """The resident confirms what was understood; the request goes on as decided."""
    return await _answer(parts, key, True)


@router.post("/api/s/{key}/not-right")
async def not_right(parts: CurrentParts, key: str) -> dict[str, Any]:
    """What was understood is wrong: an operator listens to the recording."""
    return await _answer(parts, key, False)


async def _answer(parts: Parts, key: str, is_right: bool) -> dict[str, Any]:
    async with parts.sessions.begin() as session:
        request = await service_requests.lock(session, (await by_key(session, key)).id)
        await service_requests.answer_read_back(session, request, is_right, Author(Actor.RESIDENT))
        return await request_status.of(session, request, parts)


@router.post("/api/s/{key}/rating")
async def rate(parts: CurrentParts, key: str, body: Rating) -> dict[str, Any]:
    """The resident rates what was done; a low rating is shown to the operators."""
    async with parts.sessions.begin() as session:
        request = await service_requests.lock(session, (await by_key(session, key)).id)
        comment = (body.comment or "").replace("\x00", "") or None
        await service_requests.rate(
            session, request, body.value, Author(Actor.RESIDENT, why=comment)
        )
        return await request_status.of(session, request, parts)


@router.get("/api/h/{token}")
async def household(parts: CurrentParts, token: str, response: Response) -> dict[str, Any]:
    """The household of a link and its latest requests, for the page behind that link."""
    response.headers.update(NO_STORE)
    async with parts.sessions() as session:
        await parts.reload(session)
        home: Household = await households.of_link(session, parts.link_secrets, token)
        latest = await session.scalars(
            select(ServiceRequest)
            .where(ServiceRequest.household_id == home.id)
            .order_by(ServiceRequest.id.desc())
            .limit(LATEST)
        )
        return {
            "name": home.name,
            "place": home.place,
            "unit": home.unit,
            "phone": home.phone[-4:] if home.phone else None,
            "language": home.language,
            "requests": [
                {
                    "tracking_number": request.tracking_number,
                    "status": request.status,
                    "status_url": f"{parts.settings.base_url}/s/{request.status_key}",
                    "sentence": await request_status.sentence(session, request, parts),
                    "received_at": request.received_at.isoformat(),
                    "category": parts.catalogue.name(request.category, request.language or "zh")
                    if request.category
                    else None,
                }
                for request in latest.all()
            ],
        }
