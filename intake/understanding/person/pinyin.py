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


# What ends the names of estates, villages and streets.
_PLACE_ENDS_TEXT = (
    "jiayuan huayuan xiaoqu xincun gongyu dasha yuan lu jie xiang cun zhen cheng lou ge ting wan "
    "fu guangchang mingzhu mingdi yayuan shequ dayuan jiashuyuan haoyuan zhongxin lijing"
)
_PLACE_ENDS = frozenset(_PLACE_ENDS_TEXT.split())
_LONG_PLACE_ENDS = frozenset(word for word in _PLACE_ENDS if len(word) > 4)


def may_be_person(name: str) -> bool:
    """Whether several capitalised words may name a person: no Chinese ones that name a place."""
    words = name.lower().split()
    if words[-1] in _LONG_PLACE_ENDS:
        return False
    if not all(word.isascii() and word.isalpha() and _is_syllables(word, 4) for word in words):
        return True  # not pinyin: Ng Lai Fong, Margaret Ellery
    return is_pinyin_name(name) or (
        len(words) == 2 and words[1] in _surnames() and words[1] not in _PLACE_ENDS
    )
