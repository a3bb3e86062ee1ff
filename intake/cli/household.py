"""``huying household``: households and their links."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.accounts import households
from intake.catalogue.services import load_catalogue
from intake.cli.client import in_database
from intake.errors import BadField
from intake.locale import languages
from intake.privacy import export as household_export
from intake.settings import ROOT, load, secret_files
from intake.storage.models import AccessLog, Household
from intake.web.api.households import link_url, render_sheet
from intake.web.api.schemas import masked

app = typer.Typer(no_args_is_help=True, help="Households and their links, to print for the fridge.")
Number = Annotated[int, typer.Argument(help="The household's number, as `list` shows it.")]
WHO = "command line"


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="The resident's name.")],
    place: Annotated[str | None, typer.Option(help="The community or street.")] = None,
    unit: Annotated[str | None, typer.Option(help="Building, entrance, door: 3-2-501.")] = None,
    phone: Annotated[str | None, typer.Option(help="The number to ring back.")] = None,
    language: Annotated[str, typer.Option(help="The resident's language.")] = "zh",
) -> None:
    """Add a household; `link` makes its link."""
    if language not in languages():
        raise BadField(f"--language must be one of {', '.join(sorted(languages()))}.")

    async def make(session: AsyncSession) -> int:
        details = {
            "name": name, "place": place, "unit": unit, "phone": phone, "language": language,
        }  # fmt: skip
        made = await households.save(session, None, details)
        _log(session, made, "make")
        return made.id

    typer.echo(in_database(make))


@app.command("list")
def list_households() -> None:
    """Show all; phones are masked."""

    async def find(session: AsyncSession) -> list[Household]:
        session.add(AccessLog(who=WHO, action="households"))
        return list(await session.scalars(select(Household).order_by(Household.id)))

    for found in in_database(find):
        link = "link" if households.has_link(found) else "no link"
        where = " ".join(part for part in (found.place, found.unit) if part)
        typer.echo(
            f"{found.id}  {found.name or '–'}  {where or '–'}  {masked(found.phone) or '–'}  {link}"
        )


@app.command()
def link(
    number: Number,
    new: Annotated[bool, typer.Option("--new", help="End all earlier links.")] = False,
    sheet: Annotated[
        Path | None, typer.Option(help="Write the sheet with the code to this file, to print.")
    ] = None,
) -> None:
    """Make the household's link and show its address."""
    settings = load()
    secret = secret_files.ensure(settings, "links")

    async def make(session: AsyncSession) -> tuple[Household, str]:
        found = await households.lock(session, number)
        token = await households.make_link(session, found, secret, end_earlier=new)
        _log(session, found, "new link" if new else "link")
        return found, token

    found, token = in_database(make)
    if sheet is not None:
        sheet.write_text(render_sheet(found, settings, token))
    typer.echo(link_url(settings, token))


@app.command()
def revoke(number: Number) -> None:
    """End all links of a household at once."""

    async def end(session: AsyncSession) -> None:
        found = await households.lock(session, number)
        await households.end_link(session, found)
        _log(session, found, "end link")

    in_database(end)
    typer.echo("Revoked.")


@app.command()
def export(
    number: Number, file: Annotated[Path, typer.Argument(help="The ZIP file to write.")]
) -> None:
    """Write all data about a household into a ZIP file to hand out: pages, data, recordings."""
    settings = load()

    async def find(session: AsyncSession) -> dict[str, Any]:
        told = await household_export.gather(session, number)
        session.add(AccessLog(who=WHO, action=f"household {number}: export"))
        return told

    told = in_database(find)
    names = load_catalogue(ROOT / "data" / "services").name
    recordings = settings.recordings_dir
    household_export.write(file, told, recordings, zone=settings.zone, category=names)
    typer.echo(f"{file}: {len(told['requests'])} requests, {len(told['files'])} files")


def _log(session: AsyncSession, household: Household, action: str) -> None:
    session.add(AccessLog(who=WHO, action=f"household {household.id}: {action}"))
