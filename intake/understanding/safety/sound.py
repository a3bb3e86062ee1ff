"""Matches the patterns of danger against the sound of a text instead of its spelling.

Every syllable is one character of a private alphabet, and so is every Han character of a pattern:
the same regular expressions then match 燃气楼了 where 燃气漏了 was said.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from intake.understanding.phonetics import HAN, fuzzy, readings, syllables
from intake.understanding.safety.words import EMERGENCIES
from intake.understanding.spoken_text import Heard

_HAN = re.compile(f"[{HAN}]")
_GAP = re.compile(r"(\[\^[^\]]*\]\{\d+,\d+\})")
_FIRST = 0xE000  # Unicode's private use area has room for all 400 syllables
_CODES: dict[str, str] = {}
# Characters that are not read in their commonest way in words of danger.
_READINGS = {"着": ("zhao", "zhe")}
# Syllables that must agree, gaps not counted: no chance match of four occurred in 195,000
# characters of citizens' letters.
_ENOUGH = 4
_CHANCE = re.compile(
    "腿不行|腰不行|去还|回复|恢复|回到|很多|在河|在孩|栽到|家住|一直|老板|在楼|不上[班学]?$|始至|在去"
)


# These match even if aspirated and unaspirated consonants are confused (煤气味儿 recognised as
# 没机位儿), so only words are listed that no other words sound like.
_MUFFLED = {
    "gas": ("煤气味", "煤气泄漏", "煤气漏了", "天然气味", "天然气漏", "燃气泄漏", "液化气漏"),
    "fire": ("着火了着火了", "往外冒黑烟", "往外冒浓烟"),
    "medical": (
        "喘不上气",
        "喘不过气",
        "上不来气",
        "不省人事",
        "口吐白沫",
        "没有呼吸",
        "快叫救护车",
    ),
    "drowning": ("掉到河里", "掉进河里", "掉进水里"),
    "self_harm": ("不想活了", "活不下去了"),
}
_SAME_IN_MUFFLED = str.maketrans("qpktc", "jbgdz")
_GENUINE = frozenset(("没几位", "没一位"))


def sounding_like_danger(heard: Heard) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield (kind, match) for every stretch of a transcript that sounds like words of danger.

    The spans are offsets of the text. Typed text yields nothing: its words are meant as written.
    """
    if not heard.spoken:
        return
    sounds = _sound_of(heard)
    for kind, patterns in _patterns():
        for pattern in patterns:
            for match in pattern.finditer(sounds):
                if _is_enough(heard, match):
                    yield kind, match
    muffled = _sound_of(heard, _muffled)
    for kind, pattern in _muffled_patterns():
        for match in pattern.finditer(muffled):
            if heard.text[match.start() : match.end()] not in _GENUINE:
                yield kind, match


def _is_enough(heard: Heard, match: re.Match[str]) -> bool:
    size = match.end() - match.start()
    agreeing = size - sum(len(gap or "") for gap in match.groups())
    if _CHANCE.search(heard.text[match.start() : match.end()]):
        return False
    return agreeing >= _ENOUGH and size <= 2 * agreeing + 2


def _muffled(sound: str) -> str:
    folded = fuzzy(sound)
    return folded[:1].translate(_SAME_IN_MUFFLED) + folded[1:]


@lru_cache(maxsize=1)
def _muffled_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    def spelled(word: str) -> str:
        return "".join(_code(_muffled(item.sound)) for item in syllables(word))

    return tuple((k, re.compile("|".join(map(spelled, words)))) for k, words in _MUFFLED.items())


def _as_it_is(sound: str) -> str:
    return sound


def _sound_of(heard: Heard, fold: Callable[[str], str] = _as_it_is) -> str:
    spelled = list(heard.text)
    for item in heard.syllables:
        if _HAN.match(spelled[item.start]):
            spelled[item.start] = _code(fold(item.sound))
    return "".join(spelled)


def _code(sound: str) -> str:
    return _CODES.setdefault(sound, chr(_FIRST + len(_CODES)))


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, tuple[re.Pattern[str], ...]], ...]:
    return tuple(
        (kind, tuple(_by_sound(p.pattern) for p in patterns if _HAN.search(p.pattern)))
        for kind, patterns in EMERGENCIES.items()
    )


def _by_sound(pattern: str) -> re.Pattern[str]:
    spelled, in_class = [], False
    for character in pattern:
        in_class = character == "[" or (in_class and character != "]")
        if not _HAN.match(character):
            spelled.append(character)
            continue
        sounds = _READINGS.get(character) or readings(character)[:1]
        codes = "".join(map(_code, sounds))
        spelled.append(codes if in_class or len(sounds) == 1 else f"[{codes}]")
    return re.compile(_GAP.sub(r"(\1)", "".join(spelled)))
