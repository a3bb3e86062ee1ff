"""``huying migrate`` and ``huying seed``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.dialects.postgresql import insert

from intake import migrations
from intake.app import database_url
from intake.db import connect
from intake.models import Place
from intake.settings import load
from intake.understanding.gazetteer import Gazetteer


def migrate() -> None:
    """Bring the database to the newest schema, and load the places that the settings name.

    Safe to run twice and from several machines at once.
    """
    settings = load()
    url = database_url(settings)
    before, after = migrations.migrate(url)
    word = "is up to date" if before == after else f"went from {before or 'nothing'}"
    typer.echo(f"Database {word} (revision {after}).")
    if settings.places is not None:
        typer.echo(f"Places: {asyncio.run(_seed(url, settings.places, replace=False))} new.")


def seed(
    places: Annotated[Path, typer.Argument(help="CSV: name,kind,area,aliases (a|b|c).")],
    replace: Annotated[bool, typer.Option(help="Overwrite places of the same name.")] = False,
) -> None:
    """Load a gazetteer: the places of this deployment."""
    changed = asyncio.run(_seed(database_url(load()), places, replace=replace))
    typer.echo(f"{changed} places {'loaded' if replace else 'new'}.")


async def _seed(url: str, path: Path, *, replace: bool) -> int:
    rows = [
        {"name": p.name, "kind": p.kind, "area": p.area or None, "aliases": list(p.aliases)}
        for p in Gazetteer.from_csv(path).places.values()
    ]
    if not rows:
        return 0
    engine, sessions = connect(url, pool_size=2)
    statement = insert(Place).values(rows)
    if replace:
        kept = {name: statement.excluded[name] for name in ("kind", "area", "aliases")}
        statement = statement.on_conflict_do_update(index_elements=["name"], set_=kept)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=["name"])
    try:
        async with sessions.begin() as session:
            result = await session.execute(statement.returning(Place.id))
            return len(result.all())
    finally:
        await engine.dispose()
