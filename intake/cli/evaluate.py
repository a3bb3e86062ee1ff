"""``huying evaluate``: measures transcription and understanding on a labelled set."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from intake.catalogue.services import load_catalogue
from intake.evaluation import dataset
from intake.evaluation.dataset import Dialogue, Item, LabelledSet
from intake.evaluation.dialogues import Held, hold, whole_environment
from intake.evaluation.environment import assistant_model, open_environment
from intake.evaluation.metrics import (
    FIGURES,
    OF_DIALOGUES,
    SHARES,
    Answer,
    Score,
    Tally,
    score,
    score_dialogues,
    wilson,
)
from intake.evaluation.predict import Predictor
from intake.settings import ROOT, Settings, load


class Part(StrEnum):
    """The parts of a labelled set."""

    VOICEMAIL = "voicemail"
    CHAT = "chat"
    DIALOGUES = "dialogues"


def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The labelled set's folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
    only: Annotated[Part | None, typer.Option(help="Measure only this part.")] = None,
    as_said: Annotated[
        bool,
        typer.Option(
            "--as-said",
            help="Take the recordings' texts as if heard perfectly: what is wrong then was lost"
            " in reading, not in hearing.",
        ),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="List every miss with the transcription.")
    ] = False,
) -> None:
    """Transcribe and understand a labelled set, and show how much was right.

    Starts its own processes, independent of a running Huying. With --json, the misses that
    --verbose lists go to standard error.
    """
    settings = load()
    catalogue = load_catalogue(ROOT / "data" / "services")
    found = dataset.read(folder, frozenset((*catalogue.codes, *catalogue.intents)))
    errors = Console(stderr=True, highlight=False)
    for remark in found.remarks:
        errors.print(f"note: {remark}", markup=False)
    scores = measure(found, settings, only, errors, as_said=as_said)
    out = errors if as_json else Console(highlight=False)
    if verbose:
        for part, result in scores.items():
            for miss in result.misses:
                out.print(f"{part} {miss}", markup=False, soft_wrap=True)
    if as_json:
        figures = {part: {**s.to_json(), "kinds": s.kinds_to_json()} for part, s in scores.items()}
        typer.echo(json.dumps(figures, indent=1, ensure_ascii=False))
        return
    for part, result in scores.items():
        if result.n:
            _show(part, result, out)


def measure(
    found: LabelledSet,
    settings: Settings,
    only: Part | None,
    errors: Console,
    *,
    as_said: bool = False,
) -> dict[str, Score]:
    """Part → score; an empty score for parts that are not measured."""
    dialogues = found.dialogues if only in (None, Part.DIALOGUES) else ()
    items = {
        part: getattr(found, part) if only in (None, part) else ()
        for part in (Part.VOICEMAIL, Part.CHAT)
    }
    scores = {str(part): Score(0, Tally(), {}) for part in Part}
    if not any(items.values()) and not dialogues:
        return scores
    with _progress(errors) as (progress, say):
        model = assistant_model(say)
        answers: dict[Part, list[Answer]] = {}
        if any(items.values()):
            answers = asyncio.run(_answers(found, settings, model, items, progress, say, as_said))
        held: list[Held] = []
        if dialogues:
            held = asyncio.run(_dialogues(found, dialogues, settings, model, progress, say))
    for part, given in answers.items():
        near_misses = found.subsets.get(part, {}).get("near_miss", frozenset())
        heard = part is Part.VOICEMAIL and not as_said
        scores[part] = score(given, near_misses, spoken=heard)
    if held:
        scores[Part.DIALOGUES] = score_dialogues(held)
    return scores


def answers_of(found: LabelledSet, settings: Settings, errors: Console) -> dict[Part, list[Answer]]:
    """Predict all recordings and messages of a set with these settings."""
    items = {part: getattr(found, part) for part in (Part.VOICEMAIL, Part.CHAT)}
    with _progress(errors) as (progress, say):
        model = assistant_model(say)
        return asyncio.run(_answers(found, settings, model, items, progress, say, False))


@contextlib.contextmanager
def _progress(errors: Console) -> Iterator[tuple[Progress, Callable[[str], None]]]:
    """Show how far it is; the function says what is being started."""
    # As for Ctrl-C: processes that were started are ended, and temporary folders are removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeElapsedColumn(), console=errors) as progress:
        starting = progress.add_task("starting", total=None)

        def say(line: str) -> None:
            progress.update(starting, description=escape(line[:60]))

        yield progress, say


async def _dialogues(
    found: LabelledSet,
    dialogues: Sequence[Dialogue],
    settings: Settings,
    model: Path,
    progress: Progress,
    say: Callable[[str], None],
) -> list[Held]:
    """Hold the dialogues one after the other, in an environment with a database."""
    async with whole_environment(settings, found, model, say) as parts:
        progress.update(progress.task_ids[0], total=1, completed=1, description="ready")
        tracked = progress.track(dialogues, description=str(Part.DIALOGUES))
        return [await hold(dialogue, parts) for dialogue in tracked]


async def _answers(
    found: LabelledSet,
    settings: Settings,
    model: Path,
    items: Mapping[Part, Sequence[Item]],
    progress: Progress,
    say: Callable[[str], None],
    as_said: bool,
) -> dict[Part, list[Answer]]:
    """Predict the items one after the other, so that the seconds are those of one item alone."""
    catalogue = load_catalogue(ROOT / "data" / "services")
    answers: dict[Part, list[Answer]] = {}
    async with open_environment(
        settings, model, hears=bool(items[Part.VOICEMAIL]) and not as_said, say=say
    ) as environment:
        progress.update(progress.task_ids[0], total=1, completed=1, description="ready")
        predictor = Predictor(environment, settings, catalogue, found)
        for part, labelled_items in items.items():
            spoken = predictor.as_said if as_said else predictor.recording
            one = spoken if part is Part.VOICEMAIL else predictor.message
            tracked = progress.track(labelled_items, description=str(part))
            answers[part] = [await one(item) for item in tracked]
    return answers


def _show(part: str, result: Score, out: Console) -> None:
    table = Table("measure", title=f"{part}: {result.n}", title_justify="left")
    for column in ("value", "count", "95 %"):
        table.add_column(column, justify="right")
    for key in SHARES:
        if key in result.tally.counts:
            hits, cases = result.tally.counts[key]
            low, high = wilson(hits, cases)
            table.add_row(key, f"{hits / cases:.3f}", f"{hits}/{cases}", f"{low:.3f}–{high:.3f}")
    for key in (*FIGURES, *OF_DIALOGUES):
        value: Any = result.figures.get(key)
        if value is not None:
            table.add_row(key, f"{value:.3f}", "", "")
    if table.row_count:
        out.print(table)
    if result.kinds:
        misses = Table("kind of miss", title=f"{part}: misses", title_justify="left")
        for column in ("count", "decided alone"):
            misses.add_column(column, justify="right")
        for row in result.kinds_to_json():
            misses.add_row(str(row["kind"]), str(row["count"]), str(row["decided"] or ""))
        out.print(misses)
