"""Who sent a mail: the caller's number, an automatic responder, or this installation itself.

Pure. Loops and automatic answers: RFC 3834; the hop count: RFC 5321, 6.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from intake.channels.email.options import Options
from intake.channels.email.parse import Mail
from intake.settings import Settings

_OUR_IDS = re.compile(r"[0-9a-f]{40}|alarm-\d+-\d+")
_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")
_DIGITS = range(3, 16)  # an extension … E.164
_SEARCHED_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class OwnAddresses:
    """The addresses from which this installation sends mail, in lower case."""

    addresses: frozenset[str]

    @classmethod
    def of(cls, settings: Settings) -> OwnAddresses:
        """All senders that these settings name: those of the e-mail backends and of the alarm."""
        senders = [
            str(table.get("sender", ""))
            for table in settings.backends.values()
            if table.get("kind") == "email"
        ]
        if settings.alarm.smtp is not None:
            senders.append(settings.alarm.smtp.sender)
        return cls(frozenset(s.lower() for s in senders if s))

    def wrote(self, message_id: str) -> bool:
        """Whether the Message-ID has the form and the domain of those that we generate."""
        local, _, domain = message_id.strip("<> ").lower().rpartition("@")
        domains = {address.rpartition("@")[2] for address in self.addresses}
        return domain in domains and _OUR_IDS.fullmatch(local) is not None


def refusal(mail: Mail, sender: str, own: OwnAddresses, max_hops: int) -> str | None:
    """Why this mail is refused, as an SMTP answer without its 550; None: it is accepted.

    ``sender``: the envelope's. ``max_hops``: the most ``Received`` headers. A mail marked as
    automatic is accepted with a recording, because some telephone systems mark their voicemail so.
    """
    if len(mail.headers.get("received", ())) > max_hops:
        return "5.4.6 This mail is in a loop"
    if own.wrote(mail.message_id) or {sender.lower(), mail.sender} & own.addresses:
        return "5.4.6 This mail is our own"
    if mail.media_type == "multipart/report":
        return "5.7.1 Delivery reports are not accepted"
    automatic = mail.header("auto-submitted").partition(";")[0].strip().lower()
    precedence = mail.header("precedence").strip().lower()
    if automatic not in ("", "no", "auto-generated") or precedence == "auto_reply":
        return "5.7.1 Automatic answers are not accepted"
    if mail.header("list-id") or precedence == "list":
        return "5.7.1 Mail from lists is not accepted"
    if not mail.has_audio and (automatic == "auto-generated" or precedence in ("bulk", "junk")):
        return "5.7.1 Automatic mail is accepted only with a recording"
    return None


def caller(mail: Mail, options: Options) -> str | None:
    """The caller's telephone number: digits, perhaps with a leading +; None when the mail has none.

    Looked for in ``caller_headers`` first, then with ``caller_patterns`` in subject, text and From;
    in the mail itself before the mails that it forwards.
    """
    mails = (mail.headers, *mail.inner)
    for headers in mails:
        for name in options.caller_headers:
            for value in headers.get(name.lower(), ()):
                if number := _number(_bare(value)):
                    return number
    searched = [mail.subject, mail.text[:_SEARCHED_CHARACTERS], f"Sender: {mail.header('from')}"]
    for headers in mail.inner:
        searched += headers.get("subject", [])[:1]
        searched += [f"Sender: {value}" for value in headers.get("from", [])[:1]]
    return next(_found(searched, options.caller_patterns), None)


def _found(texts: Iterable[str], patterns: list[str]) -> Iterator[str]:
    for text in texts:
        for pattern in patterns:
            for match in re.finditer(pattern, text, re.I):
                if number := _number(match["number"] or ""):
                    yield number


def _bare(value: str) -> str:
    """The number in ``"Wang" <138…>``, ``<sip:138…@host>``, ``tel:+86…``, or the value itself."""
    inner = re.search(r"<([^<>]*)>", value)
    value = inner.group(1) if inner else value
    return re.sub(r"^(?:sips?|tel):", "", value.strip(), flags=re.I).partition("@")[0]


def _number(text: str) -> str | None:
    text = text.strip()
    if not re.fullmatch(r"\+?[\d ().-]+", text, re.ASCII):
        return None
    digits = re.sub(r"\D", "", text)
    abroad = text.startswith("+") and not digits.startswith("86")
    if not abroad and (mobile := _MOBILE.match(digits)):
        return mobile.group(1)
    if len(digits) not in _DIGITS:
        return None
    return f"+{digits}" if text.startswith("+") else digits
