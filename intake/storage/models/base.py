"""What all tables have in common: how each type is stored, and columns that many tables have."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The root of all tables."""

    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads a plain class attribute)
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        str: Text,
        int: BigInteger,
        bytes: LargeBinary,
    }


Id = Mapped[int]


def new_id() -> Any:
    """A primary key, assigned by the database."""
    return mapped_column(BigInteger, Identity(always=True), primary_key=True)


def now() -> Any:
    """A time column whose default is the database's present time."""
    return mapped_column(DateTime(timezone=True), server_default=func.now())


def ref(target: str, *, index: bool = True, cascade: bool = False) -> Any:
    """A foreign key to ``target.id``; without that row it is null, with ``cascade`` deleted too."""
    return mapped_column(
        BigInteger,
        ForeignKey(f"{target}.id", ondelete="CASCADE" if cascade else "SET NULL"),
        index=index,
    )


def one_of(column: str, *values: str) -> CheckConstraint:
    """A constraint: the column holds one of these values, or null."""
    quoted = ", ".join(f"'{v}'" for v in values)
    return CheckConstraint(f"{column} IN ({quoted})", name=f"{column}_known")
