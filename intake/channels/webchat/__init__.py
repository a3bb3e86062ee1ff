"""The web chat: a page on which a resident writes or speaks, alone or inside another site.

What she sends is acknowledged once it is committed; what she is sent is a row first, and a page
that comes back says what it has seen. So a lost connection loses and doubles nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response, WebSocket
from fastapi.responses import FileResponse, JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from intake import channels
from intake.channels.webchat import history, page, visitors
from intake.channels.webchat.connection import Talk
from intake.channels.webchat.hub import Hub
from intake.channels.webchat.inbound import Door
from intake.channels.webchat.options import Options
from intake.errors import CannotSend, Forbidden, NotAllowed
from intake.network.addresses import counted_as
from intake.runtime import Parts
from intake.storage.models import Message

__all__ = ["Options", "WebChat", "create"]


class WebChat:
    """``/chat`` and what belongs to it, ``/chat.js`` for other sites."""

    name = history.NAME

    def __init__(self, parts: Parts, options: Options) -> None:
        self.parts, self.options = parts, options
        self.door = Door(parts, options)
        self.hub = Hub(
            parts,
            connections=options.connections,
            per_network=options.connections_per_address,
            poll_seconds=options.poll_seconds,
        )

    def routes(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/chat", self.show, methods=["GET"])
        router.add_api_route("/chat.js", self.script, methods=["GET"])
        for name in page.assets():
            router.add_api_route(
                f"/chat/assets/{name}", partial(page.asset, name), methods=["GET"], name=name
            )
        router.add_api_route("/chat/voice", self.hear, methods=["POST"])
        router.add_api_websocket_route("/chat/ws", self.talk)
        return router

    async def send(self, message: Message, address: str, data: Mapping[str, Any]) -> None:
        """Call the page, wherever it is connected. It reads the stored message itself, now or when
        it comes back, so this never waits for it; fails, retryably, only without the database."""
        if message.conversation_id is None:
            return
        try:
            async with self.parts.sessions.begin() as session:
                await history.call(session, message.conversation_id)
        except (SQLAlchemyError, OSError) as error:
            raise CannotSend(
                "The page could not be called.", code="webchat_call", retryable=True
            ) from error

    async def show(self, request: Request, lang: str | None = None) -> Response:
        """The page, in the language asked for, else the browser's, else Chinese."""
        return page.render(request, self.parts.settings, self.options, lang)

    async def script(self) -> FileResponse:
        """One script tag puts a button and the chat onto another site."""
        return page.embed_script()

    async def hear(self, request: Request) -> JSONResponse:
        """A voice message; the page's token as bearer. 200 with the message's id, once kept."""
        if not self._ours(request):
            raise Forbidden("This site may not use the chat.", code="origin")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        address = visitors.known(self.parts.link_secrets, token.strip())
        if scheme.lower() != "bearer" or address is None:
            raise NotAllowed("The page's token is not valid; connect first.")
        message_id = await self.door.hear(request, address)
        self.hub.wake(address=address)
        return JSONResponse({"id": message_id})

    async def talk(self, socket: WebSocket) -> None:
        """The connection of one page."""
        network = counted_as(socket.client.host if socket.client else "-")
        with self.hub.place(network) as free:
            if not free or not self._ours(socket):
                await socket.close(1013 if not free else 1008)
                return
            await Talk(socket, self.door, self.hub, network).run()

    def _ours(self, request: Request | WebSocket) -> bool:
        return visitors.origin_allowed(
            request.headers.get("origin"),
            request.headers.get("host"),
            self.parts.settings.base_url,
            self.options.allowed_origins,
        )


def create(parts: Parts) -> WebChat:
    """The web chat of this process."""
    options = channels.options_of(parts.settings, history.NAME)
    assert isinstance(options, Options)
    return WebChat(parts, options)
