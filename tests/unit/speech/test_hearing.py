"""From file to transcript, with an engine that says what it is told."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speech import BadOption, EmptyAudio, Transcript, Word, transcribe
from speech.local_transcriber import LocalTranscriber
from tests.unit.speech.sounds import RATE, bursts, write_wav


def hear(path: Path, **options: Any) -> Transcript:
    return transcribe(path, "zh", models_dir=path.parent, engine="canned", **options)


def test_words_count_from_the_start_of_the_original(tmp_path: Path) -> None:
    late = np.concatenate([np.zeros(4 * RATE, np.int16), bursts()])
    path = write_wav(tmp_path / "late.wav", late)
    answer = {"text": "漏水", "words": [["漏", 0.5, 0.7, 0.9], ["水", 0.7, 0.9, 0.5]]}
    transcript = hear(path, answer=answer)
    assert transcript.words[0].start == pytest.approx(4.4 - 0.3 + 0.5, abs=0.06)
    assert transcript.words[1].start - transcript.words[0].start == pytest.approx(0.2)
    assert transcript.confidence == pytest.approx(0.7)
    assert transcript.duration_seconds == pytest.approx(7.2)


def test_the_mapping_tells_recordings_apart_by_their_bytes(tmp_path: Path) -> None:
    one = write_wav(tmp_path / "one.wav", bursts())
    two = write_wav(tmp_path / "two.wav", bursts(level=0.3))
    mapping = tmp_path / "answers.json"
    mapping.write_text(json.dumps({sha(one): {"text": "一"}, sha(two): {"text": "二"}}))
    renamed = one.rename(tmp_path / "renamed")
    assert hear(renamed, mapping=mapping).text == "一"
    assert hear(two, mapping=mapping).text == "二"


def test_an_answer_beside_the_recording_is_taken(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", bursts())
    (tmp_path / "a.wav.canned.json").write_text('{"text": "help me", "language": "en"}')
    transcript = hear(path)
    assert (transcript.text, transcript.language) == ("help me", "en")
    assert [word.text for word in transcript.words] == ["help", "me"]


def test_an_empty_answer_is_noted_as_no_speech(tmp_path: Path) -> None:
    transcript = hear(write_wav(tmp_path / "a.wav", np.zeros(RATE, np.int16)))
    assert transcript.text == ""
    assert transcript.notes == ("no_speech",)
    assert transcript.confidence == 0


def test_options_may_be_given_for_each_engine(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", bursts())
    tables = {"canned": {"answer": {"text": "好"}}, "whisper": {"beam_size": 3}}
    assert LocalTranscriber(tmp_path, "canned", tables).transcribe(path, "zh").text == "好"
    with pytest.raises(BadOption, match="table"):
        LocalTranscriber(tmp_path, "canned", {"canned": 3}).transcribe(path, "zh")


@pytest.mark.parametrize("language", ["", "z", "zh-CN", "../x", "1234"])
def test_a_wrong_language_code_is_refused(language: str, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="language"):
        LocalTranscriber(tmp_path, "canned").transcribe(tmp_path / "a.wav", language)


def test_an_unknown_engine_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=r"canned, vosk, whisper"):
        LocalTranscriber(tmp_path, "siri").transcribe(tmp_path / "a.wav", "zh")


def test_an_empty_recording_is_an_error_before_any_engine_hears_it(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(EmptyAudio):
        hear(path, answer={"do": "crash"})


def test_spans_point_at_each_word_in_order() -> None:
    words = tuple(Word(text, 0.0, 0.0, 1.0) for text in ("no", "now", "no"))
    transcript = Transcript("no now no", "en", "canned", "canned", words, 1.0, 1.0, 1.0)
    assert transcript.spans() == ((0, 2), (3, 6), (7, 9))


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
