"""A recogniser's crash, hang or hunger costs one attempt; its processes never outlive ours."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from speech import (
    BadOption,
    ModelMissing,
    NotAudio,
    RecogniserCrashed,
    RecogniserError,
    RecogniserOutOfMemory,
    RecogniserTimeout,
    SpeechError,
    Transcriber,
)
from speech.worker_pool import TimeLimits
from tests.unit.speech.sounds import bursts, write_wav

QUICK = TimeLimits(start=60, load=60, base=1.0, per_second=0.0)
Start = Callable[..., Transcriber]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "recording.wav", bursts())


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Transcriber] = []

    def start(answer: dict[str, Any], **more: Any) -> Transcriber:
        made = Transcriber(tmp_path / "models", "canned", options={"answer": answer}, **more)
        started.append(made)
        return made

    yield start
    for each in started:
        each.close()


def test_a_warm_child_hears_one_recording_after_another(start: Start, recording: Path) -> None:
    transcriber = start({"text": "厨房漏水"})
    transcriber.warm()
    (first,) = transcriber.pids
    transcripts = [transcriber.transcribe(recording, "zh") for _ in range(3)]
    assert {t.text for t in transcripts} == {"厨房漏水"}
    assert transcripts[0].duration_seconds == pytest.approx(3.2)
    assert transcriber.pids == (first,)


@pytest.mark.parametrize(
    ("deed", "ended_by"), [("crash", signal.SIGSEGV), ("exit", None)], ids=["segfault", "exit"]
)
def test_a_crash_costs_one_attempt(
    deed: str, ended_by: int | None, start: Start, recording: Path, tmp_path: Path
) -> None:
    transcriber = start({"text": "好", "do": deed, "unless": str(tmp_path / "once")})
    with pytest.raises(RecogniserCrashed) as crash:
        transcriber.transcribe(recording)
    assert crash.value.retryable
    assert crash.value.code == "recogniser_crashed"
    assert crash.value.signal == ended_by
    assert transcriber.transcribe(recording).text == "好"


def test_a_hang_is_ended_at_the_time_limit(start: Start, recording: Path, tmp_path: Path) -> None:
    transcriber = start(
        {"text": "好", "do": "hang", "unless": str(tmp_path / "once")}, limits=QUICK
    )
    transcriber.warm()
    (pid,) = transcriber.pids
    with pytest.raises(RecogniserTimeout) as timeout:
        transcriber.transcribe(recording)
    assert timeout.value.retryable
    assert not psutil.pid_exists(pid)
    assert transcriber.transcribe(recording).text == "好"


def test_too_much_memory_ends_the_child_and_not_us(
    start: Start, recording: Path, tmp_path: Path
) -> None:
    transcriber = start(
        {"text": "好", "do": "eat", "unless": str(tmp_path / "once")},
        memory_bytes=700 * 1024**2,
    )
    with pytest.raises(RecogniserOutOfMemory, match="too little memory") as lack:
        transcriber.transcribe(recording)
    assert lack.value.retryable
    assert transcriber.transcribe(recording).text == "好"


def test_a_child_killed_between_two_recordings_is_replaced(start: Start, recording: Path) -> None:
    transcriber = start({"text": "好"})
    transcriber.warm()
    (pid,) = transcriber.pids
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: transcriber.pids == ())
    assert transcriber.transcribe(recording).text == "好"
    assert transcriber.pids != (pid,)


def test_a_kill_while_it_listens_is_told_as_lack_of_memory(start: Start, recording: Path) -> None:
    transcriber = start({"do": "hang"})
    transcriber.warm()
    (pid,) = transcriber.pids
    threading.Timer(0.5, os.kill, (pid, signal.SIGKILL)).start()
    with pytest.raises(RecogniserOutOfMemory) as crash:  # only the kernel kills, for memory
        transcriber.transcribe(recording)
    assert crash.value.signal == signal.SIGKILL


def test_an_error_of_hearing_arrives_as_itself_and_keeps_the_child(
    start: Start, recording: Path, tmp_path: Path
) -> None:
    transcriber = start({"text": "好"})
    transcriber.warm()
    before = transcriber.pids
    letter = tmp_path / "letter.wav"
    letter.write_text("Dear sir")
    with pytest.raises(NotAudio):
        transcriber.transcribe(letter)
    with pytest.raises(SpeechError, match="can't be read") as missing:
        transcriber.transcribe(tmp_path / "nowhere.wav")
    assert missing.value.code == "unreadable"
    with pytest.raises(BadOption, match="language"):
        transcriber.transcribe(recording, "klingon!")
    assert transcriber.pids == before


def test_what_an_engine_raises_keeps_its_code(start: Start, recording: Path) -> None:
    with pytest.raises(SpeechError) as told:
        start({"do": "raise"}).transcribe(recording)
    assert told.value.code == "canned_failure"


def test_a_missing_model_says_how_to_add_it(recording: Path, tmp_path: Path) -> None:
    with Transcriber(tmp_path / "none") as transcriber, pytest.raises(ModelMissing) as missing:
        transcriber.transcribe(recording, "zh")
    assert "huying models add whisper-base" in str(missing.value)


def test_wrong_options_are_named(recording: Path, tmp_path: Path) -> None:
    with (
        Transcriber(tmp_path, "canned", options={"voice": 1}) as transcriber,
        pytest.raises(BadOption, match="voice"),
    ):
        transcriber.transcribe(recording)


def test_two_processes_are_kept_and_share_the_work(start: Start, recording: Path) -> None:
    transcriber = Transcriber(recording.parent, "canned", options={"seconds": 1.0}, processes=2)
    with transcriber:
        transcriber.warm()
        assert len(transcriber.pids) == 2
        threads = [
            threading.Thread(target=transcriber.transcribe, args=(recording,)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        busy = [psutil.Process(pid) for pid in transcriber.pids]
        for thread in threads:
            thread.join()
        assert transcriber.pids == tuple(process.pid for process in busy)


def test_many_threads_share_one_child_without_mixing_answers(tmp_path: Path) -> None:
    paths = []
    for number in range(8):
        path = write_wav(tmp_path / f"{number}.wav", bursts(seconds=0.5 + number / 10))
        path.with_name(f"{number}.wav.canned.json").write_text(f'{{"text": "第{number}"}}')
        paths.append(path)
    heard: dict[int, str] = {}
    with Transcriber(tmp_path, "canned") as transcriber:

        def hear(number: int) -> None:
            heard[number] = transcriber.transcribe(paths[number]).text

        threads = [threading.Thread(target=hear, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert heard == {n: f"第{n}" for n in range(8)}


def test_a_child_outlives_the_thread_that_asked_for_it(start: Start, recording: Path) -> None:
    transcriber = start({"text": "好"})
    thread = threading.Thread(target=transcriber.warm)
    thread.start()
    thread.join()
    before = transcriber.pids
    assert len(before) == 1
    time.sleep(0.3)
    assert transcriber.transcribe(recording).text == "好"
    assert transcriber.pids == before


def test_closing_ends_children_and_those_who_wait(start: Start, recording: Path) -> None:
    transcriber = start({"do": "hang"})
    transcriber.warm()
    (pid,) = transcriber.pids
    errors: list[BaseException] = []

    def hear() -> None:
        try:
            transcriber.transcribe(recording)
        except RecogniserError as error:
            errors.append(error)

    threads = [threading.Thread(target=hear) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    transcriber.close()
    for thread in threads:
        thread.join(timeout=20)
    assert [error.code for error in errors if isinstance(error, RecogniserError)] == [
        "recogniser_closed"
    ] * 2
    assert not psutil.pid_exists(pid)
    with pytest.raises(RecogniserError):
        transcriber.transcribe(recording)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's choice is Linux's")
def test_the_kernel_would_take_a_child_first_when_memory_runs_out(start: Start) -> None:
    transcriber = start({})
    transcriber.warm()
    (pid,) = transcriber.pids
    assert Path(f"/proc/{pid}/oom_score_adj").read_text().strip() == "1000"


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_children_die_with_a_parent_that_is_killed(
    busy: bool, recording: Path, tmp_path: Path
) -> None:
    script = textwrap.dedent(
        f"""
        import threading
        from speech import Transcriber
        t = Transcriber({str(tmp_path)!r}, "canned", options={{"answer": {{"do": "hang"}}}})
        t.warm()
        if {busy}:
            threading.Thread(target=t.transcribe, args=({str(recording)!r},)).start()
        print(*t.pids, flush=True)
        threading.Event().wait()
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    time.sleep(0.5)
    assert psutil.pid_exists(pid)
    parent.kill()
    parent.wait()
    wait_until(lambda: not is_alive(pid))


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
