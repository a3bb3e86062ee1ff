"""Sound files for the tests, made on the spot in every format that residents send."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pilk
import pysilk

RATE = 16_000
VOICE = Path(__file__).parents[3] / "data" / "demo" / "audio" / "v11.ogg"
SECONDS = 3.2
BURSTS = ((0.4, 1.2), (1.8, 2.6))
"""Seconds at which the test signal sounds; between them it is silent."""


def bursts(rate: int = RATE, seconds: float = SECONDS, level: float = 0.5) -> Any:
    """Two bursts of a 440 Hz tone with overtones, int16 mono."""
    t = np.arange(int(rate * seconds)) / rate
    tone = np.sin(2 * np.pi * 440 * t) + 0.4 * np.sin(2 * np.pi * 880 * t)
    on = sum(((t >= a) & (t < b)).astype(float) for a, b in BURSTS)
    return (tone / 1.4 * on * level * 32767).astype(np.int16)


def noise(seconds: float, level: float = 0.1, seed: int = 1) -> Any:
    made = np.random.default_rng(seed).normal(0, level, int(RATE * seconds))
    return (np.clip(made, -1, 1) * 32767).astype(np.int16)


def music(seconds: float) -> Any:
    """Chords that change every half second, with a beat: no voice in it."""
    t = np.arange(int(RATE * seconds)) / RATE
    out = np.zeros_like(t)
    for at, root in enumerate([262, 330, 392, 349, 294, 440] * 20):
        on = (t >= at * 0.5) & (t < at * 0.5 + 0.5)
        for ratio in (1, 1.25, 1.5, 2):
            out += on * np.sin(2 * np.pi * root * ratio * t) * np.exp(-3 * ((t - at * 0.5) % 0.5))
    return (out / np.abs(out).max() * 0.5 * 32767).astype(np.int16)


def write_wav(path: Path, samples: Any, rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(samples.tobytes())
    return path


def encode(path: Path, form: str, codec: str, rate: int, **how: Any) -> Path:
    """The test signal in a container. ``how``: bit_rate, layout, muxer and coder options."""
    layout = how.get("layout", "mono")
    target: Any = how.get("target", str(path))
    with av.open(target, "w", format=form, options=how.get("muxer", {})) as out:
        stream = out.add_stream(codec, rate=rate, layout=layout, options=how.get("coder", {}))
        if "bit_rate" in how:
            stream.bit_rate = how["bit_rate"]
        samples = bursts(rate)
        if layout == "stereo":
            samples = np.repeat(samples, 2)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout=layout)
        frame.sample_rate = rate
        frame.pts = 0
        for part in (frame, None):
            for packet in stream.encode(part):
                out.mux(packet)
    return path


class _Unseekable(io.RawIOBase):
    """What a browser writes into: it can't go back and fill in the duration."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._file.write(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def webm_without_duration(path: Path) -> Path:
    with _Unseekable(path) as target:
        return encode(path, "webm", "libopus", 48_000, target=target, muxer={"live": "1"})


def silk_with_library(path: Path, *, tencent: bool) -> Path:
    out = io.BytesIO()
    pysilk.encode(io.BytesIO(bursts(24_000).tobytes()), out, 24_000, 24_000, tencent=tencent)
    path.write_bytes(out.getvalue())
    return path


def silk_with_pilk(path: Path, *, tencent: bool) -> Path:
    """By an independent encoder."""
    raw = path.with_suffix(".pcm")
    raw.write_bytes(bursts(24_000).tobytes())
    pilk.encode(str(raw), str(path), pcm_rate=24_000, tencent=tencent)
    return path


def amr_wideband(path: Path, seconds: float = SECONDS) -> Path:
    """AMR-WB of arbitrary bits: one speech frame (mode 2), then one without data (DTX)."""
    rng = np.random.default_rng(3)
    frames = b""
    for number in range(round(seconds / 0.02)):
        silent = number % 2
        frames += b"\x7c" if silent else b"\x14" + rng.bytes(32)
    path.write_bytes(b"#!AMR-WB\n" + frames)
    return path


def ogg_speex(path: Path, seconds: float = SECONDS) -> Path:
    """Speex at 8 kHz in Ogg: the headers of its specification, frames of arbitrary bits."""
    header = struct.pack(
        "<8s20s13i", b"Speex   ", b"1.2", 1, 80, 8000, 0, 4, 1, -1, 160, 0, 1, 0, 0, 0
    )
    comment = struct.pack("<I4sI", 4, b"test", 0)
    rng = np.random.default_rng(5)
    frames = [bytes([0x18 | rng.integers(8)]) + rng.bytes(19) for _ in range(round(seconds * 50))]
    pages = [_page([header], 0, 0, 2), _page([comment], 0, 1, 0)]
    step = 50
    for number, at in enumerate(range(0, len(frames), step)):
        part = frames[at : at + step]
        last = 4 if at + step >= len(frames) else 0
        pages.append(_page(part, 160 * (at + len(part)), number + 2, last))
    path.write_bytes(b"".join(pages))
    return path


def _page(packets: list[bytes], granule: int, number: int, kind: int) -> bytes:
    sizes = bytes(len(packet) for packet in packets)
    fields = struct.pack("<4sBBqIIIB", b"OggS", 0, kind, granule, 7, number, 0, len(sizes))
    page = fields + sizes + b"".join(packets)
    return page[:22] + struct.pack("<I", _ogg_crc(page)) + page[26:]


def _ogg_crc(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


@dataclass(frozen=True)
class Format:
    """One row of the table of formats: how to make it, and what a probe should say."""

    name: str
    make: Callable[[Path], Path]
    form: str
    codec: str
    rate: int
    tonal: bool = True
    """Whether it holds the test signal; two formats have no encoder here, only valid frames."""

    def __str__(self) -> str:
        return self.name


def _encoded(name: str, form: str, codec: str, rate: int, **how: Any) -> Format:
    saying = how.pop("says", form)
    called = how.pop("called", codec)
    return Format(name, lambda p: encode(p, form, codec, rate, **how), saying, called, rate)


def formats() -> Iterator[Format]:
    """Every format of the README's table."""
    fragments = {
        "movflags": "frag_keyframe+empty_moov+default_base_moof",
        "frag_duration": "500000",
    }
    yield _encoded("wav 16 bit", "wav", "pcm_s16le", 16_000)
    yield _encoded("wav 8 bit", "wav", "pcm_u8", 8_000)
    yield _encoded("wav 24 bit", "wav", "pcm_s24le", 48_000)
    yield _encoded("wav stereo", "wav", "pcm_s16le", 44_100, layout="stereo")
    yield _encoded("wav mu-law", "wav", "pcm_mulaw", 8_000)
    yield _encoded("wav A-law", "wav", "pcm_alaw", 8_000)
    yield _encoded("wav IMA ADPCM", "wav", "adpcm_ima_wav", 16_000)
    yield _encoded("wav MS ADPCM", "wav", "adpcm_ms", 8_000)
    yield _encoded("mp3", "mp3", "libmp3lame", 44_100, called="mp3")
    yield _encoded(
        "mp3 variable rate without its header",
        "mp3",
        "libmp3lame",
        44_100,
        called="mp3",
        muxer={"write_xing": "0", "id3v2_version": "0"},
        coder={"q": "6"},
    )
    yield _encoded("m4a", "ipod", "aac", 44_100, says="mov")
    yield _encoded("fragmented mp4", "mp4", "aac", 48_000, says="mov", muxer=fragments)
    yield _encoded("aac alone", "adts", "aac", 44_100, says="aac")
    yield _encoded("webm opus", "webm", "libopus", 48_000, says="matroska", called="opus")
    yield Format("webm without duration", webm_without_duration, "matroska", "opus", 48_000)
    yield _encoded("ogg opus", "ogg", "libopus", 48_000, called="opus")
    yield _encoded("ogg vorbis", "ogg", "vorbis", 44_100, layout="stereo", coder={"strict": "-2"})
    yield Format("ogg speex", ogg_speex, "ogg", "speex", 8_000, tonal=False)
    narrow = {"called": "amr_nb", "bit_rate": 12_200}
    yield _encoded("amr", "amr", "libopencore_amrnb", 8_000, **narrow)
    dtx = {"dtx": "1"}
    yield _encoded("amr with DTX", "amr", "libopencore_amrnb", 8_000, coder=dtx, **narrow)
    yield Format("amr wideband", amr_wideband, "amr", "amr_wb", 16_000, tonal=False)
    yield _encoded("3gp", "3gp", "libopencore_amrnb", 8_000, says="mov", **narrow)
    yield _encoded("flac", "flac", "flac", 44_100)
    yield _encoded("caf", "caf", "pcm_s16le", 44_100)
    yield _encoded("caf alac", "caf", "alac", 44_100)
    yield _encoded("aiff", "aiff", "pcm_s16be", 22_050)
    yield Format(
        "silk, WeChat's header",
        lambda p: silk_with_library(p, tencent=True),
        "silk",
        "silk",
        24_000,
    )
    yield Format(
        "silk, standard header",
        lambda p: silk_with_library(p, tencent=False),
        "silk",
        "silk",
        24_000,
    )
    yield Format(
        "silk by pilk, WeChat's header",
        lambda p: silk_with_pilk(p, tencent=True),
        "silk",
        "silk",
        24_000,
    )
    yield Format(
        "silk by pilk, standard header",
        lambda p: silk_with_pilk(p, tencent=False),
        "silk",
        "silk",
        24_000,
    )


FORMATS = tuple(formats())

FAMILIES: dict[str, tuple[str, ...]] = {
    "wav 16 bit": (
        "wav 8 bit",
        "wav 24 bit",
        "wav stereo",
        "wav mu-law",
        "wav A-law",
        "wav IMA ADPCM",
        "wav MS ADPCM",
        "flac",
        "caf",
        "caf alac",
        "aiff",
    ),
    "mp3": ("mp3 variable rate without its header",),
    "fragmented mp4": ("m4a", "aac alone"),
    "webm without duration": ("webm opus", "ogg opus"),
    "ogg vorbis": (),
    "amr": ("amr with DTX", "3gp"),
    "silk, WeChat's header": (
        "silk, standard header",
        "silk by pilk, WeChat's header",
        "silk by pilk, standard header",
    ),
    "ogg speex": (),
    "amr wideband": (),
}
"""One format of each family of codecs, which the whole installation recognises
(``tests/e2e/test_everything.py``), and those whose samples are compared with its own."""


def voice(rate: int = RATE, seconds: float = 0, level: float = 0) -> Any:
    """The sample voicemail `VOICE` at a rate, int16 mono: in place of `bursts`, whose arguments it
    takes, where words are to be heard."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    with av.open(str(VOICE)) as container:
        frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])
