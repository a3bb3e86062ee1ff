"""SILK v3, the voice format of WeChat and QQ: how long a file plays, and its samples.

The standard header is ``#!SILK_V3``; WeChat writes a byte 0x02 before it. Blocks follow, each
after its length in two bytes (little-endian); the standard form ends with the length 0xFFFF.
"""

from __future__ import annotations

import io
from typing import BinaryIO

from speech.errors import EmptyAudio, Undecodable

HEADER = b"#!SILK_V3"
RATE = 24_000
"""Samples a second (Hz) asked of the decoder; SILK itself holds at most 24 kHz."""
BLOCK_SECONDS = 0.02
MAX_BYTES = 32 * 1024 * 1024
MAX_BLOCKS = 400_000
"""Blocks read at most: over two hours."""
MAX_BLOCK_BYTES = 960
"""The decoder library refuses longer ones (40 bytes for each kHz)."""


def duration_seconds(file: BinaryIO) -> float:
    """Seconds of sound, at 20 ms a block as messengers write it. Raises EmptyAudio."""
    file.seek(0)
    blocks = len(_blocks(file.read(MAX_BYTES)))
    if not blocks:
        raise EmptyAudio("The SILK file holds a header and no sound.")
    return blocks * BLOCK_SECONDS


def decode(data: bytes) -> tuple[bytes, bool]:
    """Signed 16-bit mono samples at ``RATE`` (bytes), and whether the file was complete.

    A last block that is cut off is left out. Raises EmptyAudio, Undecodable.
    """
    import pysilk

    blocks = _blocks(data)
    if not blocks:
        raise EmptyAudio("The SILK file holds a header and no sound.")
    body = b"".join(len(block).to_bytes(2, "little") + block for block in blocks)
    used = data.find(HEADER) + len(HEADER) + len(body)
    whole = data[used:] in {b"", b"\xff\xff"}
    pcm = io.BytesIO()
    try:
        pysilk.decode(io.BytesIO(b"\x02" + HEADER + body), pcm, RATE)
    except pysilk.SilkError as error:  # what came before the damage has been written
        whole = False
        if not pcm.tell():
            raise Undecodable("The SILK recording is damaged.") from error
    return pcm.getvalue(), whole


def _blocks(data: bytes) -> list[bytes]:
    at = data.find(HEADER) + len(HEADER)
    found: list[bytes] = []
    while at + 2 <= len(data) and len(found) < MAX_BLOCKS:
        size = int.from_bytes(data[at : at + 2], "little")
        if size > MAX_BLOCK_BYTES or at + 2 + size > len(data):
            break
        found.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    return found
