"""Which mails are parsed without more ado, and what is left out of the others' headers. Pure.

The parsers of headers take time that grows with the square of some of them, or for ever: nested
comments, thousands of parameters, thousands of brackets. Whatever is left out is in the raw mail,
which is stored.
"""

from __future__ import annotations

import re

FIELD_BYTES = 8_000
"""A header field, its continued lines included; telephone systems stay below one thousand."""
FIELDS = 200
"""Fields of one mail or part."""
BLOCKS = 200
"""Headers in a mail: its own and those of its parts."""
SPECIALS = 40
"""Brackets, semicolons and encoded words of a field each."""
_SPECIAL = re.compile(rb"[(\[<;\"]|=\?")


def trimmed(raw: bytes) -> tuple[bytes, bool]:
    """The mail without the header fields that break a limit, and whether it kept all of them.

    A field is too long, has too many special characters, or is one of too many. Linear in the
    length.
    """
    kept: list[bytes] = []
    field: list[bytes] = []
    whole, in_header, fields, blocks = True, True, 0, 1

    def end_field() -> None:
        nonlocal whole, fields, field
        if not field:
            return
        content = b"".join(field)
        fields += 1
        if fields > FIELDS or len(content) > FIELD_BYTES or _crowded(content):
            whole = False
        else:
            kept.append(content)
        field = []

    for line in raw.splitlines(keepends=True):
        if not in_header:
            if line.startswith(b"--"):
                blocks += 1
                in_header, fields = blocks <= BLOCKS, 0
                whole &= blocks <= BLOCKS
            kept.append(line)
        elif not line.strip(b"\r\n"):
            end_field()
            in_header = False
            kept.append(line)
        elif line[:1] in b" \t" and field:
            field.append(line)
        else:
            end_field()
            field = [line]
    end_field()
    return (raw if whole else b"".join(kept)), whole


def _crowded(field: bytes) -> bool:
    counts: dict[bytes, int] = {}
    for found in _SPECIAL.finditer(field):
        counts[found.group()] = counts.get(found.group(), 0) + 1
    return any(count > SPECIALS for count in counts.values())
