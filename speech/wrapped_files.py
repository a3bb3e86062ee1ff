"""Sound files inside others: written as base64 text, as a data URI, or one behind the other."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Sequence
from io import BytesIO
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

MAX_BYTES = 64 * 1024 * 1024
"""Larger files are taken as they are."""
MOST_FILES = 8
"""Files one behind the other that are told apart."""
_URI = re.compile(rb"data:[^,\x00]{0,200}?;\s*base64\s*,", re.IGNORECASE)
"""How a data URI begins (RFC 2397); browsers write spaces and quotes in its parameters."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/_=\s-]{64,}", re.ASCII)
_PRINTABLE = re.compile(rb"[\t\n\r -~]*")
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
    """The file, or what its text stands for where it is base64 or data URIs, one or several; at its
    beginning."""
    file.seek(0)
    head = _ascii(file.read(4096))
    file.seek(0)
    if not head or not _PRINTABLE.fullmatch(head):
        return file
    text = file.read(MAX_BYTES + 1)
    file.seek(0)
    content = _decoded(_ascii(text)) if len(text) <= MAX_BYTES else None
    return file if content is None else BytesIO(content)


def _ascii(text: bytes) -> bytes:
    """Text without its byte order mark; UTF-16 as ASCII, and nothing where it is something else."""
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return text[: len(text) // 2 * 2].decode("utf-16", "replace").encode("ascii", "ignore")
    return text.removeprefix(codecs.BOM_UTF8)


def _decoded(text: bytes) -> bytes | None:
    """What base64 text stands for, None for any other text. Padding ends a piece, and so does the
    beginning of a URI: what was written piece by piece is read so."""
    text = text.strip().strip(b"\"'")
    if _URI.match(text) and b"%" in text:
        text = unquote_to_bytes(text)
    text = _URI.sub(b"=", text)
    if not _BASE64.fullmatch(text):
        return None
    try:
        pieces = [b"".join(piece.split()) for piece in text.split(b"=")]
        return b"".join(
            base64.b64decode(piece + b"=" * (-len(piece) % 4), altchars=_altchars(piece))
            for piece in pieces
        )
    except ValueError:  # a piece with one letter too many
        return None


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
