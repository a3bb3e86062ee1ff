"""Noise of a room and the codecs of phones, to turn clean speech into realistic recordings."""

import ctypes
import ctypes.util
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pysilk
from numpy.typing import NDArray

Samples = NDArray[np.float32]
PEAK = 0.7


@dataclass(frozen=True)
class Channel:
    """How one kind of file is written: rate in Hz, bit_rate in bit/s (None: its default)."""

    suffix: str
    container: str
    codec: str
    rate: int
    bit_rate: int | None = None


CHANNELS = {
    "webm": Channel(".webm", "webm", "libopus", 48_000, 24_000),
    "ogg": Channel(".ogg", "ogg", "libopus", 48_000, 24_000),
    "m4a": Channel(".m4a", "ipod", "aac", 44_100, 48_000),
    "mp3": Channel(".mp3", "mp3", "libmp3lame", 24_000, 32_000),
    "amr": Channel(".amr", "amr", "libopencore_amrnb", 8_000, 12_200),
    "amr-low": Channel(".amr", "amr", "libopencore_amrnb", 8_000, 5_900),
    "amr-wb": Channel(".amr", "amr-wb", "vo-amrwbenc", 16_000),
    "wav16k": Channel(".wav", "wav", "pcm_s16le", 16_000),
    "wav8k": Channel(".wav", "wav", "pcm_s16le", 8_000),
    "ulaw": Channel(".wav", "wav", "pcm_mulaw", 8_000),
    "silk": Channel(".silk", "silk", "silk", 24_000, 25_000),
}


def hum(length: int, rate: int, random: np.random.Generator) -> Samples:
    """Mains at 50 Hz with harmonics over a faint hiss: a fridge, a bad line."""
    t = np.arange(length) / rate
    tone = sum(np.sin(2 * np.pi * 50 * k * t + random.uniform(0, 6)) / k for k in (1, 2, 3, 5, 7))
    return (tone + 0.15 * random.standard_normal(length)).astype(np.float32)


def street(length: int, rate: int, random: np.random.Generator) -> Samples:
    """Rumble falling by 6 dB an octave, swelling and fading as cars pass."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    frequency = np.fft.rfftfreq(length, 1 / rate)
    rumble = np.fft.irfft(spectrum / np.maximum(frequency, 80), length)
    t = np.arange(length) / rate
    swell = 1 + 0.6 * np.sin(2 * np.pi * random.uniform(0.1, 0.25) * t + random.uniform(0, 6))
    return (rumble * swell).astype(np.float32)


def kitchen(length: int, rate: int, random: np.random.Generator) -> Samples:
    """Running water (noise, flat from 500 Hz up) and now and then a clink."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    frequency = np.fft.rfftfreq(length, 1 / rate)
    water = np.fft.irfft(spectrum * np.clip(frequency / 500, 0, 1), length)
    t = np.arange(int(0.15 * rate)) / rate
    clink = np.sin(2 * np.pi * 2_900 * t) * np.exp(-t * 40)
    for start in random.integers(0, max(1, length - t.size), size=max(1, length // (3 * rate))):
        end = min(length, start + t.size)
        water[start:end] += 4 * clink[: end - start]
    return water.astype(np.float32)


NOISES: dict[str, Callable[[int, int, np.random.Generator], Samples]] = {
    "hum": hum,
    "street": street,
    "kitchen": kitchen,
}


def power(samples: Samples) -> float:
    """Mean square of the samples (0..1)."""
    return float(np.mean(np.square(samples, dtype=np.float64)))


def mix(voice: Samples, noise: Samples, snr_db: float) -> Samples:
    """Add noise `snr_db` decibels below the voice, whose power is measured where it speaks."""
    speaking = voice[np.abs(voice) > 0.02]
    scale = np.sqrt(power(speaking) / (power(noise) * 10 ** (snr_db / 10)))
    return (voice + noise * scale).astype(np.float32)


def silence(seconds: float, rate: int, random: np.random.Generator) -> Samples:
    """A quiet room at about −60 dBFS."""
    return (0.001 * random.standard_normal(int(seconds * rate))).astype(np.float32)


def levelled(samples: Samples) -> Samples:
    """Scale so that the loudest sample lies at `PEAK` (a room's hiss stays as it is)."""
    loudest = float(np.abs(samples).max())
    return samples if loudest < 0.02 else (samples * (PEAK / loudest)).astype(np.float32)


def write(path: Path, samples: Samples, rate: int, channel: Channel) -> None:
    """Encode mono float samples of `rate` Hz into `path`, as `channel` says."""
    if channel.codec == "silk":
        pcm = b"".join(f.to_ndarray().tobytes() for f in _resampled(samples, rate, "s16", channel))
        # tencent=True writes WeChat's header, 0x02 before "#!SILK_V3"
        with path.open("w+b") as out:
            pysilk.encode(io.BytesIO(pcm), out, channel.rate, channel.bit_rate, tencent=True)
        return
    if channel.codec == "vo-amrwbenc":
        frames = _resampled(samples, rate, "s16", channel)
        path.write_bytes(_wideband(b"".join(f.to_ndarray().tobytes() for f in frames)))
        return
    # without bitexact the containers hold random ids and the encoder's version
    options = {"fflags": "+bitexact"}
    with av.open(str(path), "w", format=channel.container, options=options) as container:
        stream = container.add_stream(channel.codec, rate=channel.rate, layout="mono")
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        if channel.bit_rate:
            stream.bit_rate = channel.bit_rate
        codec_formats = stream.codec_context.codec.audio_formats or []
        sample_format = codec_formats[0].name if codec_formats else "s16"
        for frame in _resampled(samples, rate, sample_format, channel):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _wideband(pcm: bytes) -> bytes:
    """An AMR-WB file (23.05 kbit/s) of 16 kHz PCM; PyAV's wheel can only decode it."""
    name = ctypes.util.find_library("vo-amrwbenc")
    if name is None:
        raise FileNotFoundError("amr-wb needs Debian's libvo-amrwbenc0 (apt install)")
    library = ctypes.CDLL(name)
    library.E_IF_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.E_IF_init())
    out = ctypes.create_string_buffer(128)
    data = bytearray(b"#!AMR-WB\n")
    frame_bytes, mode, dtx = 640, 7, 0
    for start in range(0, len(pcm) - frame_bytes + 1, frame_bytes):
        size = library.E_IF_encode(state, mode, pcm[start : start + frame_bytes], out, dtx)
        data += out.raw[:size]
    library.E_IF_exit(state)
    return bytes(data)


def _resampled(
    samples: Samples, rate: int, sample_format: str, channel: Channel
) -> list[av.AudioFrame]:
    clipped = np.clip(samples, -1, 1)
    frame = av.AudioFrame.from_ndarray(
        (clipped * 32767).astype(np.int16)[None, :], format="s16", layout="mono"
    )
    frame.sample_rate = rate
    frame.pts = 0
    # the AMR encoder takes 20 ms at a time, and AAC stumbles over a long frame's remainder
    size = {"amr": 160, "ipod": 1024}.get(channel.container, 0)
    resampler = av.AudioResampler(sample_format, "mono", channel.rate, frame_size=size)
    return [*resampler.resample(frame), *resampler.resample(None)]
