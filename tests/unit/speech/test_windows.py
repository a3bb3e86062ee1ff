"""Windows hold all speech, are never too long, and give back the original times."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.audio import RATE
from speech.recognisers._windows import cut_windows
from speech.speech_detection import Region

lengths = st.lists(st.tuples(st.integers(0, 5 * RATE), st.integers(1, 70 * RATE)), max_size=6)


def regions_of(pairs: list[tuple[int, int]]) -> tuple[tuple[Region, ...], int]:
    regions, at = [], 0
    for gap, length in pairs:
        regions.append(Region(at + gap, at + gap + length))
        at += gap + length
    return tuple(regions), at


@given(lengths)
@settings(max_examples=60, deadline=None)
def test_all_speech_is_in_some_window_and_no_window_is_too_long(
    pairs: list[tuple[int, int]],
) -> None:
    speech, total = regions_of(pairs)
    windows = cut_windows(np.zeros(total, np.int16), speech, 28.0)
    assert sum(len(w.samples) for w in windows) == sum(r.end - r.start for r in speech)
    assert all(0 < len(w.samples) <= 28 * RATE for w in windows)


@given(lengths, st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_a_time_in_a_window_leads_back_to_its_sample(
    pairs: list[tuple[int, int]], share: float
) -> None:
    speech, total = regions_of(pairs)
    samples = np.arange(total, dtype=np.int64) % 30_000
    for window in cut_windows(samples.astype(np.int16), speech, 28.0):
        at = int(share * (len(window.samples) - 1))
        start, end = window.to_sound(at / RATE, at / RATE)
        assert start == end
        place = min(round(start * RATE), total - 1)
        found = samples[max(0, place - 200) : place + 200].astype(np.int16)
        assert window.samples[at] in found


def test_a_word_across_a_cut_stays_in_the_stretch_of_its_middle() -> None:
    speech = (Region(RATE, 2 * RATE), Region(10 * RATE, 12 * RATE))
    (window,) = cut_windows(np.zeros(13 * RATE, np.int16), speech, 28.0)
    assert window.to_sound(0.6, 1.1) == pytest.approx((1.6, 2.0))
    assert window.to_sound(0.9, 1.9) == pytest.approx((10.0, 10.9))
