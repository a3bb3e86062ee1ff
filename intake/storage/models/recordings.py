"""Recordings and their transcripts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, String, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intake.storage.models.base import Base, Id, new_id, now, ref
from speech.transcript import Transcript as Heard


class Recording(Base):
    """A recording: the key of its file (`intake.storage.blobs`) and its format. Never altered.

    ``forgotten_at``: when the file was deleted because its retention time was over.
    """

    __tablename__ = "recordings"
    id: Id = new_id()
    blob_key: Mapped[str] = mapped_column(Text, unique=True)
    sha256: Mapped[bytes]
    size_bytes: Mapped[int]
    format: Mapped[str | None]
    codec: Mapped[str | None]
    duration_seconds: Mapped[float | None] = mapped_column(Float)
    recorded_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = now()

    @property
    def suffix(self) -> str:
        """The usual file suffix of this format; the column ``format`` holds the demuxer's name."""
        return {"matroska": "webm", "mov": "m4a"}.get(self.format or "", self.format or "bin")


class Transcript(Base):
    """One engine's transcription of one recording.

    ``words``: [{text, start, end, confidence}]; start and end in seconds, confidence 0..1.
    ``alternatives``: other texts that the engine considered, the likeliest first.
    """

    __tablename__ = "transcripts"
    id: Id = new_id()
    recording_id: Mapped[int] = ref("recordings", cascade=True)
    text: Mapped[str]
    language: Mapped[str | None] = mapped_column(String(16))
    engine: Mapped[str]
    model: Mapped[str]
    words: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))
    notes: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))
    alternatives: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))
    confidence: Mapped[float | None] = mapped_column(Float)
    duration_seconds: Mapped[float | None] = mapped_column(Float)
    speech_seconds: Mapped[float | None] = mapped_column(Float)
    source: Mapped[str] = mapped_column(String(16), server_default="recogniser")
    created_at: Mapped[datetime] = now()

    @classmethod
    def of(cls, heard: Heard, recording_id: int) -> Transcript:
        """The row that stores a recogniser's result for a recording."""
        return cls(
            recording_id=recording_id,
            text=heard.text,
            language=heard.language,
            engine=heard.engine,
            model=heard.model,
            words=[
                {"text": w.text, "start": w.start, "end": w.end, "confidence": w.confidence}
                for w in heard.words
            ],
            notes=list(heard.notes),
            alternatives=list(heard.alternatives),
            confidence=heard.confidence,
            duration_seconds=heard.duration_seconds,
            speech_seconds=heard.speech_seconds,
        )
