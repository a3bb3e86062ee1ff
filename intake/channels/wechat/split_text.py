"""Texts cut to what WeChat takes."""

from __future__ import annotations

LIMIT_BYTES = 2000  # WeChat takes 2,048 bytes of UTF-8
_ENDS = "\n。！？；.!?;，, "


def pieces(text: str, limit: int = LIMIT_BYTES) -> list[str]:
    """Cut a text into pieces of at most ``limit`` bytes (UTF-8), where a sentence or a word
    ends if there is such a place in the second half of the piece. Nothing is left out but
    white space at the cuts; an empty text has no pieces."""
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
