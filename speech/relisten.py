"""Listen once more to a stretch of a recording in which a number is said, in several ways.

A recogniser drops digits in long runs (13378065524 is heard as 1337806524) and joins those that
are said fast. Cut out, slowed down and with nothing but digits allowed, the same engine often
hears them all; and where the ways disagree, none of them is to be trusted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
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
from speech.speech_detection import Region

LONGEST_SECONDS = 17.0
"""Of a stretch. Slowed down it must still fit the 30 seconds that an engine takes at once."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One way to cut and play a stretch: seconds added before and after, tempo, pitch (1: as is).

    The tempo changes without the pitch, the pitch together with the tempo.
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
"""Words' ends are told worse than their beginnings, so there is more after than before. No two
begin at the same moment: half a word there is heard as the same wrong digit at every tempo."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One text that a stretch may be; ``score`` is its mean log probability a token."""

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class RelistenResult:
    """One way of listening again: its guesses, the best first.

    ``digits_only``: nothing but digits was allowed, so words beside the number became digits too.
    """

    digits_only: bool
    guesses: tuple[Guess, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RelistenResult:
        """The inverse of ``as_dict``."""
        return cls(values["digits_only"], tuple(Guess(**guess) for guess in values["guesses"]))


@runtime_checkable
class DigitRecogniser(Protocol):
    """A recogniser that can listen to a stretch again. Others are never asked."""

    def recognise_digits(self, sound: Sound, language: str) -> tuple[RelistenResult, ...]:
        """Hear at most 29 s of sound, freely and with only digits allowed."""
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
    """Listen again to ``start`` .. ``end``, in seconds of the recording.

    Nothing comes back for a stretch that is empty or longer than ``LONGEST_SECONDS``, and from an
    engine that can't. ``on_decoded`` is told how many seconds there are to hear in all.
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
    """The same 16 kHz samples played slower (below 1) and lower, like a tape."""
    if pitch == 1.0:
        return samples
    frame = _frame(samples, round(RATE * pitch))
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    frames: list[Any] = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([each.to_ndarray().reshape(-1) for each in frames])


def at_tempo(samples: Samples, tempo: float) -> Samples:
    """The same 16 kHz samples said at another pace (0.5..2, 1 as is), at their own pitch."""
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
