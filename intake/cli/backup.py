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
            help="An age public key, or a file of them; may be repeated."
            " Default: backup.encrypt_to."
        ),
    ] = None,
) -> None:
    """Write database, recordings, uploads, spools, secrets and settings into one archive.

    Huying may run meanwhile. Archives in the folder whose time is over are deleted, so that data
    of erased requests leave the backups too.
    """
    settings = load()
    to = encryption.recipients(encrypt_to or settings.backup.encrypt_to)
    if create.is_file(target) and bool(to) != (target.suffix == encryption.SUFFIX):
        ending = encryption.SUFFIX if to else ".zip"
        raise BadField(f"Name a file that ends with {ending}: it will have that format.")
    path = create.back_up(settings, target, _tell, version=version("huying"), to=to)
    typer.echo(f"{path} ({path.stat().st_size / 2**20:.1f} MB)")
    if path.parent == target:
        limit = settings.retention.backups_days if days is None else days
        for gone in create.expire(target, days=limit, keep=keep):
            typer.echo(f"deleted {gone.name}")


def restore(
    archive: Annotated[Path, typer.Argument(help="What `huying backup` wrote.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the data of this installation.")
    ] = False,
    identity: Annotated[
        Path | None, typer.Option(help="The file with the secret key of an encrypted archive.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only check the archive.")] = False,
) -> None:
    """Restore an installation from an archive. Stop `huying up` first; nothing is overwritten
    without --overwrite.

    Every checksum is compared before anything is changed.
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
    file: Annotated[
        Path, typer.Argument(help="The file for the secret key; it must not exist yet.")
    ],
) -> None:
    """Make a key pair. The public key is shown, for backup.encrypt_to; keep the file with the
    secret key on another machine.

    Without that file nobody can decrypt the archives, not even you.
    """
    typer.echo(encryption.new_identity(file))


def _tell(line: str) -> None:
    typer.echo(f"  {line}", err=True)
