"""The voicemail channel: a client uploads a recording and gets a tracking number.

The answer is sent only after the bytes are fsynced and the row and its first job are committed.
Whatever is sent is accepted, silence, music and what nothing here can decode too: a person will
listen.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from intake.accounts import households
from intake.channels import _recordings, _upload
from intake.errors import (
    BadField,
    DiskFull,
    EmptyRecording,
    KeyReused,
)
from intake.locale import languages, say
from intake.network.addresses import counted_as
from intake.runtime import Parts
from intake.service_requests import Opened
from intake.storage.models import IdempotencyKey, Message, Recording, ServiceRequest
from intake.understanding.fields import READ

log = logging.getLogger("huying.voicemail")
SENT = {field.sent_as: field for field in READ if field.sent_as is not None}
"""Fields of a request that senders may fill in, by their names in the form."""
FIELDS = frozenset({*SENT, "language", "recorded_at", "household"})
KEY_LENGTH = 255


class Voicemail:
    """``POST /api/voicemails``."""

    name = "voicemail"

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def routes(self) -> APIRouter:
        router = APIRouter(tags=["voicemail"])
        router.add_api_route(
            "/api/voicemails",
            self.accept,
            methods=["POST"],
            status_code=202,
            response_model=None,
            summary="Leave a voicemail",
            openapi_extra=_OPENAPI,
        )
        return router

    async def send(self, message: Message, address: str, data: Mapping[str, Any]) -> None:
        """Do nothing: the status page shows the stored messages, and the sender of an upload
        can't be reached in any other way."""

    async def accept(
        self, request: Request, idempotency_key: str | None = Header(None)
    ) -> Response:
        """Keep a recording safe and answer with its tracking number (202).

        multipart/form-data: ``audio`` (the recording, any voice format), and optionally
        ``language``, ``phone``, ``place``, ``unit``, ``name``, ``recorded_at`` (ISO 8601 with
        zone) and ``household`` (the token of a household's link; one that is no longer valid is
        ignored). The same ``Idempotency-Key`` with the same body gets the same answer, if it comes
        from the same sender (`sender_key_hash`). A browser's form (``Accept: text/html``) is
        redirected to the status page (303).
        """
        limits = self.parts.settings.limits
        if idempotency_key is not None and not 1 <= len(idempotency_key) <= KEY_LENGTH:
            raise BadField(f"Idempotency-Key must have 1 to {KEY_LENGTH} characters.")
        if self.parts.blobs.free_bytes() < limits.min_free_bytes:
            raise DiskFull("There is no room for more recordings; ring a person instead.")
        upload = await _upload.receive(
            request,
            self.parts.blobs,
            file_field="audio",
            max_bytes=limits.max_bytes,
            seconds=limits.upload_seconds,
        )
        writer = upload.writer
        committing = False
        try:
            given = read_fields(upload.fields, limits.recorded_within_days)
            if writer is None:
                raise BadField("The field audio is missing.", field="audio")
            if writer.size == 0:
                raise EmptyRecording("The recording is empty.")
            info = await writer.finish(_recordings.accept)
            recording = _recordings.row(writer, info, given.pop("recorded_at", None))
            fingerprint = _fingerprint(writer.sha256, upload.fields)
            digest = sender_key_hash(request, idempotency_key) if idempotency_key else None
            async with self.parts.sessions() as session:
                opened = None
                if digest is not None:
                    await _recordings.one_at_a_time(session, digest)
                    opened = await _existing(session, digest, fingerprint)
                if opened is None:
                    opened = await self._open(session, recording, given, digest, fingerprint)
                    committing = True
                    await session.commit()
        finally:
            if writer is not None and not committing:
                # Once the commit has begun it may have succeeded even if its answer was lost: the
                # file stays.
                writer.abort()
        if "text/html" in request.headers.get("accept", ""):  # a form without scripts
            return RedirectResponse(f"/s/{opened.status_key}", 303)
        return JSONResponse(answer(self.parts, opened), 202)

    async def _open(
        self,
        session: AsyncSession,
        recording: Recording,
        given: dict[str, Any],
        digest: bytes | None,
        fingerprint: bytes,
    ) -> Opened:
        """Request, first job and idempotency key, flushed in the caller's transaction."""
        household = await households.by_link(
            session, self.parts.link_secrets, given.pop("household", None)
        )
        opened = await _recordings.open_voicemail(
            session, self.name, recording, given, household=household
        )
        if digest is not None:
            session.add(
                IdempotencyKey(
                    key_sha256=digest,
                    body_sha256=fingerprint,
                    service_request_id=opened.id,
                )
            )
        await session.flush()
        return opened


def answer(parts: Parts, opened: Opened) -> dict[str, str]:
    """The answer's JSON for a voicemail that is committed."""
    return {
        "tracking_number": opened.tracking_number,
        "status": "received",
        "message": say("received", opened.language, number=opened.tracking_number),
        "status_url": f"{parts.settings.base_url}/s/{opened.status_key}",
    }


def create(parts: Parts) -> Voicemail:
    """The voicemail channel of this process."""
    return Voicemail(parts)


def read_fields(fields: dict[str, str], within_days: int) -> dict[str, Any]:
    """Check the form's fields.

    Returns those that were given: language, phone, place, unit, person and household as text,
    recorded_at as an aware datetime. Raises `BadField` that names the first bad one.
    """
    unknown = sorted(fields.keys() - FIELDS)
    if unknown:
        known = ", ".join(sorted(FIELDS))
        raise BadField(f"Unknown field {unknown[0]!r}; possible: audio, {known}.", field=unknown[0])
    given: dict[str, Any] = {}
    for name, row in SENT.items():
        value = " ".join(fields.get(name, "").split())
        if row.length is not None and len(value) > row.length:
            raise BadField(f"{name} is longer than {row.length} characters.", field=name)
        if value:
            given[row.name] = value
    if language := fields.get("language"):
        short = language.lower().split("-")[0]
        if short not in languages():
            known = ", ".join(sorted(languages()))
            raise BadField(f"language must be one of {known}.", field="language")
        given["language"] = short
    if text := fields.get("recorded_at"):
        given["recorded_at"] = _recorded_at(text, within_days)
    if link := fields.get("household"):
        given["household"] = link
    return given


def read_leniently(fields: Mapping[str, str], within_days: int) -> dict[str, Any]:
    """`read_fields`, but a field that can't be used is left out: an upload of the resident's page
    is never refused for its metadata."""
    given: dict[str, Any] = {}
    for name in FIELDS & fields.keys():
        with contextlib.suppress(BadField):
            given |= read_fields({name: fields[name]}, within_days)
    return given


def _recorded_at(text: str, within_days: int) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadField(
            "recorded_at must be a date and time with zone, such as 2026-11-19T09:32:00+08:00.",
            field="recorded_at",
        )
    recorded = _recordings.believed(moment, within_days)
    if recorded is None:
        raise BadField(
            f"recorded_at must lie within the last {within_days} days.", field="recorded_at"
        )
    return recorded


async def _existing(session: AsyncSession, digest: bytes, fingerprint: bytes) -> Opened | None:
    """The request that this sender's key opened before. Raises `KeyReused` when the body was
    another."""
    row = await session.get(IdempotencyKey, digest)
    if row is None:
        return None
    if row.body_sha256 != fingerprint:
        raise KeyReused("This Idempotency-Key was used before with another body; use a new key.")
    request = await session.get_one(ServiceRequest, row.service_request_id)
    return Opened(
        request.id, request.tracking_number, request.status_key, request.given.get("language")
    )


def key_hash(key: str) -> bytes:
    """SHA-256 of a key that only its sender can know (an upload's 32 random hex digits), the
    primary key of its row."""
    return hashlib.sha256(key.encode()).digest()


def sender_key_hash(request: Request, key: str) -> bytes:
    """SHA-256 of a key that anybody may choose, together with its sender, the primary key of its
    row.

    The sender is the network address as allowances count it (`counted_as`): a key of one sender
    neither finds nor blocks what another sends under the same key.
    """
    host = counted_as(request.client.host if request.client else "-")
    return hashlib.sha256(json.dumps([host, key]).encode()).digest()


def _fingerprint(sha256: bytes, fields: dict[str, str]) -> bytes:
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(sha256 + text.encode()).digest()


_OPENAPI = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["audio"],
                    "properties": {
                        "audio": {"type": "string", "format": "binary"},
                        "language": {"type": "string"},
                        **{
                            name: {"type": "string", "maxLength": row.length}
                            for name, row in SENT.items()
                        },
                        "recorded_at": {"type": "string", "format": "date-time"},
                        "household": {"type": "string"},
                    },
                }
            }
        },
    }
}
