"""What operators edit at the desk, and the history of their changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, String, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intake.storage.models.base import Base, Id, new_id, now, ref


class Place(Base):
    """A place of the gazetteer."""

    __tablename__ = "places"
    id: Id = new_id()
    name: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str]
    area: Mapped[str | None]
    aliases: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))


class RoutingRule(Base):
    """One routing rule; the lowest position comes first, an absent condition always holds."""

    __tablename__ = "routing_rules"
    id: Id = new_id()
    position: Mapped[int] = mapped_column(Integer, unique=True)
    backend: Mapped[str] = mapped_column(String(64))
    category: Mapped[list[Any] | None]
    area: Mapped[list[Any] | None]
    urgency: Mapped[list[Any] | None]
    note: Mapped[str | None]


class CatalogueText(Base):
    """An operator's changes to the texts of one category, in place of those in the file."""

    __tablename__ = "catalogue_texts"
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    texts: Mapped[dict[str, Any]]


class Edited(Base):
    """The state of one kind of editable data (places, routing rules, texts).

    ``version`` grows with every write to its table, whoever writes (by triggers). ``own``: the
    table is in force even when it is empty; otherwise the file is.
    """

    __tablename__ = "edited"
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, server_default="1")
    own: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"))


class Edit(Base):
    """One change by one operator: the values before and after it, by name."""

    __tablename__ = "edits"
    id: Id = new_id()
    kind: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(16))
    who: Mapped[str]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    undoes_id: Mapped[int | None] = ref("edits", index=False)
    created_at: Mapped[datetime] = now()
