"""Chinese surnames by frequency, and the characters that are usual in older people's names."""

from functools import lru_cache

from pypinyin.constants import PHRASES_DICT

from intake.understanding.name_lists import (
    COMMON_GIVEN,
    COMPOUND,
    GIVEN,
    MORE_GIVEN,
    NEVER_IN_NAMES,
    NO_NAMES,
    PLACE_ENDS,
    RARE_SURNAMES,
    SELDOM_IN_NAMES,
    SURNAMES,
    THING_ENDS,
    WORD_SURNAMES,
)
from intake.understanding.phonetics import distance, fuzzy, syllables

_SINGLE = frozenset(SURNAMES + RARE_SURNAMES)
_GIVEN = frozenset(GIVEN + MORE_GIVEN + COMMON_GIVEN)
_COMMON = frozenset(COMMON_GIVEN.split())
# Costs for a rarer character and gain for the one that was written, beside the distance in sound.
_RARITY = 0.0003
_AS_WRITTEN = 0.005


@lru_cache(maxsize=1)
def _by_sound() -> tuple[dict[tuple[str, int], str], dict[str, str]]:
    toned: dict[tuple[str, int], str] = {}
    plain: dict[str, str] = {}
    for character in SURNAMES:
        spoken = _surname_sound(character)
        toned.setdefault(spoken, character)
        plain.setdefault(spoken[0], character)
    return toned, plain


_SURNAME_READINGS = {
    "单": ("shan", 4), "曾": ("zeng", 1), "任": ("ren", 2), "解": ("xie", 4), "翟": ("zhai", 2),
    "仇": ("qiu", 2), "华": ("hua", 4), "盛": ("sheng", 4), "覃": ("qin", 2), "尉": ("yu", 4),
}  # fmt: skip


def _surname_sound(character: str) -> tuple[str, int]:
    spoken = syllables(character)[0]
    return _SURNAME_READINGS.get(character, (spoken.sound, spoken.tone))


def is_surname(text: str) -> bool:
    """Say whether `text` is a known Chinese surname."""
    return text in COMPOUND or text in _SINGLE


def surname_of(text: str) -> str:
    """The surname with which `text` begins, "" if none."""
    if text[:2] in COMPOUND:
        return text[:2]
    return text[:1] if text[:1] in _SINGLE else ""


def common_surname(surname: str) -> bool:
    """Whether the surname is known and no word of its own."""
    return is_surname(surname) and surname not in WORD_SURNAMES


def is_given(character: str) -> bool:
    """Whether names have this character."""
    return character in _GIVEN


def is_word(text: str) -> bool:
    """Whether `text` is a word of the language, or begins with one that no name begins with."""
    return text in PHRASES_DICT or text[:2] in NO_NAMES or text[:3] in NO_NAMES


def name_chance(text: str) -> float:
    """How likely it is (0..1) that `text`, said by itself, is a full Chinese name.

    0 for what no name is; about 0.5 where it may be a word or a name as well.
    """
    surname = surname_of(text)
    given = text[len(surname) :]
    if not surname or not 1 <= len(given) <= 2 or is_word(text):
        return 0.0
    if any(character in NEVER_IN_NAMES for character in given):
        return 0.0
    known = sum(character in _GIVEN for character in given) / len(given)
    usual = sum(character in GIVEN for character in given) / len(given)
    chance = 0.3 + 0.4 * known + 0.2 * usual + (0.1 if len(surname) == 2 else 0.0)
    if surname in WORD_SURNAMES:
        chance -= 0.15
    if len(given) == 2 and (given[1] == "家" or (given[0] == "家" and given[1] in PLACE_ENDS)):
        return 0.0
    if len(given) == 1 and len(surname) == 1:
        chance -= 0.25
    elif "".join(given) in _COMMON:
        chance += 0.1
    return max(0.0, min(1.0, chance))


def seldom_name(text: str) -> float:
    """How likely it is that `text`, said where people write their names, is a rare one: 林罗妹.

    0 for what is a word, a thing or has a word in it; for full names of three characters only.
    """
    surname = surname_of(text)
    given = text[len(surname) :]
    if not surname or len(given) != 2 or is_word(text):
        return 0.0
    if given[0] != given[1] and given in PHRASES_DICT:
        return 0.0
    if text[:2] in PHRASES_DICT or any(c in NEVER_IN_NAMES - SELDOM_IN_NAMES for c in given):
        return 0.0
    known = given[0] == given[1] or any(character in _GIVEN for character in given)
    if (given[1] in THING_ENDS and given[0] != given[1]) or (given[1] in PLACE_ENDS and not known):
        return 0.0
    if surname in WORD_SURNAMES:
        return 0.6 if known else 0.55
    return 0.7 if known else 0.6


def unlisted_name(text: str) -> float:
    """How likely it is that `text`, said where people write their names, is a full name with a
    surname that no list has: 冶生梅. For three characters, both of the given name usual ones."""
    given = text[1:]
    if len(text) != 3 or is_word(text) or text[0] in NEVER_IN_NAMES or is_surname(text[0]):
        return 0.0
    if text[:2] in PHRASES_DICT or (given in PHRASES_DICT and given not in _COMMON):
        return 0.0
    if any(c in NEVER_IN_NAMES or c in THING_ENDS for c in given):
        return 0.0
    usual = sum(character in GIVEN for character in given)
    return 0.65 if given in _COMMON or usual == 2 else 0.0


def surname_like(character: str, sound: str, tone: int) -> str | None:
    """Return the surname that a recognised character stands for; None if none sounds like it.

    `sound` is a toneless syllable, `tone` 1..5.
    """
    toned, plain = _by_sound()
    if character in SURNAMES or (character in _SINGLE and (sound, tone) not in toned):
        return character
    if (sound, tone) in toned:
        return toned[sound, tone]
    if sound in plain:
        return plain[sound]
    near = [(distance(sound, other), index, surname)
            for index, (other, surname) in enumerate(plain.items())]  # fmt: skip
    best = min(near)
    return best[2] if best[0] <= 0.1 else None


@lru_cache(maxsize=1)
def _given() -> tuple[tuple[str, int, str], ...]:
    spoken = ((syllables(character)[0], character) for character in dict.fromkeys(GIVEN))
    return tuple((item.sound, item.tone, character) for item, character in spoken)


def given_like(character: str, sound: str, tone: int) -> str:
    """Return the usual name character that sounds like a recognised one: 镇 in a name is 珍.

    `sound` is a toneless syllable, `tone` 1..5. `character` itself when no usual one is near.
    """
    costs = [
        (
            distance(sound, other)
            + (0.05 if tone != other_tone else 0.0)
            + index * _RARITY
            - (_AS_WRITTEN if usual == character else 0.0),
            index,
            usual,
        )
        for index, (other, other_tone, usual) in enumerate(_given())
    ]
    best = min(costs)
    return best[2] if best[0] <= 0.2 else character


@lru_cache(maxsize=1)
def _common_given() -> dict[tuple[str, ...], str]:
    names: dict[tuple[str, ...], str] = {}
    for folded in (False, True):
        for name in COMMON_GIVEN.split():
            sounds = tuple(fuzzy(s.sound) if folded else s.sound for s in syllables(name))
            names.setdefault(sounds, name)
    return names


def common_given_like(sounds: tuple[str, str]) -> str | None:
    """The common given name that two toneless syllables spell, exactly or folded; None if none."""
    names = _common_given()
    return names.get(sounds) or names.get((fuzzy(sounds[0]), fuzzy(sounds[1])))
