"""What every recogniser owes: words in order with times and confidence, an empty text for
silence, the same answer twice, and errors instead of crashes.

The real engines run with their real models; `models.add` fetches those that are missing.
"""

import difflib
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intake.settings import load
from speech import BadOption, SpeechError, Transcriber, Transcript, audio, models, recognisers
from speech.local_transcriber import LocalTranscriber, transcribe
from tests.unit.speech import sounds

pytestmark = pytest.mark.xdist_group("recognisers")

DEMO = Path(__file__).parents[2] / "data" / "demo"
SAMPLES = {
    row["id"]: row
    for row in map(json.loads, (DEMO / "voicemails.jsonl").read_text("utf-8").splitlines())
}


@dataclass(frozen=True)
class Engine:
    """One row: an engine, the model to test it with, and a recording in its language."""

    name: str
    model: str | None
    language: str
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


ENGINES = (
    Engine("canned", None, "zh", {"answer": {"text": "我家厨房的下水道堵了"}}),
    Engine("vosk", "vosk-small-ko", "ko"),
    Engine("whisper", "whisper-base", "zh"),
)


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """Where `make` puts the models; whatever is missing there is fetched."""
    folder = load().models_dir
    for engine in ENGINES:
        if engine.model:
            models.add(engine.model, folder)
    return folder


@pytest.fixture(scope="module", params=ENGINES, ids=str)
def engine(request: pytest.FixtureRequest) -> Engine:
    chosen: Engine = request.param
    return chosen


@pytest.fixture(scope="module")
def listener(engine: Engine, models_dir: Path) -> LocalTranscriber:
    return LocalTranscriber(models_dir, engine.name, engine.options)


@pytest.fixture(scope="module")
def whisper(models_dir: Path) -> LocalTranscriber:
    return LocalTranscriber(models_dir, "whisper")


@pytest.fixture(scope="module")
def recording(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A voicemail; for Vosk its beginning: a Korean model takes long over Mandarin."""
    if engine.name != "vosk":
        return sample("v01")
    samples = audio.decode(sample("v01")).samples[: 4 * audio.RATE]
    return sounds.write_wav(tmp_path_factory.mktemp("vosk") / "short.wav", samples)


def alike(first: Transcript, second: Transcript) -> bool:
    """The same words; Kaldi's dither may turn a few."""
    words = [[word.text for word in t.words] for t in (first, second)]
    same = difflib.SequenceMatcher(None, *words).ratio()
    return first == second or (first.engine == "vosk" and same > 0.6)


def sample(number: str) -> Path:
    return DEMO / str(SAMPLES[number]["audio"])


def check(transcript: Transcript) -> None:
    """Holds for every transcript of every engine."""
    at, before = 0, 0.0
    for word, (start, end) in zip(transcript.words, transcript.spans(), strict=True):
        assert transcript.text[start:end] == word.text
        assert not transcript.text[at:start].strip()
        assert 0 <= word.confidence <= 1
        assert before <= word.start + 0.05
        assert word.start <= word.end <= transcript.duration_seconds + 0.05
        at, before = end, word.start
    assert transcript.text[at:].strip() == ""
    assert transcript.text == transcript.text.strip()
    assert bool(transcript.text) == bool(transcript.words)
    assert 0 <= transcript.confidence <= 1
    assert transcript.speech_seconds <= transcript.duration_seconds + 0.05
    assert Transcript.from_dict(json.loads(json.dumps(transcript.as_dict()))) == transcript


def test_every_engine_in_the_folder_is_tested() -> None:
    assert {engine.name for engine in ENGINES} == set(recognisers.names())


def test_speech_becomes_words_with_times_and_confidence(
    engine: Engine, listener: LocalTranscriber, recording: Path
) -> None:
    transcript = listener.transcribe(recording, engine.language)
    check(transcript)
    assert transcript.text
    assert transcript.engine == engine.name
    assert transcript.language == engine.language
    assert transcript.model == (engine.model or "canned")
    assert transcript.speech_seconds > 2


def test_the_same_recording_gives_the_same_transcript(
    engine: Engine, listener: LocalTranscriber, recording: Path
) -> None:
    first, second = (listener.transcribe(recording, engine.language) for _ in range(2))
    assert alike(first, second)


def test_a_child_process_hears_what_this_process_hears(
    engine: Engine, listener: LocalTranscriber, recording: Path, models_dir: Path
) -> None:
    with Transcriber(models_dir, engine.name, options=engine.options) as transcriber:
        heard = transcriber.transcribe(recording, engine.language)
    assert alike(heard, listener.transcribe(recording, engine.language))


def test_unknown_options_are_refused_before_anything_is_loaded(
    engine: Engine, models_dir: Path
) -> None:
    with pytest.raises(BadOption, match="volume"):
        transcribe(
            sample("v01"), engine.language, models_dir=models_dir, engine=engine.name, volume=11
        )


def test_silence_before_the_voice_moves_the_words_by_its_length(
    engine: Engine, listener: LocalTranscriber, recording: Path, tmp_path: Path
) -> None:
    samples = audio.decode(recording).samples
    shifted = np.concatenate([np.zeros(5 * audio.RATE, np.int16), samples])
    plain = sounds.write_wav(tmp_path / "plain.wav", samples)
    late = sounds.write_wav(tmp_path / "late.wav", shifted)
    before = listener.transcribe(plain, engine.language)
    after = listener.transcribe(late, engine.language)
    check(after)
    assert after.words[0].start - before.words[0].start == pytest.approx(5, abs=0.5)
    assert after.words[-1].end - before.words[-1].end == pytest.approx(5, abs=0.5)


NOISES = {
    "silence": lambda: np.zeros(6 * audio.RATE, np.int16),
    "the last bit": lambda: sounds.noise(6, 3e-5),
    "hiss": lambda: sounds.noise(8, 0.02),
    "loud noise": lambda: sounds.noise(8, 0.4),
    "music": lambda: sounds.music(12),
    "tones": lambda: sounds.bursts(seconds=8),
    "a moment": lambda: sounds.noise(0.02),
}


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("language", ["zh", "en", None])
def test_nothing_is_invented_where_nobody_speaks(
    kind: str, language: str | None, whisper: LocalTranscriber, tmp_path: Path
) -> None:
    path = sounds.write_wav(tmp_path / "nobody.wav", NOISES[kind]())
    transcript = whisper.transcribe(path, language)
    check(transcript)
    assert transcript.text == ""
    assert "no_speech" in transcript.notes
    assert transcript.confidence == 0


def test_noise_given_to_whisper_as_speech_is_gated(whisper: LocalTranscriber) -> None:
    from speech.speech_detection import Region

    recogniser = whisper.recogniser("zh")
    for made in (sounds.noise(2, 0.02), sounds.music(2), np.zeros(2 * audio.RATE, np.int16)):
        everything = (Region(0, len(made)),)
        heard = recogniser.recognise(recognisers.Sound(made, everything, Path()), "zh")
        assert heard.text == ""


def test_a_voicemail_is_understood_well_enough(whisper: LocalTranscriber) -> None:
    transcript = whisper.transcribe(sample("v01"))
    assert transcript.language == "zh"
    for part in ("厨房", "下水道", "明天上午"):
        assert part in transcript.text, transcript.text
    assert transcript.confidence > 0.6


def test_english_is_told_by_ear(whisper: LocalTranscriber) -> None:
    transcript = whisper.transcribe(sample("v10"))
    check(transcript)
    assert transcript.language == "en"
    assert "kitchen sink" in transcript.text.lower()


def test_a_quiet_voice_is_heard(whisper: LocalTranscriber, tmp_path: Path) -> None:
    samples = audio.decode(sample("v01")).samples
    loud = whisper.transcribe(sounds.write_wav(tmp_path / "loud.wav", samples), "zh")
    quiet = (samples.astype(float) * 0.01).astype(np.int16)  # 40 dB down
    quiet[: audio.RATE // 10] += sounds.noise(0.1, 0.5)  # and a knock at the start
    heard = whisper.transcribe(sounds.write_wav(tmp_path / "quiet.wav", quiet), "zh")
    assert heard.speech_seconds > 0.8 * loud.speech_seconds
    assert "厨房" in heard.text


def test_a_long_voicemail_is_heard_to_its_end(whisper: LocalTranscriber, tmp_path: Path) -> None:
    one = audio.decode(sample("v01")).samples
    gap = np.zeros(audio.RATE, np.int16)
    path = sounds.write_wav(tmp_path / "long.wav", np.concatenate([one, gap] * 5))
    transcript = whisper.transcribe(path, "zh")
    check(transcript)
    assert transcript.text.count("厨房") == 5
    assert transcript.words[-1].end > transcript.duration_seconds - 3


def test_cantonese_is_noted_as_more_than_the_model_can(whisper: LocalTranscriber) -> None:
    transcript = whisper.transcribe(sample("v01"), "yue")
    assert "language_unsupported" in transcript.notes
    assert transcript.language == "zh"


def test_a_truncated_recording_is_heard_with_a_note(
    whisper: LocalTranscriber, tmp_path: Path
) -> None:
    path = sounds.write_wav(tmp_path / "cut.wav", audio.decode(sample("v01")).samples)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    transcript = whisper.transcribe(path, "zh")
    assert transcript.text
    assert "truncated" in transcript.notes


def test_a_vosk_grammar_lets_only_its_words_through(models_dir: Path) -> None:
    grammar = ["이상 선호", "우동", "보주"]
    transcript = transcribe(
        sample("v01"),
        "ko",
        models_dir=models_dir,
        engine="vosk",
        grammar=grammar,
        allow_other_words=False,
    )
    check(transcript)
    assert transcript.words
    assert {word.text for word in transcript.words} <= {w for p in grammar for w in p.split()}


@pytest.mark.parametrize(
    "grammar", [[], [""], [" "], "도와", [1], ["厨房漏水"], {"a": 1}], ids=repr
)
def test_a_vosk_grammar_that_would_crash_the_library_is_refused(
    grammar: Any, models_dir: Path
) -> None:
    with pytest.raises(BadOption):
        transcribe(sample("v01"), "ko", models_dir=models_dir, engine="vosk", grammar=grammar)


def test_vosk_tells_what_it_hears_while_it_listens(models_dir: Path) -> None:
    recogniser: Any = LocalTranscriber(models_dir, "vosk").recogniser("ko")
    samples = audio.decode(sample("v01")).samples[: 4 * audio.RATE]
    stream = recogniser.stream()
    partials = [stream.accept(samples[at : at + 4000]) for at in range(0, len(samples), 4000)]
    assert len({text for text in partials if text}) > 1
    assert stream.finish().text
    with pytest.raises(BadOption, match="finished"):
        stream.accept(samples[:4000])


def test_a_vosk_stream_refuses_another_thread(models_dir: Path) -> None:
    recogniser: Any = LocalTranscriber(models_dir, "vosk").recogniser("ko")
    stream = recogniser.stream()
    errors: list[SpeechError] = []

    def use() -> None:
        try:
            stream.accept(np.zeros(4000, np.int16))
        except SpeechError as error:
            errors.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert [error.code for error in errors] == ["bad_option"]


def test_auto_takes_the_best_engine_for_the_language(models_dir: Path) -> None:
    listener = LocalTranscriber(models_dir, "auto")
    assert listener.recogniser("zh").engine == "whisper"
    assert listener.recogniser("ko").engine == "vosk"
