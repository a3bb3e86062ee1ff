"""Decode a sound file of any known format to 16 kHz mono samples, without a system FFmpeg.

Samples are ``numpy.int16`` arrays of shape (n,), full scale ±32768.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import InputContainer

from speech import containers, silk, wrapped_files
from speech.errors import EmptyAudio, SpeechError, Undecodable

RATE = 16_000
"""Samples a second (Hz) of everything that a recogniser gets."""

MAX_SECONDS = 900.0
"""Seconds decoded at most: a few megabytes of FLAC can hold a day of silence."""

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded recording. ``notes``: ``truncated`` or ``cut_at_limit``, see Transcript."""

    samples: Samples
    notes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Its length in seconds."""
        return len(self.samples) / RATE


def decode(path: Path, *, max_seconds: float = MAX_SECONDS) -> Decoded:
    """Decode a sound file to 16 kHz mono; its content tells the format, not its name.

    At most ``max_seconds`` are decoded. A file that ends early or is damaged gives what could be
    decoded, with the note ``truncated``. Text that stands for a sound file (base64, a data URI) is
    decoded too, and so are files that stand one behind the other.
    Raises NotAudio, EmptyAudio, Undecodable.
    """
    with Path(path).open("rb") as file:
        parts = wrapped_files.glued(wrapped_files.unwrapped(file))
        if len(parts) == 1:
            return _decode(parts[0], max_seconds)
        return _joined(parts, max_seconds)


def _decode(file: BinaryIO, max_seconds: float) -> Decoded:
    form = containers.sniff(file.read(containers.HEAD_BYTES))
    cut_off = containers.is_cut_off(file)
    file.seek(0)
    if form == "silk":
        return _decode_silk(file, max_seconds)
    with containers.open_container(file, form) as container:
        return _decode_stream(container, max_seconds, cut_off)


def _joined(parts: Sequence[BinaryIO], max_seconds: float) -> Decoded:
    """The sound of several files; what can't be decoded of them is left out, and noted.

    Raises what the first of them raises where none can be decoded.
    """
    found: list[Decoded] = []
    errors: list[SpeechError] = []
    for part in parts:
        left = max_seconds - sum(one.seconds for one in found)
        if left <= 0:
            break
        try:
            found.append(_decode(part, left))
        except SpeechError as error:
            errors.append(error)
    if not found:
        raise errors[0]
    notes = {note for one in found for note in one.notes} | ({"truncated"} if errors else set())
    return Decoded(np.concatenate([one.samples for one in found]), tuple(sorted(notes)))


def _decode_silk(file: BinaryIO, max_seconds: float) -> Decoded:
    pcm, whole = silk.decode(file.read(silk.MAX_BYTES))
    collected = _Collected(max_seconds)
    frame = av.AudioFrame.from_ndarray(
        np.frombuffer(pcm, np.int16).reshape(1, -1), format="s16", layout="mono"
    )
    frame.sample_rate = silk.RATE
    collected.add(frame)
    return collected.finish(damaged=not whole)


def _decode_stream(container: InputContainer, max_seconds: float, cut_off: bool) -> Decoded:
    stream = containers.sound_stream(container)
    containers.check_rate(getattr(stream.codec_context, "sample_rate", None))
    decoder = _decoder(stream)
    collected = _Collected(max_seconds)
    damaged = cut_off
    try:
        for packet in container.demux(stream):
            try:
                for frame in decoder.decode(packet):
                    collected.add(frame)
            except av.error.EOFError:
                break
            except av.error.FFmpegError:  # one bad packet: the next may be good again
                damaged = True
            if collected.full:
                break
    except av.error.FFmpegError:
        damaged = True
    return collected.finish(damaged=damaged or _ends_early(stream, collected))


def _decoder(stream: AudioStream) -> Any:
    name = containers.require_decoder(stream)
    own = stream.codec_context
    if name == own.name and name not in containers.PREFERRED_DECODERS.values():
        return own
    decoder: Any = av.CodecContext.create(name, "r")
    decoder.extradata = own.extradata
    if own.sample_rate:
        decoder.sample_rate = own.sample_rate
    decoder.layout = "mono"
    return decoder


def _ends_early(stream: AudioStream, collected: _Collected) -> bool:
    if collected.full or not stream.duration or stream.time_base is None:
        return False
    stated = float(stream.duration * stream.time_base)
    return stream.codec_context.name not in containers.PREFERRED_DECODERS and (
        stated - collected.seconds > max(1.0, 0.1 * stated)
    )


class _Collected:
    """Frames of any rate and layout, resampled as they come, up to a limit."""

    def __init__(self, max_seconds: float) -> None:
        self._limit = int(max_seconds * RATE)
        self._parts: list[Samples] = []
        self._count = 0
        self._resampler: Any = None
        self._shape: tuple[str, str, int] | None = None

    @property
    def seconds(self) -> float:
        return self._count / RATE

    @property
    def full(self) -> bool:
        return self._count >= self._limit

    def add(self, frame: Any) -> None:
        containers.check_rate(frame.sample_rate)
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:  # chained Ogg streams change it on the way
            self._flush()
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            self._shape = shape
        frame.pts = None
        self._keep(self._resampler.resample(frame))

    def _flush(self) -> None:
        if self._resampler is not None:
            self._keep(self._resampler.resample(None))
            self._resampler = None

    def _keep(self, frames: list[Any]) -> None:
        for frame in frames:
            part = frame.to_ndarray().reshape(-1)
            self._parts.append(part)
            self._count += len(part)

    def finish(self, *, damaged: bool) -> Decoded:
        self._flush()
        if not self._count:
            if damaged:
                raise Undecodable("The file is sound, but none of it can be decoded.")
            raise EmptyAudio("The file holds a header and no sound.")
        notes = []
        if damaged:
            notes.append("truncated")
        if self._count > self._limit:
            notes.append("cut_at_limit")
        samples = np.concatenate(self._parts)[: self._limit]
        return Decoded(samples, tuple(notes))
