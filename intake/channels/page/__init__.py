"""The resident's page brings recordings in pieces, while she still speaks: the tus protocol.

Every piece is on the disk before it is acknowledged. What is left alone for ten minutes becomes a
voicemail with what has arrived, also after this process died. By her page's own key the number is
found again when the answer was lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.routing import Route

from intake import channels
from intake.channels.page import finish_upload
from intake.channels.page.finish_upload import CHANNEL, Refused
from intake.channels.page.options import Options
from intake.channels.page.store import HEX, Uploads
from intake.channels.page.tus_guard import PATH, Door
from intake.channels.page.upload_metadata import expired
from intake.channels.voicemail import answer
from intake.errors import BadField, HuyingError, NotFound
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
        self.door = Door(parts, options, self.uploads, self.complete)

    def routes(self) -> APIRouter:
        router = APIRouter(tags=["the resident's page"])
        router.add_api_route(
            f"{PATH}/by-key/{{key}}",
            self.by_key,
            methods=["GET"],
            summary="Find an upload, or its number, by the sender's own key",
        )
        for path in (f"{PATH}", f"{PATH}/", f"{PATH}/{{upload}}"):
            router.routes.append(Route(path, self.door, include_in_schema=False))
        return router

    async def send(self, message: Message, address: str, data: Mapping[str, Any]) -> None:
        """Her page shows what is stored; there is no other way back to a recording."""

    async def complete(self, uid: str) -> None:
        """The last byte is on the disk: make the voicemail. Raises when that can't be done now;
        then `look` does it later."""
        made = await finish_upload.receive(self.parts, self.uploads, uid)
        if isinstance(made, Refused):
            raise UploadRefused(made)

    async def by_key(self, key: str) -> JSONResponse:
        """``received`` with the number and how many ``bytes`` are safe (null once they were
        erased), ``partial`` with where to go on, ``finishing`` while the voicemail is being made,
        ``refused`` with a sentence; 404 for a key never seen.

        A phone that has more than those bytes sends all of it anew, under the same key."""
        if not HEX.fullmatch(key):
            raise BadField("The key has 32 hex digits.", field="key")
        uid = self.uploads.id_of(key)
        note = self.uploads.note(uid)
        if note is None:
            known = await finish_upload.known(self.parts, key)
            if known is None:
                raise NotFound("Nothing of this key has come.")
            return await self._received(known)
        where = {"url": f"{PATH}/{uid}", "offset": self.uploads.length(uid)}
        if note.ended or note.size == where["offset"]:
            made = await finish_upload.receive(self.parts, self.uploads, uid)
            if isinstance(made, Refused):
                return _state("refused", code=made.code, message=made.sentence)
            if made is None:
                return _state("finishing", **where)
            return await self._received(made)
        early = await finish_upload.known(self.parts, key) if note.taken else None
        return _state("partial", **where, **(answer(self.parts, early) if early else {}))

    async def _received(self, made: Opened) -> JSONResponse:
        size = await finish_upload.size_of(self.parts, made)
        return _state("received", **answer(self.parts, made), bytes=size)

    async def run(self) -> None:
        """Look after the uploads until the end; the first look comes at once, after a restart."""
        while True:
            await self.look()
            await asyncio.sleep(self.options.look_seconds)

    async def look(self) -> None:
        """Make voicemails of what is whole or was left alone; forget what is over."""
        for uid in await asyncio.to_thread(self.uploads.ids):
            try:
                await self._look_at(uid)
            except Exception as error:  # one that can't be mended must not keep the others waiting
                log.warning("an upload waits: %s", type(error).__name__)

    async def _look_at(self, uid: str) -> None:
        note = self.uploads.note(uid)
        if note is None:
            return
        length = self.uploads.length(uid)
        if not note.ended and length > note.taken:
            if length == note.size or self._left_alone(uid):
                made = await finish_upload.receive(self.parts, self.uploads, uid)
                if made is None and self._left_alone(uid):
                    # Nothing in it can be told for sound. Its phone, if there is one, still has it.
                    await asyncio.to_thread(self.uploads.let_go, uid, all_of_it=True)
            return
        if expired(note) or (length == 0 and not note.ended and self._left_alone(uid)):
            await asyncio.to_thread(self.uploads.let_go, uid, all_of_it=True)

    def unfinished(self) -> int:
        """How many uploads are no voicemail yet."""
        return self.uploads.unfinished()

    def _left_alone(self, uid: str) -> bool:
        quiet = datetime.now(UTC) - self.uploads.touched_at(uid)
        return quiet.total_seconds() >= self.options.idle_seconds


class UploadRefused(HuyingError):
    """A whole upload that can't become a voicemail."""

    http_status = 422

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.sentence, code=refused.code)


def _state(state: str, **more: Any) -> JSONResponse:
    more.pop("status", None)
    return JSONResponse({"state": state, **more}, headers=NO_STORE)


def create(parts: Parts) -> Page:
    """The page's door of this process."""
    options = channels.options_of(parts.settings, CHANNEL)
    assert isinstance(options, Options)
    return Page(parts, options)
