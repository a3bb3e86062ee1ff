"""``huying backup``, ``huying restore``, and the key pair that archives are encrypted with."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from intake.backup import create, encryption
from intake.backup import restore as backup_restore
from intake.backup.archive import Reader
from intake.errors import BadField
from intake.settings import load, settings_file


def backup(
    target: Annotated[
        Path,
        typer.Argument(help="A folder (the archive is named by its time), or a file .zip or .age."),
    ],
    keep: Annotated[
        int | None, typer.Option(min=1, help="Leave only so many archives in the folder.")
    ] = None,
    days: Annotated[
        float | None,
        typer.Option(min=0, help="Delete older ones; 0: none. Default: retention.backups_days."),
    ] = None,
    encrypt_to: Annotated[
        list[str] | None,
        typer.Option(
            help="An age public key, or a file of them; may be given again."
            " Default: backup.encrypt_to."
        ),
    ] = None,
) -> None:
    """Write database, recordings, what waits, secrets and settings into one archive.

    The house may run meanwhile. Archives in the folder whose time is over are deleted, so that
    who was erased leaves them too.
    """
    settings = load()
    to = encryption.recipients(encrypt_to or settings.backup.encrypt_to)
    if create.is_file(target) and bool(to) != (target.suffix == encryption.SUFFIX):
        ending = encryption.SUFFIX if to else ".zip"
        raise BadField(f"Name a file that ends with {ending}, for that is what it will be.")
    path = create.back_up(settings, target, _tell, version=version("huying"), to=to)
    typer.echo(f"{path} ({path.stat().st_size / 2**20:.1f} MB)")
    if path.parent == target:
        limit = settings.retention.backups_days if days is None else days
        for gone in create.expire(target, days=limit, keep=keep):
            typer.echo(f"deleted {gone.name}")


def restore(
    archive: Annotated[Path, typer.Argument(help="What `huying backup` wrote.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what this house holds.")
    ] = False,
    identity: Annotated[
        Path | None, typer.Option(help="The file that opens an encrypted archive.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only see whether it is whole.")] = False,
) -> None:
    """Make this house from an archive. Stop the house first; nothing is overwritten unasked.

    Every checksum is compared before anything is touched.
    """
    with Reader(archive, identity) as opened:
        backup_restore.check(opened, _tell)
        manifest = opened.manifest
        typer.echo(f"made {manifest['made_at'][:19]} UTC, schema {manifest['revision']}")
        if check:
            typer.echo("It is whole.")
            return
        backup_restore.put_settings(opened, settings_file().parent, overwrite=overwrite)
        settings = load()
        asyncio.run(backup_restore.restore(settings, opened, _tell, overwrite=overwrite))
    typer.echo(f"Restored into {settings.home}.")


def backup_key(
    file: Annotated[Path, typer.Argument(help="Where the secret half goes; it must not exist.")],
) -> None:
    """Make a key pair. The public half is shown, for backup.encrypt_to; keep the file elsewhere.

    Without the file nobody opens what is encrypted to it, you neither.
    """
    typer.echo(encryption.new_identity(file))


def _tell(line: str) -> None:
    typer.echo(f"  {line}", err=True)
