"""Finds places whose names a text spells by sound."""

import re
from collections import Counter
from dataclasses import dataclass

from intake.understanding.gazetteer import Gazetteer, Spelling
from intake.understanding.phonetics import HAN, Syllable, distance
from intake.understanding.place.mention import Mention
from intake.understanding.place.words import HOME_BEFORE
from intake.understanding.spoken_text import Heard

# Shares of the sound that must agree (1.0 = all), by number of syllables.
_ENOUGH = {2: 0.97, 3: 0.92, 4: 0.8}
_ENOUGH_ANCHORED = {2: 0.97, 3: 0.66, 4: 0.6}
# Whoever types takes a wrong character of the right sound, seldom another sound.
_ENOUGH_TYPED = 0.9
_TONE = 0.04
_SKIPPED = 0.75
_MOST_CANDIDATES = 4000
_SPELLED = re.compile(f"([{HAN}]{{2}})的([{HAN}])")
_STOP = re.compile("[,，。;；!！?？]")


def by_sound(heard: Heard, gazetteer: Gazetteer, anchors: set[int]) -> list[Mention]:
    votes: Counter[tuple[int, int]] = Counter()
    for position, syllable in enumerate(heard.syllables):
        for spelling, offset in gazetteer.sounding(syllable.sound):
            votes[(spelling, position - offset)] += 1
    likely = [
        (count, key)
        for key, count in votes.items()
        if count * 2 >= len(gazetteer.spellings[key[0]].spoken) and count >= 2
    ]
    likely.sort(key=lambda item: (-item[0], item[1][1], item[1][0]))
    found = []
    for _, (index, start) in likely[:_MOST_CANDIDATES]:
        mention = _compare(heard, gazetteer.spellings[index], start, anchors)
        if mention:
            found.append(mention)
    return found


def _compare(heard: Heard, spelling: Spelling, start: int, anchors: set[int]) -> Mention | None:
    size = len(spelling.spoken)
    match = _align(heard, spelling, max(0, start - 1), start + size + 1)
    if match.stop <= match.begin:
        return None
    first, last = heard.syllables[match.begin].start, heard.syllables[match.stop - 1].end
    if not heard.spoken and _STOP.search(heard.text, first, last):
        return None  # whoever types sets the commas: 我在梦寨，卫生员隔壁 is not 孟砦卫生院
    anchored = (
        any(anchor in anchors for anchor in range(last - 1, last + 4))
        or bool(HOME_BEFORE.search(heard.text[max(0, first - 8) : first]))
        or bool(hints(heard, last))
    )
    enough = (_ENOUGH_ANCHORED if anchored else _ENOUGH)[min(size, 4)]
    if not heard.spoken and not anchored:
        enough = max(enough, _ENOUGH_TYPED)
    if match.score < enough or match.own < (enough - 0.15 if anchored else enough - 0.08):
        return None
    if size == 2 and not anchored:
        return None
    return Mention(first, last, ((spelling.place, match.score),), exact=False)


@dataclass(frozen=True, slots=True)
class Alignment:
    """How much of a name agrees with syllables `begin`..`stop` of the text.

    `score`: the share of the whole name (1.0: all); `own`: of its own part, without 小区, 路 and
    other generic endings.
    """

    score: float
    own: float
    begin: int
    stop: int


def _align(heard: Heard, spelling: Spelling, low: int, high: int) -> Alignment:
    """Align the name with syllables `low`..`high` of the text where it fits best."""
    window = heard.syllables[low:high]
    # One row for each syllable of the name; a cell is (cost, cost of its own part, first column).
    row = [(0.0, 0.0, column) for column in range(len(window) + 1)]
    for syllable, weight in zip(spelling.spoken, spelling.weights, strict=True):
        own = weight == 1.0
        lost, lost_own, _ = row[0]
        following = [(lost + _SKIPPED, lost_own + _SKIPPED * own, 0)]
        for column, other in enumerate(window, 1):
            unlike = _unlike(syllable, spelling.text, other, heard.text)
            diagonal, above, left = row[column - 1], row[column], following[column - 1]
            following.append(
                min(
                    (diagonal[0] + weight * unlike, diagonal[1] + own * unlike, diagonal[2]),
                    (above[0] + _SKIPPED, above[1] + own * _SKIPPED, above[2]),
                    (left[0] + _SKIPPED, left[1], left[2]),
                )
            )
        row = following
    stop = min(range(len(row)), key=lambda column: row[column])
    cost, own_cost, begin = row[stop]
    whole, distinct = sum(spelling.weights), sum(weight == 1.0 for weight in spelling.weights)
    return Alignment(1.0 - cost / whole, 1.0 - own_cost / max(1, distinct), low + begin, low + stop)


def _unlike(one: Syllable, name: str, other: Syllable, text: str) -> float:
    if name[one.start : one.end] == text[other.start : other.end]:
        return 0.0
    far = distance(one.sound, other.sound)
    return min(1.0, far + (_TONE if one.tone != other.tone else 0.01))


def hints(heard: Heard, end: int) -> set[str]:
    """Characters that the speaker explains after the name: 公园的园, 光辉的辉.

    The explained character may be misspelled: it is compared by sound.
    """
    near = heard.text[end : end + 24]
    found = set()
    for match in _SPELLED.finditer(near):
        at = heard.at.get(end + match.start(2))
        for index in (match.start(1), match.start(1) + 1):
            also = heard.at.get(end + index)
            if at is None or also is None:
                continue
            if heard.syllables[at].sound == heard.syllables[also].sound:
                found.add(near[index])
    return found
