"""The attachments of a winmail.dat, in which some Microsoft programs wrap all that they send.

Transport Neutral Encapsulation Format, [MS-OXTNEF] 2.1: a signature, a key, then attributes of a
level (1 byte), an id (4), a length (4), the data and a checksum (2). Pure; never raises.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SIGNATURE = (0x223E9F78).to_bytes(4, "little")
MAX_ATTRIBUTES = 2_000
MAX_ATTACHMENTS = 50
_MESSAGE_BODY = 0x0002800C
_BEGINS = 0x00069002  # attAttachRendData
_TITLE = 0x00018010
_DATA = 0x0006800F


@dataclass(frozen=True, slots=True)
class Wrapped:
    """What a winmail.dat holds. ``body``: plain text in an unnamed 8-bit charset, b"" for none.
    ``files``: (name, content) of each attachment. ``whole``: False when it is cut or damaged."""

    body: bytes
    files: tuple[tuple[str | None, bytes], ...]
    whole: bool


def unwrap(content: bytes) -> Wrapped | None:
    """The contents of a winmail.dat; None for other bytes. Linear in the length."""
    if not content.startswith(SIGNATURE):
        return None
    body = b""
    files: list[tuple[str | None, bytes]] = []
    name: str | None = None
    whole = False
    for kind, data in _attributes(content):
        if kind is None:
            whole = True
        elif kind == _MESSAGE_BODY:
            body = data.rstrip(b"\0")
        elif kind == _BEGINS:
            name = None
        elif kind == _TITLE:
            title = data.rstrip(b"\0")
            name = title.decode("gb18030", "replace")[:200] or None
            if files and files[-1][0] is None:  # the name may come behind the data
                files[-1] = (name, files[-1][1])
        elif kind == _DATA and len(files) < MAX_ATTACHMENTS:
            files.append((name, data))
            name = None
    return Wrapped(body, tuple(files), whole)


def _attributes(content: bytes) -> Iterator[tuple[int | None, bytes]]:
    """(id, data) of each attribute; (None, b"") at the end of a whole file."""
    at = 6
    for _ in range(MAX_ATTRIBUTES):
        if at == len(content):
            yield None, b""
            return
        head = content[at : at + 9]
        length = int.from_bytes(head[5:9], "little")
        if len(head) < 9 or at + 9 + length > len(content):
            return
        yield int.from_bytes(head[1:5], "little"), content[at + 9 : at + 9 + length]
        at += 9 + length + 2
