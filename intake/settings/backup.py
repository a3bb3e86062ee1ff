"""How backups are made."""

from __future__ import annotations

from pydantic import Field

from intake.settings.table import Table


class Backup(Table):
    """Encryption of the archives."""

    encrypt_to: list[str] = Field(
        default_factory=list, description="age public keys, or files of them; empty: unencrypted"
    )
