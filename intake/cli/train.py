"""``huying train``: the assistant's model, trained if anything it depends on changed."""

from __future__ import annotations

import time
from pathlib import Path

import typer

from intake.assistant import training

ROOT = Path(__file__).resolve().parents[2]


def train() -> None:
    """Train the assistant, if anything it depends on changed; prints where the model lies."""
    began = time.monotonic()
    model = training.train(
        ROOT,
        training.models_folder(ROOT),
        python=training.bot_python(ROOT),
        on_line=lambda line: typer.echo(line, err=True),
    )
    typer.echo(f"{model}  ({time.monotonic() - began:.0f} s)")
