"""The speech engines: each public module of this folder is one, by its name.

A recogniser's module has

- ``Options``: a pydantic model of what the operator may set;
- ``create(options, model)``: loads it; ``model`` is the InstalledModel to use, or None;
- ``NEEDS_MODEL``: whether it needs one.

Heavy libraries are imported by ``create``, so that only the selected engine costs anything.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from speech.audio import Samples
from speech.errors import BadOption
from speech.models import InstalledModel
from speech.speech_detection import Region
from speech.transcript import Word


@dataclass(frozen=True, slots=True)
class Sound:
    """What an engine gets: 16 kHz mono samples of shape (n,), levelled and trimmed.

    ``speech`` says where in ``samples`` somebody speaks. ``path`` is the recording's file.
    """

    samples: Samples
    speech: tuple[Region, ...]
    path: Path


@dataclass(frozen=True, slots=True)
class Heard:
    """What an engine returns: fields as in Transcript, times in seconds of the samples."""

    text: str
    language: str
    words: tuple[Word, ...]
    notes: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()


class Recogniser(Protocol):
    """One loaded engine. Not used by two threads at the same time."""

    engine: str
    model_name: str
    language: str
    """The language to assume where the caller gives none and the sound doesn't tell."""
    listens_to_silence: bool
    """Whether ``recognise`` is called even where nobody speaks."""

    def recognise(self, sound: Sound, language: str | None) -> Heard:
        """Recognise ``sound``; ``language`` is a two-letter code, None: tell it from the sound."""
        ...


class EngineOptions(BaseModel):
    """Base of every engine's Options: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def names() -> tuple[str, ...]:
    """The engines in this folder, in alphabetical order."""
    modules = pkgutil.iter_modules(__path__)
    return tuple(sorted(m.name for m in modules if not m.name.startswith("_")))


def needs_model(engine: str) -> bool:
    """Whether this engine needs an installed model. Raises BadOption."""
    return bool(_module(engine).NEEDS_MODEL)


def check_options(engine: str, options: Mapping[str, Any]) -> EngineOptions:
    """The engine's Options, validated. Raises BadOption with a sentence for each wrong key."""
    try:
        checked: EngineOptions = _module(engine).Options.model_validate(dict(options))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in e['loc']) or 'options'}: {e['msg']}"
            for e in error.errors()
        )
        raise BadOption(f"The options of the {engine} recogniser are wrong: {wrong}.") from error
    return checked


def create(engine: str, options: EngineOptions, model: InstalledModel | None) -> Recogniser:
    """Load an engine with checked options. Raises BadOption, ModelError."""
    recogniser: Recogniser = _module(engine).create(options, model)
    return recogniser


def _module(engine: str) -> Any:
    if engine not in names():
        raise BadOption(f"There is no recogniser {engine!r}; there are {', '.join(names())}.")
    return importlib.import_module(f"{__name__}.{engine}")
