"""What is known of an upload besides its bytes, as it is kept beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

METADATA = ("key", "filetype", "language", "recorded_at", "household")


@dataclass(frozen=True, slots=True)
class Note:
    """What is kept beside the bytes; changed by `Uploads.change` only.

    ``metadata``: those of `METADATA` that the client gave. ``size``: the whole length in bytes,
    None while she still speaks. ``expires``: an HTTP date. ``network``: a keyed hash of the
    sender's. ``taken``: so many bytes stand in a voicemail. ``ended``: ``received``, or the code
    of why it can't be taken; ``sentence`` then says it in words.
    """

    metadata: dict[str, str]
    size: int | None
    network: str
    created_at: str
    expires: str
    taken: int = 0
    ended: str | None = None
    sentence: str | None = None

    @property
    def expires_at(self) -> datetime:
        return parsedate_to_datetime(self.expires)

    @classmethod
    def read(cls, text: bytes) -> Note:
        """A note as it was written, by another version perhaps."""
        stored = json.loads(text)
        return cls(**{f.name: stored[f.name] for f in fields(cls) if f.name in stored})


def expired(note: Note) -> bool:
    """Its time to come back is over."""
    return note.expires_at < datetime.now(UTC)
