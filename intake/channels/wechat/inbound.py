"""Parses one WeChat callback (a message or an event) into our own form."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from intake.channels.wechat.placeholders import is_placeholder, label_of
from intake.errors import InputError

Kind = Literal["text", "voice", "image", "location", "event"]
Opens = Literal["message", "event"]
_OPENID = re.compile(r"[0-9A-Za-z_-]{6,64}")
_MESSAGE_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_MEDIA_ID = re.compile(r"[0-9A-Za-z_-]{1,256}")
_MEDIA: Mapping[str, Kind] = {
    "voice": "voice",
    "image": "image",
    "video": "image",
    "shortvideo": "image",
}


@dataclass(frozen=True, slots=True)
class Incoming:
    """A follower's message or event.

    ``received_at``: aware, never after now. ``opens``: which window for customer-service messages
    it opens (`reply_window`). ``text``: the follower's words; None where there are none, as in a
    location without a label and in a placeholder, which ``data`` keeps. ``media_id``: the voice
    message, picture or video to be fetched. ``reply_from``: the account's own id, the sender of an
    answer.
    """

    openid: str
    external_id: str
    received_at: datetime
    kind: Kind
    text: str | None = None
    media_id: str | None = None
    opens: Opens | None = "message"
    reply_from: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    def pack(self) -> bytes:
        """As bytes, for the spool."""
        return json.dumps(
            {**asdict(self), "received_at": self.received_at.isoformat()}, ensure_ascii=False
        ).encode()

    @classmethod
    def unpack(cls, payload: bytes) -> Incoming:
        """The message from `pack`."""
        values = json.loads(payload)
        return cls(**{**values, "received_at": datetime.fromisoformat(values["received_at"])})


def understand(fields: Mapping[str, str], now: datetime) -> Incoming | None:
    """Parse the elements of one callback; None for an event that is no message to us.

    Messages are identified by MsgId; events by FromUserName and CreateTime (WeChat's rule) and
    the event's name, because two of them may arrive in one second. Raises `InputError` for a
    callback without the elements that WeChat always sends.
    """
    openid = _field(fields, "FromUserName", _OPENID)
    received_at = _moment(fields.get("CreateTime", ""), now)
    base: dict[str, Any] = {
        "openid": openid,
        "received_at": received_at,
        "reply_from": fields.get("ToUserName", ""),
    }
    kind = fields.get("MsgType", "")
    if kind == "event":
        return _event(fields, base)
    base["external_id"] = _field(fields, "MsgId", _MESSAGE_ID)
    if kind in _MEDIA:
        media_id = _field(fields, "MediaId", _MEDIA_ID)
        return Incoming(kind=_MEDIA[kind], media_id=media_id, **base)
    if kind == "location":
        return _location(fields, base)
    if kind == "link":
        words = (fields.get(name, "").strip() for name in ("Title", "Description", "Url"))
        return Incoming(kind="text", text="\n".join(filter(None, words)), **base)
    if kind == "text":
        text = fields.get("Content", "")
        if is_placeholder(text):
            return Incoming(kind="text", data={"placeholder": text.strip()}, **base)
        return Incoming(kind="text", text=text, **base)
    return None


def _event(fields: Mapping[str, str], base: dict[str, Any]) -> Incoming | None:
    name, key = fields.get("Event", "").lower(), fields.get("EventKey", "")[:128]
    if name == "subscribe":
        text = "follow"
    elif name == "click":
        text = f"menu:{key}"
    elif name == "scan":
        text = f"scan:{key}"
    else:  # location reports, delivery receipts, unfollowing: the resident asks nothing of us
        return None
    seconds = int(base["received_at"].timestamp())
    external_id = f"{base['openid']}:{fields.get('CreateTime', seconds)}:{text}"
    return Incoming(kind="event", text=text, external_id=external_id, opens="event", **base)


def _location(fields: Mapping[str, str], base: dict[str, Any]) -> Incoming:
    try:
        latitude, longitude = float(fields["Location_X"]), float(fields["Location_Y"])
    except (KeyError, ValueError):
        raise InputError("The location has no coordinates.", code="bad_message") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise InputError("The location's coordinates are out of range.", code="bad_message")
    where = {"latitude": latitude, "longitude": longitude}
    return Incoming(kind="location", text=label_of(fields.get("Label", "")), data=where, **base)


def _field(fields: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = fields.get(name, "").strip()
    if not pattern.fullmatch(value):
        raise InputError(f"{name} is missing or not as WeChat writes it.", code="bad_message")
    return value


def _moment(text: str, now: datetime) -> datetime:
    if not re.fullmatch(r"[0-9]{1,11}", text):
        raise InputError("CreateTime is missing or no number.", code="bad_message")
    return min(datetime.fromtimestamp(int(text), UTC), now)
