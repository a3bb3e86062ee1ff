"""Writes a labelled set, whole or not at all, readable by its owner only."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from intake.errors import HuyingError
from intake.understanding.gazetteer import Gazetteer

AUDIO = "audio"


class SetWriter:
    """Writes the files of a set. Files have mode 0600, folders 0700."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, TextIO] = {}
        folder.mkdir(mode=0o700)

    def add(self, file: str, values: Mapping[str, Any]) -> None:
        """Append one JSON line to `file`."""
        if file not in self._open:
            self._open[file] = self._create(file)
        self._open[file].write(json.dumps(values, ensure_ascii=False) + "\n")

    def recording(self, source: Path, name: str) -> str:
        """Copy a recording; return its path within the set."""
        (self.folder / AUDIO).mkdir(mode=0o700, exist_ok=True)
        path = f"{AUDIO}/{name}"
        with source.open("rb") as original, _private(self.folder / path) as copy:
            shutil.copyfileobj(original, copy)
        return path

    def places(self, gazetteer: Gazetteer) -> None:
        """Write the gazetteer as ``places.csv``."""
        with self._create("places.csv") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(("name", "kind", "area", "aliases"))
            for place in gazetteer.places.values():
                rows.writerow((place.name, place.kind, place.area, "|".join(place.aliases)))

    def close(self) -> None:
        """Flush and close all files."""
        for file in self._open.values():
            file.close()

    def _create(self, name: str) -> TextIO:
        return io.TextIOWrapper(_private(self.folder / name), encoding="utf-8", newline="")


@contextmanager
def new_set(folder: Path) -> Iterator[SetWriter]:
    """A writer for a set that appears as `folder` when the block ends without an exception; else
    nothing is left.

    Until then it is written in a hidden folder beside it. Raises HuyingError when `folder` exists
    and is not empty, or can't be written.
    """
    folder = folder.resolve()
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise HuyingError(f"{folder} is there already; name a new or an empty folder.")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
            writer = SetWriter(Path(scratch) / "set")
            try:
                yield writer
            finally:
                writer.close()
            # Replaces an empty folder, but fails if somebody has put a file into it meanwhile.
            writer.folder.rename(folder)
    except OSError as error:
        raise HuyingError(
            f"{folder}: can't be written ({error.strerror}); nothing was left there.",
            code="not_written",
        ) from None


def _private(path: Path) -> BinaryIO:
    """Open a new file that nobody else may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
