"""The place of the gazetteer that a text names: exactly, by an alias or by its sound."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from intake.understanding.gazetteer import Gazetteer, Place, Spelling
from intake.understanding.phonetics import HAN, Syllable, distance, syllables
from intake.understanding.spoken_text import Heard, Span, cover
from intake.understanding.values import Field

# Shares of the sound that must agree (1.0 = all), by number of syllables.
_ENOUGH = {2: 0.97, 3: 0.92, 4: 0.8}
_ENOUGH_ANCHORED = {2: 0.97, 3: 0.66, 4: 0.6}
_NEAR = 0.06
"""Two candidates whose scores differ by less can't be told apart by sound."""
_HINT = 0.12
_TONE = 0.04
_SKIPPED = 0.75
_MOST_CANDIDATES = 4000

_HOME_BEFORE = re.compile(
    "(?:住在?|家是?在?|家住|我是|俺家|俺是|位于|地址是?|送到|我们是?)[,，\\s]{0,3}(?:那个)?$"
)
_GOING_BEFORE = re.compile(
    "(?:去|靠近|挨着|到|上|往|回|在|跟|找|给|帮我[^,，。]{0,2}到)[,，\\s]{0,3}$"
)
_NOT_BEFORE = re.compile("(?:不是|不在|并非|别跟)[,，\\s]{0,3}$")
# 住锦里3号楼……错了，那是老房子: a former home, or one corrected after its number.
_MOVED = re.compile(
    "(?:^|[\\s,，。.…!！?？])错了|[说搞弄写打]错"
    "|老房子|旧房子|拆了|拆迁|已经?搬|[搬住]到了?|搬的|搬去|现在住|sorry,|i mean"
)
_FORMER_BEFORE = re.compile(
    "(?:以前|从前|原来|原先|过去|本来|老宅|老屋)(?:一直)?(?:是)?(?:住|家)?(?:在|的)?[,，\\s]{0,2}$|搬离了?$"
)
_OTHERS_HOME = re.compile(
    "(?:朋友|同事|亲戚|老大|老二|老三|邻居|战友|老乡|物业|中介)[^,，。\\s]{0,3}在?$"
)
_BESIDE_AFTER = re.compile(
    "[\\s,，]{0,3}(?:的)?(?:那?边上|旁边?|附近|后头|后面|后边|对面|隔壁|对过|往[东南西北])"
)
_BUSINESS_AFTER = re.compile(
    "[\\s,，]{0,3}(?:做|看病|看一?看|复查|取|买|检查|拿药|开好|开的|捎|照|排队|体检)"
)
_OWNER_AFTER = re.compile("[\\s,，]{0,3}的?(?:老|姓|.{1,2}(?:师傅|阿姨|大爷|大妈|先生|女士))")
_SPELLED = re.compile(f"([{HAN}]{{2}})的([{HAN}])")
_KIND_PRIOR = {"community": 0.5, "building": 0.4, "road": 0.2}


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of the text (code points) and the places that it may mean with their scores, the
    best first; 1.0 is a perfect match."""

    start: int
    end: int
    candidates: tuple[tuple[Place, float], ...]
    exact: bool


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
    best = max(range(len(standing)), key=lambda index: (scores[index], -index))
    return _field(standing, best, gazetteer, negated, heard)


def _is_denied(heard: Heard, mentions: Sequence[Mention], index: int) -> bool:
    """Whether the speaker denies or corrects this mention: "不是春辉苑", "和顺里，不对，和盛里"."""
    mention = mentions[index]
    if _is_negated(heard, mention):
        return True
    if index + 1 == len(mentions):
        return False
    between = heard.text[mention.end : mentions[index + 1].start]
    if _MOVED.search(between[:48]):
        return True
    if len(between) > 12:
        return False
    sounds = "".join(item.sound for item in syllables(between))
    return "budui" in sounds or "cuole" in sounds


def _is_negated(heard: Heard, mention: Mention) -> bool:
    before = heard.text[max(0, mention.start - 10) : mention.start]
    return bool(_NOT_BEFORE.search(before) or _FORMER_BEFORE.search(before))


def find_places(
    heard: Heard,
    gazetteer: Gazetteer,
    unit_starts: Sequence[int] = (),
    taken: Sequence[Span] = (),
) -> list[Mention]:
    """Return all mentions of places, in order, none overlapping another or a `taken` span."""
    exact = list(_exact(heard, gazetteer))
    covered = cover(len(heard.text), taken)
    found = []
    for mention in exact:
        if not any(covered[mention.start : mention.end]):
            found.append(mention)
    by_sound = _by_sound(heard, gazetteer, set(unit_starts))
    found.extend(m for m in by_sound if not any(covered[m.start : m.end]))
    found.sort(key=_strength, reverse=True)
    kept: list[Mention] = []
    for mention in found:
        if not any(covered[mention.start : mention.end]):
            covered[mention.start : mention.end] = b"\1" * (mention.end - mention.start)
            kept.append(mention)
    starting: dict[int, list[Mention]] = {}
    for mention in found:
        starting.setdefault(mention.start, []).append(mention)
    kept = [_with_rivals(mention, starting, heard) for mention in kept]
    return sorted(kept, key=lambda mention: mention.start)


def spelled_places(heard: Heard, gazetteer: Gazetteer) -> list[tuple[int, int, str]]:
    """Where the text spells a place's name or alias exactly: start, end and the place's name."""
    return [
        (mention.start, mention.end, mention.candidates[0][0].name)
        for mention in _exact(heard, gazetteer)
    ]


def _strength(mention: Mention) -> tuple[float, int]:
    length = mention.end - mention.start
    return ((mention.candidates[0][1] - 0.7) * length + (0.2 if mention.exact else 0.0), length)


def _with_rivals(kept: Mention, starting: Mapping[int, Sequence[Mention]], heard: Heard) -> Mention:
    """Add the other places that the same stretch may mean, with their scores."""
    best: dict[str, tuple[Place, float]] = {}
    hints = set() if _is_negated(heard, kept) else _hints(heard, kept.end)
    size = kept.end - kept.start
    near = [m for at in range(kept.start - size, kept.end) for m in starting.get(at, ())]
    for mention in near:
        if mention.end <= kept.start or mention.end - mention.start < size - 1:
            continue
        for place, likeness in mention.candidates:
            score = likeness + (_HINT if any(hint in place.name for hint in hints) else 0.0)
            if place.name not in best or best[place.name][1] < score:
                best[place.name] = (place, score)
    ranked = sorted(best.values(), key=lambda pair: -pair[1])
    if kept.exact:
        first = kept.candidates[0][0].name
        ranked.sort(key=lambda pair: pair[0].name != first)
    return replace(kept, candidates=tuple(ranked))


def _exact(heard: Heard, gazetteer: Gazetteer) -> Iterable[Mention]:
    text, index = heard.text, 0
    while index < len(text):
        for length in gazetteer.text_lengths:
            written = text[index : index + length]
            spellings = gazetteer.written(written) if len(written) == length else ()
            if spellings:
                candidates = tuple(
                    (spelling.place, 1.0 if spelling.is_name else 0.99) for spelling in spellings
                )
                yield Mention(index, index + length, candidates, exact=True)
                break
        index += 1


def _by_sound(heard: Heard, gazetteer: Gazetteer, anchors: set[int]) -> list[Mention]:
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
    anchored = (
        any(anchor in anchors for anchor in range(last - 1, last + 4))
        or bool(_HOME_BEFORE.search(heard.text[max(0, first - 8) : first]))
        or bool(_hints(heard, last))
    )
    enough = (_ENOUGH_ANCHORED if anchored else _ENOUGH)[min(size, 4)]
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


def _hints(heard: Heard, end: int) -> set[str]:
    """Characters that the speaker explains after the name: 公园的园, 光辉的辉.

    The explained character may be misspelled: it is compared by sound.
    """
    near = heard.text[end : end + 24]
    hints = set()
    for match in _SPELLED.finditer(near):
        at = heard.at.get(end + match.start(2))
        for index in (match.start(1), match.start(1) + 1):
            also = heard.at.get(end + index)
            if at is None or also is None:
                continue
            if heard.syllables[at].sound == heard.syllables[also].sound:
                hints.add(near[index])
    return hints


def _role(heard: Heard, mention: Mention, unit_starts: Sequence[int]) -> float:
    """Score how likely help is wanted at this place, rather than it being passed or gone to."""
    text, place = heard.text, mention.candidates[0][0]
    before, after = text[max(0, mention.start - 10) : mention.start], text[mention.end :][:8]
    score = _KIND_PRIOR.get(place.kind, 0.0) + mention.candidates[0][1]
    if any(-1 <= start - mention.end <= 3 for start in unit_starts):
        score += 3.0
    if _OTHERS_HOME.search(before):
        score -= 0.8
    elif place.kind == "facility" and before.endswith("送到"):
        score += 0.3
    elif _HOME_BEFORE.search(before):
        score += 1.5
    elif _GOING_BEFORE.search(before):
        score -= 0.8
    if _BESIDE_AFTER.match(after):
        score -= 1.0
    if _BUSINESS_AFTER.match(after):
        score -= 0.5
    if _OWNER_AFTER.match(after):
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
        round(min(0.98, score) * (0.6 if rivals else 1.0), 3),
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
