"""Find where in a recording somebody speaks, with the Silero detector of faster-whisper."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from speech.audio import RATE, Samples

THRESHOLD = 0.35
"""Probability (0..1) from which a 32 ms frame counts as speech. Silero's usual value is 0.5; lower
here, because to lose a quiet voice is worse than to recognise some noise."""
MIN_SPEECH_MS = 120
MIN_SILENCE_MS = 400
PAD_MS = 200
MAX_SPEECH_SECONDS = 27.0
"""Longer stretches are cut at their last short pause, so that they fit Whisper's 30 seconds."""


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of speech; sample positions ``[start, end)`` at 16 kHz."""

    start: int
    end: int


def find_speech(samples: Samples) -> tuple[Region, ...]:
    """The stretches in which somebody speaks, in order; ``samples`` 16 kHz, of shape (n,)."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    if len(samples) < RATE // 20:
        return ()
    options = VadOptions(
        threshold=THRESHOLD,
        min_speech_duration_ms=MIN_SPEECH_MS,
        min_silence_duration_ms=MIN_SILENCE_MS,
        speech_pad_ms=PAD_MS,
        max_speech_duration_s=MAX_SPEECH_SECONDS,
    )
    found = get_speech_timestamps(samples.astype(np.float32) / 32768, options)
    return tuple(Region(int(chunk["start"]), int(chunk["end"])) for chunk in found)
