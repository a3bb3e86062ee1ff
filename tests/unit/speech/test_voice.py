"""Speech is found where somebody speaks, also quietly and without a pause; noise is none."""

from pathlib import Path

import numpy as np
import pytest

from speech import audio, speech_detection
from speech.audio import RATE
from speech.levels import level_and_trim
from speech.speech_detection import find_speech
from tests.unit.speech import sounds

VOICE = Path(__file__).parents[3] / "data" / "demo" / "audio" / "v01.webm"


@pytest.fixture(scope="module")
def spoken() -> audio.Samples:
    return audio.decode(VOICE).samples


def seconds(regions: tuple[speech_detection.Region, ...]) -> float:
    return sum(region.end - region.start for region in regions) / RATE


@pytest.mark.parametrize(
    ("loudness", "share"), [(0, 1.0), (10, 1.0), (60, 1.0), (300, 1.0), (0, 0.05), (10, 0.05)]
)
def test_words_after_nine_minutes_of_silence_are_found(
    spoken: audio.Samples, loudness: int, share: float
) -> None:
    """``loudness`` of the room's noise (standard deviation, full scale 32768); ``share`` of the
    voice's own loudness."""
    noise = np.random.default_rng(1).normal(0, loudness, 540 * RATE).astype(np.int16)
    recording = np.concatenate([noise, (spoken * share).astype(np.int16)])
    samples, offset = level_and_trim(recording)
    found = find_speech(samples)
    assert seconds(found) == pytest.approx(seconds(find_speech(spoken)), rel=0.1)
    assert found[0].start / RATE + offset == pytest.approx(540, abs=1)


def test_a_voice_between_silences_is_found(spoken: audio.Samples) -> None:
    silence = np.zeros(5 * RATE, np.int16)
    found = find_speech(np.concatenate([silence, spoken, silence]))
    alone = find_speech(spoken)
    assert seconds(found) == pytest.approx(seconds(alone), rel=0.1)
    assert found[0].start >= 4.5 * RATE
    assert found[-1].end <= 5.5 * RATE + len(spoken)


def test_a_voice_without_pauses_is_cut_so_that_it_fits_a_window(spoken: audio.Samples) -> None:
    inner = [spoken[r.start + 3000 : r.end - 3000] for r in find_speech(spoken)]
    found = find_speech(np.concatenate(inner * 5))
    assert len(found) > 1
    assert all(r.end - r.start <= speech_detection.MAX_SPEECH_SECONDS * RATE for r in found)
    assert seconds(found) > 0.9 * seconds((speech_detection.Region(0, sum(map(len, inner)) * 5),))


@pytest.mark.parametrize(
    "made",
    [sounds.noise(5, 0.02), sounds.music(8), sounds.bursts(), np.zeros(RATE, np.int16)],
    ids=["noise", "music", "tones", "silence"],
)
def test_what_is_no_voice_is_not_found(made: audio.Samples) -> None:
    assert find_speech(made) == ()


@pytest.mark.parametrize("count", [0, 1, 511, 512, 513, 799, 800])
def test_any_length_is_taken(count: int) -> None:
    assert find_speech(np.zeros(count, np.int16)) == ()
