"""``huying``: run an installation and manage it. `huying COMMAND --help` explains each command."""

from __future__ import annotations

import importlib
import os
import sys
from importlib import metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from intake.errors import HuyingError
from speech.errors import SpeechError

# name → (module in intake.cli, attribute, one line)
COMMANDS = {
    "up": ("up", "up", "Start everything and watch it."),
    "serve": ("serve", "serve", "Run the web part alone."),
    "worker": ("serve", "worker", "Run a worker alone."),
    "migrate": ("database", "migrate", "Bring the database to the newest schema."),
    "seed": ("database", "seed", "Load the gazetteer (places) into the database."),
    "voicemail": ("voicemail", "app", "Send recordings."),
    "requests": ("requests", "app", "See service requests."),
    "operator": ("operator", "app", "Who may sign in at the desk: add, password, role, disable."),
    "token": ("token", "app", "Make and revoke the operators' tokens."),
    "household": ("household", "app", "Households and their links: add, link, revoke, list."),
    "links": ("links", "app", "The secret of all links: renew it, end what it signed before."),
    "backup": ("backup", "backup", "Write everything into one archive."),
    "backup-key": ("backup", "backup_key", "Make a key pair that backups are encrypted with."),
    "restore": ("backup", "restore", "Restore an installation from an archive."),
    "systemd": ("systemd", "systemd", "Units that start Huying and back it up every night."),
    "erase": ("erase", "erase_command", "Erase a request, or a household with all its requests."),
    "forget": ("forget", "forget", "Delete what is older than the settings allow."),
    "models": ("models", "app", "The speech models: list, add, verify, remove."),
    "train": ("train", "train", "Train the assistant, if anything it depends on changed."),
    "evaluate": ("evaluate", "evaluate", "Measure how well a labelled set is understood."),
    "calibrate": ("calibrate", "calibrate", "Find how sure a decision without a person must be."),
    "export-corrections": (
        "export_corrections",
        "export_corrections",
        "Write what operators confirmed or corrected as a labelled set.",
    ),
    "wechat": ("wechat", "app", "The WeChat Official Account: make its menu."),
    "settings": ("settings", "app", "Check and list the settings."),
}


class Lazy(TyperGroup):
    """Loads a command's module only when it is called: `--help` stays quick."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        found: Any = getattr(importlib.import_module(f"intake.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            command = typer.main.get_command(found)
        else:
            single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            single.command()(found)
            command = typer.main.get_command(single)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


app = typer.Typer(
    cls=Lazy,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Huying (呼应): leave a voice message, get help. Settings: HUYING_HOME (./var),"
    " HUYING_PORT (8300), HUYING_SETTINGS (<home>/huying.toml).",
)


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"huying {metadata.version('huying')}\n")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="This release.")
    ] = False,
) -> None:
    """Huying (呼应): you call, we respond."""


def main() -> None:
    """Entry point: our own errors are sentences, not tracebacks; exit code 1.

    Whatever a command writes is its user's alone.
    """
    os.umask(0o077)
    try:
        app()
    except (HuyingError, SpeechError) as error:
        if os.environ.get("HUYING_TRACEBACK"):
            raise
        sys.stderr.write(f"huying: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
