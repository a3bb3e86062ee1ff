"""A real SMTP server (aiosmtpd) with STARTTLS and a login, that can refuse and hang."""

from __future__ import annotations

import asyncio
import ssl
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from types import TracebackType
from typing import Any, Self, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword


class MailServer:
    """``faults``: used up by mails, in order: an answer line, or "hang" (taken, unanswered)."""

    def __init__(
        self, context: ssl.SSLContext | None, *, user: str = "huying", password: str = "geheim"
    ) -> None:
        self.context, self.user, self.password = context, user, password
        self.mails: list[EmailMessage] = []
        self.faults: list[str] = []
        self.refuses: set[str] = set()
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._released = asyncio.Event()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._released.set()
        self._server.close()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def _session(self) -> SMTP:
        self.connections += 1
        return SMTP(
            self,
            hostname="mail.example",
            tls_context=self.context,
            require_starttls=self.context is not None,
            auth_required=self.context is not None,
            authenticator=self._login,
        )

    def _login(self, server: Any, session: Any, envelope: Any, how: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data == LoginPassword(
            self.user.encode(), self.password.encode()
        )
        return AuthResult(success=good, handled=False)

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: Any
    ) -> str:
        if address in self.refuses:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        fault = self.faults.pop(0) if self.faults else ""
        if fault and fault != "hang":
            return fault
        parsed = BytesParser(policy=default).parsebytes(cast(bytes, envelope.original_content))
        self.mails.append(cast(EmailMessage, parsed))
        if fault == "hang":
            await self._released.wait()
        return "250 2.0.0 queued as 7"
