"""From a recording to its transcript, for every channel: voicemails and voice messages alike."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from intake.errors import AssistantError
from intake.runtime import Parts
from intake.service_requests.understand import is_emergency
from intake.storage.models import Recording, Transcript
from speech import Transcript as Heard


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What the recogniser made of a recording. `danger`: words of danger in it, by the rules."""

    heard: Heard
    danger: bool

    def row(self, recording: Recording) -> Transcript:
        """A new row for the database."""
        return Transcript.of(self.heard, recording.id)


async def transcribe(parts: Parts, recording: Recording, language: str | None) -> Transcribed:
    """Recognise a recording in the house's language unless another is known. Raises SpeechError."""
    assert parts.transcriber is not None
    path = parts.blobs.path(recording.blob_key)
    known = language or parts.settings.hearing.language
    heard = await asyncio.to_thread(parts.transcriber.transcribe, path, known)
    return Transcribed(heard, is_emergency(heard.text, heard.alternatives))


async def sounds_dangerous(parts: Parts, text: str, alternatives: Sequence[str]) -> bool:
    """Whether Rasa takes one of the texts that a recording may hold for words of danger.

    Alternative texts may reveal danger that the best one garbles. False where Rasa can't be asked:
    the caller asks again when it needs the kind of need.
    """
    if not alternatives or parts.assistant is None:
        return False
    try:
        opinion = await parts.assistant.parse_heard(text, alternatives)
    except AssistantError:
        return False
    return opinion.danger >= parts.settings.deciding.alarm_from
