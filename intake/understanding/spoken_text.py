"""Finds words by sound that a recogniser misspelled: 部队 for 不对, 找火 for 着火."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from intake.understanding.phonetics import Syllable, fuzzy, syllables
from intake.understanding.simplified import plain

Span = tuple[int, int]
"""`[start, end)` in code points."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A text, typed or spoken, in plain spelling with its syllables.

    Every offset is in code points of the original text.
    """

    text: str
    syllables: tuple[Syllable, ...]
    at: Mapping[int, int]
    """Start offset of a syllable -> its index in `syllables`."""
    folded: tuple[str, ...]
    """The folded sound of each syllable."""
    spoken: bool = False
    """Whether the text is a transcript, in which any word may stand for one that sounds alike."""

    @classmethod
    def of(cls, text: str, *, spoken: bool = False) -> "Heard":
        """Analyse `text`, in any script, once for all readers."""
        simple = plain(text)
        heard = tuple(syllables(simple))
        at = {item.start: index for index, item in enumerate(heard)}
        return cls(simple, heard, at, tuple(fuzzy(item.sound) for item in heard), spoken)


def cover(length: int, spans: Iterable[Span]) -> bytearray:
    """Return a byte for each code point: 1 inside one of the `spans`, else 0."""
    covered = bytearray(length)
    for start, stop in spans:
        covered[start:stop] = b"\1" * (stop - start)
    return covered


@dataclass(frozen=True)
class Lexicon:
    """Words to be recognised by sound.

    In a transcript: words of the same sound, and from `fold_from` syllables those whose folded
    sound agrees (see `phonetics.fuzzy`). In typed text, where only homophones are mistaken: words
    of the same sound from three syllables, because 报名填错 contains what sounds like 明天. A
    stretch that is in `genuine` or is one of the words is not changed.
    """

    words: Iterable[str]
    genuine: frozenset[str] = frozenset()
    fold_from: int = 3
    _by_sound: dict[tuple[str, ...], str] = field(default_factory=dict, init=False)
    _folded: dict[tuple[str, ...], str] = field(default_factory=dict, init=False)
    _lengths: list[int] = field(default_factory=list, init=False)
    _known: set[str] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        """Index the words by sound; earlier words win over later ones that sound the same."""
        self._known.update(self.words)
        for word in self.words:
            sounds = tuple(item.sound for item in syllables(word))
            self._by_sound.setdefault(sounds, word)
            if len(sounds) >= self.fold_from:
                self._folded.setdefault(tuple(map(fuzzy, sounds)), word)
        self._lengths.extend(sorted({len(key) for key in self._by_sound}, reverse=True))

    def respell(self, heard: Heard) -> str:
        """Return `heard.text` with every stretch that sounds like one of the words replaced by it.

        The length stays the same. Linear in the length of the text.
        """
        spelled = list(heard.text)
        spoken, index = heard.syllables, 0
        while index < len(spoken):
            for length in self._lengths:
                stretch = spoken[index : index + length]
                if len(stretch) < length or stretch[-1].end - stretch[0].start != length:
                    continue
                word = self._by_sound.get(tuple(item.sound for item in stretch))
                if heard.spoken:
                    word = word or self._folded.get(heard.folded[index : index + length])
                begin = stretch[0].start
                written = heard.text[begin : begin + length]
                if word is None or written in self.genuine:
                    continue
                if written not in self._known and (length > 2 or heard.spoken):
                    spelled[begin : begin + length] = word
                index += length - 1
                break
            index += 1
        return "".join(spelled)
