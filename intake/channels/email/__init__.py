"""Voicemail from telephone systems, which send a mail with the recording attached.

An SMTP or LMTP listener runs in the web process. Each recording becomes a voicemail; a mail without
one becomes a request that an operator reads. We answer 250 only once everything is on the disk: in
the database, or, while the database is unreachable, in the spool. Mails are never answered by mail.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, cast

from fastapi import APIRouter

from intake.channels import options_of
from intake.channels.email import sender_check
from intake.channels.email.header_limits import trimmed
from intake.channels.email.listener import Listener
from intake.channels.email.options import Options
from intake.channels.email.parse import Mail, parse_mail
from intake.channels.email.parse_child import parse_apart
from intake.channels.email.store import CHANNEL, MailStore, RawMail
from intake.errors import CannotSend, HuyingError
from intake.runtime import Parts
from intake.storage.db import is_away
from intake.storage.models import Message
from intake.storage.spool import Spool

__all__ = ["Email", "Options", "create"]

log = logging.getLogger("huying.email")
KIND = "mail"
DRAIN_SECONDS = 2.0
LISTEN_RETRY_SECONDS = 5.0
KEPT = "250 2.0.0 Kept"


class Email:
    """The listener, the spool, and the way of a mail from one to the other or to the database."""

    name = CHANNEL

    def __init__(self, parts: Parts, options: Options) -> None:
        self.parts = parts
        self.options = options
        self.spool = Spool(
            parts.settings.home / "spool" / CHANNEL,
            min_free_bytes=parts.settings.limits.min_free_bytes,
        )
        self.store = MailStore(parts, options)
        self.own_addresses = sender_check.OwnAddresses.of(parts.settings)
        self.listener = Listener(options, self.receive, self._has_room)
        self._parsing = asyncio.Semaphore(2)  # parsing takes several times a mail's size in memory
        self._apart = asyncio.Semaphore(2)  # odd mails wait for each other, not others for them

    def routes(self) -> APIRouter:
        """No routes: mail arrives at a port of its own."""
        return APIRouter()

    async def send(self, message: Message, address: str, data: Mapping[str, Any]) -> None:
        """Raises `CannotSend` always: the sender is a telephone system, not the resident."""
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

    async def receive(self, raw_mail: RawMail) -> str:
        """Store a mail durably; returns the SMTP answer (250, or 550 with the reason).

        Raises `DiskFull`, and what the database raises while it can be reached.
        """
        mail = await self._parse(raw_mail)
        options = self.options
        refusal = sender_check.refusal(mail, raw_mail.sender, self.own_addresses, options.max_hops)
        if refusal is not None:
            log.warning("email: refused a mail from %s: %s", raw_mail.client, refusal)
            return f"550 {refusal}"
        try:
            await self._store(raw_mail, mail)
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("email: the database is unreachable (%s); spooled", type(error).__name__)
            await self.spool.put(KIND, raw_mail.pack())
        return KEPT

    async def from_spool(self, kind: str, packed: bytes) -> None:
        """Store one mail of the spool in the database."""
        raw_mail = RawMail.unpack(packed)
        await self._store(raw_mail, await self._parse(raw_mail))

    async def _store(self, raw_mail: RawMail, mail: Mail) -> None:
        """Store the parsed mail; if that fails for good, the unparsed bytes, which an operator
        opens."""
        try:
            await self.store.store(raw_mail, mail)
        except Exception as error:
            if is_away(error) or isinstance(error, HuyingError):
                raise
            log.error("email: a mail can only be stored unparsed (%s)", type(error).__name__)
            await self.store.store(raw_mail, Mail(whole=False))

    async def _parse(self, raw_mail: RawMail) -> Mail:
        async with self._parsing:
            _, usual = await asyncio.to_thread(trimmed, raw_mail.raw)
            if usual:
                return await asyncio.to_thread(parse_mail, raw_mail.raw)
        async with self._apart:
            log.warning("email: a mail from %s breaks a limit of headers", raw_mail.client)
            return await parse_apart(raw_mail.raw)

    def _has_room(self) -> bool:
        limit = self.parts.settings.limits.min_free_bytes + self.options.max_bytes
        return min(self.parts.blobs.free_bytes(), self.spool.free_bytes()) >= limit

    async def _listen(self) -> None:
        """Listen; while the port is in use (by a process that is about to stop), try again."""
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
                await asyncio.sleep(LISTEN_RETRY_SECONDS)
            else:
                log.info("email: listening on %s (%s)", where, self.options.protocol)
                return

    async def _drain(self) -> None:
        while True:
            try:
                if drained := await self.spool.drain(self.from_spool):
                    log.info("email: stored %d mails from the spool", drained)
            except (OSError, HuyingError) as error:
                log.error("email: the spool can't be drained: %s", type(error).__name__)
            await asyncio.sleep(DRAIN_SECONDS)


def create(parts: Parts) -> Email:
    """The e-mail channel of this process.

    Raises `SettingsError` for bad options, or when the spool can't be written.
    """
    return Email(parts, cast(Options, options_of(parts.settings, CHANNEL)))
