"""Voice messages and pictures: a job fetches them, because WeChat keeps them for only three days.

The job is retried with growing waits as long as WeChat keeps the file. After about a minute of
failures the operators get a request that says so, and when the file is lost the resident is told.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import procrastinate
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.channels import options_of
from intake.channels.wechat.api import NO_SUCH_MEDIA, Api, Fetched
from intake.channels.wechat.inbound import Incoming
from intake.channels.wechat.options import Options
from intake.conversation import inbound as conversation_inbound
from intake.conversation import outbox
from intake.conversation.inbound import Inbound, Media
from intake.errors import BackendError, DiskFull, Unavailable
from intake.lifecycle import Actor, Status
from intake.locale import reason, say
from intake.runtime import Parts
from intake.service_requests import Author, Opening
from intake.storage.jobs import app, defer
from intake.storage.models import Conversation, Message, ServiceRequest, WechatMedia
from intake.storage.retry import Patience
from speech import AudioInfo, decoders
from speech.errors import SpeechError

log = logging.getLogger("huying.wechat")
JOB = "wechat_media"
KEPT = timedelta(days=3)
YOUNG = timedelta(minutes=10)
PATIENCE = Patience(110, first_seconds=1, longest_seconds=3600)  # more than three days in all
TELL_AFTER = 7  # failures, after about a minute
WORKER = Author(Actor.WORKER)
_MAGIC = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"GIF8", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
    (b"ftyp", 4, "video/mp4"),
)
_LEFT_BEHIND = text(
    """
    SELECT media.id FROM wechat_media AS media
    WHERE media.ended_at IS NULL AND media.created_at < now() - interval '2 minutes'
      AND NOT EXISTS (
          SELECT 1 FROM procrastinate_jobs AS job
          WHERE job.task_name = 'wechat_media' AND job.status IN ('todo', 'doing')
            AND (job.args ->> 'wechat_media_id')::bigint = media.id
      )
    """
)


async def note(session: AsyncSession, incoming: Incoming) -> bool:
    """Store what must be fetched and defer its job; False for a message that is stored already."""
    statement = (
        insert(WechatMedia)
        .values(
            openid=incoming.openid,
            external_id=incoming.external_id,
            kind=incoming.kind,
            media_id=incoming.media_id,
            received_at=incoming.received_at,
        )
        .on_conflict_do_nothing(index_elements=["openid", "external_id"])
        .returning(WechatMedia.id)
    )
    found: int | None = (await session.execute(statement)).scalar_one_or_none()
    if found is not None:
        await _start(session, found)
    return found is not None


async def start_again(session: AsyncSession) -> int:
    """Defer a job for each file that lost its own, for instance when its worker crashed too often.

    Returns how many.
    """
    left = (await session.scalars(_LEFT_BEHIND)).all()
    for found in left:
        await _start(session, found)
    return len(left)


async def forget(session: AsyncSession, now: datetime) -> None:
    """Delete the rows of files that were settled more than six days ago, twice as long as WeChat
    keeps a file."""
    await session.execute(delete(WechatMedia).where(WechatMedia.ended_at < now - 2 * KEPT))


async def _start(session: AsyncSession, wechat_media_id: int) -> None:
    lock = f"wechat-media-{wechat_media_id}"
    await defer(session, JOB, queueing_lock=lock, queue="chat", wechat_media_id=wechat_media_id)


@app.task(name=JOB, pass_context=True, retry=PATIENCE)
async def run(context: procrastinate.JobContext, /, wechat_media_id: int) -> None:
    """The job: fetch one file and store the message that it belongs to."""
    parts: Parts = context.additional_context["parts"]
    try:
        await fetch(parts, wechat_media_id)
    except Exception as error:
        code = str(getattr(error, "code", None) or type(error).__name__)
        log.warning("media %s can't be fetched: %s", wechat_media_id, code)
        if not PATIENCE.will_retry(error, context.job):
            await lose(parts, wechat_media_id, code)
        elif context.job.attempts + 1 == TELL_AFTER:
            await tell_operators(parts, wechat_media_id, code)
        raise


async def fetch(parts: Parts, wechat_media_id: int) -> None:
    """Fetch and store one file's bytes, then its message. A row that is settled is left alone.

    Raises `BackendError` (from WeChat), `DiskFull`, `Unavailable` for an empty answer.
    """
    async with parts.sessions() as session:
        row = await session.get(WechatMedia, wechat_media_id)
    if row is None or row.ended_at is not None:
        return
    age = datetime.now(UTC) - row.received_at
    if age > KEPT:
        raise BackendError("WeChat has deleted it.", code="wechat_expired", retryable=False)
    if parts.blobs.free_bytes() < parts.settings.limits.min_free_bytes:
        raise DiskFull("There is no room for more recordings.")
    options = options_of(parts.settings, "wechat")
    assert isinstance(options, Options)
    api = Api(options, parts.outgoing, parts.sessions)
    try:
        fetched = await api.media(row.media_id, parts.settings.limits.max_bytes)
    except BackendError as error:
        # An operator can correct a wrong secret or raise a limit while WeChat keeps the file.
        gone = getattr(error, "errcode", None) in NO_SUCH_MEDIA and age > YOUNG
        error.retryable = not gone and error.code != "answer_too_large"
        raise
    if not fetched.content:
        raise Unavailable("WeChat sent nothing.", code="wechat_empty")
    await _store(parts, row, fetched)


async def _store(parts: Parts, row: WechatMedia, fetched: Fetched) -> None:
    writer, stored = parts.blobs.writer(), False
    try:
        writer.write(fetched.content)
        info = await writer.finish(_audio_info if row.kind == "voice" else lambda _: None)
        kind = media_type(row.kind, fetched)
        media = Media(writer.key, writer.sha256, writer.size, kind, info)
        inbound = Inbound(
            channel="wechat",
            address=row.openid,
            external_id=row.external_id,
            received_at=row.received_at,
            kind="voice" if row.kind == "voice" else "image",
            media=media,
        )
        async with parts.sessions.begin() as session:
            current = await session.get_one(WechatMedia, row.id, with_for_update=True)
            if current.ended_at is not None:
                return
            current.ended_at, current.error_code = datetime.now(UTC), None
            stored = await conversation_inbound.take_in(session, inbound, parts) is not None
    finally:
        if not stored:
            writer.abort()


def _audio_info(path: Path) -> AudioInfo | None:
    """The file's format; None for an unknown one, which an operator will check."""
    try:
        return decoders.probe(path)
    except SpeechError:
        return None


def media_type(kind: str, fetched: Fetched) -> str:
    """The media type: of a voice message as WeChat declares it, of others by the first bytes."""
    if kind == "voice":
        said = fetched.media_type
        return said if said.startswith("audio/") else "application/octet-stream"
    for magic, at, found in _MAGIC:
        if fetched.content[at : at + len(magic)] == magic:
            return found
    return "application/octet-stream"


async def tell_operators(parts: Parts, wechat_media_id: int, code: str) -> None:
    """Open a request in review, once, that says the file can't be fetched; the job goes on."""
    async with parts.sessions.begin() as session:
        row = await session.get_one(WechatMedia, wechat_media_id, with_for_update=True)
        if row.ended_at is None and row.service_request_id is None:
            await _review(session, row, "wechat_media_late", code)


async def lose(parts: Parts, wechat_media_id: int, code: str) -> None:
    """Settle a file that can't be fetched any more: a request in review says who sent it, and the
    resident is told."""
    async with parts.sessions.begin() as session:
        row = await session.get_one(WechatMedia, wechat_media_id, with_for_update=True)
        if row.ended_at is not None:
            return
        row.ended_at, row.error_code = datetime.now(UTC), code
        request = await _review(session, row, "wechat_media_lost", code)
        conversation_id = request.conversation_id
        assert conversation_id is not None
        message = Message(
            conversation_id=conversation_id,
            service_request_id=request.id,
            direction="in",
            external_id=row.external_id,
            kind=row.kind,
            received_at=row.received_at,
            handled_at=func.now(),
        )
        session.add(message)
        await session.flush()
        words = say("wechat.media_lost", request.language, number=request.tracking_number)
        await outbox.reply(
            session,
            conversation_id,
            words,
            code="wechat_media_lost",
            language=request.language,
            service_request_id=request.id,
        )


async def _review(session: AsyncSession, row: WechatMedia, code: str, error: str) -> ServiceRequest:
    conversation = await _conversation(session, row.openid)
    if row.service_request_id is None:
        opening = Opening(
            channel="wechat",
            language=conversation.language,
            contact_point_id=conversation.contact_point_id,
            received_at=row.received_at,
        )
        opened = await service_requests.open_request(
            session, opening, by=WORKER, status=Status.NEEDS_REVIEW
        )
        row.service_request_id = opened.id
    request = await service_requests.lock(session, row.service_request_id)
    request.conversation_id = conversation.id
    await service_requests.review(session, request, [reason(code, error=error)], WORKER)
    return request


async def _conversation(session: AsyncSession, openid: str) -> Conversation:
    point = await service_requests.contact_point(session, "wechat", openid)
    await session.execute(
        insert(Conversation).values(contact_point_id=point).on_conflict_do_nothing()
    )
    return (
        await session.scalars(select(Conversation).where(Conversation.contact_point_id == point))
    ).one()
