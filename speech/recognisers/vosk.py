"""Vosk (Kaldi): light, streams while somebody speaks, takes a list of expected phrases.

The library aborts the process, crashes or hangs on arguments that it doesn't like, so they
are checked here first: a grammar that is empty or not JSON, a sample rate of 0, a recogniser
used by two threads.
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
    """``grammar``: phrases to choose from, in the model's words; None: everything."""

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
    """One loaded model; ``recognise`` and ``stream`` each make their own recogniser."""

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
        """Hear while somebody speaks; to be used by the calling thread alone."""
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
    """Kaldi adds a little noise drawn with C's ``rand``: the same sound, the same text."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).srand(0)


class Stream:
    """One stretch of listening. ``accept`` pieces of sound, then ``finish`` once."""

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
        """Hear some more 16 kHz samples; returns the text so far, its end not yet sure."""
        self._check()
        if len(samples) and self._recogniser.AcceptWaveform(samples.tobytes()):
            self._take(self._recogniser.Result())
            partial = ""
        else:
            partial = json.loads(self._recogniser.PartialResult()).get("partial", "")
        texts = [word.text for word in self._words] + partial.split()
        return self._joiner().join(texts)

    def finish(self) -> Heard:
        """All that was heard. The stream can't be used any more."""
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
