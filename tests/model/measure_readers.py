"""Measure the readers on a labelled folder: `python tests/model/measure_readers.py DIR`.

DIR holds labels.jsonl with asr.jsonl, chat.jsonl, places.csv and optionally subsets.json. The
category is taken from the labels (`--category none` leaves it out), so that only the readers are
measured; with it, so is what would be decided without a person. `--verbose` lists every miss,
`--noise` mishears the labels' own words at random. `--places FILE` and `--times FILE` measure the
place and the time reader alone.
"""

import argparse
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intake.catalogue.services import load_catalogue
from intake.evaluation.dataset import LabelledSet, objects, read
from intake.evaluation.metrics import Answer, score
from intake.settings import ROOT
from intake.understanding.confidence import NON_SERVICE, decide
from intake.understanding.gazetteer import Gazetteer
from intake.understanding.phonetics import fuzzy, readings, syllables
from intake.understanding.place import read_place
from intake.understanding.readers import understand
from intake.understanding.spoken_text import Heard
from intake.understanding.when_chinese import find_moments

UNARRANGED = load_catalogue(ROOT / "data" / "services").unarranged
GOALS = {
    "voicemail": {
        "emergency_recall": 1.0, "emergency_false": -0.02, "emergency_false_near": -0.0,
        "place_exact": 0.88, "place_false": -0.05, "unit_exact": 0.85, "unit_false": -0.05,
        "when_right": 0.85, "when_false": -0.07, "phone_exact": 0.75, "phone_false": -0.02,
        "person_exact": 0.60, "auto_share": 0.40, "auto_error": -0.03,
    },
    "chat": {
        "emergency_recall": 1.0, "emergency_false": -0.01, "emergency_false_near": -0.07,
        "place_exact": 0.95, "place_false": -0.03, "unit_exact": 0.95, "unit_false": -0.03,
        "when_right": 0.90, "when_false": -0.04, "phone_exact": 0.98, "phone_false": -0.01,
        "person_exact": 0.85, "auto_share": 0.60, "auto_error": -0.02,
    },
}  # fmt: skip


@dataclass
class Spoken:
    """A recognised word: it only has to be there, asr.jsonl holds no confidences."""

    start: float = 0.0
    confidence: float | None = None


def common_homophones() -> dict[str, str]:
    """Group the 3,755 commonest characters (GB 2312 level 1) by sound."""
    groups: dict[str, str] = defaultdict(str)
    for row in range(0xB0, 0xD8):
        for cell in range(0xA1, 0xFF):
            try:
                character = bytes((row, cell)).decode("gb2312")
            except UnicodeDecodeError:
                continue
            for sound in readings(character)[:1]:
                groups[fuzzy(sound)] += character
    return groups


def misheard(text: str, share: float, chance: random.Random) -> str:
    """Replace a share of the Han characters by others that sound about the same."""
    spoken = {item.start: item.sound for item in syllables(text)}
    return "".join(
        chance.choice(HOMOPHONES.get(fuzzy(spoken[i]), c) or c)
        if i in spoken and not c.isascii() and chance.random() < share
        else c
        for i, c in enumerate(text)
    )


def measure(
    part: str,
    found: LabelledSet,
    texts: dict[str, str],
    *,
    spoken: bool,
    verbose: bool,
    with_category: bool,
) -> None:
    """Print the table of one part. `texts`: what was heard or typed, by id."""
    answers = []
    for item in getattr(found, part):
        text = texts.get(item.id, item.text)
        got = understand(
            text,
            received_at=item.received_at,
            ranking=[(item.category, 1.0)] if with_category else [],
            gazetteer=found.gazetteer,
            language=item.language,
            words=[Spoken()] if spoken else (),
            unarranged=UNARRANGED,
        )
        decided = with_category and item.category not in NON_SERVICE and decide(got, ()).confirmed
        answers.append(Answer(item, text, got, got.urgency, decided))
    near_misses = found.subsets.get(part, {}).get("near_miss", frozenset())
    result = score(answers, near_misses, spoken=spoken)
    if verbose:
        print("\n".join(result.misses))
    print(f"\n{part}: {result.n} items")
    for key, (hits, total) in sorted(result.tally.counts.items()):
        if key.startswith("category") or (key.startswith("auto") and not with_category):
            continue
        goal = GOALS[part].get(key)
        share = hits / total
        verdict = ""
        if goal is not None:
            met = share >= goal if goal > 0 else share <= -goal
            verdict = f"{abs(goal)} {'met' if met else 'MISSED'}"
        print(f"  {key:24} {hits:4}/{total:<4} {share:6.3f}  {verdict}")


def lines(path: Path) -> list[dict[str, Any]]:
    """Read one JSON object a line; an absent file is empty."""
    return [found for _, found in objects(path)] if path.exists() else []


def measure_places(path: Path, verbose: bool) -> None:
    """Find each place among all places of the set, from what a recogniser made of the request."""
    items = lines(path)
    gazetteer = Gazetteer.from_rows((name, "building", "", ()) for name in
                                    sorted({item["place"] for item in items}))  # fmt: skip
    parts = {"heard right": [0, 0, 0], "misheard": [0, 0, 0]}
    for item in items:
        field = read_place(Heard.of(item["recognised"], spoken=True), gazetteer)
        right = field is not None and field.value == item["place"]
        part = parts["heard right" if item["place"] in item["recognised"] else "misheard"]
        part[0] += right
        part[1] += 1
        part[2] += bool(field and not right and not field.ambiguous and field.confidence >= 0.75)
        if not right and verbose:
            shown = (field.value, field.confidence) if field else None
            print(f"  {item['recognised']} | {item['place']} -> {shown}")
    for name, (hits, total, sure) in parts.items():
        print(f"places {name}: {hits}/{total} = {hits / total:.3f}, surely wrong {sure}")


def measure_times(path: Path, verbose: bool) -> None:
    """Say how many of the labelled time expressions are found, and how many others."""
    hits = total = spurious = 0
    for item in lines(path):
        found = find_moments(Heard.of(item["text"]).text)
        texts = [item["text"][m.start : m.end].replace(" ", "") for m in found]
        for label in item["times"]:
            total += 1
            hit = any(t in label or label in t for t in texts)
            hits += hit
            if not hit and verbose:
                print(f"  {item['text']} {label} -> {texts}")
        more = [t for t in texts if not any(t in label or label in t for label in item["times"])]
        spurious += len(more)
        if more and verbose:
            print(f"  {item['text']} {item['times']} also {more}")
    print(f"times found: {hits}/{total} = {hits / total:.3f}, others found: {spurious}")


HOMOPHONES = common_homophones()


def main() -> None:
    """Measure what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--places", type=Path)
    parser.add_argument("--times", type=Path)
    parser.add_argument("--category", choices=("label", "none"), default="label")
    parser.add_argument("--said", action="store_true", help="read the labels' text, not asr.jsonl")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--noise", type=float, default=0.0, help="share of characters misheard")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.folder:
        found = read(given.folder, frozenset())
        heard = {item["id"]: item["hyp"] for item in lines(given.folder / "asr.jsonl")}
        for part in ("chat", "voicemail"):
            texts = {item.id: item.text for item in getattr(found, part)}
            if part == "voicemail" and not given.said:
                texts |= heard
            if given.noise:
                chance = random.Random(given.seed)
                texts = {k: misheard(text, given.noise, chance) for k, text in texts.items()}
            measure(
                part,
                found,
                texts,
                spoken=part == "voicemail" or given.noise > 0,
                verbose=given.verbose,
                with_category=given.category == "label",
            )
    if given.places:
        measure_places(given.places, given.verbose)
    if given.times:
        measure_times(given.times, given.verbose)


if __name__ == "__main__":
    main()
