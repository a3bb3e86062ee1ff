"""What the queue's search finds requests by."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from intake.storage.models.base import Base


class Sound(Base):
    """How a character sounds, as a syllable folded by `phonetics.fuzzy`; the database's own
    functions fold with it what is searched for and what is found."""

    __tablename__ = "sounds"
    character: Mapped[str] = mapped_column(Text, primary_key=True)
    sound: Mapped[str]


class RequestWords(Base):
    """What a request is found by; triggers keep it, the migration that made them says how.

    ``said``: all that was said and noted, bare of blanks and marks, a line a field. ``sounds``: its
    syllables between spaces. ``terms``: characters, pairs of characters, pairs of syllables.
    """

    __tablename__ = "request_words"
    service_request_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("service_requests.id", ondelete="CASCADE"), primary_key=True
    )
    said: Mapped[str]
    sounds: Mapped[str]
    terms: Mapped[list[str]] = mapped_column(ARRAY(Text))
    __table_args__ = (Index("request_words_terms", "terms", postgresql_using="gin"),)
