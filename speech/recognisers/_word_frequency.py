"""How usual a Chinese wording is: its likeliest split into words, by how often people write them.

The words and their counts are those of jieba 0.42.1 (MIT licence, Sun Junyi), where they occur
at least five times and have one to six Chinese characters: ``speech/data/words.txt.gz``.
"""

from __future__ import annotations

import functools
import gzip
import math
import re
from collections.abc import Mapping
from importlib.resources import files

LONGEST_WORD = 6
UNSEEN = 0.5
"""Occurrences assumed of what is no word in the list."""
EACH = 2.0
"""Added by character, as each further word makes a wording less likely."""
_DIGITS = str.maketrans("0123456789幺", "零一二三四五六七八九一")
_UNHEARD = re.compile(r"[\W_]+")
_OTHER_SCRIPT = re.compile("[^\u4e00-\u9fff]+")


def wording_score(text: str) -> float:
    """How usual the wording is: log probability of its likeliest split, plus EACH a character.

    0 for no text. Digits count as spoken digits, a run of Latin letters as one word not in the
    list, spaces and punctuation not at all. Takes time linear in the text's length.
    """
    weights = _weights()
    unseen = weights[""]
    signs = _OTHER_SCRIPT.sub("\ufffd", spoken_form(text))
    best = [0.0]
    for end in range(1, len(signs) + 1):
        found = best[end - 1] + weights.get(signs[end - 1], unseen)
        for start in range(max(0, end - LONGEST_WORD), end - 1):
            weight = weights.get(signs[start:end])
            if weight is not None and best[start] + weight > found:
                found = best[start] + weight
        best.append(found)
    return best[-1] + EACH * len(signs)


def spoken_form(text: str) -> str:
    """What of a text can be heard: digits in characters, no punctuation, no capitals."""
    return _UNHEARD.sub("", text.translate(_DIGITS)).casefold()


@functools.cache
def _weights() -> Mapping[str, float]:
    """Log probability by word; that of an unseen one under the empty word."""
    packed = (files("speech") / "data" / "words.txt.gz").read_bytes()
    counts = [line.split(" ") for line in gzip.decompress(packed).decode("utf-8").splitlines()]
    total = math.log(sum(int(count) for _, count in counts))
    weights = {word: math.log(int(count)) - total for word, count in counts}
    weights[""] = math.log(UNSEEN) - total
    return weights
