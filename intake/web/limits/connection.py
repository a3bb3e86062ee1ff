"""An HTTP connection with deadlines and a place in its address's share.

uvicorn has no deadline for a request that arrives slowly, none for an answer that is read slowly,
and with httptools no limit on the size of a request's head. All three are here, below ASGI, because
half a request never reaches an application.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from intake.web.limits.connection_shares import ConnectionShares

HEAD_SECONDS = 10.0
"""For the head of a request, from its first byte or from the connection's beginning."""
STALLED_SECONDS = 60.0
"""For a reader who takes nothing while 64 KB of an answer wait for it."""
HEAD_BYTES = 64 * 1024
QUIET_SECONDS = 10.0
"""A body of which nothing came for so long is half a request."""
FRAMING = 8  # bytes of a chunk's framing for each of its own, when all chunks hold one byte


class Connection(HttpToolsProtocol):
    """One client's connection.

    ``shares``: counts it. ``body_seconds``: from the end of a request's head to that of its body,
    also while the body of a request that is answered already is thrown away.
    """

    def __init__(
        self, *args: Any, shares: ConnectionShares, body_seconds: float, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.shares, self.body_seconds = shares, body_seconds
        self.host = ""
        self._in_head = self._in_body = self._handed_over = False
        self._head_bytes = self._body_bytes = self._raw_bytes = 0
        self._heard_at = 0.0
        self._late: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    @property
    def works(self) -> bool:
        """Whether a request is being answered whose body is here, or still arrives."""
        if self.cycle is None or self.cycle.response_complete:
            return False
        return not self._in_body or self.loop.time() - self._heard_at < QUIET_SECONDS

    def close_for_another(self) -> None:
        """End the connection at once: another needs its place."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.host = self.client[0] if self.client else "-"
        if self.shares.enter(self):
            self._expect(HEAD_SECONDS)
            return
        self._refuse(b"503 Service Unavailable", b"retry-after: 5\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self.resume_writing()
        self.shares.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._raw_bytes += len(data)
        self._heard_at = self.loop.time()
        super().data_received(data)
        if self.transport.is_closing() or self.parser is None or self._handed_over:
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(b"431 Request Header Fields Too Large")
        elif self._in_body:
            # What is neither head nor body: the lengths and names of chunks, and trailers.
            if self._raw_bytes > 2 * HEAD_BYTES + 256 * 1024 + FRAMING * self._body_bytes:
                self._refuse(b"400 Bad Request")
        elif self._late is None and self.timeout_keep_alive_task is None and not self.works:
            self._expect(HEAD_SECONDS)  # empty lines before a request are no request

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        if self._late is None:
            self._expect(HEAD_SECONDS)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # afterwards they are trailers, which nobody here reads
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body = False, True
        self._raw_bytes = self._body_bytes = 0
        self._expect(self.body_seconds)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._disarm()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over: pages that are connected have limits of their own."""
        self._disarm()
        self._handed_over = True
        self.shares.leave(self)
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    def _expect(self, seconds: float) -> None:
        self._disarm()
        self._late = self.loop.call_later(seconds, self._too_late)

    def _disarm(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        self._late = None
        if self._in_body:
            self.transport.abort()
        elif self._in_head:
            self._refuse(b"408 Request Timeout")
        else:  # a browser opens connections in advance: one without a request needs no answer
            self.transport.close()

    def _refuse(self, status: bytes, more: bytes = b"") -> None:
        self._disarm()
        if not self.transport.is_closing() and (self.cycle is None or self.cycle.response_complete):
            self.transport.write(
                b"HTTP/1.1 " + status + b"\r\n" + more + b"content-length: 0\r\n"
                b"connection: close\r\n\r\n"
            )
        self.transport.close()
