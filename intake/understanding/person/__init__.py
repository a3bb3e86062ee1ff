"""Who needs help, as said: a name, a surname, or a name with a title (老李, 王阿姨)."""

from collections.abc import Collection, Iterator, Sequence

from intake.understanding.denial import GONE, stances
from intake.understanding.names import is_surname, surname_of
from intake.understanding.person.alone import names_alone
from intake.understanding.person.english import english_names
from intake.understanding.person.foreign import foreign_names
from intake.understanding.person.little import little_names
from intake.understanding.person.said import said_names
from intake.understanding.person.scene import CALLER, Candidate, Scene
from intake.understanding.person.titled import titled_names
from intake.understanding.spoken_text import Heard, Span, cover
from intake.understanding.values import Field

_AS_LIKELY = 0.12
_SURE = 0.75


def read_person(
    text: str,
    heard: Heard,
    taken: Sequence[Span] = (),
    *,
    emergency: bool = False,
    places: Collection[str] = (),
) -> Field[str] | None:
    """Return the name of the person who needs help, else of the caller; None when nobody is named.

    `text` is the original (English names keep their capitals), `taken` are the spans of places,
    units and numbers. Names of workers who came before are left out; a neighbour's counts in an
    `emergency` or when help is asked for them. `places`: spellings that name places.
    """
    scene = Scene.of(text, heard, taken, emergency=emergency, places=places)
    found = _held(scene, sorted(_found(scene), key=lambda c: c.start))
    found.sort(key=lambda c: (-c.rank, -c.field.confidence, c.start))
    if not found:
        return None
    best = found[0]
    first = _fullest(best, found).field
    rivals = [c for c in found[1:] if not _same(c.field.value, first.value)]
    others = tuple(dict.fromkeys(c.field.value for c in rivals))[:3]
    ambiguous = any(
        c.rank == best.rank
        and c.field.confidence >= max(_SURE, first.confidence - _AS_LIKELY)
        and best.field.confidence >= _SURE
        for c in rivals
    )
    alternatives = tuple(dict.fromkeys((*first.alternatives, *others)))
    return Field(
        first.value, first.evidence, first.confidence, alternatives, ambiguous, note=first.note
    )


def _found(scene: Scene) -> Iterator[Candidate]:
    yield from said_names(scene)
    yield from titled_names(scene)
    yield from names_alone(scene)
    yield from little_names(scene)
    yield from foreign_names(scene)
    yield from english_names(scene)


def _held(scene: Scene, found: Sequence[Candidate]) -> list[Candidate]:
    """The names that are neither denied nor taken back: 我不姓王，姓汪."""
    spans = [c.field.evidence or (c.start, c.start + 1) for c in found]
    apart: list[Span] = []
    for span in sorted(set(spans), key=lambda span: (span[0], -span[1])):
        if not apart or span[1] > apart[-1][1]:
            apart.append(span)
    meant = stances(scene.plain, apart)
    gone = cover(
        len(scene.plain),
        (span for span, stance in zip(apart, meant, strict=True) if stance in GONE),
    )
    return [
        candidate
        for candidate, (start, end) in zip(found, spans, strict=True)
        if not (gone[start] and gone[end - 1])
    ]


def _fullest(best: Candidate, found: Sequence[Candidate]) -> Candidate:
    """Of the same person's names the fullest, if it is about as sure: 免贵姓佟，佟玉珍."""
    surname = best.field.value
    if not is_surname(surname):
        return best
    for other in found:
        near = other.field.confidence >= best.field.confidence - 0.3
        ranked = other.rank >= min(best.rank, CALLER)
        if near and ranked and other.of_full_name and other.field.value.startswith(surname):
            return other
    for other in found:
        if other.field.value == f"老{surname}" and other.rank >= best.rank:
            return other
    return best


def _same(one: str, other: str) -> bool:
    """Whether two names may be one person's: 老段 and 段, Reid and Callum Reid."""
    if one in other or other in one:
        return True
    return bool(surname := _surname(one)) and surname == _surname(other)


def _surname(name: str) -> str:
    return surname_of(name.lstrip("老小大"))
