"""Households, the residents in them, and their contact points."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from intake.storage.models.base import Base, Id, new_id, now, ref


class Household(Base):
    """A household: who lives there, where, which area serves it, which group it belongs to.

    Its link carries ``link_version``: raising the version ends all earlier links. ``erasing``: the
    order to erase it, while that is under way (`intake.privacy.erase_household`).
    """

    __tablename__ = "households"
    id: Id = new_id()
    name: Mapped[str | None]
    phone: Mapped[str | None]
    language: Mapped[str | None] = mapped_column(String(16))
    place: Mapped[str | None]
    unit: Mapped[str | None]
    area: Mapped[str | None]
    resident_group: Mapped[str | None]
    link_version: Mapped[int] = mapped_column(Integer, server_default="0")
    link_revoked_at: Mapped[datetime | None]
    erasing: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = now()
    __table_args__ = (Index("households_group", "resident_group", "id"),)


class Resident(Base):
    """A person who is helped."""

    __tablename__ = "residents"
    id: Id = new_id()
    household_id: Mapped[int | None] = ref("households")
    name: Mapped[str | None]
    language: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime] = now()


class ContactPoint(Base):
    """Where a resident is reached: a channel and an address in it, such as a phone number, an
    openid or an e-mail address."""

    __tablename__ = "contact_points"
    id: Id = new_id()
    resident_id: Mapped[int | None] = ref("residents")
    channel: Mapped[str] = mapped_column(String(32))
    address: Mapped[str]
    created_at: Mapped[datetime] = now()
    __table_args__ = (UniqueConstraint("channel", "address"),)
