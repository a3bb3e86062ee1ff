"""The patterns of danger once more, over what a text sounds like instead of how it is written.

Every syllable is one character of a private alphabet, and so is every Han character of a pattern:
the same regular expressions then match 燃气楼了 where 燃气漏了 was said.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from intake.understanding.hearing import Heard
from intake.understanding.phonetics import HAN, readings
from intake.understanding.safety_words import EMERGENCIES

_HAN = re.compile(f"[{HAN}]")
_GAP = re.compile(r"(\[\^[^\]]*\]\{\d+,\d+\})")
_FIRST = 0xE000  # Unicode's private use area has room for all 400 syllables
_CODES: dict[str, str] = {}
# Characters whose danger word is not their commonest reading.
_READINGS = {"着": ("zhao", "zhe")}
# Syllables that must agree, gaps not counted: four chance ones did not occur in 195,000 characters
# of citizens' letters, three (without a gap) about once in 15,000.
_ENOUGH = 4
_ENOUGH_IN_SPEECH = 3
_CHANCE = re.compile(
    "回复|恢复|回到|很多|在河|在孩|栽到|家住|一直|老板|在楼|不上[班学]?$|始至|在去"
)


def sounding_like_danger(heard: Heard) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield (kind, match) for all that sounds like words of danger; spans are the text's own."""
    sounds = _sound_of(heard)
    for kind, patterns in _patterns():
        for pattern in patterns:
            for match in pattern.finditer(sounds):
                if _is_enough(heard, match):
                    yield kind, match


def _is_enough(heard: Heard, match: re.Match[str]) -> bool:
    size = match.end() - match.start()
    agreeing = size - sum(len(gap or "") for gap in match.groups())
    written = heard.text[match.start() : match.end()]
    if _CHANCE.search(written):
        return False
    if agreeing >= _ENOUGH and size <= 2 * agreeing + 2:
        return True
    whole = agreeing == size == _ENOUGH_IN_SPEECH and len(_HAN.findall(written)) == size
    return heard.spoken and whole


def _sound_of(heard: Heard) -> str:
    spelled = list(heard.text)
    for item in heard.syllables:
        if _HAN.match(spelled[item.start]):
            spelled[item.start] = _code(item.sound)
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
