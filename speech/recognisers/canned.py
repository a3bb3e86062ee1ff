"""A recogniser for tests: returns a prepared answer, or crashes, hangs or uses up memory.

The answer is looked up by the sha256 of the file in the JSON file ``mapping``, then in a file
beside the recording (its name + ``.canned.json``), then in ``answer``. An answer is an object:

    text, language, words [[text, start, end, confidence], …], notes [code, …]
    again   [{digits_only, guesses [{text, score}, …]}, …]: the result of ``recognise_digits``
    do      crash | exit | hang | eat | raise: fail in this way instead of answering
    unless  a path: fail only while this file doesn't exist, and create it first
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from speech.errors import SpeechError
from speech.models import InstalledModel
from speech.recognisers import EngineOptions, Heard, Sound
from speech.relisten_result import RelistenResult
from speech.transcript import Word

NEEDS_MODEL = False


class Answer(EngineOptions):
    """What to return for one recording, or how to fail."""

    text: str = ""
    language: str | None = None
    words: list[tuple[str, float, float, float]] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    again: list[dict[str, Any]] = Field(default_factory=list)
    do: Literal["crash", "exit", "hang", "eat", "raise"] | None = None
    unless: Path | None = None


class Options(EngineOptions):
    """``mapping``: a JSON file, sha256 → Answer. ``answer``: for files that are not in it."""

    mapping: Path | None = None
    answer: Answer = Answer()
    seconds: float = Field(0.0, ge=0, description="time to take for each answer")


def create(options: Options, model: InstalledModel | None) -> Canned:
    """The recogniser; ``model`` is not used."""
    return Canned(options)


class Canned:
    """Returns prepared answers."""

    engine = "canned"
    model_name = "canned"
    language = "zh"
    listens_to_silence = True

    def __init__(self, options: Options) -> None:
        self._options = options

    def recognise(self, sound: Sound, language: str | None) -> Heard:
        answer = self._look_up(sound.path)
        if answer.do and self._is_due(answer):
            _misbehave(answer.do)
        time.sleep(self._options.seconds)
        words = tuple(Word(*word) for word in answer.words)
        if answer.text and not words:
            words = _spread(answer.text, len(sound.samples) / 16_000)
        return Heard(
            answer.text, answer.language or language or self.language, words, tuple(answer.notes)
        )

    def recognise_digits(self, sound: Sound, language: str) -> tuple[RelistenResult, ...]:
        answer = self._look_up(sound.path)
        return tuple(RelistenResult.from_dict(hearing) for hearing in answer.again)

    def _look_up(self, path: Path) -> Answer:
        beside = path.with_name(path.name + ".canned.json")
        if self._options.mapping is not None:
            known: dict[str, Any] = json.loads(self._options.mapping.read_text("utf-8"))
            found = known.get(hashlib.sha256(path.read_bytes()).hexdigest())
            if found is not None:
                return Answer.model_validate(found)
        if beside.exists():
            return Answer.model_validate_json(beside.read_text("utf-8"))
        return self._options.answer

    @staticmethod
    def _is_due(answer: Answer) -> bool:
        if answer.unless is None:
            return True
        if answer.unless.exists():
            return False
        answer.unless.touch()
        return True


def _spread(text: str, seconds: float) -> tuple[Word, ...]:
    pieces = text.split() if " " in text else list(text)
    step = seconds / len(pieces)
    return tuple(Word(p, i * step, (i + 1) * step, 0.9) for i, p in enumerate(pieces))


def _misbehave(how: str) -> None:
    if how == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == "exit":
        os._exit(3)
    if how == "raise":
        raise SpeechError("The canned recogniser was told to fail.", code="canned_failure")
    eaten = []
    while True:
        if how == "eat":
            eaten.append(bytearray(os.urandom(1 << 20)) * 64)
        time.sleep(0.001)
