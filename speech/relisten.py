"""Recognise the stretch of a recording in which a number is said once more, in several ways.

A recogniser drops digits of long numbers (13378065524 becomes 1337806524) and joins those that are
said fast. When the stretch is cut out, slowed down and only digits are allowed, the same engine
often gets them all. Where the results disagree, none of them can be trusted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import av
import av.error
import av.filter
import numpy as np

from speech import audio
from speech.audio import RATE, Samples
from speech.levels import level_and_trim
from speech.local_transcriber import Decoded, LocalTranscriber
from speech.recognisers import Sound
from speech.relisten_result import RelistenResult
from speech.speech_detection import Region

LONGEST_SECONDS = 17.0
"""The longest stretch: slowed down it must still fit the 30 seconds that an engine takes."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One way to cut and play a stretch.

    ``before`` and ``after`` are seconds added at its ends. ``tempo`` changes only the pace,
    ``pitch`` the pitch together with the pace (below 1: slower, lower; 1: unchanged).
    """

    before: float
    after: float
    tempo: float = 1.0
    pitch: float = 1.0


CUTS = (
    Cut(0.2, 0.4),
    Cut(0.05, 0.3, tempo=0.8),
    Cut(0.5, 0.6, tempo=0.85),
    Cut(0.35, 0.5, tempo=0.8, pitch=0.8),
)
"""The times of words' ends are less exact than those of their starts, so more is added after than
before. No two cuts start at the same moment: half a word at the start gives the same wrong digit at
every tempo."""


@runtime_checkable
class DigitRecogniser(Protocol):
    """A recogniser that can be limited to digits; others are not asked."""

    def recognise_digits(self, sound: Sound, language: str) -> tuple[RelistenResult, ...]:
        """Recognise at most 29 s of sound, without a limit and with only digits allowed."""
        ...


def relisten(
    transcriber: LocalTranscriber,
    path: Path,
    start: float,
    end: float,
    language: str,
    *,
    on_decoded: Decoded | None = None,
) -> tuple[RelistenResult, ...]:
    """Recognise ``start`` .. ``end`` (seconds of the recording) in each way of ``CUTS``.

    Returns () for a stretch that is empty or longer than ``LONGEST_SECONDS``, and for an engine
    that is no ``DigitRecogniser``. ``on_decoded`` gets the seconds of sound in all cuts together.
    Raises SpeechError.
    """
    recogniser = transcriber.recogniser(language)
    if not isinstance(recogniser, DigitRecogniser) or not 0 < end - start <= LONGEST_SECONDS:
        return ()
    decoded = audio.decode(path, max_seconds=transcriber.max_seconds)
    samples, offset = level_and_trim(decoded.samples)
    cuts = list(_cut_out(samples, start - offset, end - offset))
    if on_decoded is not None:
        on_decoded(sum(len(cut) for cut in cuts) / RATE)
    sounds = [Sound(cut, (Region(0, len(cut)),), path) for cut in cuts]
    return tuple(
        hearing for sound in sounds for hearing in recogniser.recognise_digits(sound, language)
    )


def _cut_out(samples: Samples, start: float, end: float) -> Iterator[Samples]:
    for cut in CUTS:
        first = max(0, round((start - cut.before) * RATE))
        stretch = samples[first : max(first, round((end + cut.after) * RATE))]
        if len(stretch) >= RATE // 4:
            yield at_tempo(at_pitch(stretch, cut.pitch), cut.tempo)


def at_pitch(samples: Samples, pitch: float) -> Samples:
    """The same 16 kHz samples, slower and lower (``pitch`` below 1) or faster and higher."""
    if pitch == 1.0:
        return samples
    frame = _frame(samples, round(RATE * pitch))
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    frames: list[Any] = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([each.to_ndarray().reshape(-1) for each in frames])


def at_tempo(samples: Samples, tempo: float) -> Samples:
    """The same 16 kHz samples at another pace (0.5..2; 1: unchanged) and the same pitch."""
    if tempo == 1.0:
        return samples
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=RATE, format="s16", layout="mono")
    stretch = graph.add("atempo", str(tempo))
    sink = graph.add("abuffersink")
    source.link_to(stretch)
    stretch.link_to(sink)
    graph.configure()
    graph.push(_frame(samples, RATE))
    graph.push(None)
    parts: list[Samples] = []
    try:
        while True:
            frame_out: Any = graph.pull()
            parts.append(frame_out.to_ndarray().reshape(-1))
    except (av.error.EOFError, av.error.BlockingIOError):
        return np.concatenate(parts) if parts else samples[:0]


def _frame(samples: Samples, rate: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(samples).reshape(1, -1), format="s16", layout="mono"
    )
    frame.sample_rate = rate
    return frame
