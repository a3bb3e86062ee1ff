"""The web chat: a page on which a resident writes or speaks, by itself or embedded in another site.

A resident's message is acknowledged once it is committed. A message to the resident is a database
row before it is sent, and a page that reconnects says which messages it has. So a lost connection
neither loses nor repeats a message.
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
from intake.channels.webchat.connection import Connection
from intake.channels.webchat.hub import Hub
from intake.channels.webchat.inbound import Receiver
from intake.channels.webchat.options import Options
from intake.errors import CannotSend, Forbidden, NotAllowed
from intake.network.addresses import counted_as
from intake.runtime import Parts
from intake.storage.models import Message

__all__ = ["Options", "WebChat", "create"]


class WebChat:
    """``/chat`` with its assets, voice messages and WebSocket, and ``/chat.js`` for other sites."""

    name = history.NAME

    def __init__(self, parts: Parts, options: Options) -> None:
        self.parts, self.options = parts, options
        self.receiver = Receiver(parts, options)
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
        router.add_api_route("/chat/voice", self.receive_voice, methods=["POST"])
        router.add_api_websocket_route("/chat/ws", self.connect)
        return router

    async def send(self, message: Message, address: str, data: Mapping[str, Any]) -> None:
        """Notify the visitor's pages, at whichever web process they are connected.

        A page reads the stored message itself, now or when it reconnects, so this does not wait for
        it. Raises `CannotSend` (retryable) only when the database can't be reached.
        """
        if message.conversation_id is None:
            return
        try:
            async with self.parts.sessions.begin() as session:
                await history.notify_pages(session, message.conversation_id)
        except (SQLAlchemyError, OSError) as error:
            raise CannotSend(
                "The page could not be notified.", code="webchat_call", retryable=True
            ) from error

    async def show(self, request: Request, lang: str | None = None) -> Response:
        """The page, in the language ``lang``, else the browser's, else Chinese."""
        return page.render(request, self.parts.settings, self.options, lang)

    async def script(self) -> FileResponse:
        """The script that adds a button and the chat to another site."""
        return page.embed_script()

    async def receive_voice(self, request: Request) -> JSONResponse:
        """Receive a voice message; the visitor's token comes as bearer.

        200 with the message's id once it is committed. Raises `Forbidden` for another site's page,
        `NotAllowed` for a bad token, and what `Receiver.receive_voice` raises.
        """
        if not self._is_allowed(request):
            raise Forbidden("This site may not use the chat.", code="origin")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        address = visitors.known(self.parts.link_secrets, token.strip())
        if scheme.lower() != "bearer" or address is None:
            raise NotAllowed("The page's token is not valid; connect first.")
        message_id = await self.receiver.receive_voice(request, address)
        self.hub.wake(address=address)
        return JSONResponse({"id": message_id})

    async def connect(self, socket: WebSocket) -> None:
        """Serve one page's WebSocket until it ends.

        Closed at once with 1013 when there are too many connections, 1008 for another site's page.
        """
        network = counted_as(socket.client.host if socket.client else "-")
        with self.hub.slot(network) as free:
            if not free or not self._is_allowed(socket):
                await socket.close(1013 if not free else 1008)
                return
            await Connection(socket, self.receiver, self.hub, network).run()

    def _is_allowed(self, request: Request | WebSocket) -> bool:
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
