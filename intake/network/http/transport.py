"""HTTP connections that are made to checked addresses only."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import httpcore
import httpx

from intake.network.addresses import Resolve, connect


class Trail:
    """Whether a request was sent: False until its first byte is written, then None (unknown)."""

    def __init__(self) -> None:
        self.sent: bool | None = False

    async def note(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            self.sent = None


class _Network(httpcore.AsyncNetworkBackend):
    """httpcore's network backend, connecting by `intake.network.addresses.connect`."""

    def __init__(self, resolve: Resolve, allow: Sequence[str], plain: bool) -> None:
        self._resolve, self._allow, self._plain = resolve, allow, plain
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's signature)
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        async def dial(address: str) -> httpcore.AsyncNetworkStream:
            return await self._inner.connect_tcp(
                address, port, timeout, local_address, socket_options
            )

        return await connect(
            host,
            port,
            dial,
            resolve=self._resolve,
            allow_networks=self._allow,
            only_listed=self._plain,
        )

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Stream(httpx.AsyncByteStream):
    def __init__(self, parts: Any) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._parts:
            yield part

    async def aclose(self) -> None:
        await self._parts.aclose()


class Transport(httpx.AsyncBaseTransport):
    """An httpx transport on an httpcore pool of our own, because httpx's own transport accepts no
    network backend."""

    def __init__(self, resolve: Resolve, allow: Sequence[str], context: ssl.SSLContext) -> None:
        self._make: Callable[[bool], httpcore.AsyncConnectionPool] = lambda plain: (
            httpcore.AsyncConnectionPool(
                ssl_context=context,
                max_keepalive_connections=0,
                network_backend=_Network(resolve, allow, plain),
            )
        )
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._pool = self._make(request.url.scheme == "http")
        answer = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Stream(answer.stream),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        if self._pool is not None:
            await self._pool.aclose()
