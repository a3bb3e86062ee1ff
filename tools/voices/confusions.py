"""Count which syllables the recogniser confuses, from the sentences of hear.py.

    .venv/bin/python -m tools.voices.confusions

Reads data/heard/heard.jsonl and unheard.jsonl, aligns the toneless pinyin of what was said and
what was heard, writes data/heard/confusions.json (data/heard/README.md explains its keys) and
prints a summary.
"""

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from intake.evaluation.metrics import character_error_rate
from intake.understanding.phonetics import distance, syllables
from intake.understanding.simplified import plain
from tools.voices.hear import HEARD, UNHEARD, read_lines
from tools.voices.journeys import GRADES

CONFUSIONS = HEARD.with_name("confusions.json")
GAP = 0.7
"""Cost of a syllable that is lost or added; one that is replaced costs 0.4..1.2."""
_LOOP = re.compile(r"(.{1,6}?)\1{4,}")
_DIGITS = re.compile(r"[0-9]+")
_WORDS = "零一二三四五六七八九"
_UNITS = ("", "十", "百", "千")


class Unit(NamedTuple):
    """One spoken syllable and the character that wrote it."""

    sound: str
    character: str


Pair = tuple[Unit | None, Unit | None]
"""What was said and what was heard for it; None: nothing."""


def is_loop(text: str) -> bool:
    """Whether up to six characters are repeated five times or more, as a stuck recogniser does."""
    return _LOOP.search(text) is not None


def counted(digits: str) -> str:
    """Return how a number of up to four Arabic digits is read: 120 as 一百二十.

    Longer numbers and those that begin with 0 are read digit by digit.
    """
    if len(digits) > len(_UNITS) or digits[0] == "0":
        return spelt(digits)
    parts = []
    for place, digit in enumerate(reversed(digits)):
        parts.append(_WORDS[int(digit)] + (_UNITS[place] if digit != "0" else ""))
    words = re.sub("零+", "零", "".join(reversed(parts)))
    return (words.rstrip("零") or "零").replace("一十", "十", 1 if len(digits) == 2 else 0)


def spelt(digits: str) -> str:
    """Return Arabic digits as Chinese ones, one by one."""
    return "".join(_WORDS[int(digit)] for digit in digits)


def units(text: str) -> list[Unit]:
    """Return the Mandarin syllables of `text`, which holds no Arabic digits; Latin is left out."""
    found = [Unit(item.sound, text[item.start : item.end]) for item in syllables(text)]
    return [unit for unit in found if not unit.character.isascii()]


def spoken_ways(text: str) -> list[list[Unit]]:
    """Return the syllables of `text` for each way of reading its numbers aloud."""
    simple = plain(text)
    ways = [
        _DIGITS.sub(lambda m: counted(m[0]), simple),
        _DIGITS.sub(lambda m: spelt(m[0]), simple),
    ]
    return [units(way) for way in dict.fromkeys(ways)]


def align(said: Sequence[Unit], heard: Sequence[Unit]) -> tuple[float, list[Pair]]:
    """Return the cheapest way to make `heard` of `said`: its cost, and the pairs in order."""
    costs = [[GAP * column for column in range(len(heard) + 1)]]
    for row, one in enumerate(said, 1):
        above, line = costs[-1], [GAP * row]
        for column, other in enumerate(heard, 1):
            line.append(
                min(
                    above[column - 1] + _cost(one, other),
                    above[column] + GAP,
                    line[column - 1] + GAP,
                )
            )
        costs.append(line)
    pairs: list[Pair] = []
    row, column = len(said), len(heard)
    while row or column:
        here = costs[row][column]
        if row and column:
            one, other = said[row - 1], heard[column - 1]
            if here == costs[row - 1][column - 1] + _cost(one, other):
                pairs.append((one, other))
                row, column = row - 1, column - 1
                continue
        if row and here == costs[row - 1][column] + GAP:
            pairs.append((said[row - 1], None))
            row -= 1
        else:
            pairs.append((None, heard[column - 1]))
            column -= 1
    return costs[-1][-1], pairs[::-1]


def _cost(one: Unit, other: Unit) -> float:
    return 0.0 if one.sound == other.sound else 0.4 + 0.8 * distance(one.sound, other.sound)


def aligned(said: str, heard: str) -> list[Pair]:
    """Return the pairs of two texts, their numbers read in the ways that agree best."""
    ways = product(spoken_ways(said), spoken_ways(heard))
    return min((align(one, other) for one, other in ways), key=lambda found: found[0])[1]


class Tally:
    """Counts over many lines."""

    def __init__(self) -> None:
        """All counts are zero."""
        self.said: Counter[str] = Counter()
        self.deletions: Counter[str] = Counter()
        self.insertions: Counter[str] = Counter()
        self.substitutions: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.homophones: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, pairs: Iterable[Pair]) -> None:
        """Count the pairs of one line."""
        for one, other in pairs:
            if one:
                self.said[one.sound] += 1
            if one and other and one.sound != other.sound:
                self.substitutions[one.sound][other.sound] += 1
            elif one and other and one.character != other.character:
                self.homophones[one.character][other.character] += 1
            elif one and not other:
                self.deletions[one.sound] += 1
            elif other and not one:
                self.insertions[other.sound] += 1

    def rates(self) -> dict[str, float]:
        """Return each kind of error as a share of the syllables said."""
        said = self.said.total() or 1
        changed = sum(heard.total() for heard in self.substitutions.values())
        respelt = sum(heard.total() for heard in self.homophones.values())
        return {
            "substituted": round(changed / said, 4),
            "deleted": round(self.deletions.total() / said, 4),
            "inserted": round(self.insertions.total() / said, 4),
            "other_character": round(respelt / said, 4),
        }


def count(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what confusions.json holds, from the lines of heard.jsonl and unheard.jsonl."""
    total = Tally()
    grades: dict[str, Any] = {}
    for grade in GRADES:
        tally = Tally()
        mine = [line for line in lines if line["grade"] == grade]
        usable = [line for line in mine if line["heard"] and not is_loop(line["heard"])]
        for line in usable:
            pairs = aligned(line["text"], line["heard"])
            tally.add(pairs)
            total.add(pairs)
        cer = character_error_rate((line["text"], line["heard"]) for line in mine)
        usable_cer = character_error_rate((line["text"], line["heard"]) for line in usable)
        grades[grade] = {
            "lines": len(mine),
            "unheard": sum(not line["heard"] for line in mine),
            "loops": sum(is_loop(line["heard"]) for line in mine),
            "cer": None if cer is None else round(cer, 4),
            "cer_usable": None if usable_cer is None else round(usable_cer, 4),
            "syllables": tally.said.total(),
            **tally.rates(),
        }
    return {
        "grades": grades,
        "said": _sorted(total.said),
        "substitutions": {k: _sorted(v) for k, v in sorted(total.substitutions.items())},
        "deletions": _sorted(total.deletions),
        "insertions": _sorted(total.insertions),
        "homophones": {k: _sorted(v) for k, v in sorted(total.homophones.items())},
    }


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def written(found: Mapping[str, Any]) -> str:
    """Return `found` as JSON, one line for each entry of its tables."""
    tables = []
    for name, table in found.items():
        rows = [f"{json.dumps(k, ensure_ascii=False)}:{_compact(v)}" for k, v in table.items()]
        flat = name in ("said", "deletions", "insertions")
        tables.append(f'"{name}":{{' + (",".join(rows) if flat else "\n" + ",\n".join(rows)) + "}")
    return "{" + ",\n".join(tables) + "}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> int:
    """Write confusions.json and print a summary."""
    lines = [*read_lines(HEARD), *read_lines(UNHEARD)]
    found = count(lines)
    CONFUSIONS.write_text(written(found), "utf-8")
    for grade, values in found["grades"].items():
        print(grade, "  ".join(f"{name} {value}" for name, value in values.items()))
    substitutions = [
        (n, said, heard) for said, row in found["substitutions"].items() for heard, n in row.items()
    ]
    print("  ".join(f"{said}→{heard} {n}" for n, said, heard in sorted(substitutions)[:-41:-1]))
    for name in ("deletions", "insertions"):
        print(name, "  ".join(f"{sound} {n}" for sound, n in list(found[name].items())[:12]))
    counts = Counter(line["intent"] for line in lines)
    print("  ".join(f"{intent} {n}" for intent, n in sorted(counts.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
