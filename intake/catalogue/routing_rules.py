"""The table of routing rules; the whole list is read, written and versioned as one value."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import Field, field_validator
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from intake.catalogue.places import LONGEST, Wrong
from intake.settings import Routing, Rule
from intake.storage.models import Edited, RoutingRule

KIND = "routing_rules"
LIST = "rules"  # the name of the list in a change of the history
MOST_RULES = 200
MOST_VALUES = 200


class Listed(Rule):
    """A rule as operators write it, with a note for their colleagues."""

    note: str | None = Field(None, max_length=200)

    @field_validator("category", "area", "urgency", mode="after")
    @classmethod
    def _some_or_none(cls, value: list[str] | None) -> list[str] | None:
        found = list(dict.fromkeys(text.strip() for text in value or () if text.strip()))
        if len(found) > MOST_VALUES:
            raise ValueError(f"more than {MOST_VALUES}")
        if any(len(text) > LONGEST or not text.isprintable() for text in found):
            raise ValueError(f"must be printable and have {LONGEST} characters at most")
        return found or None

    @field_validator("note", mode="after")
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        return " ".join("".join(c if c.isprintable() else " " for c in value or "").split()) or None


def wrong(
    rules: Sequence[Listed], backends: Collection[str], categories: Collection[str]
) -> tuple[int, Wrong] | None:
    """The number (from 1) of the first rule that can't be saved, and why; None if all can."""
    for number, rule in enumerate(rules, 1):
        if rule.backend not in backends:
            known = ", ".join(sorted(backends))
            return number, Wrong(
                "backend", {"rule": number, "value": rule.backend[:40], "known": known}
            )
        for code in rule.category or ():
            if code not in categories:
                return number, Wrong("category", {"rule": number, "value": code[:40]})
    return None


def unreached(rules: Sequence[Rule]) -> list[int]:
    """The indices of rules that are never reached, because a rule before them always holds."""
    for index, rule in enumerate(rules):
        if not (rule.category or rule.area or rule.urgency):
            return list(range(index + 1, len(rules)))
    return []


def to_json(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """A list of rules as it is stored in the history and shown by the API."""
    return [{"note": None, **rule.model_dump(mode="json")} for rule in rules]


async def own(session: AsyncSession) -> list[Listed] | None:
    """The operators' list; None while the settings file is in force."""
    if not await session.scalar(select(Edited.own).where(Edited.kind == KIND)):
        return None
    rows = await session.scalars(select(RoutingRule).order_by(RoutingRule.position))
    return [
        Listed.model_construct(
            backend=row.backend,
            category=row.category,
            area=row.area,
            urgency=row.urgency,
            note=row.note,
        )
        for row in rows
    ]


async def current(session: AsyncSession, routing: Routing) -> tuple[Rule, ...]:
    """The rules in force: the operators' list, else those of the settings file."""
    found = await own(session)
    return tuple(routing.rules if found is None else found)


async def read(session: AsyncSession, names: Collection[str]) -> dict[str, Any]:
    """The operators' list under its name; None while the file is in force."""
    found = await own(session)
    return dict.fromkeys(names, None if found is None else to_json(found))


async def write(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Replace the operators' list; None puts the settings file in force again."""
    rules: list[dict[str, Any]] | None = values[LIST]
    await session.execute(delete(RoutingRule))
    session.add_all(RoutingRule(position=n, **rule) for n, rule in enumerate(rules or (), 1))
    await session.flush()
    statement = update(Edited).where(Edited.kind == KIND).values(own=rules is not None)
    await session.execute(statement)
