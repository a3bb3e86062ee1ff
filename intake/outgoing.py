"""The one way out: every call to another system goes through here.

A name is resolved once, each of its addresses is checked, and the connection goes to exactly
a checked address, so that no name can lead us into the house's own network ("DNS rebinding").
Host header, SNI and certificate check keep the name. Redirects, proxies from the environment
and compressed answers are not taken. Failures become `BackendError`: whether trying again
helps (``retryable``), and whether the other side may have it (``sent``).

Each call has a connection of its own: with a kept one, "closed just before we wrote" and
"closed just after" look alike, and that is the difference between once and twice.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpcore
import httpx

from intake.addresses import Resolve, connect, resolve_name
from intake.db import Sessions
from intake.errors import BackendError
from intake.mailer import SmtpOptions, send

MAX_ANSWER_BYTES = 1024 * 1024
_EXCERPT_CHARACTERS = 500


class Outgoing:
    """Shared by all backends and the alarm.

    ``sessions``: the session factory for the backend whose other side is our own database;
    None where there is none. ``resolve``: how names become addresses (tests hand their own).
    """

    def __init__(self, sessions: Sessions | None = None, *, resolve: Resolve = resolve_name):
        self.sessions = sessions
        self.resolve = resolve
        self._contexts: dict[Path | None, ssl.SSLContext] = {}

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        data: Mapping[str, str] | None = None,
        json: Any = None,
        timeout_seconds: float = 30,
        allow_networks: Sequence[str] = (),
        ca_file: Path | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
        accept: Collection[int] = (),
    ) -> httpx.Response:
        """Call and return the whole answer, if it is a 2xx or its status is in ``accept``.

        ``timeout_seconds`` covers everything from the name to the last byte.
        ``allow_networks``: CIDR blocks of non-public addresses that this caller may reach;
        only there plain ``http`` is spoken. ``ca_file``: PEM certificates trusted beside the
        public ones. Raises `BackendError`; for a refusal ``details`` has ``status`` and
        ``answer``, the beginning of the other side's text (may be personal: not for logs).
        """
        _check_url(url)
        trail = _Trail()
        transport = _Transport(self, allow_networks, self.tls(ca_file), timeout_seconds)
        client = httpx.AsyncClient(
            transport=transport, trust_env=False, follow_redirects=False, timeout=timeout_seconds
        )
        try:
            async with asyncio.timeout(timeout_seconds), client:
                request = client.build_request(
                    method,
                    url,
                    headers={"Accept-Encoding": "identity", **(headers or {})},
                    params=params,
                    content=content,
                    data=data,
                    json=json,
                    extensions={"trace": trail.note},
                )
                answer = await client.send(request, stream=True)
                body = await _read(answer, max_bytes)
        except (TimeoutError, httpcore.TimeoutException):
            raise BackendError(
                f"{_host(url)} did not answer within {timeout_seconds:g} s.",
                code="backend_timeout",
                sent=trail.sent,
            ) from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise _broken(url, error, trail) from None
        except httpx.InvalidURL:
            raise BackendError(
                "The address of the backend is no URL; mend it.", code="bad_url", retryable=False
            ) from None
        whole = httpx.Response(
            answer.status_code, headers=answer.headers, content=body, request=request
        )
        if whole.is_success or whole.status_code in accept:
            return whole
        raise _refusal(whole)

    async def send_mail(
        self, message: EmailMessage, smtp_options: SmtpOptions, *, timeout_seconds: float = 60
    ) -> str:
        """Hand a message to the mail server of ``smtp_options``; return its closing words.

        It goes from its From to all in its To, or to nobody. Raises `BackendError`, as
        `intake.mailer.send` says.
        """
        return await send(
            message,
            smtp_options,
            resolve=self.resolve,
            context=self.tls(smtp_options.ca_file),
            timeout_seconds=timeout_seconds,
        )

    def tls(self, ca_file: Path | None = None) -> ssl.SSLContext:
        """The context for TLS: public certificates plus those in ``ca_file``.

        Raises `BackendError` (not retryable) when the file can't be used.
        """
        if ca_file not in self._contexts:
            context = httpx.create_ssl_context(trust_env=False)
            if ca_file is not None:
                try:
                    context.load_verify_locations(cafile=ca_file)
                except (OSError, ssl.SSLError):
                    raise BackendError(
                        f"{ca_file}: no readable PEM certificates; mend ca_file.",
                        code="bad_ca_file",
                        retryable=False,
                    ) from None
            self._contexts[ca_file] = context
        return self._contexts[ca_file]

    async def close(self) -> None:
        """Nothing is held between calls; here for symmetry with the other parts."""


def retry_after_seconds(value: str | None, now: datetime | None = None) -> float | None:
    """Read a Retry-After header, seconds or a date (RFC 9110 § 10.2.3); None if there is none
    or it is nonsense. Never negative."""
    if not value:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


class _Trail:
    """What became of one request: from the first byte written on, nobody can tell."""

    def __init__(self) -> None:
        self.sent: bool | None = False

    async def note(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            self.sent = None


class _Network(httpcore.AsyncNetworkBackend):
    """httpcore's network with our own connecting."""

    def __init__(self, outgoing: Outgoing, allow: Sequence[str], plain: bool) -> None:
        self._outgoing, self._allow, self._plain = outgoing, allow, plain
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
            resolve=self._outgoing.resolve,
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


class _Transport(httpx.AsyncBaseTransport):
    """httpx on an httpcore pool of ours; httpx's own transport takes no network backend."""

    def __init__(
        self, outgoing: Outgoing, allow: Sequence[str], context: ssl.SSLContext, timeout: float
    ) -> None:
        self._make: Callable[[bool], httpcore.AsyncConnectionPool] = lambda plain: (
            httpcore.AsyncConnectionPool(
                ssl_context=context,
                max_keepalive_connections=0,
                network_backend=_Network(outgoing, allow, plain),
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


async def _read(answer: httpx.Response, max_bytes: int) -> bytes:
    if answer.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
        raise BackendError(
            "The backend sent a compressed answer although asked not to; its text is unknown.",
            code="answer_compressed",
            retryable=False,
            sent=None,
        )
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > max_bytes:
            raise BackendError(
                f"The backend's answer is longer than {max_bytes} bytes.",
                code="answer_too_large",
                retryable=False,
                sent=None,
            )
    return bytes(body)


def _check_url(url: str) -> None:
    try:
        parsed = httpx.URL(url)
        good = parsed.scheme in ("http", "https") and bool(parsed.host) and not parsed.userinfo
    except (httpx.InvalidURL, UnicodeError):
        good = False
    if not good:
        raise BackendError(
            "The address of the backend must be http(s)://host/…, without user or password.",
            code="bad_url",
            retryable=False,
        )


def _host(url: str) -> str:
    return httpx.URL(url).host


def _broken(url: str, error: Exception, trail: _Trail) -> BackendError:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if cause is not None and trail.sent is False:
        reason = getattr(cause, "verify_message", None) or "TLS failed"
        return BackendError(
            f"{_host(url)}: no trusted connection ({reason}); check its certificate, or ca_file.",
            code="backend_not_trusted",
            sent=False,
        )
    if trail.sent is False:
        return BackendError(f"{_host(url)} can't be reached.", code="backend_unreachable")
    return BackendError(
        f"The connection to {_host(url)} broke before its answer was complete.",
        code="backend_connection_broken",
        sent=None,
    )


def _refusal(answer: httpx.Response) -> BackendError:
    status = answer.status_code
    details: dict[str, Any] = {
        "status": status,
        "answer": answer.text[:_EXCERPT_CHARACTERS],
        "retry_after_seconds": retry_after_seconds(answer.headers.get("retry-after")),
    }
    host = answer.request.url.host
    if status in (425, 429):
        return BackendError(
            f"{host} asks us to slow down ({status}).", code="backend_busy", **details
        )
    if status == 408 or (status >= 500 and status not in (501, 505)):
        return BackendError(
            f"{host} failed ({status}).",
            code="backend_busy" if status == 503 else "backend_failed",
            sent=None,
            **details,
        )
    if status in (401, 403):
        sentence, code = "does not let us in; check its key or secret", "backend_denied_us"
    elif 300 <= status < 400:
        sentence, code = "sends us elsewhere, which we don't follow; mend the URL", "redirected"
    else:
        sentence, code = "refused it", "backend_refused"
    return BackendError(
        f"{host} {sentence} ({status}).",
        code=code,
        retryable=False,
        sent=None if status == 303 else False,
        **details,
    )
