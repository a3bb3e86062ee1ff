"""``huying migrate`` and ``huying seed``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from intake.app import database_url
from intake.catalogue import places_csv, seed_places
from intake.cli.invent import invent
from intake.errors import InputError
from intake.settings import load
from intake.storage import migrations
from intake.storage.db import connect


def migrate() -> None:
    """Bring the database to the newest schema, and load the places that the settings name into an
    empty table.

    Safe to run twice and from several machines at once: places that operators maintain are left
    unchanged.
    """
    settings = load()
    url = database_url(settings)
    before, after = migrations.migrate(url)
    word = "is up to date" if before == after else f"went from {before or 'nothing'}"
    typer.echo(f"Database {word} (revision {after}).")
    if settings.places is not None:
        found = asyncio.run(_seed(url, settings.places, first=True))
        typer.echo(f"Places: {found} new." if found is not None else "Places: unchanged.")


def seed(
    places: Annotated[
        Path | None, typer.Argument(help="CSV: name,kind,area,aliases (a|b|c).")
    ] = None,
    replace: Annotated[bool, typer.Option(help="Overwrite places of the same name.")] = False,
    requests: Annotated[
        int, typer.Option(min=0, help="Invent so many requests, for trying and measuring.")
    ] = 0,
    days: Annotated[int, typer.Option(min=1, help="Of the last so many days.")] = 365,
    yes: Annotated[bool, typer.Option(help="Even beside requests of real people.")] = False,
) -> None:
    """Load a gazetteer: add the places that are new; or invent requests."""
    if places is None and not requests:
        raise InputError("Name a CSV of places, or --requests COUNT.")
    url = database_url(load())
    if places is not None:
        changed = asyncio.run(_seed(url, places, replace=replace))
        typer.echo(f"{changed} places {'loaded' if replace else 'new'}.")
    if requests:
        invent(url, requests, days, even_so=yes)


async def _seed(url: str, path: Path, *, replace: bool = False, first: bool = False) -> int | None:
    lines = seed_places.lines_of(path)
    engine, sessions = connect(url, pool_size=2)
    try:
        async with sessions.begin() as session:
            if not first:
                _tell(path, lines)
                return await seed_places.put(session, lines, replace=replace)
            found = await seed_places.first(session, lines)
            if found is not None:
                _tell(path, lines)
            return found
    finally:
        await engine.dispose()


def _tell(path: Path, lines: list[places_csv.Line]) -> None:
    for line in lines:
        if line.wrong is not None:
            why = line.wrong.in_language("en")
            typer.echo(f"{path}, line {line.number}, left out: {why}", err=True)
