"""Parses a mail, however malformed: its text, its parts, its date.

Pure; `parse_mail` never raises. When something can't be parsed, ``whole`` is False, and the caller
stores the raw mail too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.message import Message
from email.parser import BytesParser
from email.utils import parseaddr, parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any

from intake.channels.email import tnef
from intake.channels.email.header_text import decoded, header_text
from speech.containers import HEAD_BYTES, sniff
from speech.errors import NotAudio

MAX_PARTS = 50
MAX_NODES = 500
MAX_TEXT_CHARACTERS = 20_000
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_ADDRESS = re.compile(r"[^\s<>\"@]+@[^\s<>\"@]+")


@dataclass(frozen=True, slots=True)
class Part:
    """An attachment. ``media_type``: as declared. ``is_audio``: its first bytes are those of an
    audio format that we know, or its declared type is audio."""

    content: bytes
    media_type: str
    name: str | None
    is_audio: bool


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. ``headers``: lower-case name → values as text, in their order. ``inner``: the same
    of each mail that is forwarded in it. ``date``: aware. ``whole``: False when something could not
    be parsed or a limit cut it off."""

    headers: dict[str, list[str]] = field(default_factory=dict)
    media_type: str = "text/plain"
    text: str = ""
    parts: tuple[Part, ...] = ()
    whole: bool = True
    inner: tuple[dict[str, list[str]], ...] = ()

    def header(self, name: str) -> str:
        """The first value of a header; ``""`` without one."""
        return self.headers.get(name.lower(), [""])[0]

    @property
    def subject(self) -> str:
        return self.header("subject")

    @property
    def message_id(self) -> str:
        return self.header("message-id").strip()[:255]

    @property
    def sender(self) -> str:
        """The address in From, in lower case; ``""`` without one."""
        _, address = parseaddr(self.header("from"))
        if not _ADDRESS.fullmatch(address):  # for instance an unquoted comma in the name
            found = _ADDRESS.search(self.header("from"))
            address = found.group() if found else ""
        return address.lower()

    @property
    def date(self) -> datetime | None:
        with suppress(ValueError, TypeError, IndexError, OverflowError):
            moment = parsedate_to_datetime(self.header("date"))
            return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return None

    @property
    def has_audio(self) -> bool:
        """Whether any part may be a recording."""
        return any(part.is_audio for part in self.parts)


def parse_mail(raw: bytes) -> Mail:
    """Parse a raw mail (RFC 5322). Never raises."""
    message = _parse(raw)
    if message is None:
        return Mail(headers=_headers_only(raw), text=clean(raw.decode("utf-8", "replace")),
                    whole=False)  # fmt: skip
    plain: list[str] = []
    rich: list[str] = []
    parts: list[Part] = []
    whole = True
    inner: list[dict[str, list[str]]] = []
    for node in _leaves(message, inner):
        if node is None or len(parts) >= MAX_PARTS:
            whole = False
            continue
        content = _content(node)
        if content is None:
            whole = False
            continue
        media_type, name = _media_type(node), _name(node)
        wrapped = tnef.unwrap(content)
        if wrapped is not None:
            whole &= wrapped.whole
            plain.append(decoded(wrapped.body))
            parts.extend(_part(data, title) for title, data in wrapped.files if data)
            continue
        known = _is_sound(content)
        if media_type.startswith("text/") and not (known or name or _is_attached(node)):
            (rich if media_type == "text/html" else plain).append(_decoded(node, content))
        elif content:
            is_audio = known or media_type.startswith("audio/")
            parts.append(Part(content, media_type, name, is_audio))
        elif media_type.startswith("audio/"):
            whole = False
    text = clean("\n".join(plain)) or clean("\n".join(map(_without_tags, rich)))
    return Mail(
        headers=_headers(message),
        media_type=_media_type(message),
        text=text,
        parts=tuple(parts[:MAX_PARTS]),
        whole=whole and len(text) < MAX_TEXT_CHARACTERS and len(parts) <= MAX_PARTS,
        inner=tuple(inner),
    )


def clean(text: str) -> str:
    """Text that the database can store: no NUL and no lone surrogates, runs of spaces and of empty
    lines shortened, at most `MAX_TEXT_CHARACTERS` long."""
    text = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    lines = (_SPACES.sub(" ", line).strip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()[:MAX_TEXT_CHARACTERS]


def _parse(raw: bytes) -> Message | None:
    # policy.default parses more; compat32 accepts headers with which policy.default raises.
    for kind in (policy.default, policy.compat32):
        with suppress(Exception):
            return BytesParser(policy=kind).parsebytes(raw)
    return None


def _part(content: bytes, name: str | None) -> Part:
    """A file whose type nobody has declared."""
    known = _is_sound(content)
    return Part(content, "audio/x-unknown" if known else "application/octet-stream", name, known)


def _leaves(message: Message, inner: list[dict[str, list[str]]]) -> Iterator[Message | None]:
    """Every part with content, in order; None for a malformed one, and after `MAX_NODES` nodes.

    The headers of forwarded mails are appended to ``inner``.
    """
    stack: list[Any] = [message]
    for _ in range(MAX_NODES):
        if not stack:
            return
        node = stack.pop()
        if not isinstance(node, Message):
            yield None
        elif node.is_multipart():
            if _media_type(node) == "message/rfc822" and len(inner) < MAX_PARTS:
                inner.extend(
                    _headers(one) for one in node.get_payload() if isinstance(one, Message)
                )
            stack.extend(reversed(node.get_payload()))  # type: ignore[arg-type]
        else:
            yield node
    if stack:
        yield None


def _content(node: Message) -> bytes | None:
    try:
        content = node.get_payload(decode=True)
    except Exception:
        return None
    return content if isinstance(content, bytes) else None


def _media_type(node: Message) -> str:
    with suppress(Exception):
        return clean(node.get_content_type())[:128] or "application/octet-stream"
    return "application/octet-stream"


def _name(node: Message) -> str | None:
    with suppress(Exception):
        return clean(header_text(node.get_filename() or "")).replace("\n", " ")[:200] or None
    return None


def _is_attached(node: Message) -> bool:
    with suppress(Exception):
        return node.get_content_disposition() == "attachment"
    return False


def _is_sound(content: bytes) -> bool:
    with suppress(NotAudio):
        sniff(content[:HEAD_BYTES])
        return True
    return False


def _decoded(node: Message, content: bytes) -> str:
    charset = ""
    with suppress(Exception):
        charset = node.get_content_charset() or ""
    return decoded(content, charset)


def _headers(message: Message) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with suppress(Exception):
        for name, value in message.raw_items():
            found.setdefault(str(name).lower(), []).append(_one_line(str(value)))
    return found


def _headers_only(raw: bytes) -> dict[str, list[str]]:
    """The headers of a mail whose body can't be parsed."""
    head = re.split(rb"\r?\n\r?\n", raw[:262_144], maxsplit=1)[0]
    message = _parse(head + b"\r\n\r\n")
    return _headers(message) if message is not None else {}


def _one_line(value: str) -> str:
    return clean(header_text(value)).replace("\n", " ")


class _Words(HTMLParser):
    """Collects the visible text of an HTML page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "title"):
            self._hidden += 1
        elif tag in ("br", "p", "div", "tr", "li", "h1", "h2", "h3"):
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "title"):
            self._hidden = max(0, self._hidden - 1)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def _without_tags(html: str) -> str:
    words = _Words()
    with suppress(Exception):
        words.feed(html)
        words.close()
    return "".join(words.words)
