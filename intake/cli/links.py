"""``huying links``: the secret that signs every link, with an overlap while it is renewed."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.cli.client import in_database
from intake.settings import load, secret_files
from intake.storage.models import Household

app = typer.Typer(
    no_args_is_help=True,
    help="Links are signed: those of households (printed sheets), in mails to backends and people"
    " on duty, of chat visitors. Renew their secret when somebody may have seen it: rotate, print"
    " new sheets, then drop-earlier.",
)
NAME = "links"


@app.command()
def show() -> None:
    """Show how many secrets are accepted. The secrets themselves are not shown."""
    earlier = len(secret_files.ring(load(), NAME)) - 1
    typer.echo("One secret signs and is accepted.")
    if earlier:
        typer.echo(f"{earlier} earlier ones are accepted too, until `huying links drop-earlier`.")


@app.command()
def rotate() -> None:
    """Make a new secret. Links that were signed before stay valid until `drop-earlier`."""
    secret_files.rotate(load(), NAME)
    typer.echo("There is a new secret. Restart Huying: links made from then on are signed with it.")
    typer.echo(_sheets())
    typer.echo("When the new sheets hang: huying links drop-earlier")


@app.command("drop-earlier")
def drop_earlier(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """End all links that an earlier secret signed."""
    settings = load()
    if len(secret_files.ring(settings, NAME)) == 1:
        typer.echo("There is no earlier secret.")
        return
    typer.echo(_sheets())
    if not yes:
        typer.confirm(
            "Sheets printed before the last rotation end, and so do their links?", abort=True
        )
    count = secret_files.drop_earlier(settings, NAME)
    typer.echo(f"{count} earlier secrets are accepted no more. Restart Huying.")


def _sheets() -> str:
    async def count(session: AsyncSession) -> int:
        linked = (Household.link_version > 0) & Household.link_revoked_at.is_(None)
        return int(
            await session.scalar(select(func.count()).select_from(Household).where(linked)) or 0
        )

    found = in_database(count)
    return (
        f"{found} households have a link, perhaps on a printed sheet: print these anew at the desk."
    )
