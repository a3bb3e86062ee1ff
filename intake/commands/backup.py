"""``huying backup`` and ``huying restore``."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from intake.keeping import backing_up, restoring
from intake.keeping.archive import Reader
from intake.settings import load, settings_file


def backup(
    target: Annotated[
        Path, typer.Argument(help="A folder (the archive is named by its time), or a file .zip.")
    ],
    keep: Annotated[
        int | None, typer.Option(min=1, help="Leave only so many archives in the folder.")
    ] = None,
    days: Annotated[
        float | None,
        typer.Option(min=0, help="Delete older ones; 0: none. Default: retention.backups_days."),
    ] = None,
) -> None:
    """Write database, recordings, what waits, secrets and settings into one archive.

    The house may run meanwhile. Archives in the folder whose time is over are deleted, so that
    who was erased leaves them too.
    """
    settings = load()
    path = backing_up.back_up(settings, target, _tell, version=version("huying"))
    typer.echo(f"{path} ({path.stat().st_size / 2**20:.1f} MB)")
    if path.parent == target:
        limit = settings.retention.backups_days if days is None else days
        for gone in backing_up.expire(target, days=limit, keep=keep):
            typer.echo(f"deleted {gone.name}")


def restore(
    archive: Annotated[Path, typer.Argument(help="What `huying backup` wrote.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what this house holds.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Only see whether it is whole.")] = False,
) -> None:
    """Make this house from an archive. Stop the house first; nothing is overwritten unasked.

    Every checksum is compared before anything is touched.
    """
    with Reader(archive) as opened:
        restoring.check(opened, _tell)
        manifest = opened.manifest
        typer.echo(f"made {manifest['made_at'][:19]} UTC, schema {manifest['revision']}")
        if check:
            typer.echo("It is whole.")
            return
        restoring.put_settings(opened, settings_file().parent, overwrite=overwrite)
        settings = load()
        asyncio.run(restoring.restore(settings, opened, _tell, overwrite=overwrite))
    typer.echo(f"Restored into {settings.home}.")


def _tell(line: str) -> None:
    typer.echo(f"  {line}", err=True)
