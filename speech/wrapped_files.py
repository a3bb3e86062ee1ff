"""Sound files inside others: written as base64 text, as a data URI, or one behind the other."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from io import BytesIO
from typing import BinaryIO

MAX_BYTES = 64 * 1024 * 1024
"""Larger files are taken as they are."""
MOST_FILES = 8
"""Files one behind the other that are told apart."""
_TEXT = re.compile(
    rb"\s*(?:data:[\w/+.;=,-]{0,100}?;base64,)?(?P<said>[A-Za-z0-9+/_=\s-]{64,})\s*", re.ASCII
)
# How a file begins, in enough bytes to be no accident inside another one's sound.
_BEGINNINGS = re.compile(
    rb"RIFF.{4}WAVEfmt |\x1a\x45\xdf\xa3(?=.{1,40}(?:webm|matroska))|fLaC\x00\x00\x00\x22"
    rb"|#!AMR(?:-WB)?\n|\x02?#!SILK_V3|FORM.{4}AIF[FC]|caff\x00\x01|OggS\x00\x02"
    rb"|\x00\x00\x00[\x10-\x40]ftyp[ -~]{4}",
    re.DOTALL,
)
# The demuxer reads Ogg streams one behind the other by itself.
_SHORTEST = 32  # bytes of a file that another one can follow
_CHAINED = b"OggS"


def unwrapped(file: BinaryIO) -> BinaryIO:
    """The file, or what its text stands for where it is base64 or a data URI; at its beginning."""
    file.seek(0)
    head = file.read(4096)
    file.seek(0)
    if not _TEXT.fullmatch(head.rstrip(b"=")) and not head.lstrip().startswith(b"data:"):
        return file
    text = file.read(MAX_BYTES + 1)
    file.seek(0)
    found = _TEXT.fullmatch(text) if len(text) <= MAX_BYTES else None
    if found is None:
        return file
    said = re.sub(rb"[\s=]", b"", found["said"])
    try:
        return BytesIO(base64.b64decode(said + b"=" * (-len(said) % 4), altchars=_altchars(said)))
    except (binascii.Error, ValueError):
        return file


def _altchars(said: bytes) -> bytes:
    return b"-_" if b"-" in said or b"_" in said else b"+/"


def glued(file: BinaryIO) -> Sequence[BinaryIO]:
    """The files that stand one behind the other in this one; mostly the file alone.

    Reads at most `MAX_BYTES`; linear in the length.
    """
    file.seek(0)
    content = file.read(MAX_BYTES + 1)
    file.seek(0)
    if len(content) > MAX_BYTES:
        return [file]
    starts = [0]
    for found in _BEGINNINGS.finditer(content, _SHORTEST):
        chained = content.startswith(_CHAINED) and found.group().startswith(_CHAINED)
        if not chained and len(starts) < MOST_FILES:
            starts.append(found.start())
    if len(starts) == 1:
        return [file]
    ends = [*starts[1:], len(content)]
    return [BytesIO(content[start:end]) for start, end in zip(starts, ends, strict=True)]
