"""Writes a sentence as a recogniser might mishear it, for training on what will really come.

A recogniser that errs writes another word that sounds the same or nearly so, and errors come in
runs. How often was measured on what ours makes of synthetic calls (``data/heard/``): on a good
line 13 % of the syllables are spelled with another character of the same sound and 6 % become
another sound, on a bad one 11 % and 19 %; 0 to 1 % are lost.
"""

import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from intake.understanding.phonetics import HAN, Syllable, distance, syllables

_HAN = re.compile(f"[{HAN}]")
HOMOPHONE = 0.12
LOST = 0.05
"""Of the syllables that are heard wrongly."""
NEAR = 24
FALL_OFF = 0.12
"""A sound that is this much further away (`phonetics.distance`) is e times as rare."""
AFTER_AN_ERROR, ELSE = 1.8, 0.85


class Mishearing:
    """Mishears with the characters and the pairs of characters of `texts`, as often as they come.

    The same text and `seed` always give the same result.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        written: dict[str, Counter[str]] = defaultdict(Counter)
        self._pairs: Counter[str] = Counter()
        for text in texts:
            before = ""
            for syllable in syllables(text):
                character = text[syllable.start : syllable.end]
                if not _HAN.fullmatch(character):
                    before = ""
                    continue
                written[syllable.sound][character] += 1
                self._pairs[before + character] += 1
                before = character
        self._written = {
            sound: ([*counts], [count**0.75 for count in counts.values()])
            for sound, counts in written.items()
        }
        self._near = {sound: _nearest(sound, written) for sound in written}

    def mishear(self, text: str, seed: str) -> str:
        """One way in which `text` may be written; only Han characters change."""
        chance = random.Random(f"{seed}|{text}")  # noqa: S311 - no secret hangs on it
        rate = chance.betavariate(1.2, 8.0)
        out = list(text)
        before, wrong = "", False
        for syllable in syllables(text):
            character = text[syllable.start : syllable.end]
            if not _HAN.fullmatch(character) or syllable.sound not in self._near:
                before, wrong = "", False
                continue
            wrong = chance.random() < min(0.9, rate * (AFTER_AN_ERROR if wrong else ELSE))
            if wrong and chance.random() < LOST:
                out[syllable.start] = ""
            elif wrong:
                out[syllable.start] = self._spell(self._other(syllable, chance), before, chance)
            elif chance.random() < HOMOPHONE:
                out[syllable.start] = self._spell(syllable.sound, before, chance)
            before = out[syllable.start]
        return "".join(out)

    def _other(self, syllable: Syllable, chance: random.Random) -> str:
        return chance.choices(*self._near[syllable.sound])[0]

    def _spell(self, sound: str, before: str, chance: random.Random) -> str:
        """A character for a sound, sooner one that often follows the one before."""
        characters, counts = self._written[sound]
        likely = [
            count * (1 + 6 * math.sqrt(self._pairs[before + character]))
            for character, count in zip(characters, counts, strict=True)
        ]
        return chance.choices(characters, likely)[0]


def _nearest(sound: str, written: dict[str, Counter[str]]) -> tuple[list[str], list[float]]:
    """The sounds that `sound` is taken for, and how often: the nearer and commoner, the more."""
    near = sorted((distance(sound, other), other) for other in written if other != sound)[:NEAR]
    return (
        [other for _, other in near],
        [math.exp(-far / FALL_OFF) * math.sqrt(written[o].total()) for far, o in near],
    )
