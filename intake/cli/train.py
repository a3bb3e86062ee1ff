"""``huying train``: the assistant's model, trained if anything it depends on changed."""

from __future__ import annotations

import sys
import time
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from intake.assistant import training
from intake.settings import ROOT


def train(
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether it is trained (exit code 0 or 1).")
    ] = False,
    keep_embeddings: Annotated[
        bool,
        typer.Option(
            "--keep-embeddings",
            help="Bring data/embeddings into line with the training sentences first.",
        ),
    ] = False,
    verbose: Annotated[bool, typer.Option(help="Print everything that Rasa says.")] = False,
) -> None:
    """Train the assistant, if anything it depends on changed; prints where the model lies.

    What Rasa says goes to build/rasa/training.log.
    """
    began = time.monotonic()
    models, python = training.models_folder(ROOT), training.bot_python(ROOT)
    if check:
        raise typer.Exit(0 if training.trained_model(ROOT, models, python=python) else 1)
    models.mkdir(parents=True, exist_ok=True)
    with (models / "training.log").open("w", encoding="utf-8") as log:
        said = _Said(log, verbose=verbose)
        with said.bar:
            if keep_embeddings:
                training.keep_embeddings(ROOT, python=python, on_line=said)
            model = training.train(ROOT, models, python=python, on_line=said)
    typer.echo(f"{model}  ({time.monotonic() - began:.0f} s)")


class _Said:
    """Takes Rasa's lines: all of them into the log, and how far it is to the person."""

    def __init__(self, log: TextIO, *, verbose: bool) -> None:
        self._log, self._verbose = log, verbose
        self._percent = 0
        console = Console(stderr=True)
        self._bar = console.is_terminal and not verbose
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:.0f} %"),
            TimeElapsedColumn(),
        )
        self.bar = Progress(*columns, console=console, transient=True, disable=not self._bar)
        self._task = self.bar.add_task("training", total=100)

    def __call__(self, line: str) -> None:
        self._log.write(line + "\n")
        self._log.flush()
        if self._verbose:
            typer.echo(line, err=True)
        percent = training.percent_done(line)
        if percent is None or percent <= self._percent:
            if line.startswith("The assistant is being trained already"):
                typer.echo(line, err=True)
            return
        self._percent = percent
        self.bar.update(self._task, completed=percent)
        if not self._bar and not self._verbose:
            print(f"training: {percent} %", file=sys.stderr, flush=True)
