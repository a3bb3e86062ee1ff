"""How long a name is, and how it is spelled where a recogniser wrote what sounds alike."""

from intake.understanding.name_lists import COMPOUND, GIVEN, NEVER_IN_NAMES
from intake.understanding.names import (
    common_given_like,
    given_like,
    is_given,
    is_surname,
    name_chance,
    surname_like,
)
from intake.understanding.person.scene import Scene
from intake.understanding.spoken_text import Heard

# What follows a two-character name, though its first character could end a longer one.
_FOLLOW_TEXT = (
    "家住 家在 家里 今年 明天 明早 来电 住在 电话 手机 才来 同意 先生 安排 安装 常年 长期 "
    "全家 本人 都在 就住 学生"
)
_FOLLOW = frozenset(_FOLLOW_TEXT.split())


def name_length(scene: Scene, start: int, *, sure: bool) -> int:
    """The length of the name at `start`, 0 if there is none: two or three characters, more with a
    double surname. `sure`: a word before it says that it is a name."""
    text = scene.masked
    surname = 2 if text[start : start + 2] in COMPOUND else 1
    run = 0
    while run < 5 and not scene.edge(start + run):
        run += 1
    longest = min(run, surname + 2)
    if longest <= surname:
        return 0
    if longest == surname + 1:
        return longest
    last = text[start + longest - 1]
    if run == longest and last not in "的啊呀哦呢家":
        return longest
    if last in NEVER_IN_NAMES or text[start + longest - 1 : start + longest + 1] in _FOLLOW:
        return longest - 1
    if scene.heard.spoken:
        return longest if sure else _as_before(text, start, longest)
    if is_given(last):
        return longest
    shorter = name_chance(text[start : start + longest - 1])
    following = text[start + longest : start + longest + 1]
    return longest - 1 if shorter >= 0.5 and following not in "，" else longest


def _as_before(text: str, start: int, longest: int) -> int:
    third = text[start + longest - 1]
    return (
        longest
        if third in GIVEN or text[start + longest] in "八九七六我他她今住电手岁"
        else longest - 1
    )


def respelled(heard: Heard, start: int, length: int) -> str | None:
    """The name at `start` as names are written; None if no surname is there."""
    text = heard.text
    if text[start : start + 2] in COMPOUND:
        return text[start : start + length]
    surname = surname_at(heard, start)
    if surname is None:
        return None
    if not heard.spoken:
        return surname + text[start + 1 : start + length] if surname == text[start] else None
    pair = [heard.at.get(index) for index in (start + 1, start + 2)] if length == 3 else []
    if len(pair) == 2 and pair[0] is not None and pair[1] is not None:
        one, other = heard.syllables[pair[0]].sound, heard.syllables[pair[1]].sound
        # A recogniser that wrote the surname wrongly (乱保山) did not know the name: 栾宝山.
        known = surname == text[start]
        as_said = known and all(text[index] in GIVEN for index in (start + 1, start + 2))
        if not as_said and (common := common_given_like((one, other))):
            return surname + common
    given = ""
    for index in range(start + 1, start + length):
        at = heard.at.get(index)
        spoken = heard.syllables[at] if at is not None else None
        # 贵 ends a man's name (富贵), but before another character it is nearly always 桂 (桂兰).
        as_written = text[index] in GIVEN and (text[index] != "贵" or index == start + length - 1)
        usual = spoken and not as_written and given_like(text[index], spoken.sound, spoken.tone)
        given += usual or text[index]
    return surname + given


def wholly_by_sound(heard: Heard, start: int, end: int) -> str | None:
    """201,言语美: a surname and a common given name, though none of it is written so."""
    at = [heard.at.get(index) for index in range(start, end)]
    if not heard.spoken or len(at) != 3 or None in at:
        return None
    surname = surname_at(heard, start)
    _, one, other = (heard.syllables[index].sound for index in at if index is not None)
    given = common_given_like((one, other))
    return surname + given if surname and given else None


def surname_at(heard: Heard, index: int) -> str | None:
    """The surname that the character at `index` is, or in a transcript sounds like."""
    at = heard.at.get(index)
    if not heard.spoken or at is None:
        return heard.text[index] if is_surname(heard.text[index]) else None
    return surname_like(heard.text[index], heard.syllables[at].sound, heard.syllables[at].tone)
