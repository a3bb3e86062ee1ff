"""``huying token``: bearer tokens for the operators' API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from intake.app import database_url
from intake.cli.client import in_database
from intake.errors import NotFound
from intake.settings import load
from intake.storage.db import connect
from intake.storage.models import ApiToken, Operator
from intake.web.auth import make_token

app = typer.Typer(no_args_is_help=True, help="Make, list and revoke the operators' tokens.")
ROLES = ("operator", "supervisor", "admin", "station")


@app.command()
def add(
    name: Annotated[
        str, typer.Argument(help="The operator's name; every event and access shows it.")
    ],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")] = "operator",
    days: Annotated[int, typer.Option(help="Valid for so many days; 0 = no end.")] = 365,
) -> None:
    """Make a token. It is shown only this once; only its hash is stored."""
    if role not in ROLES:
        raise typer.BadParameter(f"one of {', '.join(ROLES)}", param_hint="--role")
    token = in_database(lambda session: make_token(session, name, role, days or None))[0]
    typer.echo(token)


@app.command("list")
def list_tokens() -> None:
    """Show who has tokens, by their first characters."""

    async def find(session: AsyncSession) -> list[tuple[str, ApiToken]]:
        rows = await session.execute(
            select(Operator.name, ApiToken).join(Operator).order_by(ApiToken.id)
        )
        return [(name, token) for name, token in rows.all()]

    for name, token in in_database(find):
        state = "revoked" if token.revoked_at else f"until {token.expires_at or 'ever'}"
        typer.echo(f"{token.prefix}…  {name}  {state}  last used {token.last_used_at or 'never'}")


@app.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="The first characters, as `list` shows them.")],
) -> None:
    """End a token at once."""

    async def end(session: AsyncSession) -> int:
        result = await session.execute(
            update(ApiToken)
            .where(ApiToken.prefix == prefix.rstrip("…")[:9], ApiToken.revoked_at.is_(None))
            .values(revoked_at=datetime.now(UTC))
            .returning(ApiToken.id)
        )
        return len(result.all())

    if not in_database(end):
        raise NotFound("No valid token begins with this; `huying token list` shows all.")
    typer.echo("Revoked.")


async def make(name: str, role: str, days: int | None) -> str:
    """Make a token in the database of the present settings."""
    engine, sessions = connect(database_url(load()), pool_size=2)
    try:
        async with sessions.begin() as session:
            return (await make_token(session, name, role, days))[0]
    finally:
        await engine.dispose()
