"""Operators' changes to the catalogue's texts: names, questions, deadlines, least urgency.

Only what differs from the file is stored, so that everything else follows the file. Codes, the
required fields and the fields that have questions can't be changed.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic import ValidationError as Invalid
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intake.catalogue.places import Wrong
from intake.catalogue.services import Catalogue, Category
from intake.storage.models import CatalogueText, Edited
from intake.understanding.fields import AskedName

KIND = "catalogue_texts"
SOURCE = "set at the operators' desk"
log = logging.getLogger("huying.editing")


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


OneLine = Annotated[
    str, AfterValidator(_one_line), StringConstraints(strip_whitespace=True, min_length=1)
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Name(_Strict):
    """A short name in both languages."""

    zh: Annotated[OneLine, StringConstraints(max_length=40)]
    en: Annotated[OneLine, StringConstraints(max_length=60)]


class Sentence(_Strict):
    """A sentence in both languages."""

    zh: Annotated[OneLine, StringConstraints(max_length=200)]
    en: Annotated[OneLine, StringConstraints(max_length=300)]


class Texts(_Strict):
    """The changed texts of one category; what is left out follows the file."""

    name: Name | None = None
    description: Sentence | None = None
    questions: dict[AskedName, Sentence] | None = None
    deadline_minutes: int | None = Field(None, ge=1, le=60 * 24 * 31)
    at_least: Literal["normal", "urgent"] | None = None


def differing(entry: Category, texts: Texts) -> tuple[dict[str, Any] | None, Wrong | None]:
    """(the part of `texts` that differs from the file's `entry` or None, what is wrong or None)."""
    given = texts.model_dump(exclude_none=True)
    file = entry.model_dump(mode="json")
    unknown = sorted(set(given.get("questions") or ()) - set(file["questions"]))
    if unknown:
        return None, Wrong("question", {"value": unknown[0]})
    asked = {n: q for n, q in (given.pop("questions", None) or {}).items()}
    asked = {name: text for name, text in asked.items() if text != file["questions"][name]}
    found = {name: value for name, value in given.items() if value != file[name]}
    if asked:
        found["questions"] = asked
    return found or None, None


def overlay(files: Catalogue, rows: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    """The catalogue with the operators' texts; a row that no longer fits its file is left out."""
    entries = dict(files.entries)
    for code, texts in rows.items():
        if code not in entries:
            continue
        file = entries[code].model_dump()
        questions = {n: q for n, q in texts.get("questions", {}).items() if n in file["questions"]}
        merged = {**file, **texts, "questions": {**file["questions"], **questions}}
        if "deadline_minutes" in texts:
            merged["deadline_source"] = SOURCE
        try:
            entries[code] = Category.model_validate(merged)
        except Invalid:
            log.warning("the operators' texts of category %s can't be used", code)
    return Catalogue(MappingProxyType(entries), files.intents)


async def all_of(session: AsyncSession) -> dict[str, dict[str, Any]]:
    """Code → the changed texts of that category."""
    rows = await session.scalars(select(CatalogueText).order_by(CatalogueText.code))
    return {row.code: dict(row.texts) for row in rows}


async def current(session: AsyncSession, files: Catalogue) -> Catalogue:
    """The catalogue with the operators' present texts."""
    return overlay(files, await all_of(session))


async def read(session: AsyncSession, names: Collection[str]) -> dict[str, Any]:
    """The changed texts of these categories; None where the file is in force."""
    known = await all_of(session)
    return {name: known.get(name) for name in names}


async def write(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Save the changed texts of these categories; None puts the file in force again."""
    gone = [code for code, texts in values.items() if texts is None]
    await session.execute(delete(CatalogueText).where(CatalogueText.code.in_(gone)))
    for code, texts in values.items():
        if texts is not None:
            statement = insert(CatalogueText).values(code=code, texts=texts)
            kept = {"texts": statement.excluded.texts}
            await session.execute(
                statement.on_conflict_do_update(index_elements=["code"], set_=kept)
            )
    await session.execute(update(Edited).where(Edited.kind == KIND).values(own=True))
