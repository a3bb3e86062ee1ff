"""Recognise a recording in this process: decode, level, trim, find the speech, recognise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speech import audio, models, recognisers
from speech.errors import BadOption
from speech.levels import level_and_trim
from speech.recognisers import Heard, Recogniser, Sound
from speech.speech_detection import Region, find_speech
from speech.transcript import Transcript, Word

Decoded = Callable[[float], None]
"""Called with the seconds of sound as soon as they are known, before recognition begins."""


def transcribe(
    path: Path,
    language: str | None = None,
    *,
    models_dir: Path,
    engine: str = "auto",
    **options: Any,
) -> Transcript:
    """Recognise one recording in this process. ``options`` are the engine's own.

    ``language`` is a two-letter code; None: the recogniser tells it from the sound. Loads the model
    in every call, and a native crash ends this process: services use a Transcriber.
    Raises SpeechError.
    """
    return LocalTranscriber(models_dir, engine, options).transcribe(Path(path), language)


@dataclass
class LocalTranscriber:
    """Recognises in this process, with recognisers that stay loaded. Not thread-safe.

    ``engine``, ``options`` and ``max_seconds`` as in ``Transcriber``.
    """

    models_dir: Path
    engine: str = "auto"
    options: Mapping[str, Any] = field(default_factory=dict)
    max_seconds: float = audio.MAX_SECONDS
    _loaded: dict[tuple[str, str], Recogniser] = field(default_factory=dict)

    def transcribe(
        self, path: Path, language: str | None = None, *, on_decoded: Decoded | None = None
    ) -> Transcript:
        """Recognise one recording; ``language`` as in ``transcribe`` above. Raises SpeechError."""
        recogniser = self.recogniser(language)
        decoded = audio.decode(path, max_seconds=self.max_seconds)
        if on_decoded is not None:
            on_decoded(decoded.seconds)
        samples, offset = level_and_trim(decoded.samples)
        speech: tuple[Region, ...] = ()
        if recogniser.listens_to_silence:
            speech = (Region(0, len(samples)),)
        elif len(samples):
            speech = find_speech(samples)
        if speech:
            heard = recogniser.recognise(Sound(samples, speech, path), language)
        else:
            heard = Heard("", language or recogniser.language, ())
        return _transcript(heard, decoded, speech, offset, recogniser)

    def recogniser(self, language: str | None) -> Recogniser:
        """The recogniser for a language, loaded at its first use. Raises SpeechError."""
        if language is not None and not (language.isalpha() and 2 <= len(language) <= 3):
            raise BadOption(f"{language!r} is no language code; use 'zh' or 'en'.")
        model: models.InstalledModel | None = None
        engine = self.engine
        if engine == "auto" or recognisers.needs_model(engine):
            model = models.best_for(language, engine, self.models_dir)
            engine = model.engine
        key = (engine, model.name if model else "")
        if key not in self._loaded:
            checked = recognisers.check_options(engine, self._options_of(engine))
            self._loaded[key] = recognisers.create(engine, checked, model)
        return self._loaded[key]

    def _options_of(self, engine: str) -> Mapping[str, Any]:
        """The engine's part of ``options``: its table, or all of it if there are no tables."""
        if self.options and set(self.options) <= set(recognisers.names()):
            table = self.options.get(engine, {})
            if not isinstance(table, Mapping):
                raise BadOption(f"The options of {engine} must be a table.")
            return table
        return self.options


def _transcript(
    heard: Heard,
    decoded: audio.Decoded,
    speech: tuple[Region, ...],
    offset: float,
    recogniser: Recogniser,
) -> Transcript:
    words = tuple(
        Word(w.text, round(w.start + offset, 3), round(w.end + offset, 3), w.confidence)
        for w in heard.words
    )
    notes = [*heard.notes, *decoded.notes]
    if not heard.text:
        notes.insert(0, "no_speech")
    weight = sum(len(word.text) for word in words)
    mean = sum(word.confidence * len(word.text) for word in words) / weight if weight else 0.0
    return Transcript(
        text=heard.text,
        language=heard.language,
        engine=recogniser.engine,
        model=recogniser.model_name,
        words=words,
        duration_seconds=round(decoded.seconds, 3),
        speech_seconds=round(sum(r.end - r.start for r in speech) / audio.RATE, 3),
        confidence=round(mean, 4),
        notes=tuple(dict.fromkeys(notes)),
        alternatives=heard.alternatives,
    )
