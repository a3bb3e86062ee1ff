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
from intake.evaluation.calibration import AT_MOST, NEVER, Calibrated
from intake.evaluation.calibration import calibrate as calibrated
from intake.evaluation.metrics import Answer
from intake.settings import ROOT, load

UNHEARD = ""


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
    typed requests and for those of each recogniser the least confidence of the category with which
    the upper end of the 90 % interval of wrong decisions is allowed. Changes nothing: copy the
    lines it prints into your settings. With too few requests it prints 1.0: nothing is decided
    without a person.
    """
    settings = load()
    catalogue = load_catalogue(ROOT / "data" / "services")
    errors, out = Console(stderr=True, highlight=False), Console(highlight=False)
    open_ = settings.deciding.model_copy(
        update={"category": 0.0, "category_spoken": 0.0, "categories": {}, "recognisers": {}}
    )
    without = settings.model_copy(update={"deciding": open_})
    typed: list[Answer] = []
    spoken: dict[str, list[Answer]] = {}
    for folder in folders:
        found = dataset.read(folder, frozenset((*catalogue.codes, *catalogue.intents)))
        for part, given in answers_of(found, without, errors).items():
            if part is Part.CHAT:
                typed.extend(given)
                continue
            for one in given:
                spoken.setdefault(one.engine or UNHEARD, []).append(one)
    unheard = spoken.pop(UNHEARD, [])  # no recogniser found words in them: nothing was decided
    table = Table("", "requests", "decided alone", "of these wrong", "at most", "now", "threshold")
    best = _row(table, "typed", calibrated(typed, at_most), settings.deciding.category)
    heard = {}
    for engine, answers in sorted(spoken.items()):
        now = settings.deciding.spoken(engine)
        heard[engine] = _row(table, f"spoken, {engine}", calibrated(answers, at_most), now)
    out.print(table)
    if unheard:
        out.print(f"{len(unheard)} recordings in which nothing was recognised are left out.")
    lines = [
        _line("category", best),
        f"category_spoken = {NEVER}  # other recognisers: a person decides",
    ]
    lines += ["", "[deciding.recognisers]"] if heard else []
    lines += [_line(engine, least) for engine, least in heard.items()]
    out.print("[deciding]", *lines, sep="\n", markup=False)


def _row(table: Table, name: str, best: Calibrated, now: float) -> float:
    row = (best.requests, best.decided, best.wrong)
    table.add_row(name, *map(str, row), f"{best.upper:.3f}", f"{now}", f"{best.threshold}")
    return best.threshold


def _line(name: str, least: float) -> str:
    note = "  # too few, or too many wrong: a person decides" if least == NEVER else ""
    return f"{name} = {least}{note}"
