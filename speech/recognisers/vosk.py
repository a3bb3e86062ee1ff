"""Vosk (Kaldi): needs little memory, works while somebody speaks, takes a list of phrases.

The library aborts the process, crashes or hangs on invalid arguments (an empty grammar or one that
is not JSON, a sample rate of 0, a recogniser used by two threads), so they are checked here.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import threading
from typing import Any

from pydantic import Field, field_validator

from speech.audio import RATE, Samples
from speech.errors import BadOption, ModelError
from speech.models import InstalledModel
from speech.recognisers import EngineOptions, Heard, Sound
from speech.transcript import Word

NEEDS_MODEL = True
CHUNK_SAMPLES = RATE // 4
MAX_PHRASES = 5_000


class Options(EngineOptions):
    """``grammar``: the only phrases to recognise, in the model's words; None: any."""

    grammar: tuple[str, ...] | None = Field(None, min_length=1, max_length=MAX_PHRASES)
    allow_other_words: bool = Field(True, description="with a grammar: say [unk] for the rest")

    @field_validator("grammar")
    @classmethod
    def _no_empty_phrases(cls, grammar: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if grammar and any(not phrase.strip() for phrase in grammar):
            raise ValueError("a phrase is empty")
        return grammar


def create(options: Options, model: InstalledModel | None) -> Vosk:
    """Load the model (half a second for a small one). Raises ModelError, BadOption."""
    if model is None:
        raise ModelError("The vosk recogniser needs a model.")
    import vosk

    vosk.SetLogLevel(-1)
    try:
        loaded = vosk.Model(str(model.path))
    except Exception as error:
        raise ModelError(
            f"Vosk can't read the model {model.name}; try `huying models verify {model.name}`."
        ) from error
    return Vosk(options, loaded, model)


class Vosk:
    """One loaded model; ``recognise`` and ``stream`` each create their own Kaldi recogniser."""

    engine = "vosk"
    listens_to_silence = False

    def __init__(self, options: Options, loaded: Any, model: InstalledModel) -> None:
        self.model_name = model.name
        self.language = model.languages[0]
        self._model = loaded
        self._grammar = self._checked_grammar(options, model)

    def recognise(self, sound: Sound, language: str | None) -> Heard:
        _seed_dither()
        stream = self.stream()
        for at in range(0, len(sound.samples), CHUNK_SAMPLES):
            stream.accept(sound.samples[at : at + CHUNK_SAMPLES])
        return stream.finish()

    def stream(self) -> Stream:
        """Recognise while somebody speaks; only the calling thread may use the stream."""
        return Stream(self._model, self._grammar, self.language)

    def _checked_grammar(self, options: Options, model: InstalledModel) -> str | None:
        if options.grammar is None:
            return None
        if not (model.path / "graph" / "HCLr.fst").exists():
            raise BadOption(f"The model {model.name} can't take a grammar.")
        for phrase in options.grammar:
            for word in phrase.split():
                if self._model.vosk_model_find_word(word) < 0:
                    raise BadOption(f"The model {model.name} doesn't know the word {word!r}.")
        extra = ["[unk]"] if options.allow_other_words else []
        return json.dumps([*options.grammar, *extra], ensure_ascii=False)


def _seed_dither() -> None:
    """Kaldi adds a little noise from C's ``rand``; seeded, the same sound gives the same text."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).srand(0)


class Stream:
    """Recognition of sound that arrives in pieces: ``accept`` each, then ``finish`` once."""

    def __init__(self, model: Any, grammar: str | None, language: str) -> None:
        import vosk

        arguments = (model, float(RATE)) if grammar is None else (model, float(RATE), grammar)
        self._recogniser = vosk.KaldiRecognizer(*arguments)
        self._recogniser.SetWords(True)
        self._language = language
        self._thread = threading.get_ident()
        self._words: list[Word] = []
        self._finished = False

    def accept(self, samples: Samples) -> str:
        """Take further 16 kHz samples; the text so far, whose end may still change.

        Raises BadOption from another thread, or after ``finish``.
        """
        self._check()
        if len(samples) and self._recogniser.AcceptWaveform(samples.tobytes()):
            self._take(self._recogniser.Result())
            partial = ""
        else:
            partial = json.loads(self._recogniser.PartialResult()).get("partial", "")
        texts = [word.text for word in self._words] + partial.split()
        return self._joiner().join(texts)

    def finish(self) -> Heard:
        """The whole text; ends the stream. Raises BadOption as ``accept`` does."""
        self._check()
        self._finished = True
        self._take(self._recogniser.FinalResult())
        text = self._joiner().join(word.text for word in self._words)
        return Heard(text, self._language, tuple(self._words))

    def _take(self, result: str) -> None:
        for word in json.loads(result).get("result", []):
            if word["word"] != "[unk]":
                confidence = min(max(float(word["conf"]), 0.0), 1.0)
                self._words.append(Word(word["word"], word["start"], word["end"], confidence))

    def _joiner(self) -> str:
        return "" if self._language == "zh" else " "

    def _check(self) -> None:
        if threading.get_ident() != self._thread:
            raise BadOption("A Vosk stream belongs to the thread that opened it.")
        if self._finished:
            raise BadOption("This Vosk stream is finished.")
