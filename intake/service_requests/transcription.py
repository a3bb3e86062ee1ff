"""From a recording to its transcript, for every channel: voicemails and voice messages alike."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from intake.errors import AssistantError
from intake.locale import reason
from intake.runtime import Parts
from intake.service_requests.understand import is_emergency
from intake.storage.models import Recording, Transcript
from speech import UNKNOWN
from speech import Transcript as Heard
from speech.errors import (
    ModelMissing,
    NotAudio,
    RecogniserCrashed,
    RecogniserOutOfMemory,
    RecogniserTimeout,
    SpeechError,
    TooLong,
)


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What the recogniser made of a recording. `danger`: words of danger in it, by the rules."""

    heard: Heard
    danger: bool

    def row(self, recording: Recording) -> Transcript:
        """A new row for the database."""
        return Transcript.of(self.heard, recording.id)


async def transcribe(parts: Parts, recording: Recording, language: str | None) -> Transcribed:
    """Recognise a recording in the house's language unless another is known.

    Raises SpeechError: `TooLong` for a recording that is longer than `limits.max_seconds`.
    """
    if recording.format == UNKNOWN:
        raise NotAudio("This is no sound file that we know: a person looks at it.")
    longest = parts.settings.limits.max_seconds + 1
    if recording.duration_seconds is not None and recording.duration_seconds > longest:
        raise TooLong("The recording is longer than limits.max_seconds: a person listens to it.")
    assert parts.transcriber is not None
    path = parts.blobs.path(recording.blob_key)
    known = language or parts.settings.hearing.language
    heard = await asyncio.to_thread(parts.transcriber.transcribe, path, known)
    return Transcribed(heard, is_emergency(heard.text, heard.alternatives))


async def learned_danger(parts: Parts, text: str, alternatives: Sequence[str]) -> float:
    """The classifier's chance of danger (0..1), the highest of all that a recording may say.

    Alternative texts may reveal danger that the best one garbles. 0 without alternatives, as the
    turn classifies the text itself, and where Rasa can't be asked, which the turn reports.
    """
    if not alternatives or parts.assistant is None:
        return 0.0
    try:
        return (await parts.assistant.parse_heard(text, alternatives)).danger
    except AssistantError:
        return 0.0


def failure_reason(error: SpeechError) -> dict[str, str]:
    """Why a person has to listen to a recording, as operators read it."""
    if isinstance(error, ModelMissing):
        return reason("model_missing")
    if isinstance(error, RecogniserOutOfMemory):
        return reason("too_little_memory")
    if isinstance(error, (RecogniserCrashed, RecogniserTimeout)):
        return reason("recognition_failed", error=error.code)
    if isinstance(error, TooLong):
        return reason("too_long_to_hear")
    return reason("undecodable")
