"""The listener: which clients may send mail, how large, how often; 250 only for a stored mail.

aiosmtpd implements the protocol. Each answer begins with its codes of RFC 5321 and RFC 3463: after
4xx the client tries again later, after 5xx it must not.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, cast

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from intake.channels.email.options import Options, is_listed
from intake.channels.email.store import RawMail
from intake.errors import BackendError, DiskFull
from intake.network.addresses import is_listed as in_networks
from intake.network.options import read_secret

log = logging.getLogger("huying.email")
# aiosmtpd logs addresses at INFO and whole mails at DEBUG.
logging.getLogger("mail.log").setLevel(logging.ERROR)

# RFC 5321 says 1000, but some telephone systems end lines with LF alone, so that a whole mail
# counts as one line.
LINE_BYTES = 8 * 1024 * 1024
COMMANDS = {"AUTH": 5, "MAIL": 1000, "*": 10_000}
FULL = "452 4.3.1 No room for more mail now"
Receive = Callable[[RawMail], Awaitable[str]]


class Listener:
    """One listening socket.

    ``receive(raw_mail)`` stores a mail and returns the answer to its sender; ``has_room()`` says
    whether the disk has room for one more.
    """

    def __init__(self, options: Options, receive: Receive, has_room: Callable[[], bool]) -> None:
        self.options = options
        self._receive = receive
        self._has_room = has_room
        self._tls = options.tls()
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._rate = RateLimitItemPerMinute(max(1, options.per_client_per_minute))
        self._sessions: set[_Tracked] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises `OSError` when the port can't be used."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _ClientCheck(self), self.options.host, self.options.port
        )

    @property
    def port(self) -> int:
        """The port it listens on, also when the settings say 0; after `start` only."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Stop listening and close all sessions; a client that has no answer yet tries again."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.close()

    def rejection(self, host: str) -> bytes | None:
        """The line that a client at ``host`` gets instead of a greeting; None: it may connect."""
        if not _is_among(host, self.options.allow_networks):
            log.warning("email: %s is not in allow_networks", host)
            return b"554 5.7.1 This machine may not send mail here\r\n"
        if len(self._sessions) >= self.options.max_connections:
            return b"421 4.7.0 Too many connections; try again soon\r\n"
        return None

    def session(self) -> _Tracked:
        """A new SMTP or LMTP session for one client."""
        kind = _Lmtp if self.options.protocol == "lmtp" else _Smtp
        return kind(
            self,
            data_size_limit=self.options.max_bytes,
            enable_SMTPUTF8=True,
            hostname=self.options.hostname,
            ident="Huying",
            tls_context=self._tls,
            require_starttls=self.options.require_tls or bool(self.options.username),
            timeout=self.options.session_seconds,
            auth_required=bool(self.options.username),
            auth_require_tls=True,
            authenticator=self._login,
            command_call_limit=COMMANDS,
            loop=asyncio.get_running_loop(),
        )

    def began(self, session: _Tracked) -> None:
        self._sessions.add(session)

    def ended(self, session: _Tracked) -> None:
        self._sessions.discard(session)

    def _login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        good = False
        if isinstance(data, LoginPassword):
            assert self.options.username is not None and self.options.password_file is not None
            try:
                password = read_secret(self.options.password_file)
            except BackendError as error:
                log.error("email: %s", error.sentence)
                return AuthResult(success=False, handled=False, message="454 4.7.0 Not now")
            right_name = hmac.compare_digest(data.login, self.options.username.encode())
            good = hmac.compare_digest(data.password, password.encode()) and right_name
        if not good:
            log.warning("email: a failed login from %s", _host(session))
        return AuthResult(success=good, handled=False)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in ("", "<>"):
            return "550 5.7.1 Mail without a sender (bounces) is not accepted"
        if not is_listed(address, self.options.allow_senders):
            log.warning("email: a sender from %s is not in allow_senders", _host(session))
            return "550 5.7.1 This sender may not send mail here"
        if self.options.per_client_per_minute and not await self._limiter.hit(
            self._rate, _host(session)
        ):
            return "451 4.7.1 Too many mails in a minute; try again soon"
        if not self._has_room():
            return FULL
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.options.recipients and not is_listed(address, self.options.recipients):
            return "550 5.1.1 There is no such mailbox here"
        if len(envelope.rcpt_tos) >= 100:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw_mail = RawMail(
            raw=cast(bytes, envelope.original_content),
            sender=envelope.mail_from or "",
            client=_host(session),
            received_at=datetime.now(UTC),
        )
        try:
            answer = await self._receive(raw_mail) if self._has_room() else FULL
        except DiskFull:
            answer = FULL
        if self.options.protocol == "lmtp":  # RFC 2033: one answer for each recipient
            return "\r\n".join([answer] * len(envelope.rcpt_tos))
        return answer

    async def handle_exception(self, error: Exception) -> str:
        # Only the class: the message of another library's error may quote the mail.
        log.error("email: a session failed: %s", type(error).__name__)
        return "451 4.3.0 Something broke on our side; try again later"


class _Tracked(SMTP):
    """A session that the listener counts.

    STARTTLS calls `connection_made` a second time on the same session, so sessions are a set.
    """

    line_length_limit = LINE_BYTES

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.event_handler.began(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.event_handler.ended(self)
        super().connection_lost(error)


class _Smtp(_Tracked):
    pass


class _Lmtp(_Tracked, LMTP):
    pass


class _ClientCheck(asyncio.Protocol):
    """Checks a new client's address and the number of sessions before its session begins."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        out = cast(asyncio.Transport, transport)
        rejection = self.listener.rejection(_address(out.get_extra_info("peername")))
        if rejection is not None:
            out.write(rejection)
            out.close()
            return
        session = self.listener.session()
        out.set_protocol(session)
        session.connection_made(out)


def _is_among(host: str, networks: list[str]) -> bool:
    try:
        return in_networks(host, networks)
    except ValueError:
        return False


def _address(peer: Any) -> str:
    return str(peer[0]).partition("%")[0] if isinstance(peer, tuple) else "-"


def _host(session: Session) -> str:
    return _address(session.peer)
