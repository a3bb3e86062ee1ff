"""Uploads from the resident's page: pieces of a recording arrive while the resident is speaking.

The protocol is tus 1.0. Every piece is fsynced before it is acknowledged. An upload without a new
piece for ten minutes (`idle_seconds`) becomes a voicemail of what has arrived, whatever it is, also
after a restart of this process. A page that lost our answer finds its tracking number by the key
that it chose.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.routing import Route

from intake import channels
from intake.channels.page import finish_upload
from intake.channels.page.finish_upload import CHANNEL
from intake.channels.page.options import Options
from intake.channels.page.store import HEX, Uploads
from intake.channels.page.tus_guard import PATH, TusGuard
from intake.channels.page.upload_metadata import expired
from intake.channels.voicemail import answer, key_hash, sender_key_hash
from intake.errors import BadField, NotFound
from intake.runtime import Parts
from intake.service_requests import Opened
from intake.storage.models import Message

__all__ = ["Options", "Page", "create"]
log = logging.getLogger("huying.page")
NO_STORE = {"Cache-Control": "no-store"}


class Page:
    """``/api/uploads/``."""

    name = CHANNEL

    def __init__(self, parts: Parts, options: Options) -> None:
        self.parts, self.options = parts, options
        self.uploads = Uploads(
            parts.settings.home / "uploads",
            parts.link_secrets,
            keep=timedelta(days=options.keep_days),
        )
        self.guard = TusGuard(parts, options, self.uploads, self.complete)

    def routes(self) -> APIRouter:
        router = APIRouter(tags=["the resident's page"])
        router.add_api_route(
            f"{PATH}/by-key/{{key}}",
            self.by_key,
            methods=["GET"],
            summary="Find an upload, or its number, by the sender's own key",
        )
        for path in (f"{PATH}", f"{PATH}/", f"{PATH}/{{upload}}"):
            router.routes.append(Route(path, self.guard, include_in_schema=False))
        return router

    async def send(self, message: Message, address: str, data: Mapping[str, Any]) -> None:
        """Do nothing: the resident's page shows the stored messages, and there is no other way to
        reach the sender of an upload."""

    async def complete(self, uid: str) -> None:
        """Make the voicemail of an upload whose last byte is on the disk.

        Raises what the database raises; after that `sweep` tries again.
        """
        await finish_upload.receive(self.parts, self.uploads, uid)

    async def by_key(self, key: str, request: Request) -> JSONResponse:
        """The state of the upload with the client's own ``key`` (32 hex digits).

        ``received`` with the tracking number and how many ``bytes`` are stored (null once they are
        erased); ``partial`` with the ``url`` and ``offset`` of the next piece; ``finishing`` while
        the voicemail is being made. 404 for an unknown key.

        A client that has more than those bytes uploads the whole recording once more, under the
        same key.
        """
        if not HEX.fullmatch(key):
            raise BadField("The key must be 32 hex digits.", field="key")
        uid = self.uploads.id_of(key)
        note = self.uploads.note(uid)
        digests = key_hash(key), sender_key_hash(request, key)
        if note is None:
            known = await finish_upload.known(self.parts, *digests)
            if known is None:
                raise NotFound("There is no upload with this key.")
            return await self._received(known)
        where = {"url": f"{PATH}/{uid}", "offset": self.uploads.length(uid)}
        if note.ended or note.size == where["offset"]:
            made = await finish_upload.receive(self.parts, self.uploads, uid)
            if made is None:
                return _state("finishing", **where)
            return await self._received(made)
        early = await finish_upload.known(self.parts, *digests) if note.taken else None
        return _state("partial", **where, **(answer(self.parts, early) if early else {}))

    async def _received(self, made: Opened) -> JSONResponse:
        size = await finish_upload.size_of(self.parts, made)
        return _state("received", **answer(self.parts, made), bytes=size)

    async def run(self) -> None:
        """`sweep` every ``look_seconds``, the first time at once: a restart finds the uploads of
        the process before."""
        while True:
            await self.sweep()
            await asyncio.sleep(self.options.look_seconds)

    async def sweep(self) -> None:
        """Make voicemails of complete and of idle uploads; remove expired and empty ones."""
        for uid in await asyncio.to_thread(self.uploads.ids):
            try:
                await self._settle(uid)
            except Exception as error:  # one upload's failure must not hold up the others
                log.warning("an upload could not be finished, will retry: %s", type(error).__name__)

    async def _settle(self, uid: str) -> None:
        note = self.uploads.note(uid)
        if note is None:
            return
        length = self.uploads.length(uid)
        if not note.ended and length > note.taken:
            if length == note.size or self._is_idle(uid):
                await finish_upload.receive(self.parts, self.uploads, uid)
            return
        if expired(note) or (length == 0 and not note.ended and self._is_idle(uid)):
            await asyncio.to_thread(self.uploads.remove, uid, with_note=True)

    def unfinished(self) -> int:
        """How many uploads have bytes that are not in a voicemail yet, or none so far."""
        return self.uploads.unfinished()

    def _is_idle(self, uid: str) -> bool:
        quiet = datetime.now(UTC) - self.uploads.touched_at(uid)
        return quiet.total_seconds() >= self.options.idle_seconds


def _state(state: str, **more: Any) -> JSONResponse:
    more.pop("status", None)
    return JSONResponse({"state": state, **more}, headers=NO_STORE)


def create(parts: Parts) -> Page:
    """The page channel of this process."""
    options = channels.options_of(parts.settings, CHANNEL)
    assert isinstance(options, Options)
    return Page(parts, options)
