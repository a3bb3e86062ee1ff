"""The ways residents reach us, one file each; this folder is the registry.

A channel module defines ``create(parts) -> Channel``. ``voicemail`` is always there; others
are loaded when ``[channels.NAME]`` names them by ``kind``.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol

from fastapi import APIRouter

from intake.errors import SettingsError

if TYPE_CHECKING:
    from intake.models import Message
    from intake.parts import Parts

ALWAYS = ("voicemail",)


class Channel(Protocol):
    """A way in, and a way back."""

    name: str

    def routes(self) -> APIRouter:
        """The HTTP routes that this channel answers."""
        ...

    async def send(self, message: Message) -> None:
        """Bring one stored message to the resident."""
        ...


def kinds() -> list[str]:
    """The kinds of channel that exist."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def create_all(parts: Parts) -> list[Channel]:
    """Make every channel that the settings name, and those that are always there."""
    wanted = [*ALWAYS]
    for name, table in parts.settings.channels.items():
        kind = table.get("kind", name)
        if kind not in kinds():
            known = ", ".join(kinds())
            raise SettingsError(f"[channels.{name}] kind: {kind!r} is unknown; there are {known}.")
        if kind not in wanted:
            wanted.append(kind)
    channels: list[Channel] = []
    for kind in wanted:
        channels.append(importlib.import_module(f"{__name__}.{kind}").create(parts))
    return channels
