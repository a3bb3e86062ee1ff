"""The places of one deployment, indexed by spelling and by sound."""

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from intake.understanding.phonetics import Syllable, fuzzy, split, syllables
from intake.understanding.simplified import plain

# Endings that many names share: they tell little about which place was meant.
GENERIC_ENDINGS = (
    "养老服务中心", "卫生服务站", "社区食堂", "家属院", "小区", "社区", "家园", "花园", "新村",
    "宿舍", "公寓", "大厦", "大街", "北路", "南路", "东路", "西路", "东街", "西街", "中心", "学校",
    "小学", "中学", "医院", "公园", "市场", "幼儿园", "大院", "佳苑", "里", "院", "苑", "园", "路",
    "街", "村", "居", "巷", "楼",
)  # fmt: skip
GENERIC_WEIGHT = 0.5
_LONGEST_NAME = 24


@dataclass(frozen=True, slots=True)
class Place:
    """One place: `kind` is community, road, building or facility; `area` a grid or district."""

    name: str
    kind: str
    area: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spelling:
    """A name or an alias of a place, with its syllables and the weight (0..1) of each."""

    text: str
    place: Place
    spoken: tuple[Syllable, ...]
    weights: tuple[float, ...]
    is_name: bool


class Gazetteer:
    """All places a request may name; immutable once built."""

    def __init__(self, places: Sequence[Place]) -> None:
        """Index `places`; of several with the same name, `self.places` has the first."""
        self.places: Mapping[str, Place] = {place.name: place for place in reversed(places)}
        self.spellings: tuple[Spelling, ...] = tuple(_spellings(places))
        self._by_text: dict[str, list[Spelling]] = {}
        self._by_key: dict[str, list[tuple[int, int]]] = {}
        for index, spelling in enumerate(self.spellings):
            self._by_text.setdefault(spelling.text, []).append(spelling)
            for offset, syllable in enumerate(spelling.spoken):
                self._by_key.setdefault(family(syllable.sound), []).append((index, offset))
        self.text_lengths = sorted({len(text) for text in self._by_text}, reverse=True)

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[str, str, str, Sequence[str] | str]]) -> "Gazetteer":
        """Build from (name, kind, area, aliases); aliases are a sequence or joined by "|"."""
        places = []
        for name, kind, area, aliases in rows:
            others = aliases.split("|") if isinstance(aliases, str) else aliases
            known = tuple(other.strip() for other in others if other and other.strip())
            if name.strip():
                places.append(Place(name.strip(), kind.strip(), area.strip(), known))
        return cls(places)

    @classmethod
    def from_csv(cls, path: Path) -> "Gazetteer":
        """Read a UTF-8 file with the columns name, kind, area, aliases.

        Raises OSError when it can't be read, ValueError when a column is missing.
        """
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = {"name", "kind", "area", "aliases"} - set(reader.fieldnames or ())
            if missing:
                raise ValueError(f"{path}: no column {', '.join(sorted(missing))}")
            return cls.from_rows(
                (row["name"] or "", row["kind"] or "", row["area"] or "", row["aliases"] or "")
                for row in reader
            )

    def written(self, text: str) -> Sequence[Spelling]:
        """Return the spellings that are exactly `text` (as `simplified.plain` writes it), names
        before aliases."""
        return self._by_text.get(text, ())

    @property
    def spelled(self) -> Collection[str]:
        """Every name and alias, as `simplified.plain` writes it."""
        return self._by_text.keys()

    def sounding(self, sound: str) -> Sequence[tuple[int, int]]:
        """Return (spelling index, syllable offset) of every syllable roughly like `sound`."""
        return self._by_key.get(family(sound), ())


def _spellings(places: Sequence[Place]) -> Iterator[Spelling]:
    for is_name in (True, False):
        for place in places:
            for name in (place.name,) if is_name else place.aliases:
                text = plain(name)[:_LONGEST_NAME]
                spoken = tuple(syllables(text))
                if len(spoken) >= 2 or len(text) >= 2:
                    yield Spelling(text, place, spoken, _weights(text, spoken), is_name)


def _weights(text: str, spoken: Sequence[Syllable]) -> tuple[float, ...]:
    ending = next((end for end in GENERIC_ENDINGS if text.endswith(end) and text != end), "")
    # In a short name such as 和盛里 the ending is a third of the sound: it counts in full.
    generic_from = len(text) - len(ending) if len(text) > 3 else len(text)
    return tuple(GENERIC_WEIGHT if item.start >= generic_from else 1.0 for item in spoken)


@lru_cache(maxsize=4096)
def family(sound: str) -> str:
    """Return a rough class of syllables, wide enough that a usual mishearing is in the same one."""
    initial, final = split(fuzzy(sound))
    for members, name in (("bp", "b"), ("dt", "d"), ("gk", "g"), ("jqx", "j"), ("zcs", "z")):
        if initial and initial in members:
            initial = name
    for medial in ("i", "u", "v"):
        if len(final) > 1 and final.startswith(medial) and final not in ("in", "un", "vn"):
            final = final[1:]
    return initial + final
