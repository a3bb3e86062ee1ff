"""``huying train``: the assistant's model, trained if anything it depends on changed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from intake.assistant import training

ROOT = Path(__file__).resolve().parents[2]


def train(
    keep_embeddings: Annotated[
        bool,
        typer.Option(help="Bring data/embeddings into line with the training sentences first."),
    ] = False,
) -> None:
    """Train the assistant, if anything it depends on changed; prints where the model lies."""
    began = time.monotonic()
    if keep_embeddings:
        training.keep_embeddings(
            ROOT, python=training.bot_python(ROOT), on_line=lambda line: typer.echo(line, err=True)
        )
    model = training.train(
        ROOT,
        training.models_folder(ROOT),
        python=training.bot_python(ROOT),
        on_line=lambda line: typer.echo(line, err=True),
    )
    typer.echo(f"{model}  ({time.monotonic() - began:.0f} s)")
