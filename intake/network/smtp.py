"""Hands one message to a mail server: encrypted, at a checked address, once per call."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Protocol

import aiosmtplib

from intake.errors import BackendError
from intake.network.addresses import Resolve, connect
from intake.network.content import ANSWER_CHARACTERS, DESCRIPTION_CHARACTERS, storable

IMPLICIT_TLS_PORT = 465  # RFC 8314 § 3.3
_GOODBYE_SECONDS = 2


class SmtpOptions(Protocol):
    """How to reach a mail server; `intake.settings.alarm.Smtp` and the e-mail backend's options
    fit this protocol.

    ``starttls`` False: unencrypted, only within ``allow_networks`` and without a password.
    On port 465 the connection is encrypted from the first byte, whatever ``starttls`` says.
    """

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def username(self) -> str | None: ...
    @property
    def password_file(self) -> Path | None: ...
    @property
    def starttls(self) -> bool: ...
    @property
    def allow_networks(self) -> Sequence[str]: ...
    @property
    def ca_file(self) -> Path | None: ...


async def send(
    message: EmailMessage,
    options: SmtpOptions,
    *,
    resolve: Resolve,
    context: ssl.SSLContext,
    timeout_seconds: float,
) -> str:
    """Send to everyone in To, or to nobody; return the server's answer to the message.

    Only 250 to the whole message proves that the server has it (RFC 5321 section 4.5.5). Raises
    `BackendError`: 4xx answers are retryable, 5xx are not; when the connection breaks or anything
    else is answered after we began to send the text, ``sent`` is None. Its ``details`` have
    ``answer`` and ``description``, the server's own words (may be personal: not for logs).
    """
    trail = _Trail()
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _session(message, options, resolve, context, trail)
    except aiosmtplib.SMTPResponseException as error:
        raise _refused(options.host, error, trail.sent) from None
    except aiosmtplib.SMTPNotSupported:
        raise BackendError(
            f"The mail server {options.host} does not offer STARTTLS or a way to log in; mend"
            " its settings, or the port.",
            code="smtp_not_supported",
            retryable=False,
        ) from None
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", None) or "TLS failed"
        raise BackendError(
            f"{options.host}: no trusted connection ({reason}); check its certificate, or ca_file.",
            code="backend_not_trusted",
            sent=trail.sent,
        ) from None
    except TimeoutError:
        raise BackendError(
            f"The mail server {options.host} did not answer within {timeout_seconds:g} s.",
            code="backend_timeout",
            sent=trail.sent,
        ) from None
    except (OSError, aiosmtplib.SMTPException):
        raise BackendError(
            f"The mail server {options.host} can't be reached."
            if trail.sent is False
            else f"The mail server {options.host} hung up before it confirmed the mail.",
            code="backend_unreachable" if trail.sent is False else "backend_connection_broken",
            sent=trail.sent,
        ) from None


class _Trail:
    sent: bool | None = False


async def _session(
    message: EmailMessage,
    options: SmtpOptions,
    resolve: Resolve,
    context: ssl.SSLContext,
    trail: _Trail,
) -> str:
    implicit = options.port == IMPLICIT_TLS_PORT
    encrypted = implicit or options.starttls
    if options.username and not encrypted:
        raise BackendError(
            "A password does not go to a mail server unencrypted; set starttls = true.",
            code="not_encrypted",
            retryable=False,
        )

    async def dial(address: str) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (address, options.port))
        except BaseException:
            sock.close()
            raise
        return sock

    sock = await connect(
        options.host,
        options.port,
        dial,
        resolve=resolve,
        allow_networks=options.allow_networks,
        only_listed=not encrypted,
    )
    client = aiosmtplib.SMTP(
        hostname=options.host,
        sock=sock,
        timeout=None,
        use_tls=implicit,
        start_tls=False,
        tls_context=context,
        local_hostname=_our_name(),
    )
    try:
        await client.connect()
        if encrypted and not implicit:
            await client.ehlo()
            if not client.supports_extension("starttls"):
                raise aiosmtplib.SMTPNotSupported("STARTTLS")
            await client.starttls()
        if options.username:
            await client.login(options.username, _password(options))
        await client.mail(_addresses(message, "From")[0])
        for recipient in _addresses(message, "To"):
            await client.rcpt(recipient)
        text = message.as_bytes(policy=SMTP_POLICY)
        trail.sent = None
        answer = await client.data(text)
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=_GOODBYE_SECONDS)
    finally:
        # The client owns the socket: closing the socket directly would leave it registered in the
        # event loop.
        client.close()
    return storable(f"{answer.code} {answer.message}", ANSWER_CHARACTERS)


def _addresses(message: EmailMessage, header: str) -> list[str]:
    found = [address.addr_spec for address in message[header].addresses]
    if not found:
        raise ValueError(f"the message has no {header}")
    return found


def _password(options: SmtpOptions) -> str:
    try:
        password = options.password_file.read_text().strip() if options.password_file else ""
    except OSError:
        password = ""
    if not password:
        raise BackendError(
            "The mail server wants a password; write it into password_file.",
            code="no_password",
            retryable=False,
        )
    return password


def _our_name() -> str:
    # The library would ask the resolver for our full name, which can hang without a network.
    name = socket.gethostname()
    return name if name.isascii() and name else "localhost"


def _refused(host: str, error: aiosmtplib.SMTPResponseException, sent: bool | None) -> BackendError:
    answer = storable(f"{error.code} {error.message}", ANSWER_CHARACTERS)
    if not 400 <= error.code <= 599:
        # Only 4yz and 5yz say that the mail was not taken (RFC 5321 section 4.2.1).
        return BackendError(
            f"The mail server {host} answered with what is no answer of SMTP.",
            code="answer_unreadable",
            sent=sent,
            answer=answer,
        )
    permanent = error.code >= 500
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) and permanent:
        sentence, code = "refused our login; check username and password_file", "backend_denied_us"
    elif isinstance(error, aiosmtplib.SMTPRecipientRefused) and permanent:
        sentence, code = "refuses the recipient; check the address", "recipient_refused"
    elif permanent:
        sentence, code = "refused the mail", "backend_refused"
    else:
        sentence, code = "can't take the mail now", "backend_busy"
    return BackendError(
        f"The mail server {host} {sentence} ({error.code}).",
        code=code,
        retryable=not permanent,
        status=error.code,
        answer=answer,
        description=storable(error.message, DESCRIPTION_CHARACTERS) or None,
    )
