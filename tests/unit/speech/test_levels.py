"""Levelling and trimming: a usual loudness, quiet voices kept, times those of the original."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech import levels
from speech.audio import RATE
from speech.levels import KEEP_MS, TARGET_DBFS, level_and_trim, voice_dbfs
from tests.unit.speech.sounds import bursts, noise


def padded(before: float, after: float, level: float = 0.5) -> np.ndarray:
    sides = [np.zeros(int(seconds * RATE), np.int16) for seconds in (before, after)]
    return np.concatenate(
        [sides[0], bursts(level=level)[int(0.4 * RATE) : int(2.6 * RATE)], sides[1]]
    )


@pytest.mark.parametrize("level", [0.9, 0.1, 0.01])
def test_voices_of_any_loudness_come_out_alike(level: float) -> None:
    made, _ = level_and_trim(bursts(level=level))
    assert voice_dbfs(made) == pytest.approx(TARGET_DBFS, abs=1.5)


@given(before=st.floats(0, 8), after=st.floats(0, 8), level=st.floats(0.01, 0.9))
@settings(max_examples=40, deadline=None)
def test_what_is_cut_is_silence_and_its_length_is_told(
    before: float, after: float, level: float
) -> None:
    samples = padded(before, after, level)
    made, offset = level_and_trim(samples)
    start = int(offset * RATE)
    assert 0 <= offset <= before
    assert before - offset <= (KEEP_MS + levels.FRAME_MS) / 1000 + 0.01
    assert len(made) >= min(len(samples), int(2.2 * RATE))
    kept = samples[start : start + len(made)].astype(float)
    assert np.corrcoef(kept, made.astype(float))[0, 1] > 0.99
    assert not samples[:start].any()
    assert not samples[start + len(made) :].any()


@pytest.mark.parametrize("seconds", [0.15, 0.8])
def test_one_cry_in_a_long_silence_is_heard(seconds: float) -> None:
    silence = np.zeros(30 * RATE, np.int16)
    cry = bursts(level=0.3)[int(0.4 * RATE) :][: int(seconds * RATE)]
    made, offset = level_and_trim(np.concatenate([silence, cry, silence]))
    assert len(made) >= int(seconds * RATE)
    assert 29 < offset <= 30


def test_a_slammed_door_does_not_keep_the_voice_quiet() -> None:
    samples = bursts(level=0.02)
    samples[:1600] = noise(0.1, 0.9)
    made, offset = level_and_trim(samples)
    voice = made[int((0.5 - offset) * RATE) : int((1.1 - offset) * RATE)]
    assert voice_dbfs(voice) > TARGET_DBFS - 4


def test_a_whisper_after_a_loud_beginning_is_not_trimmed_off() -> None:
    samples = np.concatenate([bursts(level=0.5), bursts(level=0.02)])
    made, offset = level_and_trim(samples)
    assert offset + len(made) / RATE > 3.2 + 2.6


@pytest.mark.parametrize("count", [0, 1, 100, RATE])
def test_digital_silence_leaves_nothing(count: int) -> None:
    made, offset = level_and_trim(np.zeros(count, np.int16))
    assert len(made) == 0
    assert offset == 0.0


@given(st.lists(st.integers(-32768, 32767), max_size=3000))
@settings(max_examples=60, deadline=None)
def test_any_samples_are_taken(values: list[int]) -> None:
    made, offset = level_and_trim(np.array(values, np.int16))
    assert made.dtype == np.int16
    assert offset + len(made) / RATE <= len(values) / RATE + 0.001
