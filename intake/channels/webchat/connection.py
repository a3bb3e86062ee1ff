"""One page's WebSocket: the resident's messages are stored and acknowledged, new ones sent to it.

Frames are JSON objects with the kind of frame in ``t``. From the page: ``hello`` (token, last,
seen, language), ``say`` (id, text, at), ``ping``. To the page: ``welcome`` (token, new),
``message``, ``heard`` (id, text: the transcript of a voice message), ``synced``, ``typing`` (on),
``ack`` (client_id, id), ``later`` (client_id, seconds: the message was not stored, send it again
after so many), ``refused`` (client_id, code), ``pong``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import deque
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from intake.channels.webchat import history, visitors
from intake.channels.webchat.hub import Hub
from intake.channels.webchat.inbound import Receiver
from intake.errors import HuyingError
from intake.locale import languages
from intake.storage.db import is_away

log = logging.getLogger("huying.webchat")
HELLO_SECONDS = 10
SEND_SECONDS = 20
FRAME_BYTES = 64 * 1024
SEEN = 200
AWAY_SECONDS = 5
WRONG_SECONDS = 30
TOO_LONG, IDLE, BAD_FRAME = 1009, 4000, 1007


class Closed(Exception):
    """The connection has ended: we close it with ``code``, or the page did (None)."""

    def __init__(self, code: int | None = None) -> None:
        self.code = code


class Connection:
    """The connection of one page; `run` returns when it has ended.

    ``last``: the highest id of the messages that the page has. ``expects``: whether an answer is
    being prepared. ``network``: what messages and new visitors are counted by.
    """

    def __init__(self, socket: WebSocket, receiver: Receiver, hub: Hub, network: str) -> None:
        self.socket, self.receiver, self.hub, self.network = socket, receiver, hub, network
        self.address = ""
        self.conversation_id: int | None = None
        self.last = 0
        self.expects = False
        self.language: str | None = None
        self._seen: deque[int] = deque(maxlen=SEEN)
        self._untranscribed: set[int] = set()
        self._news = asyncio.Event()
        self._sending = asyncio.Lock()

    def wake(self) -> None:
        """Look in the database for new messages soon."""
        self._news.set()

    async def run(self) -> None:
        """Serve the page until it leaves, is idle, or violates the protocol."""
        await self.socket.accept()
        try:
            await self._greet(await self._frame(HELLO_SECONDS))
            with self.hub.joined(self):
                outgoing = asyncio.create_task(self._send_news())
                incoming = asyncio.create_task(self._receive_frames())
                done, left = await asyncio.wait(
                    {outgoing, incoming}, return_when=asyncio.FIRST_COMPLETED
                )
                for task in left:
                    task.cancel()
                await asyncio.gather(*left, return_exceptions=True)
                for task in done:
                    task.result()
        except Closed as closed:
            if closed.code is not None:
                with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                    await self.socket.close(closed.code)

    async def _greet(self, hello: dict[str, Any]) -> None:
        if hello.get("t") != "hello":
            raise Closed(BAD_FRAME)
        token, options = hello.get("token"), self.receiver.options
        keys = self.receiver.parts.link_secrets
        visitor = visitors.welcome(
            keys, token if isinstance(token, str) else None, options.visitor_days
        )
        if visitor.is_new:
            try:
                await self.receiver.allow("visitor", options.visitors_per_minute, self.network)
            except HuyingError as error:
                await self._send(t="later", client_id=None, seconds=error.retry_after_seconds)
                raise Closed(1013) from None
        else:
            self.last = _whole(hello.get("last"))
            seen = hello.get("seen")
            self._seen.extend(_whole(n) for n in (seen if isinstance(seen, list) else [])[-SEEN:])
        self.address = visitor.address
        language = hello.get("language")
        self.language = language if language in languages() else None
        await self._send(t="welcome", token=visitor.token, new=visitor.is_new)
        self._news.set()

    async def _receive_frames(self) -> None:
        while True:
            frame = await self._frame(self.receiver.options.idle_seconds)
            kind = frame.get("t")
            if kind == "say":
                await self._receive_text(frame)
            elif kind == "ping":
                await self._send(t="pong")
            else:
                raise Closed(BAD_FRAME)

    async def _receive_text(self, frame: dict[str, Any]) -> None:
        client_id = frame.get("id")
        try:
            message_id = await self.receiver.receive_text(
                self.address,
                client_id,
                frame.get("text"),
                frame.get("at"),
                self.language,
                self.network,
            )
        except HuyingError as error:
            if error.retryable:
                wait = error.retry_after_seconds or AWAY_SECONDS
                await self._send(t="later", client_id=client_id, seconds=wait)
            else:
                await self._send(t="refused", client_id=client_id, code=error.code)
            return
        except Exception as error:
            # Whatever went wrong, the page keeps the message and sends it again.
            if not is_away(error):
                log.exception("A message could not be stored.")
            wait = AWAY_SECONDS if is_away(error) else WRONG_SECONDS
            await self._send(t="later", client_id=client_id, seconds=wait)
            return
        await self._send(t="ack", client_id=client_id, id=message_id)
        self.hub.wake(address=self.address)

    async def _send_news(self) -> None:
        first = True
        typing = False
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                async with self.receiver.parts.sessions() as session:
                    news = await history.news(
                        session, self.address, self.last, self._seen, self._untranscribed
                    )
            except Exception as error:
                if not is_away(error):
                    log.exception("New messages could not be read.")
                await asyncio.sleep(AWAY_SECONDS)
                self._news.set()
                continue
            self.conversation_id = news.conversation_id
            for message in news.messages:
                await self._send(t="message", **message)
                self._mark_sent(message)
            for message_id, words in news.heard.items():
                self._untranscribed.discard(message_id)
                await self._send(t="heard", id=message_id, text=words)
            if first:
                await self._send(t="synced")
                first = False
            self.expects = news.working
            if news.working != typing:
                typing = news.working
                await self._send(t="typing", on=typing)

    def _mark_sent(self, message: dict[str, Any]) -> None:
        self.last = max(self.last, message["id"])
        self._seen.append(message["id"])
        if message["kind"] == "voice" and message["text"] is None:
            self._untranscribed.add(message["id"])

    async def _frame(self, seconds: float) -> dict[str, Any]:
        try:
            async with asyncio.timeout(seconds):
                text = await self.socket.receive_text()
        except TimeoutError:
            raise Closed(IDLE) from None
        except (WebSocketDisconnect, KeyError):  # KeyError: a binary frame
            raise Closed(BAD_FRAME) from None
        if len(text) > FRAME_BYTES:
            raise Closed(TOO_LONG)
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            raise Closed(BAD_FRAME) from None
        if not isinstance(frame, dict):
            raise Closed(BAD_FRAME)
        return frame

    async def _send(self, **frame: Any) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS), self._sending:
                await self.socket.send_text(json.dumps(frame, ensure_ascii=False))
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            raise Closed from None


def _whole(value: object) -> int:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62
    return value if good and isinstance(value, int) else 0
