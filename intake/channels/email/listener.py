"""The listener: who may bring a mail, how much, how often; 250 only for what is kept.

aiosmtpd speaks the protocol. Each answer begins with the code that RFC 5321 and 3463 give it:
4… the other side comes again later, 5… it must not.
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
from intake.channels.email.store import Letter
from intake.errors import BackendError, DiskFull
from intake.network.addresses import is_listed as in_networks
from intake.network.options import read_secret

log = logging.getLogger("huying.email")
# At info it would write addresses, at debug whole mails.
logging.getLogger("mail.log").setLevel(logging.ERROR)

# RFC 5321 says 1000, but some systems end lines with LF alone: then a whole mail is one line.
LINE_BYTES = 8 * 1024 * 1024
COMMANDS = {"AUTH": 5, "MAIL": 1000, "*": 10_000}
FULL = "452 4.3.1 No room for more mail now"
Take = Callable[[Letter], Awaitable[str]]


class Listener:
    """One listening socket. ``take(letter)`` keeps a mail and returns the answer to its sender;
    ``has_room()`` says whether the disk still takes one."""

    def __init__(self, options: Options, take: Take, has_room: Callable[[], bool]) -> None:
        self.options = options
        self._take = take
        self._has_room = has_room
        self._tls = options.tls()
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._rate = RateLimitItemPerMinute(max(1, options.per_client_per_minute))
        self._sessions: set[_Tracked] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises OSError when the port can't be used."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Gate(self), self.options.host, self.options.port
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Stop listening and hang up; who was not answered yet comes again."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.close()

    def turns_away(self, host: str) -> bytes | None:
        """What a client from there is told instead of a greeting; None: it is welcome."""
        if not _is_among(host, self.options.allow_networks):
            log.warning("email: %s is not in allow_networks", host)
            return b"554 5.7.1 This machine may not bring mail here\r\n"
        if len(self._sessions) >= self.options.max_connections:
            return b"421 4.7.0 Too many connections; come again soon\r\n"
        return None

    def session(self) -> _Tracked:
        """A new session with one client."""
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
            log.warning("email: a wrong login from %s", _host(session))
        return AuthResult(success=good, handled=False)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in ("", "<>"):
            return "550 5.7.1 Mail without a sender (bounces) is not taken"
        if not is_listed(address, self.options.allow_senders):
            log.warning("email: a sender from %s is not in allow_senders", _host(session))
            return "550 5.7.1 This sender may not bring mail here"
        if self.options.per_client_per_minute and not await self._limiter.hit(
            self._rate, _host(session)
        ):
            return "451 4.7.1 Too many mails in a minute; they are welcome soon"
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
        letter = Letter(
            raw=cast(bytes, envelope.original_content),
            sender=envelope.mail_from or "",
            client=_host(session),
            received_at=datetime.now(UTC),
        )
        try:
            answer = await self._take(letter) if self._has_room() else FULL
        except DiskFull:
            answer = FULL
        if self.options.protocol == "lmtp":  # RFC 2033: one answer for each recipient
            return "\r\n".join([answer] * len(envelope.rcpt_tos))
        return answer

    async def handle_exception(self, error: Exception) -> str:
        # The class alone: a message of a foreign error may hold what the mail said.
        log.error("email: a session failed: %s", type(error).__name__)
        return "451 4.3.0 Something broke on our side; come again later"


class _Tracked(SMTP):
    """A session that the listener counts. STARTTLS makes the connection anew inside itself."""

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


class _Gate(asyncio.Protocol):
    """Looks at who is there before the session begins."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        out = cast(asyncio.Transport, transport)
        refusal = self.listener.turns_away(_address(out.get_extra_info("peername")))
        if refusal is not None:
            out.write(refusal)
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
