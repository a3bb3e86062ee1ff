"""A normalised spelling of a text with the same number of code points, so that offsets agree."""

import unicodedata
from functools import lru_cache

from opencc import OpenCC

_TO_SIMPLIFIED = OpenCC("t2s")
# Frequent in transcripts, but left by OpenCC because they are words of both scripts.
_BY_HAND = {"著": "着", "週": "周", "麽": "么", "甚": "什", "妳": "你", "嗮": "晒", "〇": "零"}
# Cantonese words of one character that mean one Mandarin one, so that every reader knows them.
_CANTONESE = dict(zip("冇喺咗佢哋睇揾畀俾嚟啲嘅嗰", "没在了他们看找给给来些的那", strict=True))


def plain(text: str) -> str:
    """Return `text` Simplified, half-width and lower case, with the same number of code points.

    A code point whose conversion is longer than one code point stays as it is, so that
    `plain(text)[a:b]` always stands for `text[a:b]`.
    """
    return "".join(map(_plain_character, text))


@lru_cache(maxsize=16384)
def _plain_character(character: str) -> str:
    if "\ud800" <= character <= "\udfff":  # lone surrogates: OpenCC can't encode them
        return "\ufffd"
    if character in _BY_HAND:
        return _BY_HAND[character]
    if character in _CANTONESE:
        return _CANTONESE[character]
    half = unicodedata.normalize("NFKC", character)
    half = half if len(half) == 1 else character
    converted = _TO_SIMPLIFIED.convert(half.lower())
    return converted if len(converted) == 1 else half
