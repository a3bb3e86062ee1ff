"""The channels by which residents reach us, a module or package each; this file is the registry.

A channel module defines ``create(parts) -> Channel`` and, if its settings table has keys,
``Options``, the pydantic model of that table (`options_of` gives it). ``voicemail`` and ``page``
are always loaded; others are loaded when ``[channels.NAME]`` names them by ``kind``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from fastapi import APIRouter
from pydantic import BaseModel, ValidationError

from intake.errors import SettingsError

if TYPE_CHECKING:
    from intake.runtime import Parts
    from intake.settings import Settings
    from intake.storage.models import Message

ALWAYS = ("voicemail", "page")


class Channel(Protocol):
    """Receives residents' messages through its routes and sends them ours.

    A channel with work of its own in the background (a listener, a spool to drain) has a coroutine
    `run(self)` too; the web process runs it, and cancels it when the process stops.
    """

    name: str

    def routes(self) -> APIRouter:
        """The HTTP routes that this channel answers."""
        ...

    async def send(self, message: Message, address: str, data: Mapping[str, Any]) -> None:
        """Send one stored message to the resident at `address`.

        `data` is what the channel gave with the resident's latest message (`Inbound.data`).
        Returns once the receiving server has the message. Raises `CannotSend`: retryable after a
        time-out; not retryable when this resident can't be reached now, and then the message waits
        until the resident writes again. After a crash the same message may be sent a second time:
        `message.id` tells that it is the same.
        """
        ...


def kinds() -> list[str]:
    """The kinds of channel that exist, sorted: the names of this folder's public modules."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def check(name: str, table: Mapping[str, Any]) -> BaseModel | None:
    """Validate one channel's settings table; return its options, None for a kind without any.

    Raises `SettingsError` that names each bad key.
    """
    raw = dict(table)
    kind = raw.pop("kind", name)
    if kind not in kinds():
        known = ", ".join(kinds())
        raise SettingsError(f"[channels.{name}] kind: {kind!r} is unknown; there are {known}.")
    options = getattr(importlib.import_module(f"{__name__}.{kind}"), "Options", None)
    if options is None:
        if raw:
            raise SettingsError(f"[channels.{name}] has no settings; take out {', '.join(raw)}.")
        return None
    try:
        checked: BaseModel = options.model_validate(raw)
    except ValidationError as error:
        lines = [
            f"[channels.{name}] {'.'.join(map(str, e['loc'])) or 'table'}:"
            f" {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise SettingsError("; ".join(lines)) from None
    return checked


def options_of(settings: Settings, kind: str) -> BaseModel:
    """The validated options of the one channel of this kind; its defaults without a table.

    Raises `SettingsError` for a bad key, or when several tables are of this kind.
    """
    tables = [
        (name, table)
        for name, table in settings.channels.items()
        if table.get("kind", name) == kind
    ]
    if len(tables) > 1:
        names = ", ".join(f"[channels.{name}]" for name, _ in tables)
        raise SettingsError(f"{names} are all of kind {kind!r}; keep one of them.")
    name, table = tables[0] if tables else (kind, {})
    options = check(name, table)
    assert options is not None
    return options


def create_all(parts: Parts) -> list[Channel]:
    """Make every channel that the settings name, and those that are always loaded.

    Raises `SettingsError` for an unknown kind and for options that are wrong.
    """
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
