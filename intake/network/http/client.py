"""Calls to other systems over HTTP, and mail handed to a mail server."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Collection, Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpcore
import httpx

from intake.errors import BackendError
from intake.network.addresses import Resolve, resolve_name
from intake.network.http.responses import body_of, broken, check_url, host_of, refusal
from intake.network.http.transport import Trail, Transport
from intake.network.smtp import SmtpOptions, send
from intake.storage.db import Sessions

MAX_ANSWER_BYTES = 1024 * 1024


class Outgoing:
    """Client for outgoing HTTP and mail, shared by all backends and the alarm.

    ``sessions``: the session factory for the order board, a backend in our own database; None where
    there is no database. ``resolve``: resolves host names (tests pass their own).
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
        """Send a request; return the whole answer if it is a 2xx or its status is in ``accept``.

        ``timeout_seconds`` covers everything from resolving the name to the last byte.
        ``allow_networks``: CIDR blocks of non-public addresses that this call may reach; plain
        ``http`` is allowed only there. ``ca_file``: PEM certificates trusted besides the public
        ones. Raises `BackendError`; for another status its ``details`` have ``status``, ``answer``
        (`content.excerpt`) and ``description`` (`content.description`), which may be personal: not
        for logs.
        """
        check_url(url)
        trail = Trail()
        transport = Transport(self.resolve, allow_networks, self.tls(ca_file))
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
                body = await body_of(answer, max_bytes)
        except (TimeoutError, httpcore.TimeoutException):
            raise BackendError(
                f"{host_of(url)} did not answer within {timeout_seconds:g} s.",
                code="backend_timeout",
                sent=trail.sent,
            ) from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise broken(url, error, trail) from None
        except httpx.InvalidURL:
            raise BackendError(
                "The address of the backend is no URL; mend it.", code="bad_url", retryable=False
            ) from None
        whole = httpx.Response(
            answer.status_code, headers=answer.headers, content=body, request=request
        )
        if whole.is_success or whole.status_code in accept:
            return whole
        raise refusal(whole)

    async def send_mail(
        self, message: EmailMessage, smtp_options: SmtpOptions, *, timeout_seconds: float = 60
    ) -> str:
        """Hand a message to the mail server of ``smtp_options``; return its closing words.

        It goes from its From to all in its To, or to nobody. Raises `BackendError`, as
        `intake.network.smtp.send` says.
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
        """Does nothing: no connection is kept between calls."""
