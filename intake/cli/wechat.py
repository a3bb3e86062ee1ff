"""``huying wechat``: what is done once for a WeChat Official Account."""

from __future__ import annotations

import asyncio

import typer

from intake.app import database_url
from intake.channels import options_of
from intake.channels.wechat import menu as menus
from intake.channels.wechat.api import Api
from intake.channels.wechat.options import Options
from intake.network.http import Outgoing
from intake.settings import load
from intake.storage.db import connect

app = typer.Typer(no_args_is_help=True, help="The WeChat Official Account.")


@app.callback()
def root() -> None:
    """The WeChat Official Account of [channels.wechat]."""


@app.command()
def menu() -> None:
    """Make the account's menu: one button that says what to do."""
    made = asyncio.run(_ensure())
    typer.echo("The menu is made." if made else "The menu is there already.")


async def _ensure() -> bool:
    settings = load()
    options = options_of(settings, "wechat")
    assert isinstance(options, Options)
    engine, sessions = connect(database_url(settings), pool_size=2)
    try:
        return await menus.ensure(Api(options, Outgoing(), sessions), options.menu_language)
    finally:
        await engine.dispose()
