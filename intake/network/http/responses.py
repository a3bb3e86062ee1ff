"""Reads the other side's answer, or turns its failure into a `BackendError`."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from intake.errors import BackendError
from intake.network.content import description, excerpt
from intake.network.http.transport import Trail


async def body_of(answer: httpx.Response, max_bytes: int) -> bytes:
    """The whole body as it was sent. Raises `BackendError` if it is compressed or longer than
    ``max_bytes``."""
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


def retry_after_seconds(value: str | None, now: datetime | None = None) -> float | None:
    """The seconds (≥ 0) in a Retry-After header, which holds seconds or a date (RFC 9110
    § 10.2.3); None if it is absent or can't be parsed."""
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


def broken(url: str, error: Exception, trail: Trail) -> BackendError:
    """The error for a request without an answer: no trusted certificate, no connection, or a
    connection that broke."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if cause is not None and trail.sent is False:
        reason = getattr(cause, "verify_message", None) or "TLS failed"
        return BackendError(
            f"{host_of(url)}: no trusted connection ({reason}); check its certificate, or ca_file.",
            code="backend_not_trusted",
            sent=False,
        )
    if trail.sent is False:
        return BackendError(f"{host_of(url)} can't be reached.", code="backend_unreachable")
    return BackendError(
        f"The connection to {host_of(url)} broke before its answer was complete.",
        code="backend_connection_broken",
        sent=None,
    )


def refusal(answer: httpx.Response) -> BackendError:
    """The error for an answer that is no success; its status decides whether it is retryable.

    A 4xx status and a redirect that asks for the same call elsewhere (301, 307, 308) say that
    nothing was done; 302 and 303 often follow work that was done, so it is unknown.
    """
    status = answer.status_code
    details: dict[str, Any] = {
        "status": status,
        "answer": excerpt(answer),
        "description": description(answer),
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
        sentence, code = "refused our credentials; check its key or secret", "backend_denied_us"
    elif 300 <= status < 400:
        sentence, code = "sent a redirect, which is not followed; correct the URL", "redirected"
    else:
        sentence, code = "refused it", "backend_refused"
    return BackendError(
        f"{host} {sentence} ({status}).",
        code=code,
        retryable=False,
        sent=False if 400 <= status < 600 or status in (301, 307, 308) else None,
        **details,
    )


def check_url(url: str) -> None:
    """Raise `BackendError` unless it is http(s) with a host and without a user in it."""
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


def host_of(url: str) -> str:
    """The host in a URL, for error sentences."""
    return httpx.URL(url).host
