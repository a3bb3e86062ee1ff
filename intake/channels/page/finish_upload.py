"""An upload becomes a voicemail, exactly once: after its last piece, when idle, or after a restart.

An idle upload becomes a voicemail of what has arrived. When the rest arrives after all, the request
keeps its number, gets the whole recording, and an operator listens to it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.accounts import households
from intake.channels import _recordings
from intake.channels.page.store import Uploads
from intake.channels.page.upload_metadata import Note
from intake.channels.voicemail import key_hash, read_leniently
from intake.lifecycle import ENDED, Actor, Status
from intake.locale import reason
from intake.runtime import Parts
from intake.service_requests import Author, Opened
from intake.storage.blobs import BlobWriter
from intake.storage.models import IdempotencyKey, Recording, ServiceRequest

log = logging.getLogger("huying.page")
CHANNEL = "page"
COPY_BYTES = 1 << 20


async def receive(parts: Parts, uploads: Uploads, uid: str) -> Opened | None:
    """Make a voicemail of all that has arrived, whatever it is, or replace its recording by a
    longer one.

    None while nothing has arrived. Raises what the database raises; the upload stays as it was, and
    the caller tries again later.
    """
    note = uploads.note(uid)
    if note is None:
        return None
    if note.ended:
        return await known(parts, *_digests(note))
    size = uploads.length(uid)
    if size == 0:
        return None
    writer = parts.blobs.writer()
    committing = False
    try:
        await asyncio.to_thread(_copy, uploads.data(uid), writer, size)
        info = await writer.finish(_recordings.accept)
        given = read_leniently(note.metadata, parts.settings.limits.recorded_within_days)
        recording = _recordings.row(writer, info, given.pop("recorded_at", None))
        async with parts.sessions() as session:
            opened, new = await _store(session, parts, note, recording, given)
            committing = new
            await session.commit()
    except FileNotFoundError:  # a concurrent call has made the voicemail and removed the bytes
        return await known(parts, *_digests(note))
    finally:
        if not committing:
            # Once the commit has begun it may have succeeded even if its answer was lost: the file
            # stays.
            writer.abort()
    await asyncio.to_thread(_mark_stored, uploads, uid, size)
    return opened


async def known(parts: Parts, *digests: bytes) -> Opened | None:
    """The voicemail that was made under one of these keys of a sender (`key_hash`,
    `sender_key_hash`), None without one."""
    async with parts.sessions() as session:
        row = await _row(session, digests)
        request = await session.get(ServiceRequest, row.service_request_id) if row else None
        return _opened(request) if request is not None else None


async def size_of(parts: Parts, opened: Opened) -> int | None:
    """Size of its recording in bytes; None once the recording is erased."""
    async with parts.sessions() as session:
        request = await session.get(ServiceRequest, opened.id)
        recording = await service_requests.recording_of(session, request) if request else None
        return recording.size_bytes if recording is not None else None


async def _store(
    session: AsyncSession, parts: Parts, note: Note, recording: Recording, given: dict[str, Any]
) -> tuple[Opened, bool]:
    """(the voicemail, whether it uses the new recording), in the caller's transaction."""
    digests = _digests(note)
    await _recordings.one_at_a_time(session, *digests)
    row = await _row(session, digests)
    request = await session.get(ServiceRequest, row.service_request_id) if row else None
    if request is not None:
        stored = await service_requests.recording_of(session, request)
        if stored is not None and recording.size_bytes <= stored.size_bytes:
            return _opened(request), False
    if request is not None and Status(request.status) not in ENDED:
        locked = await service_requests.lock(session, request.id)
        by = Author(Actor.DOOR, why="rest_arrived")
        await service_requests.hear_whole(session, locked, recording, reason("rest_arrived"), by)
        return _opened(locked), True
    household = await households.by_link(session, parts.link_secrets, given.pop("household", None))
    opened = await _recordings.open_voicemail(
        session, CHANNEL, recording, given, household=household
    )
    if row is None:
        row = IdempotencyKey(key_sha256=digests[0], body_sha256=recording.sha256)
        session.add(row)
    # A request that has ended is not opened again: the whole recording becomes a new request.
    row.service_request_id = opened.id
    await session.flush()
    return opened, True


def _digests(note: Note) -> list[bytes]:
    """The keys under which its sender may have left the same voicemail: in pieces, by the form."""
    return [key_hash(note.metadata["key"]), *filter(None, [bytes.fromhex(note.form_key)])]


async def _row(session: AsyncSession, digests: Sequence[bytes]) -> IdempotencyKey | None:
    rows = [await session.get(IdempotencyKey, digest) for digest in digests]
    return next((row for row in rows if row is not None), None)


def _opened(request: ServiceRequest) -> Opened:
    language = request.given.get("language")
    return Opened(request.id, request.tracking_number, request.status_key, language)


def _copy(source: Path, writer: BlobWriter, size: int) -> None:
    """Copy the first ``size`` bytes; another piece may be appended meanwhile."""
    left = size
    with source.open("rb") as file:
        while left and (chunk := file.read(min(COPY_BYTES, left))):
            writer.write(chunk)
            left -= len(chunk)


def _mark_stored(uploads: Uploads, uid: str, size: int) -> None:
    """Note that ``size`` bytes are in the voicemail; once it has all of them, end the upload."""
    if uploads.take(uid, size):
        uploads.remove(uid)
