"""Whisper, by faster-whisper on the CPU with 8-bit weights: the best Mandarin we can install.

Four things differ from plain faster-whisper:

- The recording is cut into windows where nobody speaks. A window is encoded at its own length
  instead of being padded to 30 seconds.
- The language is chosen among those allowed, from the encoding that recognition uses too.
- In Mandarin, of the few likeliest texts the one made of usual words is taken (``_rerank``).
  Whisper then writes no time stamps: the texts would differ mostly in them.
- Text that the engine invents where nobody speaks is left out (``_hallucination_filter``).

Whisper gets no prompt: it makes recognition worse and is repeated on silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from speech.audio import RATE
from speech.errors import ModelError
from speech.models import InstalledModel
from speech.recognisers import (
    EngineOptions,
    Heard,
    Sound,
    _hallucination_filter,
    _rerank,
    _word_frequency,
)
from speech.recognisers._windows import Window, cut_windows
from speech.transcript import Word

if TYPE_CHECKING:
    from speech.relisten_result import RelistenResult

NEEDS_MODEL = True
DIALECTS = {"yue": "zh"}
"""Languages that this size of model can't do → the one to recognise instead, with a note."""


RANKED = frozenset({"zh"})
"""Languages in which hypotheses are ordered by how usual their words are."""
RANKED_SECONDS = 20.0
"""Longer windows get time stamps and no reranking: without stamps Whisper drops repetitions."""
MOST_ALTERNATIVES = 5


class Options(EngineOptions):
    """How to decode. ``languages`` are those told apart by their sound; times in seconds.

    A window is at most ``window_seconds`` long, and longer than ``good_seconds`` only where
    somebody speaks for longer without a pause.
    """

    languages: tuple[str, ...] = Field(("zh", "en"), min_length=1)
    beam_size: int = Field(8, ge=1, le=20)
    temperatures: tuple[float, ...] = Field((0.0, 0.2, 0.4, 0.6, 0.8, 1.0), min_length=1)
    threads: int = Field(0, ge=0, description="0: as many as there are cores, at most 4")
    window_seconds: float = Field(28.0, ge=5, le=29)
    good_seconds: float = Field(12.0, ge=1, le=29)


def create(options: Options, model: InstalledModel | None) -> Whisper:
    """Load the model (under a second for the base size). Raises ModelError."""
    if model is None:
        raise ModelError("The whisper recogniser needs a model.")
    from speech.recognisers._whisper_model import FittingModel

    try:
        loaded = FittingModel(
            str(model.path), device="cpu", compute_type="int8", cpu_threads=options.threads
        )
    except Exception as error:
        raise ModelError(
            f"Whisper can't read the model {model.name}; try `huying models verify {model.name}`."
        ) from error
    return Whisper(options, loaded, model)


class Whisper:
    """One loaded Whisper model."""

    engine = "whisper"
    listens_to_silence = False

    def __init__(self, options: Options, loaded: Any, model: InstalledModel) -> None:
        self.model_name = model.name
        self.language = options.languages[0]
        self._options = options
        self._model = loaded

    def recognise(self, sound: Sound, language: str | None) -> Heard:
        import ctranslate2

        ctranslate2.set_random_seed(0)  # at higher temperatures; the same sound, the same text
        windows = cut_windows(
            sound.samples, sound.speech, self._options.window_seconds, self._options.good_seconds
        )
        notes: list[str] = []
        spoken = language
        if spoken in DIALECTS or (spoken is None and windows):
            spoken, dialect = self._tell_language(language, windows)
            if dialect:
                notes.append("language_unsupported")
        spoken = spoken or self.language
        pieces: list[list[Word]] = []
        rankings: list[list[str]] = []
        for window in windows:
            self._model.ranked.clear()
            kept = []
            for words, invented in self._hear(window, spoken):
                if invented:
                    notes.append("hallucination_gated")
                elif words:
                    kept.append(words)
            pieces += kept
            if kept:
                heard_text = "".join(word.text for words in kept for word in words)
                for texts in self._model.ranked or [[heard_text]]:
                    rankings.append([_simplified(text, spoken).strip() for text in texts])
        text, heard = _join(pieces, spoken)
        others = _rerank.combine_alternatives(
            rankings, MOST_ALTERNATIVES, "，" if spoken == "zh" else " "
        )
        return Heard(text, spoken, heard, tuple(dict.fromkeys(notes)), others)

    def recognise_digits(self, sound: Sound, language: str) -> tuple[RelistenResult, ...]:
        """See ``speech.relisten``."""
        from speech.recognisers._whisper_digits import recognise_digits

        return recognise_digits(self._model, sound.samples, DIALECTS.get(language, language))

    def _tell_language(self, language: str | None, windows: Sequence[Window]) -> tuple[str, bool]:
        if language is not None:
            return DIALECTS[language], True
        longest = max(windows, key=lambda window: len(window.samples))
        shares = self._model.language_shares(longest.floats())
        best = max(shares, key=lambda code: shares[code])
        allowed = max(self._options.languages, key=lambda code: shares.get(code, 0.0))
        return allowed, best in DIALECTS and shares[best] > 0.5

    def _hear(self, window: Window, language: str) -> Iterable[tuple[list[Word], bool]]:
        """Each stretch's words, with times in seconds of the sound, and whether it is invented."""
        ranked = language in RANKED and len(window.samples) <= RANKED_SECONDS * RATE
        self._model.ranker = _rank if ranked else None
        segments, _ = self._model.transcribe(
            window.floats(),
            language=language,
            beam_size=self._options.beam_size,
            temperature=list(self._options.temperatures),
            word_timestamps=True,
            without_timestamps=ranked,
            condition_on_previous_text=False,
        )
        for segment in segments:
            words = list(segment.words or ())
            for part in _at_pauses(words, window) if ranked else [words]:
                evidence = _hallucination_filter.Evidence(
                    text=_simplified("".join(w.word for w in part), language),
                    log_probability=segment.avg_logprob,
                    no_speech=segment.no_speech_prob,
                    compression=segment.compression_ratio,
                    seconds=part[-1].end - part[0].start if part else 0.0,
                    voiced_share=(
                        window.voiced_share(part[0].start, part[-1].end) if part else 0.0
                    ),
                )
                yield (
                    [
                        Word(
                            w.word,
                            *window.to_sound(w.start, w.end),
                            float(np.clip(w.probability, 0, 1)),
                        )
                        for w in part
                    ],
                    _hallucination_filter.is_invented(evidence, _hallucination_filter.Limits()),
                )


def _rank(hypotheses: Sequence[_rerank.Hypothesis]) -> list[_rerank.Hypothesis]:
    simple = [replace(h, text=_simplified(h.text, "zh")) for h in hypotheses]
    return _rerank.rerank(simple, _word_frequency.spoken_form, _word_frequency.wording_score)


def _at_pauses(words: list[Any], window: Window) -> list[list[Any]]:
    """The words of each stretch of speech that the window consists of."""
    parts: dict[int, list[Any]] = {}
    for word in words:
        parts.setdefault(window.region_at((word.start + word.end) / 2), []).append(word)
    return list(parts.values())


def _join(pieces: list[list[Word]], language: str) -> tuple[str, tuple[Word, ...]]:
    """The text of all pieces, in Chinese with a comma at each pause, and its words."""
    raw: list[Word] = []
    for number, words in enumerate(pieces):
        for word in words:
            raw.append(word)
        last = raw[-1]
        if language == "zh" and number < len(pieces) - 1 and last.text[-1:].isalnum():
            raw[-1] = Word(last.text + "，", last.start, last.end, last.confidence)
    texts = _simplified_words([word.text for word in raw], language)
    text = "".join(texts).strip()
    kept = zip(raw, texts, strict=True)
    heard = tuple(Word(t.strip(), w.start, w.end, w.confidence) for w, t in kept if t.strip())
    return text, heard


def _simplified_words(texts: list[str], language: str) -> list[str]:
    """Each word in Simplified characters; the sentence is converted whole if its length stays."""
    whole = "".join(texts)
    converted = _simplified(whole, language)
    if len(converted) != len(whole):
        return [_simplified(text, language) for text in texts]
    found, at = [], 0
    for text in texts:
        found.append(converted[at : at + len(text)])
        at += len(text)
    return found


_converters: list[Any] = []


def _simplified(text: str, language: str) -> str:
    if language != "zh":
        return text
    if not _converters:
        import opencc

        _converters.append(opencc.OpenCC("tw2s"))  # also 著 → 着, which t2s leaves
    return str(_converters[0].convert(text))
