"""A telephone number said in English words: one three eight, double five, oh one seven two."""

import re

from intake.understanding.numerals import ENGLISH
from intake.understanding.values import Field

_DIGITS = {word: str(value) for word, value in ENGLISH.items() if 0 <= value <= 9}
_DIGITS.update({"oh": "0", "o": "0", "nought": "0"})
_TIMES = {"double": 2, "triple": 3, "treble": 3}
_WORD = re.compile(r"[a-z]+|\d+", re.I)
_GAP = re.compile(r"[\s,.\-–—…]{1,3}")
_FEWEST, _MOST = 7, 13
_MOBILE = re.compile(r"(?:86)?1[3-9]\d{9}")


def read_english(text: str) -> Field[str] | None:
    """The longest number of 7 to 13 digits said in words; None for none. A number that is no
    Chinese mobile number is less sure (0.7)."""
    best: tuple[str, int, int] | None = None
    digits, start, end, times, words = "", 0, 0, 1, 0
    for match in _WORD.finditer(text):
        word = match.group().lower()
        if digits and not _GAP.fullmatch(text[end : match.start()]):
            digits, words = "", 0
        if word in _TIMES:
            times, end = _TIMES[word], match.end()
            start = start if digits else match.start()
            continue
        digit = _DIGITS.get(word) or (word if word.isdigit() and digits else None)
        if digit is None:
            digits, words, times = "", 0, 1
            continue
        start = start if digits or times > 1 else match.start()
        digits, end, words, times = digits + digit * times, match.end(), words + 1, 1
        fits = words >= _FEWEST // 2 and _FEWEST <= len(digits) <= _MOST
        if fits and (best is None or len(digits) > len(best[0])):
            best = (digits, start, end)
    if best is None:
        return None
    return Field(best[0], best[1:], 0.9 if _MOBILE.fullmatch(best[0]) else 0.7)
