"""``huying settings``: check them, list them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from intake import backends, channels
from intake.errors import SettingsError
from intake.pipeline import duty_hours
from intake.settings import Settings, load, settings_file
from speech import recognisers

app = typer.Typer(no_args_is_help=True, help="Check and list the settings.")


@app.command()
def check(
    path: Annotated[Path | None, typer.Argument(help="A TOML file; default: the one used.")] = None,
) -> None:
    """Name every bad key and how to correct it. Exit code 1 if there is one."""
    settings = load(path)
    wrong: list[str] = []
    for name, table in settings.backends.items():
        try:
            backends.check(name, table)
        except SettingsError as error:
            wrong.append(str(error))
    for name, table in settings.channels.items():
        try:
            channels.check(name, table)
        except SettingsError as error:
            wrong.append(str(error))
    engines = ("auto", *recognisers.names())
    if settings.hearing.engine not in engines:
        known = ", ".join(engines)
        wrong.append(f"hearing.engine: {settings.hearing.engine!r} is unknown; there are {known}.")
    try:
        duty_hours.check_hours(settings.alarm.duty_hours)
    except (SettingsError, ValueError) as error:
        wrong.append(f"[alarm] duty_hours: {error}")
    if wrong:
        raise SettingsError("\n".join(wrong))
    source = path or settings_file()
    origin = str(source) if Path(source).exists() else "no file, defaults and environment only"
    typer.echo(f"Settings are good ({origin}).")
    if not settings.alarm.contacts:
        typer.echo(
            "Note: [alarm] contacts is empty; in an emergency nobody is called by mail or webhook."
        )
    if settings.public_url is None:
        typer.echo("Note: public_url is not set; links work on this machine only.")


@app.command("list")
def list_settings() -> None:
    """List every key with its default and its meaning."""
    for key, default, text in described():
        typer.echo(f"{key} = {default}  # {text}" if text else f"{key} = {default}")


def described(
    model: type[BaseModel] = Settings, prefix: str = ""
) -> Iterator[tuple[str, str, str]]:
    """(dotted key, default, description) of every setting."""
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from described(kind, f"{prefix}{name}.")
            continue
        default = field.get_default(call_default_factory=True)
        shown = "(required)" if default is PydanticUndefined else repr(default)
        yield f"{prefix}{name}", shown, field.description or ""
