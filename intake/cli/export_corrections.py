"""``huying export-corrections``: what operators confirmed and corrected, as a labelled set."""

from __future__ import annotations

import asyncio
import getpass
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from intake.app import database_url
from intake.catalogue.services import load_catalogue
from intake.errors import HuyingError, NotFound
from intake.evaluation import confirmed_requests, dataset
from intake.evaluation import export as dataset_export
from intake.evaluation.confirmed_requests import Checked
from intake.evaluation.dataset_writer import SetWriter, new_set
from intake.settings import ROOT, Settings, load
from intake.storage.blobs import Blobs
from intake.storage.db import Sessions, connect
from intake.understanding.gazetteer import Gazetteer

PAGE = 200
WARNING = (
    "This folder holds people's voices, words, homes and numbers. Only you can read it; keep it no"
    " longer than you need it, and give it to nobody who may not hear the recordings."
)


def export_corrections(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or an empty folder.")],
    since: Annotated[
        datetime | None,
        typer.Option(metavar="DATE", formats=["%Y-%m-%d"], help="Received on this day or later."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many, the newest.")] = None,
    with_audio: Annotated[
        bool,
        typer.Option(
            "--with-audio/--no-audio",
            help="Without audio a voicemail becomes a typed message: no transcription is measured.",
        ),
    ] = True,
) -> None:
    """Write what operators confirmed or corrected as a set that `huying evaluate DIR` measures on.

    Every field of a confirmed request is a label; of one that was only corrected, the corrected
    fields are. The text of a recording is a label only if an operator corrected it; else it is
    written as `heard`, and no character errors are counted for it. The folder holds personal data:
    only you can read it, and the export is noted in the access log.
    """
    settings = load()
    errors = Console(stderr=True, highlight=False)
    # Like Ctrl-C: what was written is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with new_set(folder) as writer:
        export = Export(settings, writer, with_audio, limit)
        export.run(since.replace(tzinfo=settings.zone) if since else None, errors)
        catalogue = load_catalogue(ROOT / "data" / "services")
        categories = frozenset((*catalogue.codes, *catalogue.intents))
        remarks = dataset.read(writer.folder, categories).remarks
    for remark in (*export.remarks, *remarks):
        where = remark.replace(str(writer.folder), str(folder))
        errors.print(f"note: {where}", markup=False, soft_wrap=True)
    for why, count in export.left_out.items():
        errors.print(f"left out: {count}, {why}")
    errors.print(WARNING, soft_wrap=True)
    counts = ", ".join(f"{count} in {file}" for file, count in sorted(export.written.items()))
    typer.echo(f"{folder}: {counts}")


@dataclass
class Export:
    """One export and its counts. `written`: file → number of lines; `left_out`: reason → number of
    requests."""

    settings: Settings
    writer: SetWriter
    with_audio: bool
    limit: int | None
    written: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)

    def run(self, since: datetime | None, errors: Console) -> None:
        """Write all requests, newest first. Raises HuyingError when there is none."""
        engine, sessions = connect(database_url(self.settings), pool_size=2)
        columns = TextColumn("exporting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with asyncio.Runner() as runner, Progress(*columns, console=errors) as progress:
            try:
                total, gazetteer = runner.run(_survey(sessions, since))
                self.writer.places(gazetteer)
                task = progress.add_task("", total=min(total, self.limit or total))
                for page in _pages(runner, sessions, since):
                    taken = []
                    for one in page:
                        if self._wants_more() and self._take(one, gazetteer):
                            taken.append(one.request.id)
                        progress.update(task, completed=self.written.total())
                    runner.run(_log(sessions, taken))
                    if not self._wants_more():
                        break
            finally:
                runner.run(engine.dispose())
        if not self.written:
            raise HuyingError("There is no request that a person confirmed or corrected.")

    def _wants_more(self) -> bool:
        return self.limit is None or self.written.total() < self.limit

    def _take(self, one: Checked, gazetteer: Gazetteer) -> bool:
        """Write one request, or count the reason why not."""
        if one.several:
            self.left_out["their recordings hold several requests"] += 1
            return False
        try:
            audio = self._copy(one) if self.with_audio else None
        except NotFound:
            self.left_out["their recordings are gone"] += 1
            return False
        line = dataset_export.line(one, zone=self.settings.zone, gazetteer=gazetteer, audio=audio)
        if why := dataset_export.why_not(line):
            self.left_out[why] += 1
            return False
        self.writer.add(line.file, line.values)
        self.written[line.file] += 1
        self.remarks.extend(f"{one.request.tracking_number}: {r}" for r in line.remarks)
        return True

    def _copy(self, one: Checked) -> str | None:
        recording = one.request.recording
        if recording is None:
            return None
        source = Blobs(self.settings.recordings_dir).path(recording.blob_key)
        return self.writer.recording(source, f"{one.request.tracking_number}.{recording.suffix}")


async def _survey(sessions: Sessions, since: datetime | None) -> tuple[int, Gazetteer]:
    async with sessions() as session:
        return await confirmed_requests.count(session, since), await confirmed_requests.gazetteer(
            session
        )


def _pages(
    runner: asyncio.Runner, sessions: Sessions, since: datetime | None
) -> Iterator[list[Checked]]:
    last: int | None = None
    while found := runner.run(_page(sessions, since, last)):
        yield found
        last = found[-1].request.id


async def _page(sessions: Sessions, since: datetime | None, last: int | None) -> list[Checked]:
    async with sessions() as session:
        return await confirmed_requests.page(session, since, before_id=last, size=PAGE)


async def _log(sessions: Sessions, ids: list[int]) -> None:
    async with sessions.begin() as session:
        await confirmed_requests.log_export(session, f"{getpass.getuser()} (command line)", ids)
