"""A crafted sound file costs a child process of ours its memory or its time, and nothing else."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from speech import Decoders, NotAudio, Undecodable
from tests.conftest import wav_of

MEGABYTE = 1024 * 1024


@pytest.fixture
def children() -> Iterator[Decoders]:
    found = Decoders(1, memory_bytes=200 * MEGABYTE, seconds=5)
    yield found
    found.close()


def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.wav"
    path.write_bytes(wav_of([0.1] * 16_000))
    return path


def claims_one_sample_a_second(folder: Path) -> bytes:
    content = bytearray(wav_of([0.0] * 400))
    content[24:28] = (1).to_bytes(4, "little")
    return bytes(content)


def a_quarter_of_an_hour() -> bytes:
    return wav_of([0.0] * 16_000 * 890)


CRAFTED = {
    "a WAV of one sample a second": claims_one_sample_a_second,
    "noise behind a magic": lambda folder: b"fLaC" + os.urandom(200),
    "text": lambda folder: b"no sound" * 100,
    "an endless header": lambda folder: b"RIFF\xff\xff\xff\xffWAVE" + b"LIST\xff\xff\xff\x7f" * 50,
    "a cut MP4": lambda folder: b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + os.urandom(500),
}


@pytest.mark.parametrize("kind", CRAFTED)
def test_what_is_crafted_is_refused_and_the_next_recording_is_heard(
    children: Decoders, tmp_path: Path, kind: str
) -> None:
    crafted = tmp_path / "crafted"
    crafted.write_bytes(CRAFTED[kind](tmp_path))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises((NotAudio, Undecodable)):
        children.wav(crafted)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # kilobytes
    assert children.wav(good(tmp_path))[:4] == b"RIFF"


def test_what_takes_more_memory_than_is_allowed_is_refused(tmp_path: Path) -> None:
    long = tmp_path / "long.wav"
    long.write_bytes(a_quarter_of_an_hour())
    children = Decoders(1, memory_bytes=220 * MEGABYTE, seconds=20)
    try:
        with pytest.raises(Undecodable):
            children.wav(long)
        assert children.probe(good(tmp_path)).duration_seconds == pytest.approx(1.0)
    finally:
        children.close()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_child_that_ends_or_hangs_is_replaced(tmp_path: Path, how: signal.Signals) -> None:
    children = Decoders(1, seconds=2)
    path = good(tmp_path)
    try:
        assert children.probe(path).format == "wav"
        for child in Path("/proc").iterdir():
            if child.name.isdigit() and _is_our_child(child):
                os.kill(int(child.name), how)
        if how is signal.SIGSTOP:
            with pytest.raises(NotAudio):
                children.probe(path)
        assert children.probe(path).format == "wav"
    finally:
        children.close()


def _is_our_child(process: Path) -> bool:
    try:
        status = (process / "stat").read_text()
        command = (process / "cmdline").read_bytes()
    except OSError:
        return False
    parent = int(status.rpartition(")")[2].split()[1])
    return parent == os.getpid() and b"speech.decoder_process" in command
