"""Chooses the place where help is needed among those that a text names."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from intake.understanding.denial import CORRECTION, Stance, stances
from intake.understanding.gazetteer import Gazetteer, Place
from intake.understanding.phonetics import syllables
from intake.understanding.place.mention import Mention
from intake.understanding.place.mentions import find_places
from intake.understanding.place.words import (
    BESIDE_AFTER,
    BUSINESS_AFTER,
    GOING_BEFORE,
    HOME_BEFORE,
    MOVED,
    OCCUPIED_AFTER,
    OTHERS_AFTER,
    OTHERS_HOME,
    OWNER_AFTER,
    is_errand,
    is_negated,
    is_only_errand,
    is_served,
)
from intake.understanding.spoken_text import Heard, Span
from intake.understanding.values import Field

PASSING = "passing"
"""The note of a place that somebody goes to, not one where help is known to be needed."""

_NEAR = 0.06
"""Two candidates whose scores differ by less can't be told apart by sound."""
_KIND_PRIOR = {"community": 0.5, "building": 0.4, "road": 0.2}
_DOUBTFUL = 0.8
_WIDER = 0.8
_OWN_TRUST = 0.65
_PASSING_TRUST = 0.5
# 我是刘楼村卫生室小赵: who works there tells of somebody else.
_WORKER_AFTER = re.compile(
    "的?(?:工作人员|护士|医生|大夫|志愿者|值班|卫生员|村医|老师|小[\u4e00-\u9fff]|[\u4e00-\u9fff]{1,2}(?:医生|大夫|护士|老师|主任|站长|院长))"
)
_LIVES = re.compile("住|家就?在|[那这](?:一)?[家户栋排]|姓|[我俺咱]们?家|家里|老两口")
_AND = re.compile("[\\s,，]{0,2}(?:和|跟|与|同|、|交|到|and|at|&)?[\\s,，]{0,2}")
_CORNER = re.compile("的?(?:那个)?(?:路口|口|交[叉界汇]|拐[角弯]|十字|转角|丁字)")
_HOME_TOLD = re.compile("(?:老人家?|他家?|她家?|人|大爷|大娘|奶奶|爷爷|病人|家)(?:就)?住")


def read_place(
    heard: Heard,
    gazetteer: Gazetteer,
    unit_starts: Sequence[int] = (),
    taken: Sequence[Span] = (),
) -> Field[str] | None:
    """Return the place that help is wanted at; None when the text names none of the gazetteer.

    `unit_starts` are the offsets where a house number begins: the words before one are very likely
    a place. In a transcript even an exact spelling may stand for another place that sounds the
    same.
    """
    mentions = find_places(heard, gazetteer, unit_starts, taken)
    denied = [_is_denied(heard, mentions, index) for index in range(len(mentions))]
    negated = {m.candidates[0][0].name for m, no in zip(mentions, denied, strict=True) if no}
    standing = [m for m, no in zip(mentions, denied, strict=True) if not no]
    if not standing:
        return None
    scores = [_role(heard, mention, unit_starts) for mention in standing]
    for index, (one, other) in enumerate(pairwise(standing)):
        if one.end == other.start and other.candidates[0][0].kind == "facility":
            scores[index] -= _WIDER  # 油腊铺同乐麻将馆: the street only tells where it is
    crossing = _crossing(heard, standing)
    if crossing is not None:
        scores[crossing] += _WIDER
    best = max(range(len(standing)), key=lambda index: (scores[index], -index))
    found = _field(standing, best, gazetteer, negated, heard)
    mention, place = standing[best], gazetteer.places[found.value]
    if found.value in (left_open := _left_open(heard, standing)):
        others = tuple(sorted(left_open - {found.value}))
        return replace(found, ambiguous=True, alternatives=others)
    beside_home = _has_home(mention, unit_starts)
    village = _village(place, gazetteer)
    if village and not beside_home and _stands_for_village(heard.text, mention, unit_starts):
        confidence = min(found.confidence, _OWN_TRUST)
        return replace(found, value=village.name, confidence=confidence, alternatives=(place.name,))
    facility = place.kind == "facility"
    if facility and not beside_home and _is_occupied(heard.text, mention):
        return None
    served = not facility and is_served(heard.text, mention.end)
    if not beside_home and not served and is_errand(heard.text, mention.start, mention.end):
        if facility and is_only_errand(heard.text, mention.start, mention.end):
            return None
        confidence = min(found.confidence, _PASSING_TRUST)
        return replace(found, confidence=confidence, note=PASSING)
    return found


def _is_occupied(text: str, mention: Mention) -> bool:
    """Whether somebody learns or works at the place, which says nothing of where help is needed."""
    return text[: mention.start].endswith(("在", "从")) and bool(
        OCCUPIED_AFTER.match(text, mention.end)
    )


def _crossing(heard: Heard, standing: Sequence[Mention]) -> int | None:
    """The first of two roads whose crossing is named: 十里渠路和广渡路路口."""
    for index, (one, other) in enumerate(pairwise(standing)):
        roads = {m.candidates[0][0].kind for m in (one, other)} == {"road"}
        joined = _AND.fullmatch(heard.text, one.end, other.start)
        if roads and joined and _CORNER.match(heard.text, other.end):
            return index
    return None


def _has_home(mention: Mention, unit_starts: Sequence[int]) -> bool:
    return any(-1 <= start - mention.end <= 3 for start in unit_starts)


def _village(place: Place, gazetteer: Gazetteer) -> Place | None:
    """The community that a facility is named after: 刘楼村 of 刘楼村卫生室."""
    if place.kind != "facility":
        return None
    named = [
        (len(spelling), other)
        for other in gazetteer.places.values()
        if other.kind == "community"
        for spelling in (other.name, *other.aliases)
        if len(spelling) >= 2 and place.name.startswith(spelling)
    ]
    return max(named, key=lambda pair: pair[0])[1] if named else None


def _stands_for_village(text: str, mention: Mention, unit_starts: Sequence[int]) -> bool:
    """Whether the facility only tells in which village help is needed: 卫生室隔壁那家."""
    if BESIDE_AFTER.match(text, mention.end):
        return bool(unit_starts or _LIVES.search(text))
    worker = _WORKER_AFTER.match(text, mention.end)
    return bool(worker and (unit_starts or _HOME_TOLD.search(text)))


def _is_denied(heard: Heard, mentions: Sequence[Mention], index: int) -> bool:
    """Whether the speaker denies or corrects this mention: "不是春辉苑", "和顺里，不对，和盛里"."""
    mention = mentions[index]
    if is_negated(heard.text, mention.start, mention.end):
        return True
    if index + 1 == len(mentions):
        return False
    if OTHERS_AFTER.match(heard.text, min(len(heard.text), _home_end(heard.text, mention.end))):
        return True
    between = heard.text[mention.end : mentions[index + 1].start]
    if MOVED.search(between[:48]):
        return True
    if len(between) > 12:
        return False
    following = mentions[index + 1]
    if is_negated(heard.text, following.start, following.end):
        return False  # 西坪村3排2号 别写错成东坪
    if CORRECTION.search(between):
        return True
    sounds = "".join(item.sound for item in syllables(between))
    return "budui" in sounds or "cuole" in sounds


def _left_open(heard: Heard, standing: Sequence[Mention]) -> frozenset[str]:
    """The names of two places of which the speaker does not say which: 幸福里还是安康里."""
    meant = stances(heard.text, [(mention.start, mention.end) for mention in standing])
    return frozenset(
        mention.candidates[0][0].name
        for mention, stance in zip(standing, meant, strict=True)
        if stance is Stance.OPEN
    )


_NUMBERS = re.compile("[\\d零一二两三四五六七八九十百a-z\\s号楼栋幢座单元室弄院排组户-]{0,16}")


def _home_end(text: str, start: int) -> int:
    """Where the number of the house behind a place ends."""
    found = _NUMBERS.match(text, start)
    return found.end() if found else start


def _role(heard: Heard, mention: Mention, unit_starts: Sequence[int]) -> float:
    """Score how likely help is wanted at this place, rather than it being passed or gone to."""
    text, place = heard.text, mention.candidates[0][0]
    before, after = text[max(0, mention.start - 28) : mention.start], text[mention.end :][:8]
    score = _KIND_PRIOR.get(place.kind, 0.0) + mention.candidates[0][1]
    if _has_home(mention, unit_starts):
        doubtful = not heard.spoken and mention.candidates[0][1] < _DOUBTFUL
        score += 1.0 if doubtful else 3.0
    if is_errand(text, mention.start, mention.end):
        score -= 0.8
    if OTHERS_HOME.search(before):
        score -= 0.8
    elif place.kind == "facility" and _WORKER_AFTER.match(text, mention.end):
        score += 0.2
    elif place.kind == "facility" and before.endswith("送到"):
        score += 0.3
    elif HOME_BEFORE.search(before):
        score += 1.5
    elif GOING_BEFORE.search(before):
        score -= 0.8
    if BESIDE_AFTER.match(after):
        score -= 1.0
    if BUSINESS_AFTER.match(after):
        score -= 0.5
    if OWNER_AFTER.match(after):
        score += 0.6
    return score


def _field(
    standing: Sequence[Mention],
    best: int,
    gazetteer: Gazetteer,
    negated: set[str],
    heard: Heard,
) -> Field[str]:
    mention = standing[best]
    ranked = [pair for pair in mention.candidates if pair[0].name not in negated]
    ranked = ranked or list(mention.candidates)
    # A place that is named twice and recognised in two ways: the better recognised one counts.
    for other in standing:
        names = {place.name for place, _ in ranked[:3]}
        if other is not mention and other.exact and other.candidates[0][0].name in names:
            ranked.sort(key=lambda pair: pair[0].name != other.candidates[0][0].name)
            mention = replace(mention, exact=True)
    place, score = ranked[0]
    near = 0.0 if mention.exact and not heard.spoken else _NEAR
    rivals = tuple(
        other.name for other, rival in ranked[1:4] if rival > score - near or rival >= 0.999
    )
    if mention.exact and heard.spoken:
        rivals = tuple(name for name in rivals if _same_sound(gazetteer, place.name, name))
    elif not heard.spoken and _sounds_like(gazetteer, heard, mention, place.name):
        # Whoever types pinyin may pick a wrong character, but of the right sound: 新隆院 is not
        # 兴隆苑.
        rivals = tuple(n for n in rivals if _sounds_like(gazetteer, heard, mention, n))
    others = tuple(other.name for other, rival in ranked[1:4] if rival > score - 3 * _NEAR)
    return Field(
        place.name,
        (mention.start, mention.end),
        round(min(0.98, score) * mention.trust * (0.6 if rivals else 1.0), 3),
        others,
        ambiguous=bool(rivals),
        note=None if mention.exact else "by_sound",
    )


def _sounds_like(gazetteer: Gazetteer, heard: Heard, mention: Mention, name: str) -> bool:
    """Whether the mention's syllables are exactly those of one of the place's spellings."""
    said = [s.sound for s in heard.syllables if mention.start <= s.start < mention.end]
    spellings = (s.spoken for s in gazetteer.spellings if s.place.name == name)
    return any([s.sound for s in spoken] == said for spoken in spellings)


def _same_sound(gazetteer: Gazetteer, one: str, other: str) -> bool:
    spoken = {s.place.name: s.spoken for s in gazetteer.spellings if s.is_name}
    return [s.sound for s in spoken[one]] == [s.sound for s in spoken[other]]
