"""The table of the gazetteer: one row a place, checked before it is written; and which places
sound alike.

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
MOST_ALIKE = 5  # places of the same sound that are shown
ROWS_AT_ONCE = 2_000
# A spreadsheet would run cells that begin so as formulas; some also the full-width ones.
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
Value = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why something can't be saved: the sentence ``desk.settings.wrong.<code>`` of the locale,
    filled in with ``values``."""

    code: str
    values: Mapping[str, Any]

    def in_language(self, language: str | None) -> str:
        """The sentence."""
        return say(f"desk.settings.wrong.{self.code}", language, **self.values)

    def to_json(self) -> dict[str, str]:
        """``{code, <language>: sentence, …}``, in the form of the reasons for review."""
        return {"code": self.code, **{name: self.in_language(name) for name in languages()}}


@dataclass(frozen=True, slots=True)
class Alike:
    """Another place that sounds the same (``exactly``) or nearly the same."""

    other: str
    exactly: bool


def kind_of(written: str) -> str | None:
    """The code of a kind that is written as its code or by its name in any language, or None."""
    wanted = written.strip().casefold()
    for kind in KINDS:
        names = {say(f"desk.settings.kind.{kind}", language) for language in languages()}
        if wanted in {kind, *(name.casefold() for name in names)}:
            return kind
    return None


def tidy(
    name: str, kind: str, area: str | None, aliases: Iterable[str]
) -> tuple[str, Value, Wrong | None]:
    """(name, value, what is wrong or None) of a place, cleaned as it would be saved."""
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
    """A place's row as its value."""
    return {"kind": place.kind, "area": place.area or None, "aliases": list(place.aliases)}


async def all_of(session: AsyncSession) -> dict[str, Value]:
    """Every place by name, in the order in which they were added."""
    rows = await session.scalars(select(Place).order_by(Place.id))
    return {place.name: value_of(place) for place in rows}


async def read(session: AsyncSession, names: Collection[str]) -> dict[str, Any]:
    """Name → value of these places; None for one that does not exist."""
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
    """The places as the `Gazetteer` that the readers use."""
    return await asyncio.to_thread(_built, await all_of(session))


def _built(places: Mapping[str, Value]) -> Gazetteer:
    return Gazetteer.from_rows(
        (name, value["kind"], value["area"] or "", value["aliases"])
        for name, value in places.items()
    )


def alike_in(places: Mapping[str, Value]) -> dict[str, list[Alike]]:
    """`alike_of` for places that are not saved yet; takes a second for some thousands."""
    return _alike(
        (name, syllables(plain(text)))
        for name, value in places.items()
        for text in (name, *value["aliases"])
    )


@lru_cache(maxsize=2)
def alike_of(known: Gazetteer) -> Mapping[str, list[Alike]]:
    """Place → the other places of which a name or alias sounds the same or nearly the same.

    Where two sound the same, the readers mark the place as ambiguous, and a person decides.
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
