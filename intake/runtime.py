"""The parts that a process works with, built once by `intake.app` and passed to every job."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from intake.assistant.client import Assistant
from intake.backends import Backend
from intake.catalogue import edits, places, routing_rules, text_overrides
from intake.catalogue.routing import RoutingRule
from intake.catalogue.services import Catalogue
from intake.network.http import Outgoing
from intake.settings import Settings
from intake.storage.blobs import Blobs
from intake.storage.db import Sessions
from intake.storage.models import Message
from intake.understanding.gazetteer import Gazetteer
from speech import Transcript
from speech.relisten_result import RelistenResult


class RecordingTranscriber(Protocol):
    """What the pipeline needs of a `speech.Transcriber`."""

    def transcribe(self, path: Any, language: str | None = None) -> Transcript: ...
    def relisten(
        self, path: Any, start: float, end: float, language: str
    ) -> tuple[RelistenResult, ...]: ...
    def close(self) -> None: ...


class MessageChannel(Protocol):
    """What is needed of an `intake.channels.Channel`, which this layer must not import."""

    name: str

    def routes(self) -> Any: ...
    async def send(self, message: Message, address: str, data: Mapping[str, Any]) -> None: ...


@dataclass(slots=True)
class Parts:
    """One process's parts. ``transcriber`` is None in processes that don't transcribe,
    ``assistant`` where Rasa is not used.

    ``catalogue`` and ``rules`` are as operators edited them before the last `reload`; ``files`` is
    the catalogue as it is in the files.
    """

    settings: Settings
    engine: AsyncEngine
    sessions: Sessions
    blobs: Blobs
    catalogue: Catalogue
    outgoing: Outgoing
    backends: Mapping[str, Backend]
    link_secrets: list[str]
    transcriber: RecordingTranscriber | None = None
    assistant: Assistant | None = None
    channels: Mapping[str, MessageChannel] = field(default_factory=dict)
    files: Catalogue = field(init=False)
    rules: Sequence[RoutingRule] = field(init=False)
    _seen: dict[str, int] = field(default_factory=dict, init=False)
    _gazetteer: tuple[int, Gazetteer] | None = field(default=None, init=False)
    _building: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def __post_init__(self) -> None:
        self.files = self.catalogue
        self.rules = self.settings.routing.rules

    async def reload(self, session: AsyncSession) -> None:
        """Reload what operators edited since the last reload; one small query if nothing was."""
        now = await edits.versions(session)
        if now == self._seen:
            return
        if now[text_overrides.KIND] != self._seen.get(text_overrides.KIND):
            self.catalogue = await text_overrides.current(session, self.files)
        if now[routing_rules.KIND] != self._seen.get(routing_rules.KIND):
            self.rules = await routing_rules.current(session, self.settings.routing)
        self._seen = now

    async def gazetteer(self, session: AsyncSession) -> Gazetteer:
        """The gazetteer of the present places; cached until an operator edits one."""
        now = await edits.version(session, places.KIND)
        if self._gazetteer is None or self._gazetteer[0] != now:
            async with self._building:
                if self._gazetteer is None or self._gazetteer[0] != now:
                    self._gazetteer = (now, await places.gazetteer(session))
        return self._gazetteer[1]

    async def close(self) -> None:
        """Close connections and end the recogniser processes."""
        if self.transcriber is not None:
            await asyncio.to_thread(self.transcriber.close)
        if self.assistant is not None:
            await self.assistant.close()
        for backend in self.backends.values():
            await backend.close()
        await self.outgoing.close()
        await self.engine.dispose()
