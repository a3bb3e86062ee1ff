"""The index by which the operators' list is searched."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from intake.storage.models.base import Base


class Sound(Base):
    """The syllable of a character, folded by `intake.understanding.phonetics.fuzzy`; functions in
    the database fold search terms and stored texts with it."""

    __tablename__ = "sounds"
    character: Mapped[str] = mapped_column(Text, primary_key=True)
    sound: Mapped[str]


class RequestWords(Base):
    """The searchable words of a request, kept up to date by triggers (migrations 0009, 0013).

    ``said``: all its words and notes without blanks and punctuation, one line a field.
    ``sounds``: their syllables between spaces. ``terms``: characters, pairs of characters, pairs
    of syllables.
    """

    __tablename__ = "request_words"
    service_request_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("service_requests.id", ondelete="CASCADE"), primary_key=True
    )
    said: Mapped[str]
    sounds: Mapped[str]
    terms: Mapped[list[str]] = mapped_column(ARRAY(Text))
    __table_args__ = (Index("request_words_terms", "terms", postgresql_using="gin"),)
