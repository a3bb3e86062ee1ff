"""Stores a visitor's message in one transaction; only after that is it acknowledged."""

from __future__ import annotations

import logging
import math
import time
from datetime import UTC, datetime

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from intake.channels import _recordings, _upload
from intake.channels.webchat import history
from intake.channels.webchat.options import Options
from intake.channels.webchat.visitors import CLIENT_ID
from intake.conversation.inbound import Inbound, Media, take_in
from intake.errors import BadField, DiskFull, EmptyRecording, TooMany
from intake.network.addresses import counted_as
from intake.runtime import Parts

log = logging.getLogger("huying.webchat")


class Receiver:
    """Receives written and voice messages, as many per minute as the settings allow."""

    def __init__(self, parts: Parts, options: Options) -> None:
        self.parts, self.options = parts, options
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def allow(self, what: str, per_minute: int, who: str) -> None:
        """Count one event of the kind ``what`` for ``who``.

        Raises `TooMany`, with 1 to 60 seconds to wait, when ``per_minute`` are used up.
        """
        item = RateLimitItemPerMinute(per_minute)
        if await self._limiter.hit(item, what, who):
            return
        stats = await self._limiter.get_window_stats(item, what, who)
        wait = min(max(math.ceil(stats.reset_time - time.time()), 1), 60)
        raise TooMany("Too many messages in a minute.", retry_after_seconds=wait)

    async def receive_text(
        self,
        address: str,
        client_id: object,
        said: object,
        at: object,
        language: str | None,
        network: str,
    ) -> int:
        """Store a written message; returns its id, also when it was stored before.

        ``network``: the sender's address as `counted_as` counts it.
        ``at``: when the resident wrote it, in milliseconds since 1970; the message may have waited
        for a connection. Raises `BadField` for what our page never sends, `TooMany`.
        """
        if not isinstance(client_id, str) or not CLIENT_ID.fullmatch(client_id):
            raise BadField("The message needs an id of 8 to 64 letters and digits.")
        # PostgreSQL can store neither NUL nor lone surrogates.
        words = str(said or "").replace("\x00", "").encode("utf-8", "replace").decode().strip()
        if not words:
            raise BadField("There is nothing in the message.", code="empty")
        if len(words) > self.options.text_characters:
            raise BadField("The message is too long.", code="too_long")
        await self.allow("text", self.options.messages_per_minute, address)
        await self.allow("texts of a network", self.options.messages_per_address, network)
        inbound = Inbound(
            channel=history.NAME,
            address=address,
            external_id=client_id,
            received_at=self._moment(at),
            text=words,
            language=language,
        )
        message_id, _ = await self._store(inbound)
        return message_id

    async def receive_voice(self, request: Request, address: str) -> int:
        """Store a voice message; returns its id, also when it was stored before.

        A multipart body with ``audio`` and ``id``, and optionally ``at`` and ``language`` (as for
        `receive_text`). Raises `BadField`, `TooMany`, `DiskFull`, and what `_upload.receive`
        raises.
        """
        limits = self.parts.settings.limits
        await self.allow("voice", self.options.voices_per_minute, address)
        network = counted_as(request.client.host if request.client else "-")
        await self.allow("voices of a network", self.options.voices_per_address, network)
        if self.parts.blobs.free_bytes() < limits.min_free_bytes:
            raise DiskFull("There is no room for more recordings; ring a person instead.")
        upload = await _upload.receive(
            request,
            self.parts.blobs,
            file_field="audio",
            max_bytes=limits.max_bytes,
            seconds=limits.upload_seconds,
        )
        writer, fields = upload.writer, upload.fields
        stored = False
        try:
            client_id = fields.get("id", "")
            if not CLIENT_ID.fullmatch(client_id):
                raise BadField("The message needs an id of 8 to 64 letters and digits.")
            if writer is None:
                raise BadField("The field audio is missing.", field="audio")
            if writer.size == 0:
                raise EmptyRecording("The recording is empty.")
            info = await writer.finish(_recordings.accept)
            media_type = f"audio/{info.format or 'octet-stream'}"
            at = fields.get("at", "")
            inbound = Inbound(
                channel=history.NAME,
                address=address,
                external_id=client_id,
                received_at=self._moment(int(at) if at.isdecimal() else None),
                kind="voice",
                media=Media(writer.key, writer.sha256, writer.size, media_type, info),
                language=fields.get("language"),
            )
            message_id, stored = await self._store(inbound)
        finally:
            if writer is not None and not stored:
                writer.abort()
        return message_id

    async def _store(self, inbound: Inbound) -> tuple[int, bool]:
        """(message id, whether the message was new), committed."""
        async with self.parts.sessions.begin() as session:
            new = await take_in(session, inbound, self.parts)
            message_id = await self._notify_pages(session, inbound)
        return message_id, new is not None

    async def _notify_pages(self, session: AsyncSession, inbound: Inbound) -> int:
        """Notify the visitor's other pages, also those of other processes; the message's id."""
        found = await history.stored(session, inbound.address, inbound.external_id)
        await history.notify_pages(session, found[0])
        return found[1]

    def _moment(self, at: object) -> datetime:
        """When the resident wrote the message, in UTC; now when ``at`` is not plausible."""
        now = datetime.now(UTC)
        if isinstance(at, int | float) and not isinstance(at, bool):
            try:
                moment = datetime.fromtimestamp(at / 1000, UTC)
            except (ValueError, OverflowError, OSError):
                return now
            within = self.parts.settings.limits.recorded_within_days
            return _recordings.believed(moment, within) or now
        return now
