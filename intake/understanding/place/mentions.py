"""Finds all places that a text names: spelled, in pinyin or by their sound."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from intake.understanding.gazetteer import Gazetteer, Place
from intake.understanding.place.latin import in_latin
from intake.understanding.place.mention import Mention
from intake.understanding.place.sound import by_sound, hints
from intake.understanding.place.words import is_negated
from intake.understanding.spoken_text import Heard, Span, cover

_HINT = 0.12


def find_places(
    heard: Heard,
    gazetteer: Gazetteer,
    unit_starts: Sequence[int] = (),
    taken: Sequence[Span] = (),
) -> list[Mention]:
    """Return all mentions of places, in order, none overlapping another or a `taken` span."""
    exact = [*_exact(heard, gazetteer), *in_latin(heard, gazetteer, taken)]
    covered = cover(len(heard.text), taken)
    found = []
    for mention in exact:
        if not any(covered[mention.start : mention.end]):
            found.append(mention)
    sounding = by_sound(heard, gazetteer, set(unit_starts))
    found.extend(m for m in sounding if not any(covered[m.start : m.end]))
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
    told = set() if is_negated(heard.text, kept.start) else hints(heard, kept.end)
    size = kept.end - kept.start
    near = [m for at in range(kept.start - size, kept.end) for m in starting.get(at, ())]
    for mention in near:
        if mention.end <= kept.start or mention.end - mention.start < size - 1:
            continue
        for place, likeness in mention.candidates:
            score = likeness + (_HINT if any(hint in place.name for hint in told) else 0.0)
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
