"""How long an AMR file plays: its frames of 20 ms, counted (RFC 4867, section 5)."""

from __future__ import annotations

from typing import BinaryIO

from speech.errors import EmptyAudio, NotAudio

FRAME_SECONDS = 0.02
MAX_FRAMES = 400_000
"""Frames counted at most: over two hours of sound."""
MAX_BYTES = 32 * 1024 * 1024
"""Bytes read at most."""

_NARROW = (12, 13, 15, 17, 19, 20, 26, 31, 5, 0, 0, 0, 0, 0, 0, 0)
_WIDE = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, 0, 0, 0, 0, 0, 0)
"""Payload bytes by frame type, without the byte that holds the type."""


def duration_seconds(file: BinaryIO) -> float:
    """Seconds of sound in an AMR-NB or AMR-WB file. Raises NotAudio, EmptyAudio."""
    file.seek(0)
    data = file.read(MAX_BYTES)
    if data.startswith(b"#!AMR-WB\n"):
        sizes, at = _WIDE, 9
    elif data.startswith(b"#!AMR\n"):
        sizes, at = _NARROW, 6
    else:
        raise NotAudio("This AMR file has several channels or an unknown header.")
    frames = 0
    while at < len(data) and frames < MAX_FRAMES:
        at += 1 + sizes[data[at] >> 3 & 15]
        frames += 1
    if not frames:
        raise EmptyAudio("The AMR file holds a header and no sound.")
    return frames * FRAME_SECONDS
