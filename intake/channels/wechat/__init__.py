"""The WeChat Official Account: residents write or speak there, and are answered there.

WeChat expects an answer within 5 seconds, else it repeats the callback, three times in all. So a
callback is checked, stored (in the database, or in the spool while the database is unreachable) and
answered with an empty body. Our messages are sent later through the customer-service interface, or,
with ``reply_mode = "passive"``, in the answer to a callback.
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
KEEP_SECONDS = 0.7  # a database that takes longer counts as unreachable
PASSIVE_KEEP_SECONDS = 1.5  # longer, because a passive answer needs the database
SAY_SECONDS = 0.5  # reserved for storing a passive answer
ANSWER_SECONDS = 4.5
DRAIN_SECONDS = 2.0
TIDY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Checked:
    """A callback that WeChat signed: its elements, and the token and key for its answer."""

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
        self._tasks: set[asyncio.Task[Any]] = set()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
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
        """Send a stored message to the follower ``address`` (openid). Raises `CannotSend`."""
        if self.options.reply_mode == "passive":
            raise CannotSend(
                "This account may only answer; the message goes out with the next answer.",
                code="waits_for_next_inbound",
            )
        await outbound.send(self.api, self.parts.sessions, message, address)

    async def greet(self, request: Request) -> PlainTextResponse:
        """Prove to WeChat that this URL belongs to the account: check the signature and return
        ``echostr``."""
        query = request.query_params
        self._check_plain(self.options.key_ring(), query)
        return PlainTextResponse(query.get("echostr", ""))

    async def receive(self, request: Request) -> Response:
        """Receive one callback; 200 once it is stored in the database or the spool.

        Raises `NotAllowed` for a bad or old signature or another account, `InputError` for a body
        that WeChat would not send, `TooLarge`.
        """
        until = time.monotonic() + ANSWER_SECONDS
        query, ring = request.query_params, self.options.key_ring()
        token = self._check_plain(ring, query)  # before the body of an unsigned request is read
        checked = self._check(ring, token, query, await _read(request))
        incoming = understand(checked.fields, datetime.now(UTC))
        if incoming is None:
            return Response()
        if self.options.reply_mode == "passive":
            text = await self._store_and_answer(incoming, until)
            return self._answer(incoming, checked, text)
        await self._store(incoming)
        return Response()

    async def run(self) -> None:
        """In the background: drain the spool, restart lost media jobs, delete old rows, create the
        menu."""
        tidy_at, menu_is_made = 0.0, not self.options.create_menu
        while True:
            try:
                await self.spool.drain(self._drained)
                if time.monotonic() >= tidy_at:
                    tidy_at = time.monotonic() + TIDY_SECONDS
                    menu_is_made = menu_is_made or await self._make_menu()
                    await self._tidy()
            except Exception as error:  # the database or WeChat is unreachable
                code = getattr(error, "code", type(error).__name__)
                log.warning("background work failed, will retry: %s", code)
            await asyncio.sleep(DRAIN_SECONDS)

    def _check(self, ring: KeyRing, token: str, query: Mapping[str, str], body: bytes) -> _Checked:
        """Decrypt the body and check its signature and account.

        Raises `NotAllowed`, `InputError`.
        """
        fields, key = xml.read(body), None
        if self.options.mode == "safe":
            # The signature is made over the ciphertext alone, without blanks around its CDATA.
            closed = fields.get("Encrypt", "").strip()
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

    async def _store(self, incoming: Incoming) -> int | Literal["known", "spooled"]:
        """Store a message in the database, or else in the spool.

        Returns "known" for a message that was stored before, else the id of the newest message at
        that time. Waits for the database no longer than `KEEP_SECONDS`; the transaction may succeed
        after that. While a message of the same follower is in the spool, later ones are queued
        behind it, except an emergency.
        """
        who = _kind_of(incoming.openid)
        async with self._locks.setdefault(who, asyncio.Lock()):
            if await self.spool.holds(who) and not is_emergency(incoming.text or ""):
                await self.spool.put(who, incoming.pack())
                return "spooled"
            return await self._store_now(incoming, who)

    async def _store_now(self, incoming: Incoming, who: str) -> int | Literal["known", "spooled"]:
        storing = asyncio.create_task(self._insert(incoming))
        self._track(storing)
        passively = self.options.reply_mode == "passive"
        seconds = PASSIVE_KEEP_SECONDS if passively else KEEP_SECONDS
        await asyncio.wait({storing}, timeout=seconds)
        error = storing.exception() if storing.done() else TimeoutError()
        if error is None:
            found = storing.result()
            return "known" if found is None else found
        # Spool after any error: WeChat sends a message three times, and then never again.
        log.warning("stored in the spool: %s", type(error).__name__)
        name = await self.spool.put(who, incoming.pack())
        if not storing.done():
            self._track(asyncio.create_task(self._remove_spooled(name, storing)))
        return "spooled"

    async def _remove_spooled(self, name: str, storing: asyncio.Task[int | None]) -> None:
        """Remove the spooled copy if a database that was only slow has stored the message."""
        with suppress(Exception):
            await storing
            await self.spool.forget(name)

    def _track(self, task: asyncio.Task[Any]) -> None:
        """Hold a reference: asyncio itself keeps only a weak one to a task."""
        self._tasks.add(task)
        task.add_done_callback(self._untrack)

    def _untrack(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # marks it retrieved: the caller saw it, or the message is spooled

    async def _insert(self, incoming: Incoming) -> int | None:
        """Store a message in one transaction; None when it was stored before."""
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
        await self._insert(Incoming.unpack(payload))

    async def _store_and_answer(self, incoming: Incoming, until: float) -> str | None:
        """Store a message; returns the text of the answer, None for an empty answer.

        ``until``: when WeChat must have its answer, in seconds of `time.monotonic`.
        """
        stored = await self._store(incoming)
        if stored == "spooled":
            return say("wechat.received", None)
        wait = min(self.options.passive_wait_seconds, until - time.monotonic() - SAY_SECONDS)
        with suppress(SQLAlchemyError, OSError):
            async with asyncio.timeout(max(wait, 0) + SAY_SECONDS):
                if stored == "known":
                    return await passive_reply.given_before(self.parts, incoming, wait)
                return await passive_reply.answer(self.parts, incoming, stored, wait)
        return None if stored == "known" else say("wechat.received", None)

    def _answer(self, incoming: Incoming, checked: _Checked, text: str | None) -> Response:
        if text is None:
            return Response()
        reply = xml.text_reply(incoming.openid, incoming.reply_from, text)
        if checked.key is not None:
            reply = xml.encrypted_reply(reply, checked.key, self.options.app_id, checked.token)
        return Response(reply, media_type="application/xml")

    async def _tidy(self) -> None:
        async with self.parts.sessions.begin() as session:
            if found := await media.start_again(session):
                log.warning("restarted the lost jobs of %s media", found)
            now = datetime.now(UTC)
            await passive_reply.forget(session, now)
            await media.forget(session, now)
            await reply_window.forget(session, now)

    async def _make_menu(self) -> bool:
        try:
            if await menu.ensure(self.api, self.options.menu_language):
                log.info("created the menu")
        except BackendError as error:
            log.error("the menu can't be created: %s", error.sentence)
            return not error.retryable
        return True


def create(parts: Parts) -> WeChat:
    """The WeChat channel of this process."""
    return WeChat(parts)


def _kind_of(openid: str) -> str:
    """The spool's name for a follower's messages: a hash, so that file names identify nobody."""
    return f"wechat{hashlib.sha256(openid.encode()).hexdigest()[:16]}"


async def _read(request: Request) -> bytes:
    """The whole body. Raises `TooLarge` for more than `xml.MAX_BYTES`, `InputError` when it ends
    early or takes longer than `BODY_SECONDS`."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > xml.MAX_BYTES:
                    raise TooLarge("WeChat never sends so long a message.", limit=xml.MAX_BYTES)
    except (ClientDisconnect, TimeoutError):
        raise InputError("The message was cut off.", code="cut") from None
    return bytes(body)
