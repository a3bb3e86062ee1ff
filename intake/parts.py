"""The parts that a process works with, wired once by `intake.app` and handed to every job."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from intake.assistant import Assistant
from intake.backends import Backend
from intake.blobs import Blobs
from intake.categories import Catalogue
from intake.db import Sessions
from intake.models import Message, Place
from intake.outgoing import Outgoing
from intake.settings import Settings
from intake.understanding.gazetteer import Gazetteer
from speech import Transcript
from speech.again import Hearing


class Hears(Protocol):
    """What the pipeline needs of a `speech.Transcriber`."""

    def transcribe(self, path: Any, language: str | None = None) -> Transcript: ...
    def hear_again(
        self, path: Any, start: float, end: float, language: str
    ) -> tuple[Hearing, ...]: ...
    def close(self) -> None: ...


class Sends(Protocol):
    """What is needed of an `intake.channels.Channel`, which stands above."""

    name: str

    def routes(self) -> Any: ...
    async def send(self, message: Message, address: str, data: Mapping[str, Any]) -> None: ...


@dataclass(slots=True)
class Parts:
    """One process's parts. ``transcriber`` and ``assistant`` are None where nothing hears."""

    settings: Settings
    engine: AsyncEngine
    sessions: Sessions
    blobs: Blobs
    catalogue: Catalogue
    outgoing: Outgoing
    backends: Mapping[str, Backend]
    link_secrets: list[str]
    transcriber: Hears | None = None
    assistant: Assistant | None = None
    channels: Mapping[str, Sends] = field(default_factory=dict)
    _gazetteer: tuple[float, Gazetteer] | None = field(default=None, init=False)

    async def gazetteer(self, session: AsyncSession) -> Gazetteer:
        """The places that operators keep, read again after at most 30 seconds."""
        if self._gazetteer is None or time.monotonic() - self._gazetteer[0] > 30:
            rows = (await session.execute(select(Place).order_by(Place.id))).scalars()
            built = Gazetteer.from_rows((p.name, p.kind, p.area or "", p.aliases) for p in rows)
            self._gazetteer = (time.monotonic(), built)
        return self._gazetteer[1]

    async def close(self) -> None:
        """Give everything back."""
        if self.transcriber is not None:
            await asyncio.to_thread(self.transcriber.close)
        if self.assistant is not None:
            await self.assistant.close()
        for backend in self.backends.values():
            await backend.close()
        await self.outgoing.close()
        await self.engine.dispose()
