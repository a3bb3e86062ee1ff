"""``huying forget``: deletes now what the worker deletes every hour, or only shows the amounts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated

import typer

from intake.app import database_url
from intake.privacy import retention
from intake.settings import Settings, load
from intake.storage.db import connect


def forget(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show how much would be deleted.")
    ] = False,
    agreed: Annotated[
        bool,
        typer.Option(
            "--agreed", help="Delete also what looks like the work of a wrong clock: you looked."
        ),
    ] = False,
) -> None:
    """Delete what is older than [retention] in the settings allows.

    Where the clock can't be right, or more than half of a kind would go at once, nothing of it is
    deleted until you say --agreed.
    """
    settings = load()
    found, doubts = asyncio.run(_forget(settings, dry_run=dry_run, agreed=agreed))
    days = {kind.name: getattr(settings.retention, kind.setting) for kind in retention.KINDS}
    for name, count in found.items():
        after = f"  after {days[name]:g} days" if name in days else ""
        typer.echo(f"{count:8}  {name}{after}")
    for name in sorted(days.keys() - found.keys()):
        typer.echo(f"       –  {name}  {'waits for you' if days[name] else 'never'}")
    for sentence in doubts:
        typer.echo(f"{sentence} Look at the clock and the amounts, then: huying forget --agreed")
    if dry_run:
        typer.echo("Nothing was changed.")


async def _forget(
    settings: Settings, *, dry_run: bool, agreed: bool
) -> tuple[Mapping[str, int], list[str]]:
    engine, sessions = connect(database_url(settings), pool_size=2)
    try:
        doubts = [] if agreed else (await retention.doubts(settings, sessions)).sentences()
        if dry_run:
            return await retention.due(settings, sessions), doubts
        found = await retention.forget(settings, sessions, thorough=True, agreed=agreed)
        return found, doubts
    finally:
        await engine.dispose()
