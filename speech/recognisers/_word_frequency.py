"""How usual a Chinese text is: its likeliest split into words, by how often people write them.

``speech/data/words.txt.gz`` holds words and counts of jieba 0.42.1 (MIT licence, Sun Junyi): those
of one to six Chinese characters that occur at least five times.
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
"""Count assumed for a word that is not in the list."""
EACH = 2.0
"""Added for each character, or longer texts would always count as less usual."""
_DIGITS = str.maketrans("0123456789幺", "零一二三四五六七八九一")
_UNHEARD = re.compile(r"[\W_]+")
_OTHER_SCRIPT = re.compile("[^\u4e00-\u9fff]+")


def wording_score(text: str) -> float:
    """How usual the words are: the log probability of the likeliest split, plus EACH a character.

    0 for an empty text. Digits count as spoken digits, a run of Latin letters as one word that is
    not in the list, spaces and punctuation not at all. Takes time linear in the text's length.
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
    """The part of a text that can be heard: digits as characters, no punctuation, no capitals."""
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
