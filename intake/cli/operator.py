"""``huying operator``: who may sign in at the desk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.accounts import operators, passwords
from intake.cli.client import in_database
from intake.errors import BadField, HuyingError
from intake.settings import load
from intake.storage.models import AccessLog, Operator

app = typer.Typer(
    no_args_is_help=True,
    help="Who may sign in at the desk (/desk): the first administrator is made here, and whoever"
    " has forgotten a password gets a new one here. Works while `huying up` runs.\n\n"
    "Roles, each with all that the ones before it may: station (the board only), operator"
    " (requests, conversations, call-backs), supervisor (settings, access log, erasing), admin"
    " (accounts, export).",
)
Name = Annotated[str, typer.Argument(help="The name that the history of requests shows.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        help="Read the password from the first line of this file; - for standard input."
        " Without it you are asked. No option takes a password: others can see command lines."
    ),
]
ROLE = f"One of {', '.join(operators.ROLES)}."


@app.command()
def add(
    name: Name,
    role: Annotated[str, typer.Option(help=ROLE)] = "operator",
    password_file: PasswordFile = None,
    change: Annotated[
        bool, typer.Option("--change", help="It must be changed at the first sign-in.")
    ] = False,
) -> None:
    """Add an operator who signs in with a password; for the first one give --role admin."""
    if role not in operators.ROLES:
        raise typer.BadParameter(ROLE, param_hint="--role")
    kept = _asked(operators.clean_name(name), password_file)

    async def make(session: AsyncSession) -> str:
        made = await operators.add(session, name, role, kept, starts=change)
        _log(session, made, "add")
        return made.name

    made = in_database(make)
    typer.echo(f"{made} ({role}) can sign in at {load().base_url}/desk.")


@app.command("list")
def list_operators() -> None:
    """Show all accounts with their roles."""

    async def find(session: AsyncSession) -> list[Operator]:
        session.add(AccessLog(who=operators.COMMAND_LINE, action="operators"))
        return list(await session.scalars(select(Operator).order_by(Operator.name)))

    for one in in_database(find):
        typer.echo(f"{one.id}  {one.name}  {one.role}  {_state(one)}")


@app.command()
def password(
    name: Name,
    password_file: PasswordFile = None,
    change: Annotated[
        bool, typer.Option("--change", help="It must be changed at the next sign-in.")
    ] = False,
) -> None:
    """Set a new password. All browsers where this operator is signed in are signed out."""
    kept = _asked(operators.clean_name(name), password_file)

    async def reset(session: AsyncSession) -> None:
        found = await operators.find(session, name)
        await operators.set_password(session, found, kept, starts=change)
        _log(session, found, "new password")

    in_database(reset)
    typer.echo("Changed; all browsers are signed out.")


@app.command()
def role(name: Name, role: Annotated[str, typer.Argument(metavar="ROLE", help=ROLE)]) -> None:
    """Give another role; it applies from the operator's next request on."""

    async def change(session: AsyncSession) -> None:
        found = await operators.find(session, name)
        await operators.set_role(session, found, role)
        _log(session, found, f"role {role}")

    in_database(change)
    typer.echo("Changed.")


@app.command()
def disable(name: Name) -> None:
    """Lock an account: browsers are signed out, tokens revoked; the history stays."""

    async def lock(session: AsyncSession) -> None:
        found = await operators.find(session, name)
        await operators.disable(session, found)
        _log(session, found, "disable")

    in_database(lock)
    typer.echo("Disabled.")


@app.command()
def enable(name: Name) -> None:
    """Open a locked account again, with the password it had; revoked tokens stay revoked."""

    async def unlock(session: AsyncSession) -> None:
        found = await operators.find(session, name)
        await operators.enable(session, found)
        _log(session, found, "enable")

    in_database(unlock)
    typer.echo("Enabled.")


def _asked(name: str, file: Path | None) -> str:
    """The hash of a password that is read from the file, or asked for twice without showing it."""
    if file is not None:
        given = _first_line(file)
    elif sys.stdin.isatty():
        given = typer.prompt("Password", hide_input=True, confirmation_prompt="Once more")
    else:
        raise HuyingError(
            "There is no terminal to ask on; give the password with --password-file FILE, or -"
            " for standard input."
        )
    try:
        passwords.check_password(given, name)
    except BadField as error:
        raise HuyingError(error.sentence, code=error.code) from None
    return passwords.hash_password(given)


def _first_line(file: Path) -> str:
    if str(file) == "-":
        return sys.stdin.readline().rstrip("\r\n")
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise HuyingError(f"{file} can't be read; it holds the password as plain text.") from None
    return lines[0] if lines else ""


def _state(one: Operator) -> str:
    if one.disabled_at:
        return "disabled"
    if one.oidc_subject:
        return "outside account"
    if not one.password_hash:
        return "no password, tokens only"
    return "must choose a password" if one.password_starts else "password"


def _log(session: AsyncSession, operator: Operator, action: str) -> None:
    session.add(AccessLog(who=operators.COMMAND_LINE, action=f"operator {operator.id}: {action}"))
