"""Characters that nobody sees, made visible wherever words of others are shown.

Control characters can move a terminal's cursor, and those that turn the direction of writing
(Unicode TR 36, "bidirectional text spoofing") make a name or a number read as another one.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

_KEPT = frozenset("\n\r\t")
_TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_CODES = [*range(32), *range(0x7F, 0xA0), *map(ord, _TURNING + "\u2028\u2029\ufeff\u00ad")]
_SHOWN = {
    code: chr(0x2400 + code) if code < 32 else f"⟨U+{code:04X}⟩"
    for code in _CODES
    if chr(code) not in _KEPT
}


def visible(text: str) -> str:
    """The text with a sign in place of each control character (but line breaks and tabs) and of
    each character that turns the direction of writing."""
    return text.translate(_SHOWN)


def finalize(value: Any) -> Any:
    """For templates: what they print, made visible; markup of our own stays."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value
