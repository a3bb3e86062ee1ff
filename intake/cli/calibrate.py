"""``huying calibrate``: how sure the category must be for a decision without a person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from intake.catalogue.services import load_catalogue
from intake.cli.evaluate import Part, answers_of
from intake.evaluation import dataset
from intake.evaluation.calibration import AT_MOST, NEVER
from intake.evaluation.calibration import calibrate as calibrated
from intake.evaluation.metrics import Answer
from intake.settings import ROOT, load

SETTINGS = {Part.VOICEMAIL: "category_spoken", Part.CHAT: "category"}


def calibrate(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="DIR…", help="Labelled sets that nobody has learned from."),
    ],
    at_most: Annotated[
        float,
        typer.Option(min=0.001, max=0.5, help="Share of wrong decisions that is allowed."),
    ] = AT_MOST,
) -> None:
    """Find the thresholds that keep the share of wrong decisions low, and show them.

    Reads the sets as `huying evaluate` does, with the recogniser of the settings, and finds for
    typed and for spoken requests the least confidence of the category with which the upper end of
    the 90 % interval of wrong decisions is allowed. Changes nothing: copy the lines it prints into
    your settings. With too few requests it prints 1.0: nothing is decided without a person.
    """
    settings = load()
    catalogue = load_catalogue(ROOT / "data" / "services")
    errors, out = Console(stderr=True, highlight=False), Console(highlight=False)
    open_ = settings.deciding.model_copy(
        update={"category": 0.0, "category_spoken": 0.0, "categories": {}, "recognisers": {}}
    )
    without = settings.model_copy(update={"deciding": open_})
    answers: dict[Part, list[Answer]] = {part: [] for part in SETTINGS}
    for folder in folders:
        found = dataset.read(folder, frozenset((*catalogue.codes, *catalogue.intents)))
        for part, given in answers_of(found, without, errors).items():
            answers[part].extend(given)
    table = Table("", "requests", "decided alone", "of these wrong", "at most", "now", "threshold")
    lines = []
    for part, name in SETTINGS.items():
        best = calibrated(answers[part], at_most)
        now = getattr(settings.deciding, name)
        row = (best.requests, best.decided, best.wrong)
        table.add_row(str(part), *map(str, row), f"{best.upper:.3f}", f"{now}", f"{best.threshold}")
        note = "  # too few, or too many wrong: a person decides" if best.threshold == NEVER else ""
        lines.append(f"{name} = {best.threshold}{note}")
    out.print(table)
    out.print("[deciding]", *lines, sep="\n", markup=False)
