"""Chinese names written in Latin letters: zhang wei, Gong Xiuying."""

from functools import lru_cache

from intake.understanding.name_lists import COMPOUND, SURNAMES
from intake.understanding.phonetics import split, syllables


@lru_cache(maxsize=1)
def _surnames() -> frozenset[str]:
    single = {item.sound.replace("v", "u") for item in syllables(SURNAMES)}
    return frozenset(single | {"".join(s.sound for s in syllables(name)) for name in COMPOUND})


def is_pinyin_name(name: str) -> bool:
    """Whether a name of two words is a Chinese surname and one or two syllables, in any case."""
    surname, _, given = name.lower().partition(" ")
    return surname in _surnames() and given.isascii() and _is_syllables(given.replace(" ", ""), 2)


def _is_syllables(letters: str, most: int) -> bool:
    if not letters:
        return True
    return most > 0 and any(
        split(letters[:length]) != ("", letters[:length])
        and _is_syllables(letters[length:], most - 1)
        for length in range(1, min(6, len(letters)) + 1)
    )
