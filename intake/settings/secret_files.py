"""Secrets that our own processes share, made on first use: ``<home>/secrets/<name>``, 0600."""

from __future__ import annotations

import os
import secrets

from intake.settings import Settings


def assistant_token(settings: Settings) -> str:
    """The token that Rasa and we share: from the settings' file, or our own."""
    named = settings.assistant.token_file
    return named.read_text().strip() if named else ensure(settings, "assistant")


def ensure(settings: Settings, name: str) -> str:
    """The secret of this name, made (32 random bytes, urlsafe) if there is none.

    Two processes that ask at once get the same one: the file appears whole or not at all.
    """
    folder = settings.secrets_dir
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    if not path.exists():
        fresh = folder / f".{name}.{secrets.token_hex(8)}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # fails if another process was first
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
