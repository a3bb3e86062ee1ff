"""Listening again: the stretch that was asked for, at another pace, by the engines that can."""

from pathlib import Path

import numpy as np
import pytest

from speech import EmptyAudio, SpeechError, Transcriber
from speech.local_transcriber import LocalTranscriber
from speech.recognisers import Sound
from speech.relisten import CUTS, LONGEST_SECONDS, at_pitch, at_tempo, relisten
from speech.relisten_result import RelistenResult
from tests.unit.speech.sounds import RATE, bursts, write_wav

AGAIN = {"digits_only": True, "guesses": [{"text": "139 1234 5678", "score": -0.5}]}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "recording.wav", bursts())


class Told:
    """A recogniser that remembers what it got."""

    def __init__(self) -> None:
        self.sounds: list[Sound] = []

    def recognise_digits(self, sound: Sound, language: str) -> tuple[RelistenResult, ...]:
        self.sounds.append(sound)
        return (RelistenResult(True, ()),)


def listener_with(recogniser: object, monkeypatch: pytest.MonkeyPatch) -> LocalTranscriber:
    monkeypatch.setattr(LocalTranscriber, "recogniser", lambda self, language: recogniser)
    return LocalTranscriber(Path())


def test_a_tempo_changes_the_length_and_not_the_pitch() -> None:
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)).astype(np.int16)
    slow = at_tempo(tone, 0.8)
    assert len(slow) == pytest.approx(len(tone) / 0.8, rel=0.03)
    loudest = np.argmax(np.abs(np.fft.rfft(slow))) * RATE / len(slow)
    assert loudest == pytest.approx(440, abs=3)
    assert at_tempo(tone, 1.0) is tone


def test_a_pitch_takes_the_tempo_with_it() -> None:
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)).astype(np.int16)
    low = at_pitch(tone, 0.8)
    assert len(low) == pytest.approx(len(tone) / 0.8, rel=0.01)
    loudest = np.argmax(np.abs(np.fft.rfft(low))) * RATE / len(low)
    assert loudest == pytest.approx(352, abs=3)


def test_each_cut_holds_the_stretch_and_its_margins(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, decoded = Told(), list[float]()
    listener = listener_with(told, monkeypatch)
    again = relisten(listener, recording, 1.2, 2.0, "zh", on_decoded=decoded.append)
    assert len(again) == len(told.sounds) == len(CUTS)
    for sound, cut in zip(told.sounds, CUTS, strict=True):
        seconds = (0.8 + cut.before + cut.after) / cut.tempo / cut.pitch
        assert len(sound.samples) / RATE == pytest.approx(seconds, rel=0.05)
    assert decoded == [pytest.approx(sum(len(s.samples) for s in told.sounds) / RATE)]


@pytest.mark.parametrize(
    ("start", "end"), [(1.0, 1.0), (2.0, 1.0), (0.0, LONGEST_SECONDS + 1), (900.0, 905.0)]
)
def test_nothing_is_heard_where_there_is_no_stretch(
    recording: Path, monkeypatch: pytest.MonkeyPatch, start: float, end: float
) -> None:
    assert relisten(listener_with(Told(), monkeypatch), recording, start, end, "zh") == ()


def test_an_engine_that_can_not_listen_again_is_not_asked(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert relisten(listener_with(object(), monkeypatch), recording, 0.4, 1.2, "zh") == ()


def test_a_child_listens_again_and_goes_on_living_after_an_error(
    recording: Path, tmp_path: Path
) -> None:
    answer = {"text": "电话", "again": [AGAIN]}
    empty = write_wav(tmp_path / "empty.wav", bursts()[:0])
    with Transcriber(tmp_path, "canned", options={"answer": answer}) as transcriber:
        again = transcriber.relisten(recording, 0.4, 1.2, "zh")
        assert again == (RelistenResult.from_dict(AGAIN),) * len(CUTS)
        pids = transcriber.pids
        with pytest.raises(EmptyAudio):
            transcriber.relisten(empty, 0.4, 1.2, "zh")
        with pytest.raises(SpeechError):
            transcriber.relisten(tmp_path / "gone.wav", 0.4, 1.2, "zh")
        assert transcriber.transcribe(recording, "zh").text == "电话"
        assert transcriber.pids == pids
