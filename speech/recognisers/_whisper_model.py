"""faster-whisper's model, changed to encode less padding and to choose among hypotheses.

Only imported when Whisper is the selected engine: it loads CTranslate2.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.transcribe import get_compression_ratio

from speech.recognisers._rerank import Hypothesis

MARGIN_FRAMES = 200
"""Frames of silence (10 ms each) encoded after a window: with fewer Whisper misses its end."""

Ranker = Callable[[Sequence[Hypothesis]], list[Hypothesis]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The chosen hypothesis, with the fields that faster-whisper reads of a generation."""

    sequences_ids: list[list[int]]
    no_speech_prob: float


def said_once(tokens: Sequence[int]) -> list[int]:
    """The tokens without an end that only repeats what precedes it, once or many times.

    Without time stamps Whisper sometimes writes the last sentence twice, or a number many times
    until its limit of tokens is reached. A repetition of 6 tokens or more is taken for a sentence
    (a speaker's own repetition mostly comes after a pause, where a window ends); a shorter one is
    cut only where it goes on for 20 tokens or more. The last repetition may be incomplete.
    """
    said = list(tokens)
    for period in range(1, len(said) // 2 + 1):
        at = len(said)
        while at > period and said[at - 1] == said[at - 1 - period]:
            at -= 1
        repeated = len(said) - at
        if repeated >= (period if period >= 6 else 20):
            return said[:at] if repeated >= 2 * period else said[:-period]
    return said


class FittingModel(WhisperModel):  # type: ignore[misc]
    """A WhisperModel that cuts off the zero padding, but for a margin, before encoding.

    Plain faster-whisper pads every window to 30 s, and padding costs the encoder as much as speech.
    The last encoding is kept, so that telling the language and recognising share it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._last: tuple[npt.NDArray[np.float32], Any] | None = None
        self.ranker: Ranker | None = None
        """Orders the hypotheses of a window, the best first; None: the likeliest is taken."""
        self.ranked: list[list[str]] = []
        """The texts of each window, as the ranker ordered them, since the list was last cleared."""

    def generate_with_fallback(
        self, encoder_output: Any, prompt: list[int], tokenizer: Any, options: Any
    ) -> Any:
        """Like faster-whisper's, but the ranker chooses among the beam's hypotheses.

        Returns the result, its mean log probability by token, temperature and compression.
        """
        if self.ranker is None:
            return super().generate_with_fallback(encoder_output, prompt, tokenizer, options)
        result = self.model.generate(
            encoder_output,
            [prompt],
            beam_size=options.beam_size,
            num_hypotheses=options.beam_size,
            max_length=self.max_length,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=options.suppress_tokens,
        )[0]
        hypotheses = []
        for tokens, score in zip(result.sequences_ids, result.scores, strict=True):
            once = said_once(tokens)
            text = tokenizer.decode(once).strip()
            hypotheses.append(Hypothesis(tuple(once), text, score * len(tokens)))
        ranked = self.ranker(hypotheses)
        best = ranked[0]
        mean = best.log_probability / (len(best.tokens) + 1)
        compression = get_compression_ratio(best.text)
        unlikely = mean < options.log_prob_threshold
        silent = unlikely and result.no_speech_prob > options.no_speech_threshold
        repeats = compression > options.compression_ratio_threshold
        later = list(options.temperatures[1:])
        if later and (repeats or unlikely) and not silent:
            warmer = dataclasses.replace(options, temperatures=later)
            found = super().generate_with_fallback(encoder_output, prompt, tokenizer, warmer)
            if repeats or found[1] > mean:
                self.ranked.append([tokenizer.decode(found[0].sequences_ids[0]).strip()])
                return found
        self.ranked.append([hypothesis.text for hypothesis in ranked])
        return (
            Chosen([list(best.tokens)], result.no_speech_prob),
            mean,
            options.temperatures[0],
            compression,
        )

    def _split_segments_by_timestamps(self, *args: Any, **kwargs: Any) -> Any:
        """Without time stamps the window ends at its last word; no rest of it is decoded again."""
        segments, seek, ends = super()._split_segments_by_timestamps(*args, **kwargs)
        return segments, seek, ends or self.ranker is not None

    def encode(self, features: npt.NDArray[np.float32]) -> Any:
        """Features of shape (mels, frames) to the encoder's output for them."""
        used = np.flatnonzero(features.any(axis=0))
        frames = (int(used[-1]) + 1 if len(used) else 0) + MARGIN_FRAMES
        frames += frames % 2  # the encoder halves the count
        fitting = np.ascontiguousarray(features[:, :frames])
        if self._last is None or not np.array_equal(self._last[0], fitting):
            self._last = (fitting, super().encode(fitting))
        return self._last[1]

    def language_shares(self, samples: npt.NDArray[np.float32]) -> dict[str, float]:
        """Probability (0..1) of each language in the first 30 s of 16 kHz samples (-1..1)."""
        features = self.feature_extractor(samples)
        first = features[:, : min(features.shape[-1] - 1, self.feature_extractor.nb_max_frames)]
        encoded = self.encode(pad_or_trim(first))
        shares = self.model.detect_language(encoded)[0]
        return {token[2:-2]: share for token, share in shares}
