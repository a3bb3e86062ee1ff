"""Unpack a zip that is not trusted: it writes only below the target, and at most so many bytes."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from speech.errors import ModelError

MAX_FILES = 10_000


def unpack(
    path: Path,
    target: Path,
    report: Callable[[str, int, int | None], None],
    *,
    most_bytes: int,
    strip_top: bool,
) -> None:
    """Unpack ``path`` into ``target``; with ``strip_top`` without the zip's only top folder.

    ``report`` gets ``"unpack"``, the bytes written so far and the bytes in all. Raises ModelError
    for a name that leads out of the target, a link, more than ``MAX_FILES`` files, or more than
    ``most_bytes`` bytes (those that are unpacked count, not those that the zip states).
    """
    try:
        with zipfile.ZipFile(path) as zipped:
            members = [m for m in zipped.infolist() if not m.is_dir()]
            if len(members) > MAX_FILES:
                raise ModelError(f"{path.name} holds more than {MAX_FILES} files.")
            places = [_place(member) for member in members]
            if strip_top:
                if len({place.parts[0] for place in places}) != 1:
                    raise ModelError(f"{path.name} should hold one folder.")
                places = [PurePosixPath(*place.parts[1:]) for place in places]
            total = sum(member.file_size for member in members)
            done = 0
            for member, place in zip(members, places, strict=True):
                goal = target / place
                goal.parent.mkdir(parents=True, exist_ok=True)
                with zipped.open(member) as source, goal.open("xb") as out:
                    while chunk := source.read(1 << 20):
                        done += len(chunk)
                        if done > most_bytes:
                            raise ModelError(f"{path.name} unpacks to too much.")
                        out.write(chunk)
                        report("unpack", done, total)
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise ModelError(f"{path.name} can't be unpacked: {error}") from error


def _place(member: zipfile.ZipInfo) -> PurePosixPath:
    place = PurePosixPath(member.filename.replace("\\", "/"))
    linked = stat.S_ISLNK(member.external_attr >> 16)
    odd = place.is_absolute() or ".." in place.parts or ":" in member.filename
    if linked or odd or not place.parts:
        raise ModelError(f"The zip holds {member.filename!r}, which leads out of its folder.")
    return place
