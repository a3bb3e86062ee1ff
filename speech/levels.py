"""Bring a voice to a usual loudness and cut the silence at both ends, with pydub.

Many residents speak quietly. So the gain follows the loud part of the recording and not its one
highest peak (after a slammed door a whisper is still raised), and only what is far quieter than
the voice is cut off.
"""

from __future__ import annotations

import warnings

import numpy as np

from speech.audio import RATE, Samples

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pydub warns that it finds no ffmpeg; it needs none here
    from pydub import AudioSegment
    from pydub.silence import detect_leading_silence

TARGET_DBFS = -20.0
"""Loudness (RMS) to bring the voice to; speech recordings usually have -26 to -18."""
MAX_GAIN_DB = 36.0
MAX_CUT_DB = 20.0
FRAME_MS = 50
LOUD_SHARE = 0.9
"""The voice is taken to be as loud as this quantile of the 50 ms frames."""
LOUD_FRAMES = 20
"""But at most so many frames (1 s) may be louder than what counts as the voice."""
TRIM_BELOW_DB = 35.0
"""What is this much quieter than the voice, or below ``FLOOR_DBFS``, is silence."""
FLOOR_DBFS = -60.0
KEEP_MS = 300
"""Milliseconds of silence kept at both ends: the first sound of a word is quiet."""


def level_and_trim(samples: Samples) -> tuple[Samples, float]:
    """16 kHz samples of shape (n,) at ``TARGET_DBFS``, without the silence at both ends.

    Returns them with the seconds that were cut off at the start. All silence gives an
    empty array and 0.
    """
    if not len(samples):
        return samples, 0.0
    loudness = voice_dbfs(samples)
    if loudness <= -90.0:
        return samples[:0], 0.0
    gain = float(np.clip(TARGET_DBFS - loudness, -MAX_CUT_DB, MAX_GAIN_DB))
    sound = AudioSegment(samples.tobytes(), frame_rate=RATE, sample_width=2, channels=1)
    sound = sound.apply_gain(gain)
    threshold = max(min(loudness + gain, TARGET_DBFS) - TRIM_BELOW_DB, FLOOR_DBFS)
    start = detect_leading_silence(sound, threshold, chunk_size=FRAME_MS)
    if start >= len(sound):
        return samples[:0], 0.0
    end = len(sound) - detect_leading_silence(sound.reverse(), threshold, chunk_size=FRAME_MS)
    start = max(0, start - KEEP_MS)
    last = len(samples) if end + KEEP_MS >= len(sound) else (end + KEEP_MS) * RATE // 1000
    return np.frombuffer(sound.raw_data, np.int16)[start * RATE // 1000 : last], start / 1000


def voice_dbfs(samples: Samples) -> float:
    """How loud the voice of a recording is, in dBFS (RMS); -96 for digital silence.

    It is the frame that only the loudest tenth exceed, and at most 20 frames (1 s): the voice may
    be a few words in a long silence. Where that frame is silent, the loudest one counts, so that
    a single cry is not cut off.
    """
    size = RATE * FRAME_MS // 1000
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    if not len(frames):
        frames = samples.reshape(1, -1)
    power = np.sort(np.mean(np.square(frames.astype(np.float32) / 32768), axis=1))
    rank = min(round(len(power) * (1 - LOUD_SHARE)), LOUD_FRAMES)
    loud = _dbfs(float(power[max(0, len(power) - 1 - rank)]))
    return loud if loud > FLOOR_DBFS else _dbfs(float(power[-1]))


def _dbfs(power: float) -> float:
    return 10 * float(np.log10(max(power, 2.5e-10)))
