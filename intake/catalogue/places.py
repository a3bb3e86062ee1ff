"""The gazetteer's table: one row a place, checked before it is written, and who sounds like whom.

A place's value is ``{"kind", "area", "aliases"}``; ``area`` may be None.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intake.locale import languages, say
from intake.storage.models import Edited, Place
from intake.understanding.gazetteer import Gazetteer
from intake.understanding.phonetics import Syllable, fuzzy, syllables
from intake.understanding.simplified import plain

KIND = "places"
KINDS = ("community", "road", "building", "facility")
LONGEST = 80  # characters of a name, an alias, an area
MOST_ALIASES = 50
MOST_PLACES = 10_000  # the readers' index of so many takes some seconds to build
MOST_ALIKE = 5  # of one sound that are named
ROWS_AT_ONCE = 2_000
# A spreadsheet that opens our export would compute these; some take the full-width ones, too.
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
Value = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why something can't be saved: ``desk.settings.wrong.<code>`` filled with ``values``."""

    code: str
    values: Mapping[str, Any]

    def in_language(self, language: str | None) -> str:
        """The sentence."""
        return say(f"desk.settings.wrong.{self.code}", language, **self.values)

    def to_json(self) -> dict[str, str]:
        """``{code, <language>: sentence, …}``, as reasons for review are."""
        return {"code": self.code, **{name: self.in_language(name) for name in languages()}}


@dataclass(frozen=True, slots=True)
class Alike:
    """Another place that sounds the same (``exactly``) or nearly so."""

    other: str
    exactly: bool


def kind_of(written: str) -> str | None:
    """The kind that a person wrote, as its code or by its name in any language."""
    wanted = written.strip().casefold()
    for kind in KINDS:
        names = {say(f"desk.settings.kind.{kind}", language) for language in languages()}
        if wanted in {kind, *(name.casefold() for name in names)}:
            return kind
    return None


def tidy(
    name: str, kind: str, area: str | None, aliases: Iterable[str]
) -> tuple[str, Value, Wrong | None]:
    """A place as it would be saved, and what is wrong with it, if anything."""
    name, area = name.strip(), (area or "").strip()
    others = list(dict.fromkeys(a.strip() for a in aliases if a.strip()))
    others = [other for other in others if other != name]
    code = kind_of(kind)
    value: Value = {"kind": code or kind.strip(), "area": area or None, "aliases": others}
    return name, value, _wrong(name, kind if code is None else None, area, others)


def _wrong(name: str, unknown: str | None, area: str, aliases: Collection[str]) -> Wrong | None:
    if not name:
        return Wrong("no_name", {})
    for text in (name, area, *aliases):
        if len(text) > LONGEST:
            return Wrong("too_long", {"value": text[:20], "most": LONGEST})
        if text.startswith(FORMULA):
            return Wrong("formula", {"value": text[:20]})
        if not text.isprintable():
            return Wrong("unprintable", {"value": "".join(filter(str.isprintable, text))[:20]})
    for text in (name, *aliases):
        if len(text) < 2:
            return Wrong("too_short", {"value": text})
        if "|" in text:
            return Wrong("bar", {"value": text[:20]})
    if unknown is not None:
        return Wrong("kind", {"value": unknown.strip()[:20], "known": ", ".join(KINDS)})
    if len(aliases) > MOST_ALIASES:
        return Wrong("aliases", {"most": MOST_ALIASES})
    return None


def value_of(place: Place) -> Value:
    """What is kept of a place besides its name."""
    return {"kind": place.kind, "area": place.area or None, "aliases": list(place.aliases)}


async def all_of(session: AsyncSession) -> dict[str, Value]:
    """Every place by name, in the order in which they were added."""
    rows = await session.scalars(select(Place).order_by(Place.id))
    return {place.name: value_of(place) for place in rows}


async def read(session: AsyncSession, names: Collection[str]) -> dict[str, Any]:
    """These places' values; None for one that is not there."""
    found: dict[str, Any] = dict.fromkeys(names)
    rows = await session.scalars(select(Place).where(Place.name.in_(list(names))))
    return found | {place.name: value_of(place) for place in rows}


async def write(session: AsyncSession, values: Mapping[str, Value | None]) -> None:
    """Save these places; None removes one."""
    gone = [name for name, value in values.items() if value is None]
    if gone:
        await session.execute(delete(Place).where(Place.name.in_(gone)))
    rows = [{"name": name, **value} for name, value in values.items() if value is not None]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        statement = insert(Place).values(rows[start : start + ROWS_AT_ONCE])
        kept = {column: statement.excluded[column] for column in ("kind", "area", "aliases")}
        await session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=kept))
    await session.execute(update(Edited).where(Edited.kind == KIND).values(own=True))


async def gazetteer(session: AsyncSession) -> Gazetteer:
    """The places as the readers want them."""
    return await asyncio.to_thread(_built, await all_of(session))


def _built(places: Mapping[str, Value]) -> Gazetteer:
    return Gazetteer.from_rows(
        (name, value["kind"], value["area"] or "", value["aliases"])
        for name, value in places.items()
    )


def alike_in(places: Mapping[str, Value]) -> dict[str, list[Alike]]:
    """`alike_of` of places that are not saved yet; takes a second for some thousands."""
    return _alike(
        (name, syllables(plain(text)))
        for name, value in places.items()
        for text in (name, *value["aliases"])
    )


@lru_cache(maxsize=2)
def alike_of(known: Gazetteer) -> Mapping[str, list[Alike]]:
    """For each place, by name or alias, those that sound the same or nearly so.

    Where two sound the same, the readers call the place ambiguous, and a person decides.
    """
    return _alike((spelling.place.name, spelling.spoken) for spelling in known.spellings)


def _alike(spellings: Iterable[tuple[str, Sequence[Syllable]]]) -> dict[str, list[Alike]]:
    exact: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    near: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for name, spoken in spellings:
        sounds = tuple(s.sound for s in spoken)
        if sounds:
            exact[sounds].add(name)
            near[tuple(map(fuzzy, sounds))].add(name)
    pairs: dict[tuple[str, str], bool] = {}
    for groups, exactly in ((near, False), (exact, True)):
        for names in groups.values():
            few = sorted(names)[: MOST_ALIKE + 1]
            pairs.update({(a, b): exactly for a in names for b in few if a != b})
    found: defaultdict[str, list[Alike]] = defaultdict(list)
    for (name, other), exactly in sorted(pairs.items()):
        found[name].append(Alike(other, exactly))
    return dict(found)
