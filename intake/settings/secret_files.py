"""Secrets that our processes share: ``<home>/secrets/<name>``, mode 0600, made on first use."""

from __future__ import annotations

import os
import secrets

from intake.settings import Settings


def assistant_token(settings: Settings) -> str:
    """The token that Rasa and we share: from ``assistant.token_file``, else our own secret."""
    named = settings.assistant.token_file
    return named.read_text().strip() if named else ensure(settings, "assistant")


def ensure(settings: Settings, name: str) -> str:
    """The secret of this name; made (32 random bytes, URL-safe base64) if there is none.

    Two processes that call this at once get the same one: the file appears whole or not at all.
    """
    folder = settings.secrets_dir
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    if not path.exists():
        fresh = folder / f".{name}.{secrets.token_hex(8)}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))
                file.flush()
                os.fsync(file.fileno())
            os.link(fresh, path)  # fails if another process was first
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
