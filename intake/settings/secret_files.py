"""Secrets that our processes share: ``<home>/secrets/<name>``, mode 0600, made on first use."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence

from intake.settings import Settings


def assistant_token(settings: Settings) -> str:
    """The token that Rasa and we share: from ``assistant.token_file``, else our own secret."""
    named = settings.assistant.token_file
    return named.read_text().strip() if named else ensure(settings, "assistant")


def ensure(settings: Settings, name: str) -> str:
    """The secret of this name; made (32 random bytes, URL-safe base64) if there is none.

    Two processes that call this at once get the same one: the file appears whole or not at all.
    """
    return ring(settings, name)[0]


def ring(settings: Settings, name: str) -> list[str]:
    """The secrets of this name: the current one, then earlier ones that are still accepted, one in
    each line of the file. The first one is made where there is none."""
    path = settings.secrets_dir / name
    if not path.exists():
        with contextlib.suppress(FileExistsError):  # another process was first
            _write(settings, name, [secrets.token_urlsafe(32)], first=True)
    return path.read_text().split()


def rotate(settings: Settings, name: str) -> list[str]:
    """A new current secret before all earlier ones; returns the ring. Running processes use it
    after a restart."""
    found = [secrets.token_urlsafe(32), *ring(settings, name)]
    _write(settings, name, found)
    return found


def drop_earlier(settings: Settings, name: str) -> int:
    """Only the current secret stays; returns how many earlier ones are accepted no more."""
    current, *earlier = ring(settings, name)
    if earlier:
        _write(settings, name, [current])
    return len(earlier)


def _write(settings: Settings, name: str, lines: Sequence[str], *, first: bool = False) -> None:
    """Write the file, which appears whole or not at all. Raises FileExistsError with ``first``."""
    folder = settings.secrets_dir
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = folder / f".{name}.{secrets.token_hex(8)}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join(lines))
            file.flush()
            os.fsync(file.fileno())
        if first:
            os.link(fresh, folder / name)
        else:
            fresh.rename(folder / name)
    finally:
        fresh.unlink(missing_ok=True)
