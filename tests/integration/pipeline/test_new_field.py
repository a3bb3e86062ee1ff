"""A new field is one row, its reader, a migration, its labels and a question: the rest follows."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from intake.settings import ROOT
from intake.storage.migrations import known_revisions
from tests.support import new_field

PACKAGES = ("intake", "speech", "actions", "data/services")


def test_a_field_that_is_declared_is_heard_shown_corrected_handed_on_asked_for_and_counted(
    tmp_path: Path, database_url: str
) -> None:
    copy, folder = tmp_path / "copy", tmp_path / "house"
    folder.mkdir()
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, copy / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", copy)
    added = new_field.add_to(copy, known_revisions()[0])
    assert _differing(copy) == added

    # The copy comes first, so that `intake` is the copy's; the tests' own helpers are ours.
    paths = os.pathsep.join((str(copy), str(ROOT)))
    followed = subprocess.run(
        [sys.executable, "-m", "tests.support.new_field_followed", copy, folder, database_url],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert followed.returncode == 0, followed.stderr
    assert _differing(copy) == added


def _differing(copy: Path) -> set[str]:
    """Paths of files that are in only one of the two, or not the same in both."""
    ours, theirs = _content(ROOT), _content(copy)
    return {path for path, _ in ours.items() ^ theirs.items()}


def _content(root: Path) -> dict[str, str]:
    """Path → hash of every file of the packages."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for package in PACKAGES
        for path in (root / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
