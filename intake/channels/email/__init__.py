"""Voicemail as telephone systems send it: a mail with the recording attached.

An SMTP or LMTP listener inside the web process. Each recording joins the voicemail path; a mail
without one waits for a person who reads it. 250 is said only when all is on the disk: in the
database, or, while that is away, in the spool. Nobody is ever answered by mail.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, cast

from fastapi import APIRouter

from intake.channels import options_of
from intake.channels.email import sender_check
from intake.channels.email.listener import Listener
from intake.channels.email.options import Options
from intake.channels.email.parse import Mail, read
from intake.channels.email.store import CHANNEL, Keeper, Letter
from intake.errors import CannotSend, HuyingError
from intake.runtime import Parts
from intake.storage.db import is_away
from intake.storage.models import Message
from intake.storage.spool import Spool

__all__ = ["Email", "Options", "create"]

log = logging.getLogger("huying.email")
KIND = "mail"
DRAIN_SECONDS = 2.0
LISTEN_AGAIN_SECONDS = 5.0
KEPT = "250 2.0.0 Kept"


class Email:
    """The listener, the spool, and what becomes of a mail."""

    name = CHANNEL

    def __init__(self, parts: Parts, options: Options) -> None:
        self.parts = parts
        self.options = options
        self.spool = Spool(
            parts.settings.home / "spool" / CHANNEL,
            min_free_bytes=parts.settings.limits.min_free_bytes,
        )
        self.keeper = Keeper(parts, options)
        self.ourselves = sender_check.Ourselves.of(parts.settings)
        self.listener = Listener(options, self.take, self._has_room)
        self._reading = asyncio.Semaphore(2)  # a mail in pieces takes several times its size

    def routes(self) -> APIRouter:
        """None: mail comes in by its own port."""
        return APIRouter()

    async def send(self, message: Message, address: str, data: Mapping[str, Any]) -> None:
        """Raises `CannotSend`: telephone systems and their bounces are not answered."""
        raise CannotSend(
            "Mails are not answered; ring the resident.", code="email_not_answered", retryable=False
        )

    async def run(self) -> None:
        """Listen and drain the spool until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen())
                group.create_task(self._drain())
        finally:
            self.listener.close()

    async def take(self, letter: Letter) -> str:
        """Keep a mail for good and return the answer to its sender. Raises `DiskFull`."""
        mail = await self._read(letter)
        options = self.options
        refusal = sender_check.refusal(mail, letter.sender, self.ourselves, options.max_hops)
        if refusal is not None:
            log.warning("email: refused one from %s: %s", letter.client, refusal)
            return f"550 {refusal}"
        try:
            await self._keep(letter, mail)
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("email: the database is away (%s); spooled", type(error).__name__)
            await self.spool.put(KIND, letter.pack())
        return KEPT

    async def from_spool(self, kind: str, packed: bytes) -> None:
        """Keep one mail that waited."""
        letter = Letter.unpack(packed)
        await self._keep(letter, await self._read(letter))

    async def _keep(self, letter: Letter, mail: Mail) -> None:
        """Keep it as it was read; if that fails for good, as bytes that a person opens."""
        try:
            await self.keeper.keep(letter, mail)
        except Exception as error:
            if is_away(error) or isinstance(error, HuyingError):
                raise
            log.error("email: a mail can only be kept as it came (%s)", type(error).__name__)
            await self.keeper.keep(letter, Mail(whole=False))

    async def _read(self, letter: Letter) -> Mail:
        async with self._reading:
            return await asyncio.to_thread(read, letter.raw)

    def _has_room(self) -> bool:
        limit = self.parts.settings.limits.min_free_bytes + self.options.max_bytes
        return min(self.parts.blobs.free_bytes(), self.spool.free_bytes()) >= limit

    async def _listen(self) -> None:
        """Listen; while the port is taken (an earlier process that still ends), try again."""
        where = f"{self.options.host}:{self.options.port}"
        while True:
            try:
                await self.listener.start()
            except OSError as error:
                log.error(
                    "email: can't listen on %s (%s); set [channels.email] host and port",
                    where,
                    error.strerror,
                )
                await asyncio.sleep(LISTEN_AGAIN_SECONDS)
            else:
                log.info("email: listening on %s (%s)", where, self.options.protocol)
                return

    async def _drain(self) -> None:
        while True:
            try:
                if taken := await self.spool.drain(self.from_spool):
                    log.info("email: %d mails came out of the spool", taken)
            except (OSError, HuyingError) as error:
                log.error("email: the spool can't be drained: %s", type(error).__name__)
            await asyncio.sleep(DRAIN_SECONDS)


def create(parts: Parts) -> Email:
    """The channel of this process. Raises `SettingsError`, also when the spool can't be written."""
    return Email(parts, cast(Options, options_of(parts.settings, CHANNEL)))
