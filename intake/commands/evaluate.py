"""``huying evaluate``: how well a labelled set is heard and understood."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from intake.categories import load_catalogue
from intake.evaluating import labelled
from intake.evaluating.answering import Answering
from intake.evaluating.house import open_house
from intake.evaluating.labelled import Item, LabelledSet
from intake.evaluating.measures import FIGURES, SHARES, Answer, Score, Tally, score, wilson
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
    verbose: Annotated[
        bool, typer.Option("--verbose", help="List every miss with what was heard.")
    ] = False,
) -> None:
    """Run a labelled set through recognition and understanding, and say how much was right.

    Starts what it needs by itself, apart from a running Huying. With --json, the misses that
    --verbose lists go to standard error.
    """
    settings = load()
    catalogue = load_catalogue(ROOT / "data" / "services")
    found = labelled.read(folder, frozenset((*catalogue.codes, *catalogue.intents)))
    errors = Console(stderr=True, highlight=False)
    for remark in found.remarks:
        errors.print(f"note: {remark}", markup=False)
    scores = asyncio.run(measure(found, settings, only, errors))
    out = errors if as_json else Console(highlight=False)
    if verbose:
        for part, result in scores.items():
            for miss in result.misses:
                out.print(f"{part} {miss}", markup=False, soft_wrap=True)
    if as_json:
        typer.echo(json.dumps({part: s.to_json() for part, s in scores.items()}, indent=1))
        return
    for part, result in scores.items():
        if result.n:
            _show(part, result, out)
    if found.dialogues and only in (None, Part.DIALOGUES):
        out.print(f"dialogues: {len(found.dialogues)} in the set; {NO_DIALOGUES}")


NO_DIALOGUES = "not measured: the assistant holds no dialogues yet."


async def measure(
    found: LabelledSet, settings: Settings, only: Part | None, errors: Console
) -> dict[str, Score]:
    """A score for each part; of those that are not measured, an empty one."""
    catalogue = load_catalogue(ROOT / "data" / "services")
    recordings = found.voicemail if only in (None, Part.VOICEMAIL) else ()
    messages = found.chat if only in (None, Part.CHAT) else ()
    scores = {str(part): Score(0, Tally(), {}) for part in Part}
    if only in (None, Part.DIALOGUES):
        scores[Part.DIALOGUES] = Score(len(found.dialogues), Tally(), {})
    if not recordings and not messages:
        return scores
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeElapsedColumn(), console=errors) as progress:
        starting = progress.add_task("starting", total=None)

        def say(line: str) -> None:
            progress.update(starting, description=line[:60])

        async with open_house(settings, hears=bool(recordings), say=say) as house:
            progress.remove_task(starting)
            answering = Answering(house, settings, catalogue, found)
            for part, items, answer in (
                (Part.VOICEMAIL, recordings, answering.recording),
                (Part.CHAT, messages, answering.message),
            ):
                if items:
                    answers = await _all(part, items, answer, progress)
                    near = found.subsets.get(part, {}).get("near_miss", frozenset())
                    scores[part] = score(answers, near, spoken=part is Part.VOICEMAIL)
    return scores


async def _all(
    part: Part,
    items: Sequence[Item],
    answer: Callable[[Item], Awaitable[Answer]],
    progress: Progress,
) -> list[Answer]:
    """One after the other, so that the seconds are those of one recording alone."""
    return [await answer(item) for item in progress.track(items, description=str(part))]


def _show(part: str, result: Score, out: Console) -> None:
    table = Table("measure", title=f"{part}: {result.n}", title_justify="left")
    for column in ("value", "count", "95 %"):
        table.add_column(column, justify="right")
    for key in SHARES:
        if key in result.tally.counts:
            hits, cases = result.tally.counts[key]
            low, high = wilson(hits, cases)
            table.add_row(key, f"{hits / cases:.3f}", f"{hits}/{cases}", f"{low:.3f}–{high:.3f}")
    for key in FIGURES:
        value: Any = result.figures.get(key)
        if value is not None:
            table.add_row(key, f"{value:.3f}", "", "")
    if table.row_count:
        out.print(table)
