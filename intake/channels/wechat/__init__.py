"""The WeChat Official Account: residents write or speak there, and are answered there.

WeChat wants an answer within 5 seconds, else it asks again, three times in all. So a callback is
checked, kept (in the database, or in the spool while that is away) and answered with nothing;
what there is to say goes out later through the customer-service interface, or, with
``reply_mode = "passive"``, in the answer to a callback.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from weakref import WeakValueDictionary

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect

from intake.channels import options_of
from intake.channels.wechat import media, menu, outbound, passive_reply, reply_window, xml
from intake.channels.wechat.api import Api
from intake.channels.wechat.crypto import KeyRing, check_fresh, check_signature, decrypt
from intake.channels.wechat.inbound import Incoming, understand
from intake.channels.wechat.options import Options
from intake.conversation import inbound as conversation_inbound
from intake.conversation.emergency import is_emergency
from intake.conversation.inbound import Inbound
from intake.errors import BackendError, CannotSend, InputError, NotAllowed, TooLarge
from intake.locale import say
from intake.runtime import Parts
from intake.storage.models import Message
from intake.storage.spool import Spool

__all__ = ["Options", "WeChat", "create"]

log = logging.getLogger("huying.wechat")
PATH = "/channels/wechat"
BODY_SECONDS = 2.0
KEEP_SECONDS = 0.7  # longer than this the database counts as away
PASSIVE_KEEP_SECONDS = 1.5  # there the answer tells what the database knows
SAY_SECONDS = 0.5  # room for writing an answer down
ANSWER_SECONDS = 4.5
DRAIN_SECONDS = 2.0
TIDY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Checked:
    """A callback that is WeChat's: its elements, and what its answer is closed with."""

    fields: Mapping[str, str]
    token: str
    key: bytes | None


class WeChat:
    """``GET`` and ``POST /channels/wechat``."""

    name = "wechat"

    def __init__(self, parts: Parts) -> None:
        options = options_of(parts.settings, self.name)
        assert isinstance(options, Options)
        self.parts, self.options = parts, options
        self._taking: set[asyncio.Task[Any]] = set()
        self._one_by_one: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.api = Api(options, parts.outgoing, parts.sessions)
        self.spool = Spool(
            parts.settings.home / "spool" / self.name,
            min_free_bytes=parts.settings.limits.min_free_bytes,
        )

    def routes(self) -> APIRouter:
        router = APIRouter(tags=["wechat"])
        router.add_api_route(PATH, self.greet, methods=["GET"], summary="WeChat checks the address")
        router.add_api_route(PATH, self.receive, methods=["POST"], summary="WeChat's messages")
        return router

    async def send(self, message: Message, address: str, data: Mapping[str, Any]) -> None:
        """Bring a stored message to the follower ``address`` (openid); raises `CannotSend`."""
        if self.options.reply_mode == "passive":
            raise CannotSend(
                "This account may only answer; the message goes with her next one.",
                code="waits_for_next_inbound",
            )
        await outbound.send(self.api, self.parts.sessions, message, address)

    async def greet(self, request: Request) -> PlainTextResponse:
        """Prove to WeChat that this address is the account's: sign and send back ``echostr``."""
        query = request.query_params
        self._check_plain(self.options.key_ring(), query)
        return PlainTextResponse(query.get("echostr", ""))

    async def receive(self, request: Request) -> Response:
        """Take one callback; 200 as soon as it is safe on the disk."""
        until = time.monotonic() + ANSWER_SECONDS
        query, ring = request.query_params, self.options.key_ring()
        token = self._check_plain(ring, query)  # nobody else's body is read at all
        checked = self._check(ring, token, query, await _read(request))
        incoming = understand(checked.fields, datetime.now(UTC))
        if incoming is None:
            return Response()
        if self.options.reply_mode == "passive":
            text = await self._keep_and_answer(incoming, until)
            return self._answer(incoming, checked, text)
        await self._keep(incoming)
        return Response()

    async def run(self) -> None:
        """Beside the doors: drain the spool, start what was left behind, make the menu."""
        tidy_at, menu_is_made = 0.0, not self.options.create_menu
        while True:
            try:
                await self.spool.drain(self._drained)
                if time.monotonic() >= tidy_at:
                    tidy_at = time.monotonic() + TIDY_SECONDS
                    menu_is_made = menu_is_made or await self._make_menu()
                    await self._tidy()
            except Exception as error:  # the database is away, or WeChat
                log.warning("not tidied: %s", getattr(error, "code", type(error).__name__))
            await asyncio.sleep(DRAIN_SECONDS)

    def _check(self, ring: KeyRing, token: str, query: Mapping[str, str], body: bytes) -> _Checked:
        """Is the body WeChat's, and for this account? Raises `NotAllowed`, `InputError`."""
        fields, key = xml.read(body), None
        if self.options.mode == "safe":
            closed = fields.get("Encrypt", "")
            token = check_signature(
                ring.tokens,
                query.get("msg_signature", ""),
                query.get("timestamp", ""),
                query.get("nonce", ""),
                closed,
            )
            opened = decrypt(ring, closed)
            fields, key = xml.read(opened.message), opened.key
        elif "Encrypt" in fields:
            raise InputError('The message is encrypted; set mode = "safe".', code="encrypted")
        account = self.options.account
        if account and not hmac.compare_digest(
            fields.get("ToUserName", "").encode(), account.encode()
        ):
            raise NotAllowed("The message is for another account.", code="not_for_us")
        return _Checked(fields, token, key)

    def _check_plain(self, ring: KeyRing, query: Mapping[str, str]) -> str:
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        token = check_signature(ring.tokens, query.get("signature", ""), timestamp, nonce)
        check_fresh(timestamp, time.time(), self.options.replay_seconds)
        return token

    async def _keep(self, incoming: Incoming) -> int | Literal["known", "spooled"]:
        """Into the database, or else into the spool.

        Returns "known" for what came before, else the newest message's id as it then was. The
        database is not waited for longer than `KEEP_SECONDS`; it may finish later all the same.
        What comes while something of hers waits in the spool waits behind it, unless somebody is
        in danger.
        """
        who = _kind_of(incoming.openid)
        async with self._one_by_one.setdefault(who, asyncio.Lock()):
            if await self.spool.holds(who) and not is_emergency(incoming.text or ""):
                await self.spool.put(who, incoming.pack())
                return "spooled"
            return await self._keep_now(incoming, who)

    async def _keep_now(self, incoming: Incoming, who: str) -> int | Literal["known", "spooled"]:
        taking = asyncio.create_task(self._take(incoming))
        self._keep_track(taking)
        passively = self.options.reply_mode == "passive"
        seconds = PASSIVE_KEEP_SECONDS if passively else KEEP_SECONDS
        await asyncio.wait({taking}, timeout=seconds)
        error = taking.exception() if taking.done() else TimeoutError()
        if error is None:
            found = taking.result()
            return "known" if found is None else found
        # Whatever it was: WeChat asks three times, and then never again.
        log.warning("kept in the spool: %s", type(error).__name__)
        name = await self.spool.put(who, incoming.pack())
        if not taking.done():
            self._keep_track(asyncio.create_task(self._forget(name, taking)))
        return "spooled"

    async def _forget(self, name: str, taking: asyncio.Task[int | None]) -> None:
        """The database was slow, not away: what it took after all need not be taken again."""
        with suppress(Exception):
            await taking
            await self.spool.forget(name)

    def _keep_track(self, task: asyncio.Task[Any]) -> None:
        """Nobody else holds it."""
        self._taking.add(task)
        task.add_done_callback(self._taken)

    def _taken(self, taking: asyncio.Task[Any]) -> None:
        self._taking.discard(taking)
        if not taking.cancelled():
            taking.exception()  # looked at, or too late to matter: the spool has it

    async def _take(self, incoming: Incoming) -> int | None:
        """Keep it in one transaction; None when it is known already."""
        async with self.parts.sessions.begin() as session:
            newest: int | None
            if incoming.media_id is not None:
                new = await media.note(session, incoming)
                newest = await passive_reply.newest(session) if new else None
            else:
                inbound = Inbound(
                    channel=self.name,
                    address=incoming.openid,
                    external_id=incoming.external_id,
                    received_at=incoming.received_at,
                    kind=incoming.kind,
                    text=incoming.text,
                    data=incoming.data,
                )
                newest = await conversation_inbound.take_in(session, inbound, self.parts)
            if newest is not None and incoming.opens is not None:
                await reply_window.opened(
                    session, incoming.openid, incoming.opens, incoming.received_at
                )
        return newest

    async def _drained(self, kind: str, payload: bytes) -> None:
        await self._take(Incoming.unpack(payload))

    async def _keep_and_answer(self, incoming: Incoming, until: float) -> str | None:
        """Keep it, and the text for the answer; None: answer with nothing.

        ``until``: the moment (monotonic) by which WeChat must have its answer.
        """
        kept = await self._keep(incoming)
        if kept == "spooled":
            return say("wechat.received", None)
        wait = min(self.options.passive_wait_seconds, until - time.monotonic() - SAY_SECONDS)
        with suppress(SQLAlchemyError, OSError):
            async with asyncio.timeout(max(wait, 0) + SAY_SECONDS):
                if kept == "known":
                    return await passive_reply.given_before(self.parts, incoming, wait)
                return await passive_reply.answer(self.parts, incoming, kept, wait)
        return None if kept == "known" else say("wechat.received", None)

    def _answer(self, incoming: Incoming, checked: _Checked, text: str | None) -> Response:
        if text is None:
            return Response()
        reply = xml.text_reply(incoming.openid, incoming.reply_from, text)
        if checked.key is not None:
            reply = xml.closed_reply(reply, checked.key, self.options.app_id, checked.token)
        return Response(reply, media_type="application/xml")

    async def _tidy(self) -> None:
        async with self.parts.sessions.begin() as session:
            if found := await media.start_again(session):
                log.warning("%s media had lost their job; it is started again", found)
            now = datetime.now(UTC)
            await passive_reply.forget(session, now)
            await media.forget(session, now)
            await reply_window.forget(session, now)

    async def _make_menu(self) -> bool:
        try:
            if await menu.ensure(self.api, self.options.menu_language):
                log.info("the menu is made")
        except BackendError as error:
            log.error("the menu can't be made: %s", error.sentence)
            return not error.retryable
        return True


def create(parts: Parts) -> WeChat:
    """The account of these settings."""
    return WeChat(parts)


def _kind_of(openid: str) -> str:
    """Under what a follower's messages lie in the spool: the name of a file tells nobody who."""
    return f"wechat{hashlib.sha256(openid.encode()).hexdigest()[:16]}"


async def _read(request: Request) -> bytes:
    """The whole body, if it is no longer than WeChat's can be."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > xml.MAX_BYTES:
                    raise TooLarge("WeChat sends no such long message.", limit=xml.MAX_BYTES)
    except (ClientDisconnect, TimeoutError):
        raise InputError("The message stopped in the middle.", code="cut") from None
    return bytes(body)
