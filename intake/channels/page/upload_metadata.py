"""The metadata of an upload, stored as JSON beside the file of its bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RECEIVED = "received"
METADATA = ("key", "filetype", "language", "recorded_at", "household")


@dataclass(frozen=True, slots=True)
class Note:
    """One upload's metadata; changed by `Uploads.change` only.

    ``metadata``: those of `METADATA` that the client gave. ``size``: the whole length in bytes,
    None while the resident is still speaking. ``expires``: an HTTP date, until when the upload may
    be resumed. ``network``: a keyed hash of the sender's network address. ``taken``: how many bytes
    are in a voicemail. ``ended``: ``received`` once all of them are. ``form_key``: what the
    sender's key is called where the form's door stores it (`voicemail.sender_key_hash`, hex
    digits).
    """

    metadata: dict[str, str]
    size: int | None
    network: str
    created_at: str
    expires: str
    taken: int = 0
    ended: str | None = None
    form_key: str = ""

    @property
    def expires_at(self) -> datetime:
        return parsedate_to_datetime(self.expires)

    @classmethod
    def read(cls, text: bytes) -> Note:
        """A note from its JSON; fields that this version does not know are dropped.

        Raises `ValueError` or `TypeError` for JSON that is no note.
        """
        stored = json.loads(text)
        if stored.get("ended") != RECEIVED:
            stored["ended"] = None  # earlier versions ended an upload that they refused
        return cls(**{f.name: stored[f.name] for f in fields(cls) if f.name in stored})


def expired(note: Note) -> bool:
    """Whether the time in which the upload may be resumed is over."""
    return note.expires_at < datetime.now(UTC)
