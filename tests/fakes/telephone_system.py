"""Mails as telephone systems write them, and a client that brings them over a real connection."""

from __future__ import annotations

import asyncio
import re
import smtplib
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

PBX = "asterisk@pbx.example"
MAILBOX = "voicemail@huying.example"
# Not the loop's own threads: clients that wait there would keep the door from its work.
_THREADS = ThreadPoolExecutor(32, thread_name_prefix="smtp-client")


def voicemail(
    recording: bytes | Sequence[bytes],
    *,
    number: str | None = "13812345678",
    message_id: str | None = "<Asterisk-1-804289383-100-4242@pbx.example>",
    media_type: str = "audio/x-wav",
    name: str = "msg0000.wav",
    headers: dict[str, str] | None = None,
    text: str | None = None,
) -> EmailMessage:
    """What Asterisk sends for one voicemail; ``recording``: one or several."""
    mail = EmailMessage()
    mail["Date"] = format_datetime(datetime.now(UTC).replace(microsecond=0))
    mail["From"] = f'"Asterisk PBX" <{PBX}>'
    mail["To"] = f'"Community desk" <{MAILBOX}>'
    mail["Subject"] = "[PBX]: New message 1 in mailbox 100"
    if message_id:
        mail["Message-ID"] = message_id
    if number:
        mail["X-Asterisk-CallerID"] = number
    for key, value in (headers or {}).items():
        del mail[key]
        mail[key] = value
    mail.set_content(
        text
        or "Dear Community desk:\n\n\tJust wanted to let you know you were just left a 0:12 long"
        " message (number 1)\nin mailbox 100.\n"
    )
    for one in [recording] if isinstance(recording, bytes) else recording:
        main, _, sub = media_type.partition("/")
        mail.add_attachment(one, maintype=main, subtype=sub, filename=name)
    return mail


def letter(text: str, *, subject: str = "", message_id: str | None = None) -> EmailMessage:
    """A mail that a person wrote."""
    mail = EmailMessage()
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["From"] = "王阿姨 <wang@mail.example>"
    mail["To"] = MAILBOX
    mail["Subject"] = subject
    if message_id:
        mail["Message-ID"] = message_id
    mail.set_content(text)
    return mail


async def bring(
    port: int,
    mail: EmailMessage | bytes,
    *,
    sender: str = PBX,
    to: Sequence[str] = (MAILBOX,),
    lmtp: bool = False,
    tls: ssl.SSLContext | None = None,
    login: tuple[str, str] | None = None,
) -> list[tuple[int, str]]:
    """Bring one mail; the answers to DATA, one for each recipient with LMTP.

    Raises `smtplib.SMTPException` for what was refused before.
    """
    raw = on_the_wire(mail)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREADS, _bring, port, raw, sender, to, lmtp, tls, login)


def on_the_wire(mail: EmailMessage | bytes) -> bytes:
    """The bytes that are sent: every line ends with CRLF."""
    raw = mail if isinstance(mail, bytes) else mail.as_bytes()
    return re.sub(rb"\r?\n", b"\r\n", raw)


def _bring(
    port: int,
    raw: bytes,
    sender: str,
    to: Sequence[str],
    lmtp: bool,
    tls: ssl.SSLContext | None,
    login: tuple[str, str] | None,
) -> list[tuple[int, str]]:
    kind: Callable[..., smtplib.SMTP] = smtplib.LMTP if lmtp else smtplib.SMTP
    with kind("127.0.0.1", port, timeout=60) as client:
        client.ehlo_or_helo_if_needed()
        if tls is not None:
            client.starttls(context=tls)
            client.ehlo()
        if login is not None:
            client.login(*login)
        for code, answer in (client.mail(sender), *(client.rcpt(one) for one in to)):
            if code // 100 != 2:
                raise smtplib.SMTPResponseException(code, answer)
        answers = [client.data(raw)]
        if lmtp:
            answers += [client.getreply() for _ in to[1:]]
    return [(code, answer.decode()) for code, answer in answers]
