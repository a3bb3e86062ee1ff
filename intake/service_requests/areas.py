"""The area that a request lies in follows from its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from intake.runtime import Parts
from intake.understanding.simplified import plain


async def area_of(session: AsyncSession, parts: Parts, place: str | None) -> str | None:
    """The area of a place that the gazetteer has under this name or alias.

    None for a place that it lacks, and for an alias of places in several areas.
    """
    gazetteer = await parts.gazetteer(session)
    known = gazetteer.places.get(place or "")
    if known is not None:
        return known.area or None
    areas = {spelling.place.area for spelling in gazetteer.written(plain((place or "").strip()))}
    return areas.pop() or None if len(areas) == 1 else None


async def with_area(
    session: AsyncSession, parts: Parts, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """The changes of a request's fields; a new place brings its area unless they name one."""
    if "place" not in changes or "area" in changes:
        return dict(changes)
    return {**changes, "area": await area_of(session, parts, changes["place"])}
