"""Which sound format a file has, told by its first bytes, and how long it plays.

The demuxer is chosen here and forced: FFmpeg's own guessing would also try playlists and
scripts, which can name other files and addresses.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer

from speech import amr, silk, wrapped_files
from speech.errors import EmptyAudio, NotAudio, SpeechError, Undecodable

HEAD_BYTES = 4096
UNKNOWN = "unknown"
"""The format, or the codec, of what nothing here can decode."""
RATES = range(4_000, 192_001)
"""Sample rates (Hz) that are decoded: from a telephone's half to a studio's."""
MAX_PACKETS = 400_000
"""Packets read at most to find a duration: over two hours of 20 ms packets."""
MAX_BOXES = 10_000
"""Boxes at an MP4's top level, at most; a fragment of half a second has two."""

OPEN_OPTIONS = {"probesize": "1000000", "analyzeduration": "2000000"}
"""Bytes and microseconds that FFmpeg may read ahead to learn a stream's parameters."""

HEADER_SAYS_ALL = {"wav", "aiff", "au", "caf", "amr"}
"""Forms whose header names rate and coding: reading on to learn them costs 20 times the rest (in
a WAV, FFmpeg searches the samples for hidden Dolby frames)."""

PREFERRED_DECODERS = {"amrnb": "libopencore_amrnb", "amrwb": "libopencore_amrwb"}
"""FFmpeg's own AMR decoders refuse the DTX frames that phones write."""


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a file holds. ``format`` and ``codec`` are FFmpeg's names, or ``silk``.

    ``duration_seconds`` is None where only decoding would tell it, ``sample_rate`` (Hz) where the
    codec states none. ``decodable`` is False for a known container whose codec nothing here can
    decode.
    """

    format: str
    codec: str
    duration_seconds: float | None
    sample_rate: int | None
    decodable: bool


def probe(path: Path) -> AudioInfo:
    """What a file holds, by its content and not by its name. Decodes nothing.

    The work is bounded: at most ``MAX_PACKETS`` packets are read.
    Raises NotAudio, EmptyAudio.
    """
    with Path(path).open("rb") as file:
        first, *more = wrapped_files.glued(wrapped_files.unwrapped(file))
        found = _probe(first)
        for part in more:
            with contextlib.suppress(SpeechError):
                other = _probe(part).duration_seconds or 0.0
                found = replace(found, duration_seconds=(found.duration_seconds or 0.0) + other)
        return found


def _probe(file: BinaryIO) -> AudioInfo:
    head = file.read(HEAD_BYTES)
    form = sniff(head)
    file.seek(0)
    if form == "silk":
        return AudioInfo("silk", "silk", silk.duration_seconds(file), silk.RATE, True)
    fragmented = form == "mov" and _is_fragmented(file)
    file.seek(0)
    with open_container(file, form) as container:
        stream = sound_stream(container)
        codec = stream.codec_context
        try:
            seconds = _duration(file, form, container, stream, fragmented)
        except av.error.FFmpegError as error:
            raise NotAudio(f"The {form} file is damaged from the start.") from error
        rate = getattr(codec, "sample_rate", None) or None
        return AudioInfo(
            format=form,
            codec=_plain(codec),
            duration_seconds=seconds,
            sample_rate=rate,
            decodable=decoder_name(stream) is not None and _usual_rate(rate),
        )


def check_rate(rate: int | None) -> None:
    """Raises Undecodable for a sample rate (Hz) outside `RATES`: bringing a file that claims one
    sample a second to 16 kHz takes gigabytes. 0 and None: not stated."""
    if not _usual_rate(rate):
        raise Undecodable(f"The file claims {rate} samples a second.")


def _usual_rate(rate: int | None) -> bool:
    return not rate or rate in RATES


def sniff(head: bytes) -> str:
    """FFmpeg's demuxer for a file that begins with these bytes, or ``silk``.

    Raises NotAudio, EmptyAudio.
    """
    if not head:
        raise EmptyAudio("The recording is empty: 0 bytes.")
    for magic, form in _MAGIC:
        if head.startswith(magic):
            return form
    found = _CHUNKED.get((head[:4], head[8:12]))
    if found is None and head[4:8] in _BOXES:
        found = "mov"
    if found is None:
        found = _frame_header(head)
    if found is None:
        raise NotAudio("This is not a sound file that we know.")
    return found


def _frame_header(head: bytes) -> str | None:
    """Formats without a header, told by the sync word of their first frame."""
    if len(head) < 3 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "aac"
    if head[1] & 0xE0 == 0xE0 and head[1] & 0x06 and head[2] & 0xF0 != 0xF0:
        return "mp3"
    return None


_CHUNKED = {
    (b"RIFF", b"WAVE"): "wav",
    (b"RF64", b"WAVE"): "wav",
    (b"FORM", b"AIFF"): "aiff",
    (b"FORM", b"AIFC"): "aiff",
}
_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp"}
_MAGIC = (
    (silk.HEADER, "silk"),
    (b"\x02" + silk.HEADER, "silk"),
    (b"ID3", "mp3"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"#!AMR", "amr"),
    (b"caff", "caf"),
    (b".snd", "au"),
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
)


@contextlib.contextmanager
def open_container(file: BinaryIO, form: str) -> Iterator[InputContainer]:
    """An open file as a PyAV container, read by the demuxer ``form``.

    Raises NotAudio, EmptyAudio.
    """
    options = OPEN_OPTIONS | {"probesize": "4096"} if form in HEADER_SAYS_ALL else OPEN_OPTIONS
    try:
        container = av.open(file, "r", format=form, options=options, metadata_errors="ignore")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise _refusal(file, form) from error
    try:
        yield container
    finally:
        container.close()


def _refusal(file: BinaryIO, form: str) -> SpeechError:
    size = file.seek(0, 2)
    if size < 64:
        return EmptyAudio(f"The {form} file holds a header and no sound.")
    return NotAudio(f"This begins like a {form} file but is not one, or is cut off too early.")


def sound_stream(container: InputContainer) -> AudioStream:
    """The first sound stream. Raises NotAudio when the file has none."""
    if not container.streams.audio:
        raise NotAudio("The file holds no sound, only other things.")
    return container.streams.audio[0]


def decoder_name(stream: AudioStream) -> str | None:
    """The decoder to use for this stream, or None when there is none."""
    context: Any = stream.codec_context
    if context is None:
        return None
    name = PREFERRED_DECODERS.get(context.name, context.name)
    for candidate in (name, context.name):
        try:
            av.Codec(candidate, "r")
        except (ValueError, TypeError, av.error.FFmpegError):
            continue
        return str(candidate)
    return None


def require_decoder(stream: AudioStream) -> str:
    """Like ``decoder_name``. Raises Undecodable."""
    name = decoder_name(stream)
    if name is None:
        raise Undecodable("The file is sound, but in a coding that nothing here can decode.")
    return name


def is_cut_off(file: BinaryIO) -> bool:
    """Whether a WAV's header states more bytes than the file has.

    A length of 0 or the maximum doesn't count: encoders write these while they record.
    """
    file.seek(0)
    head = file.read(8)
    stated = int.from_bytes(head[4:8], "little")
    return head[:4] == b"RIFF" and 0 < stated < 0xFFFF_F000 and stated + 8 > file.seek(0, 2)


def _plain(context: Any) -> str:
    """The coding's own name, not that of one of its decoders (``mp3``, not ``mp3float``).

    PyAV gives no context for a coding that it has no decoder for.
    """
    return UNKNOWN if context is None else str(context.codec.canonical_name)


def _duration(
    file: BinaryIO, form: str, container: InputContainer, stream: AudioStream, fragmented: bool
) -> float | None:
    if form == "amr":  # FFmpeg guesses from the bit rate, which DTX makes wrong
        return amr.duration_seconds(file)
    stated = container.duration / av.time_base if container.duration else None
    if stream.duration is not None and stream.time_base is not None:
        stated = float(stream.duration * stream.time_base)
    guessed = form in {"mp3", "aac"} or fragmented
    if stated and stated > 0 and not guessed:
        return stated
    counted = _count(container, stream)
    if counted is None:
        raise EmptyAudio("The file holds a header and no sound.")
    return counted


def _count(container: InputContainer, stream: AudioStream) -> float | None:
    """Seconds from the start of the first packet to the end of the last; None without packets."""
    first: float | None = None
    last = 0.0
    step = 0.0
    base = float(stream.time_base or 0)
    with contextlib.suppress(av.error.FFmpegError):  # cut off: what came before counts
        for number, packet in enumerate(container.demux(stream)):
            if number >= MAX_PACKETS:
                break
            if packet.pts is None or not packet.size:
                continue
            at = packet.pts * base
            if first is None:
                first = at
            elif at > last:
                step = at - last
            last = max(last, at)
            if packet.duration:
                step = packet.duration * base
    return None if first is None else last + step - min(first, 0.0)


def _is_fragmented(file: BinaryIO) -> bool:
    """Whether an MP4 holds fragments: then its header doesn't state how long it plays.

    Raises NotAudio for more than ``MAX_BOXES`` boxes, which FFmpeg reads very slowly.
    """
    at, found = 0, False
    for _ in range(MAX_BOXES):
        file.seek(at)
        header = file.read(16)
        size, kind = int.from_bytes(header[:4], "big"), header[4:8]
        found = found or kind == b"moof"
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if len(header) < 8 or size < 8:
            return found
        at += size
    raise NotAudio("This MP4 file is in too many pieces.")
