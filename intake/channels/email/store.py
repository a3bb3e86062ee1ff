"""A mail becomes service requests: one for each recording, one for a person to read without any.

Everything is fsynced and committed when `Keeper.keep` returns, and keeping the same mail again
changes nothing: the spool and every mail server may bring one twice.
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
from intake.storage.models import Attachment, IdempotencyKey, Message, Recording, ServiceRequest
from intake.understanding import safety
from intake.understanding.spoken_text import Heard
from speech import AudioInfo

log = logging.getLogger("huying.email")
CHANNEL = "email"
DATABASE_SECONDS = 20.0
MAIL_TYPE = "message/rfc822"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it came: its bytes, the envelope's sender, the client's address, when."""

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
    def unpack(cls, packed: bytes) -> Letter:
        head, _, raw = packed.partition(b"\n")
        envelope = json.loads(head)
        received_at = datetime.fromisoformat(envelope.pop("received_at"))
        return cls(raw=raw, received_at=received_at, **envelope)


@dataclass(slots=True)
class _Piece:
    """One file on the disk: a part of the mail, or the mail itself. ``info``: it is a recording."""

    writer: BlobWriter
    media_type: str
    name: str | None
    info: AudioInfo | None = None


class Keeper:
    """Keeps mails for one process."""

    def __init__(self, parts: Parts, options: Options) -> None:
        self.parts = parts
        self.options = options

    async def keep(self, letter: Letter, mail: Mail) -> bool:
        """Keep a mail that was read from ``letter.raw``; False if it was known already.

        Raises `DiskFull`, and what the database raises; nothing was promised then.
        """
        pieces: list[_Piece] = []
        committing = False
        try:
            unheard = False
            for part in mail.parts:
                piece = await self._store(part, pieces)
                unheard |= part.sounds and piece.info is None
            heard = [piece for piece in pieces if piece.info is not None]
            unheard |= bool(heard) and not mail.whole
            if unheard or not heard:
                await self._store(Part(letter.raw, MAIL_TYPE, None, False), pieces)
            others = [piece for piece in pieces if piece.info is None]
            keys = _keys(letter, mail)
            async with asyncio.timeout(DATABASE_SECONDS), self.parts.sessions() as session:
                if await self._known(session, *keys):
                    return False
                opened = [await self._voicemail(session, letter, mail, p) for p in heard]
                if unheard or not heard:
                    opened.insert(0, await self._written(session, letter, mail, unheard))
                await self._note(session, mail, opened, others)
                for key in keys:
                    await session.merge(
                        IdempotencyKey(
                            key_sha256=key,
                            body_sha256=hashlib.sha256(letter.raw).digest(),
                            service_request_id=opened[0].id,
                            created_at=datetime.now(UTC),
                        )
                    )
                await session.flush()
                committing = True
                await session.commit()
            log.info("kept a mail: %d recordings, %d other files", len(heard), len(others))
            return True
        finally:
            if not committing:  # a commit whose answer was lost may have succeeded
                for piece in pieces:
                    piece.writer.abort()

    async def _store(self, part: Part, pieces: list[_Piece]) -> _Piece:
        """Bring a part to the disk; with what it is, if the voicemail door would take it."""
        limits = self.parts.settings.limits
        piece = _Piece(self.parts.blobs.writer(), part.media_type, part.name)
        pieces.append(piece)
        await asyncio.to_thread(piece.writer.write, part.content)
        if part.sounds and len(part.content) <= limits.max_bytes:
            try:
                piece.info = await piece.writer.finish(
                    partial(_recordings.examine, max_seconds=limits.max_seconds)
                )
            except InputError as error:  # the bytes are safe all the same; a person listens
                log.info("a recording in a mail can't be taken: %s", error.code)
        else:
            await piece.writer.finish(lambda _: None)
        return piece

    async def _known(self, session: AsyncSession, mail_key: bytes, content_key: bytes) -> bool:
        """Did it come before? Waits for another process that is keeping it just now."""
        await _recordings.one_at_a_time(session, mail_key, content_key)
        since = datetime.now(UTC) - timedelta(hours=self.options.same_within_hours)
        rows = await session.scalars(
            select(IdempotencyKey).where(IdempotencyKey.key_sha256.in_([mail_key, content_key]))
        )
        return any(row.key_sha256 == mail_key or row.created_at > since for row in rows)

    async def _voicemail(
        self, session: AsyncSession, letter: Letter, mail: Mail, piece: _Piece
    ) -> Opened:
        assert piece.info is not None
        recording: Recording = _recordings.row(piece.writer, piece.info, self._recorded_at(mail))
        return await _recordings.open_voicemail(
            session, CHANNEL, recording, self._given(mail), received_at=letter.received_at
        )

    async def _written(
        self, session: AsyncSession, letter: Letter, mail: Mail, unheard: bool
    ) -> Opened:
        """A request that a person reads; danger in its words calls the people on duty."""
        given = self._given(mail)
        words = "\n".join(part for part in (mail.subject, mail.text) if part)
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
            received_at=self._recorded_at(mail) or letter.received_at,
        )
        by = Author(Actor.DOOR)
        opened = await service_requests.open_request(
            session, opening, by=by, status=Status.NEEDS_REVIEW
        )
        request = await session.get_one(ServiceRequest, opened.id)
        request.text = words
        reasons = [reason("mail_recording_unreadable") if unheard else reason("written_mail")]
        if safety.read_safety(Heard.of(words, spoken=False)).urgency == "emergency":
            await service_requests.declare_emergency(session, request)
            reasons.insert(0, reason("emergency"))
        await service_requests.review(session, request, reasons, by)
        return opened

    async def _note(
        self, session: AsyncSession, mail: Mail, opened: Sequence[Opened], files: Sequence[_Piece]
    ) -> None:
        """The mail's own words beside each request; its other files beside the first."""
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


def _keys(letter: Letter, mail: Mail) -> tuple[bytes, bytes]:
    """By what the same mail is known again: its Message-ID, and what it says.

    Some systems give every mail the same Message-ID, so what it holds counts too. A recording
    is never the same twice; words may be, so that their Date counts too.
    """
    sounds = sorted(hashlib.sha256(part.content).hexdigest() for part in mail.parts if part.sounds)
    words = [mail.sender or letter.sender.lower(), mail.subject, mail.text]
    if not mail.whole:
        words.append(hashlib.sha256(letter.raw).hexdigest())
    if not sounds:
        files = sorted(hashlib.sha256(part.content).hexdigest() for part in mail.parts)
        words += [mail.header("date"), *files]
    content = _digest("mail-content", *words, *sounds)
    if not mail.message_id:
        return content, content
    return _digest("mail-id", mail.message_id, *(sounds or words)), content


def _digest(*texts: str) -> bytes:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).digest()
