"""Loads a file of places into the table, for the command line."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.catalogue import edits, places, places_csv
from intake.errors import InputError, SettingsError
from intake.storage.models import Place


def lines_of(path: Path) -> list[places_csv.Line]:
    """The lines of a file. Raises `SettingsError` that names it."""
    try:
        return places_csv.read(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"{path}: can't be read ({error.strerror}).") from None
    except InputError as error:
        raise SettingsError(f"{path}: {error.sentence}") from None


async def first(session: AsyncSession, lines: list[places_csv.Line]) -> int | None:
    """Fill a table that is empty and was never written to; return the number of places.

    Returns None, and changes nothing, when operators maintain the table already.
    """
    row = await edits.lock(session, places.KIND, None)
    if row.own or await session.scalar(select(func.count()).select_from(Place)):
        return None
    return await _put(session, lines, replace=False)


async def put(session: AsyncSession, lines: list[places_csv.Line], *, replace: bool) -> int:
    """Add the places that are new; ``replace``: also overwrite those of the same name. Returns the
    number of places written."""
    await edits.lock(session, places.KIND, None)
    return await _put(session, lines, replace=replace)


async def _put(session: AsyncSession, lines: list[places_csv.Line], *, replace: bool) -> int:
    preview = places_csv.compare(lines, await places.all_of(session), whole=False)
    wanted = ("add", "change") if replace else ("add",)
    values = {line.name: line.value for line, what, _ in preview.lines if what in wanted}
    if values:
        await edits.change(session, places.KIND, "seed", values, who="huying seed", seen=None)
    return len(values)
