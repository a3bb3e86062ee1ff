"""How a sentence becomes a recording: the room's noise, how the phone is held, its codec."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tools.voices import channels
from tools.voices.channels import Channel, Samples

CHANNELS: Mapping[str, Channel] = {
    **channels.CHANNELS,
    "amr-lowest": Channel(".amr", "amr", "libopencore_amrnb", 8_000, 4_750),
}
GRADES = ("mild", "bad")
_MILD_CHANNELS = ("webm", "ogg", "m4a", "mp3", "silk", "wav16k", "amr")
_BAD_CHANNELS = ("amr", "amr-low", "amr-lowest", "ulaw", "wav8k", "silk")
_MILD_NOISES = ("none", "none", "hum", "street", "kitchen")
_MILD_SNR_DB = (18, 30)
_BAD_SNR_DB = {"street": (5, 15), "kitchen": (7, 15), "tv": (11, 17)}
"""Decibels. A kitchen's noise covers consonants, and a television's words replace the voice's: at
lower values no listener could tell what is wanted."""
_MILD_LEVELS = ("normal",)
_BAD_LEVELS = ("normal", "low", "clipped")
_LOW_PEAK = (0.02, 0.08)
_CLIPPED_PEAK = (1.5, 4.0)
"""Loudest sample before it is cut off at 1."""
_TV_BAND_HZ = (250, 4_000)


@dataclass(frozen=True)
class Journey:
    """One way to record a sentence.

    channel: a name in `CHANNELS`. snr_db: decibels of the voice above the noise, None without
    noise. peak: the highest sample that the codec gets; above 1 it is clipped.
    """

    channel: str
    noise: str
    snr_db: float | None
    level: str
    peak: float


def draw(grade: str, random: np.random.Generator) -> Journey:
    """Return a random journey of one of `GRADES`."""
    mild = grade == "mild"
    noise = str(random.choice(_MILD_NOISES if mild else list(_BAD_SNR_DB)))
    snr_db = round(float(random.uniform(*(_MILD_SNR_DB if mild else _BAD_SNR_DB[noise]))), 1)
    level = str(random.choice(_MILD_LEVELS if mild else _BAD_LEVELS))
    peak = channels.PEAK
    if level == "low":
        peak = float(random.uniform(*_LOW_PEAK))
    elif level == "clipped":
        peak = float(random.uniform(*_CLIPPED_PEAK))
    channel = str(random.choice(_MILD_CHANNELS if mild else _BAD_CHANNELS))
    return Journey(channel, noise, None if noise == "none" else snr_db, level, peak)


def television(programme: Samples, length: int, rate: int, random: np.random.Generator) -> Samples:
    """Return `length` samples of `programme` (somebody talking), from a random place in it.

    Only 250 to 4000 Hz are left, as from a small loudspeaker across the room.
    """
    start = int(random.integers(programme.size))
    sound = np.resize(np.roll(programme, -start), length)
    spectrum = np.fft.rfft(sound)
    frequency = np.fft.rfftfreq(length, 1 / rate)
    spectrum[(frequency < _TV_BAND_HZ[0]) | (frequency > _TV_BAND_HZ[1])] = 0
    return np.fft.irfft(spectrum, length).astype(np.float32)


def travel(
    said: Samples,
    rate: int,
    journey: Journey,
    programme: Samples,
    folder: Path,
    random: np.random.Generator,
) -> Path:
    """Write the recording of `said` (mono, −1..1, `rate` Hz) into `folder`; return its path.

    programme: the television's sound, mono at `rate`.
    """
    around = np.zeros(rate // 3, np.float32)
    samples = channels.levelled(np.concatenate([around, said, around]))
    if journey.snr_db is not None:
        if journey.noise == "tv":
            noise = television(programme, samples.size, rate, random)
        else:
            noise = channels.NOISES[journey.noise](samples.size, rate, random)
        samples = channels.mix(samples, noise, journey.snr_db)
    samples = (samples * (journey.peak / float(np.abs(samples).max()))).astype(np.float32)
    channel = CHANNELS[journey.channel]
    path = folder / f"recording{channel.suffix}"
    channels.write(path, samples, rate, channel)
    return path
