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


def flac(rate: int, said_by_frames: int | None = None) -> bytes:
    """A FLAC file (RFC 9639) of about 100 bytes: four frames of 65,535 equal samples.

    ``rate`` (Hz) stands in its header; ``said_by_frames``: another one in each frame. Without a
    limit a rate of 1 Hz becomes 72 hours of sound at 16 kHz.
    """
    block = 65_535
    info = block.to_bytes(2, "big") * 2 + bytes(6)
    info += (rate << 44 | 15 << 36 | 4 * block).to_bytes(8, "big") + bytes(16)
    content = b"fLaC\x80" + len(info).to_bytes(3, "big") + info
    for number in range(4):
        code = 0x70 if said_by_frames is None else 0x7D
        head = bytes([0xFF, 0xF8, code, 0x08, number]) + (block - 1).to_bytes(2, "big")
        if said_by_frames is not None:
            head += said_by_frames.to_bytes(2, "big")
        head += _crc(head, 0x07, 8)
        frame = head + b"\x00\x01\x00"
        content += frame + _crc(frame, 0x8005, 16)
    return content


def _crc(content: bytes, polynomial: int, bits: int) -> bytes:
    value, top = 0, 1 << (bits - 1)
    for byte in content:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value & top else 0)) & (1 << bits) - 1
    return value.to_bytes(bits // 8, "big")


def test_the_crafted_flac_is_a_flac(children: Decoders, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(flac(192_000))
    assert len(children.wav(path)) == pytest.approx(
        44 + 2 * 16_000 * 4 * 65_535 / 192_000, rel=0.01
    )


CRAFTED = {
    "a WAV of one sample a second": claims_one_sample_a_second,
    **{f"a FLAC of {rate} Hz": lambda _, rate=rate: flac(rate) for rate in (1, 3_999, 655_350)},
    "a FLAC whose frames say another rate": lambda folder: flac(16_000, 1),
    "a FLAC of which only the frames say a rate": lambda folder: flac(0, 1),
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
