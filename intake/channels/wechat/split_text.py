"""Splits a text into pieces of the length that WeChat accepts."""

from __future__ import annotations

LIMIT_BYTES = 2000  # WeChat accepts 2,048 bytes of UTF-8
_ENDS = "\n。！？；.!?;，, "


def pieces(text: str, limit: int = LIMIT_BYTES) -> list[str]:
    """Split a text into pieces of at most ``limit`` bytes (UTF-8).

    A piece ends with a sentence or a word if one ends in its second half. Only white space at the
    ends of pieces is left out; an empty text has no pieces.
    """
    found = []
    text = text.strip()
    while text:
        piece = text.encode()[:limit].decode(errors="ignore")
        if len(piece) < len(text):
            ends = [piece.rfind(end) + 1 for end in _ENDS]
            good = [end for end in ends if end > len(piece) // 2]
            piece = piece[: good[0] if good else len(piece)]
        found.append(piece.strip())
        text = text[len(piece) :].strip()
    return found
