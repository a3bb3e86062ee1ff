"""One request with all that belongs to it, as operators see it."""

from __future__ import annotations

from typing import Any

from fastapi.responses import FileResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.runtime import Parts
from intake.storage import models
from intake.storage.models import (
    Alarm,
    AlarmNotice,
    Base,
    Delivery,
    DeliveryAttempt,
    Event,
    Message,
    OperatorTask,
    Recording,
    ServiceRequest,
    Transcript,
)
from intake.understanding.fields import COLUMNS
from intake.web.api.schemas import Detail, Line

MEDIA_TYPES = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "webm": "audio/webm",
    "ogg": "audio/ogg",
    "mp4": "audio/mp4",
    "m4a": "audio/mp4",
    "3gp": "audio/3gpp",
    "amr": "audio/amr",
    "flac": "audio/flac",
    "caf": "audio/x-caf",
    "silk": "audio/silk",
}


def recording_response(parts: Parts, recording: Recording, number: str) -> FileResponse:
    """The recording's bytes as they were left, with ``nosniff``."""
    suffix = recording.suffix
    return FileResponse(
        parts.blobs.path(recording.blob_key),
        media_type=MEDIA_TYPES.get(suffix, "application/octet-stream"),
        filename=f"{number}.{suffix}",
        content_disposition_type="inline" if suffix in MEDIA_TYPES else "attachment",
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"},
    )


async def of(session: AsyncSession, request: ServiceRequest, parts: Parts) -> Detail:
    """A request with its transcript, history, deliveries, messages, alarm and tasks."""
    line = Line.of(request, hide_phone=False).model_dump()
    transcript = await _one(session, Transcript, request.transcript_id)
    understanding = await _one(session, models.Understanding, request.understanding_id)
    recording = await _one(session, Recording, request.recording_id)
    alarm = await session.scalar(select(Alarm).where(Alarm.service_request_id == request.id))
    deliveries = []
    for delivery in await _all(session, Delivery, Delivery.service_request_id, request.id):
        attempts = await _all(session, DeliveryAttempt, DeliveryAttempt.delivery_id, delivery.id)
        deliveries.append({**_row(delivery), "tries": [_row(a) for a in attempts]})
    return Detail(
        **line,
        **{
            name: getattr(request, name)
            for name in (
                *(column.name for column in COLUMNS if not column.listed),
                "language",
                "external_id",
                "assignee",
                "decided_by",
                "given",
                "for_other",
                "rejected_because",
                "route_to",
                "invented",
                "corrected",
                "erased_at",
            )
        },
        merged_into=await _number(session, request.merged_into_id),
        split_from=await _number(session, request.split_from_id),
        related_to=await _number(session, request.related_to_id),
        status_url=f"{parts.settings.base_url}/s/{request.status_key}",
        recording=_row(recording, "id", "blob_key", "sha256") if recording else None,
        transcript=_row(transcript, "recording_id") if transcript else None,
        understanding=understanding.fields if understanding else None,
        events=_rows(await _all(session, Event, Event.service_request_id, request.id)),
        deliveries=deliveries,
        messages=_rows(await _all(session, Message, Message.service_request_id, request.id)),
        alarm=await _alarm(session, alarm) if alarm else None,
        tasks=_rows(await _all(session, OperatorTask, OperatorTask.service_request_id, request.id)),
    )


async def _alarm(session: AsyncSession, alarm: Alarm) -> dict[str, Any]:
    notices = await _all(session, AlarmNotice, AlarmNotice.alarm_id, alarm.id)
    return {**_row(alarm), "notices": _rows(notices)}


async def _one(session: AsyncSession, kind: Any, key: int | None) -> Any:
    return await session.get(kind, key) if key is not None else None


async def _all(session: AsyncSession, kind: Any, column: Any, key: int) -> list[Any]:
    return list(await session.scalars(select(kind).where(column == key).order_by(kind.id)))


async def _number(session: AsyncSession, key: int | None) -> str | None:
    if key is None:
        return None
    return await session.scalar(
        select(ServiceRequest.tracking_number).where(ServiceRequest.id == key)
    )


def _rows(rows: list[Any]) -> list[dict[str, Any]]:
    return [_row(row, "service_request_id") for row in rows]


def _row(row: Base, *without: str) -> dict[str, Any]:
    return {
        column.key: getattr(row, column.key)
        for column in row.__table__.columns
        if column.key not in without
    }
