"""Stores a mail as service requests: one for each recording, else one for an operator to read.

Everything is fsynced and committed when `MailStore.store` returns. Storing the same mail a second
time changes nothing, because the spool and any mail server may deliver a mail twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.channels import _recordings
from intake.channels.email import sender_check
from intake.channels.email.options import Options
from intake.channels.email.parse import Mail, Part
from intake.errors import InputError
from intake.lifecycle import Actor, Status
from intake.locale import reason
from intake.runtime import Parts
from intake.service_requests import Author, Opened, Opening
from intake.storage.blobs import BlobWriter
from intake.storage.jobs import defer
from intake.storage.models import Attachment, IdempotencyKey, Message, Recording, ServiceRequest
from intake.understanding import safety
from intake.understanding.spoken_text import Heard
from speech import AudioInfo

log = logging.getLogger("huying.email")
CHANNEL = "email"
DATABASE_SECONDS = 20.0
MAIL_TYPE = "message/rfc822"


@dataclass(frozen=True, slots=True)
class RawMail:
    """A mail as it arrived. ``sender``: the envelope's. ``client``: the sending machine's network
    address. ``received_at``: aware."""

    raw: bytes
    sender: str
    client: str
    received_at: datetime

    def pack(self) -> bytes:
        """For the spool: one line of JSON, then the mail."""
        envelope = {k: v for k, v in asdict(self).items() if k != "raw"}
        return json.dumps(envelope | {"received_at": self.received_at.isoformat()}).encode() + (
            b"\n" + self.raw
        )

    @classmethod
    def unpack(cls, packed: bytes) -> RawMail:
        """The mail from `pack`. Raises `ValueError`, `KeyError` or `TypeError` for other bytes."""
        head, _, raw = packed.partition(b"\n")
        envelope = json.loads(head)
        received_at = datetime.fromisoformat(envelope.pop("received_at"))
        return cls(raw=raw, received_at=received_at, **envelope)


@dataclass(slots=True)
class _StoredFile:
    """A file on the disk: a part of the mail, or the raw mail. ``info``: set for a recording."""

    writer: BlobWriter
    media_type: str
    name: str | None
    info: AudioInfo | None = None


class MailStore:
    """Stores mails, for one process."""

    def __init__(self, parts: Parts, options: Options) -> None:
        self.parts = parts
        self.options = options

    async def store(self, raw_mail: RawMail, mail: Mail) -> bool:
        """Store a mail that was parsed from ``raw_mail.raw``; False if it was stored before.

        Raises `DiskFull`, and what the database raises; then nothing is stored.
        """
        files: list[_StoredFile] = []
        committing = False
        try:
            unreadable = False
            for part in mail.parts:
                file = await self._write_part(part, files)
                unreadable |= part.is_audio and file.info is None
            recordings = [file for file in files if file.info is not None]
            unreadable |= bool(recordings) and not mail.whole
            if unreadable or not recordings:
                await self._write_part(Part(raw_mail.raw, MAIL_TYPE, None, False), files)
            others = [file for file in files if file.info is None]
            keys = _keys(raw_mail, mail)
            async with asyncio.timeout(DATABASE_SECONDS), self.parts.sessions() as session:
                if await self._is_known(session, *keys):
                    return False
                opened = [await self._voicemail(session, raw_mail, mail, r) for r in recordings]
                await self._check_danger(session, mail, opened)
                if unreadable or not recordings:
                    opened.insert(0, await self._written(session, raw_mail, mail, unreadable))
                await self._add_messages(session, mail, opened, others)
                for key in keys:
                    await session.merge(
                        IdempotencyKey(
                            key_sha256=key,
                            body_sha256=hashlib.sha256(raw_mail.raw).digest(),
                            service_request_id=opened[0].id,
                            created_at=datetime.now(UTC),
                        )
                    )
                await session.flush()
                committing = True
                await session.commit()
            log.info("stored a mail: %d recordings, %d other files", len(recordings), len(others))
            return True
        finally:
            if not committing:  # once begun, a commit may have succeeded though its answer was lost
                for file in files:
                    file.writer.abort()

    async def _write_part(self, part: Part, files: list[_StoredFile]) -> _StoredFile:
        """Write a part to the disk and append it to ``files``; ``info`` is set for a recording that
        the limits allow."""
        limits = self.parts.settings.limits
        file = _StoredFile(self.parts.blobs.writer(), part.media_type, part.name)
        files.append(file)
        await asyncio.to_thread(file.writer.write, part.content)
        if part.is_audio and len(part.content) <= limits.max_bytes:
            try:
                file.info = await file.writer.finish(
                    partial(_recordings.examine, max_seconds=limits.max_seconds)
                )
            except InputError as error:  # the bytes are stored all the same; an operator listens
                log.info("a recording in a mail can't be transcribed: %s", error.code)
        else:
            await file.writer.finish(lambda _: None)
        return file

    async def _is_known(self, session: AsyncSession, mail_key: bytes, content_key: bytes) -> bool:
        """Whether the mail was stored before. Waits for another process that is storing it."""
        await _recordings.one_at_a_time(session, mail_key, content_key)
        since = datetime.now(UTC) - timedelta(hours=self.options.same_within_hours)
        rows = await session.scalars(
            select(IdempotencyKey).where(IdempotencyKey.key_sha256.in_([mail_key, content_key]))
        )
        return any(row.key_sha256 == mail_key or row.created_at > since for row in rows)

    async def _voicemail(
        self, session: AsyncSession, raw_mail: RawMail, mail: Mail, file: _StoredFile
    ) -> Opened:
        assert file.info is not None
        recording: Recording = _recordings.row(file.writer, file.info, self._recorded_at(mail))
        return await _recordings.open_voicemail(
            session, CHANNEL, recording, self._given(mail), received_at=raw_mail.received_at
        )

    async def _check_danger(
        self, session: AsyncSession, mail: Mail, opened: Sequence[Opened]
    ) -> None:
        """Raise the alarm where the mail's text tells of danger: telephone systems send the
        transcript of a recording with it, and theirs may be better than ours."""
        if opened and _is_danger(_words(mail)):
            request = await service_requests.lock(session, opened[0].id)
            await service_requests.declare_emergency(session, request)

    async def _written(
        self, session: AsyncSession, raw_mail: RawMail, mail: Mail, unreadable: bool
    ) -> Opened:
        """A request that an operator reads; danger in its text raises the alarm."""
        given = self._given(mail)
        words = _words(mail)
        point = None
        if phone := given.get("phone"):
            point = await service_requests.contact_point(session, "phone", phone)
        elif mail.sender:
            point = await service_requests.contact_point(session, CHANNEL, mail.sender)
        opening = Opening(
            channel=CHANNEL,
            language=given.get("language"),
            contact_point_id=point,
            given=given,
            received_at=self._recorded_at(mail) or raw_mail.received_at,
        )
        by = Author(Actor.DOOR)
        opened = await service_requests.open_request(
            session, opening, by=by, status=Status.NEEDS_REVIEW
        )
        request = await session.get_one(ServiceRequest, opened.id)
        request.text = words
        reasons = [reason("mail_recording_unreadable") if unreadable else reason("written_mail")]
        if _is_danger(words):
            await service_requests.declare_emergency(session, request)
            reasons.insert(0, reason("emergency"))
        await service_requests.review(session, request, reasons, by)
        if words.strip():  # the same reading as everything else: Rasa, fields, doubtful danger
            await defer(session, "understand", service_request_id=request.id)
        return opened

    async def _add_messages(
        self,
        session: AsyncSession,
        mail: Mail,
        opened: Sequence[Opened],
        files: Sequence[_StoredFile],
    ) -> None:
        """Add the mail's text as a message to each request, its other files to the first."""
        names = [f"[{f.name or f.media_type}]" for f in files if f.media_type != MAIL_TYPE]
        text = "\n".join(part for part in (mail.subject, mail.text, *names) if part)
        messages = [
            Message(
                service_request_id=request.id,
                direction="in",
                external_id=mail.message_id or None,
                text=text,
            )
            for request in opened
        ]
        session.add_all(messages)
        await session.flush()
        for file in files:
            session.add(
                Attachment(
                    message_id=messages[0].id,
                    blob_key=file.writer.key,
                    media_type=file.media_type,
                )
            )

    def _given(self, mail: Mail) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if number := sender_check.caller(mail, self.options):
            given["phone"] = number
        if self.options.language:
            given["language"] = self.options.language
        return given

    def _recorded_at(self, mail: Mail) -> datetime | None:
        days = self.parts.settings.limits.recorded_within_days
        return _recordings.believed(mail.date, days) if mail.date is not None else None


def _words(mail: Mail) -> str:
    return "\n".join(part for part in (mail.subject, mail.text) if part)


def _is_danger(words: str) -> bool:
    return safety.read_safety(Heard.of(words, spoken=False)).urgency == "emergency"


def _keys(raw_mail: RawMail, mail: Mail) -> tuple[bytes, bytes]:
    """Two hashes by which the same mail is recognised: (of its Message-ID and content, of its
    content).

    Some systems give every mail the same Message-ID, so the content counts too. Two recordings are
    never the same; two texts may be, so without a recording the Date counts too.
    """
    audio = sorted(hashlib.sha256(part.content).hexdigest() for part in mail.parts if part.is_audio)
    words = [mail.sender or raw_mail.sender.lower(), mail.subject, mail.text]
    if not mail.whole:
        words.append(hashlib.sha256(raw_mail.raw).hexdigest())
    if not audio:
        files = sorted(hashlib.sha256(part.content).hexdigest() for part in mail.parts)
        words += [mail.header("date"), *files]
    content = _digest("mail-content", *words, *audio)
    if not mail.message_id:
        return content, content
    return _digest("mail-id", mail.message_id, *(audio or words)), content


def _digest(*texts: str) -> bytes:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).digest()
