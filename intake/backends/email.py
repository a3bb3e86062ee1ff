"""A group that works from its mailbox: an e-mail with the whole request, and links to report by.

Each mail is delivered at least once, with the same Message-ID at every attempt, so that mailboxes
which compare it show one mail. Changes and cancellations follow in the same thread. A recording of
up to ``attach_up_to_bytes`` bytes is attached, a longer one is linked.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import AfterValidator, Field

from intake.backends import Dispatch, Pending, Receipt, Report
from intake.backends._mail_texts import TEXTS
from intake.errors import BackendError
from intake.locale import say
from intake.locale.visible_text import finalize
from intake.network.http import Outgoing
from intake.network.options import NetworkOptions, Secret, Zone
from intake.understanding.fields import READ

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SUBJECT_CHARACTERS = 150
_IN_OWN_WORDS = ("place", "unit", "when", "person", "phone")


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError("write a plain address: name@example.org")
    return value


MailAddress = Annotated[str, AfterValidator(_address)]


class Options(NetworkOptions):
    """The mailbox, and the mail server through which it is reached."""

    to: list[MailAddress] = Field(min_length=1, max_length=20, description="who gets the mail")
    sender: MailAddress = Field(description="our own address")
    sender_name: str = Field("呼应 Huying", description="the name beside it")
    reply_to: MailAddress | None = Field(None, description="where a written answer goes")
    language: Literal["zh", "en"] = Field("zh", description="language of the mail")
    timezone: Zone = Field("Asia/Shanghai", description="time zone of the times in the mail")
    attach_up_to_bytes: int = Field(
        8 * 1024 * 1024, ge=0, description="longest recording that is attached; 0 = always linked"
    )
    host: str = Field(description="the mail server")
    port: int = Field(587, ge=1, le=65535, description="465 is encrypted from the first byte")
    starttls: bool = Field(True, description="false only inside allow_networks, no password")
    username: str | None = None
    password_file: Secret | None = None


class EmailBackend:
    """One mailbox."""

    polls = False
    can_update = True

    def __init__(self, name: str, options: Options, outgoing: Outgoing) -> None:
        self.name = name
        self._options = options
        self._outgoing = outgoing

    async def submit(self, dispatch: Dispatch) -> Receipt:
        message = self.write(dispatch)
        answer = await self._send(message)
        return Receipt(external_id=str(message["Message-ID"]), answer=answer)

    async def status(self, pending: Pending) -> Report:
        """Always an empty report: people report by the links."""
        return Report()

    async def update(self, dispatch: Dispatch) -> str | None:
        return await self._send(self.write(dispatch))

    async def close(self) -> None:
        """Nothing is held."""

    def write(self, dispatch: Dispatch) -> EmailMessage:
        """The mail for one dispatch. Raises `BackendError` when the recording can't be read."""
        options = self._options
        texts = TEXTS[options.language]
        message = EmailMessage()
        message["Subject"] = self._subject(dispatch, texts)
        message["From"] = Address(_line(options.sender_name), addr_spec=options.sender)
        message["To"] = ", ".join(options.to)
        if options.reply_to:
            message["Reply-To"] = options.reply_to
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = self._message_id(dispatch.idempotency_key)
        if dispatch.kind != "submit" and dispatch.external_id:
            thread = _message_ids(dispatch.external_id)
            if thread:
                message["In-Reply-To"] = thread
                message["References"] = thread
        # RFC 3834: asks for no automatic answers, such as holiday notices.
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message["Content-Language"] = options.language
        recording = self._recording(dispatch)
        values = self._values(dispatch, texts, attached=recording is not None)
        message.set_content(_templates().get_template("email.txt.j2").render(values))
        message.add_alternative(
            _templates().get_template("email.html.j2").render(values), subtype="html"
        )
        if recording is not None:
            name = _file_name(dispatch)
            kind = (mimetypes.guess_type(name)[0] or "application/octet-stream").split("/")
            message.add_attachment(recording, maintype=kind[0], subtype=kind[1], filename=name)
        return message

    async def _send(self, message: EmailMessage) -> str:
        return await self._outgoing.send_mail(
            message, self._options, timeout_seconds=self._options.timeout_seconds
        )

    def _subject(self, dispatch: Dispatch, texts: Mapping[str, str]) -> str:
        parts = [
            texts[dispatch.kind],
            texts["emergency"] if dispatch.urgency == "emergency" else "",
            self._category(dispatch),
            dispatch.tracking_number,
            dispatch.text("place") or "",
        ]
        return _line(" · ".join(part for part in parts if part))[:_SUBJECT_CHARACTERS]

    def _category(self, dispatch: Dispatch) -> str:
        return dispatch.category_name.get(self._options.language, dispatch.category)

    def _message_id(self, key: str) -> str:
        digest = hashlib.sha256(f"{self.name}\0{key}".encode()).hexdigest()[:40]
        return f"<{digest}@{self._options.sender.rpartition('@')[2]}>"

    def _recording(self, dispatch: Dispatch) -> bytes | None:
        path = dispatch.recording_path
        if path is None or dispatch.kind != "submit":
            return None
        try:
            if path.stat().st_size > self._options.attach_up_to_bytes:
                return None
            return path.read_bytes()
        except OSError:
            if dispatch.recording_url is not None:
                return None
            raise BackendError(
                "The recording to attach can't be read; check the recordings' folder.",
                code="recording_unreadable",
            ) from None

    def _values(
        self, dispatch: Dispatch, texts: Mapping[str, str], *, attached: bool
    ) -> dict[str, Any]:
        where = " ".join(filter(None, map(dispatch.text, ("area", "place", "unit"))))
        rows = [
            ("number", dispatch.tracking_number),
            ("category", self._category(dispatch)),
            ("urgency", texts[dispatch.urgency]),
            ("where", where),
            ("address", dispatch.address),
            ("when", self._window(dispatch)),
            ("who", dispatch.text("person")),
            ("phone", dispatch.text("phone")),
            *self._others(dispatch),
            ("received", self._time(dispatch.received_at)),
            ("deadline", self._time(dispatch.deadline_at)),
            ("reason", dispatch.reason),
        ]
        return {
            "language": self._options.language,
            "heading": texts[dispatch.kind],
            "rows": [(texts.get(key, key), value) for key, value in rows if value],
            "summary": dispatch.summary,
            "transcript": dispatch.transcript,
            "recording_url": None if attached else dispatch.recording_url,
            "links": [(texts.get(f"link_{k}", k), url) for k, url in dispatch.update_links.items()],
            "texts": texts,
        }

    def _others(self, dispatch: Dispatch) -> list[tuple[str, str | None]]:
        """(label, value) of the fields for which this mail has no words of its own."""
        return [
            (say(f"desk.field.{field.name}", self._options.language), dispatch.text(field.column))
            for field in READ
            if field.name not in _IN_OWN_WORDS and field.columns[0].payload is not None
        ]

    def _window(self, dispatch: Dispatch) -> str:
        ends = map(dispatch.moment, ("when_start", "when_end"))
        times = [self._time(moment) for moment in ends if moment is not None]
        said = dispatch.text("when_text")
        words = f"“{said}”" if said else ""
        return " ".join(part for part in (" – ".join(map(str, times)), words) if part)

    def _time(self, moment: datetime | None) -> str | None:
        if moment is None:
            return None
        return moment.astimezone(ZoneInfo(self._options.timezone)).strftime("%Y-%m-%d %H:%M")


def create(name: str, options: Options, outgoing: Outgoing) -> EmailBackend:
    """Make the mailbox ``name``."""
    return EmailBackend(name, options, outgoing)


def _line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()


def _message_ids(text: str) -> str | None:
    return text if re.fullmatch(r"<[A-Za-z0-9]+@[A-Za-z0-9.-]+>", text, re.ASCII) else None


def _file_name(dispatch: Dispatch) -> str:
    given = dispatch.recording_name or cast(Path, dispatch.recording_path).name
    return re.sub(r"[^\w.-]", "_", Path(_line(given)).name)[-80:] or "recording"


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )
