"""How backups are made."""

from __future__ import annotations

from pydantic import Field

from intake.settings.table import Table


class Backup(Table):
    """Archives that nobody reads without a key that does not lie beside them."""

    encrypt_to: list[str] = Field(
        default_factory=list, description="age public keys, or files of them; empty: as they are"
    )
