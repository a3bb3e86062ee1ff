"""Measure the readers on a labelled folder: `python tests/model/measure_readers.py DIR`.

DIR holds labels.jsonl with asr.jsonl, chat.jsonl, places.csv and optionally subsets.json. The
category is taken from the labels (`--category none` leaves it out), so that only the readers are
measured; with it, so is what would be decided without a person. `--verbose` lists every miss,
`--noise` mishears the labels' own words at random. `--places FILE` and `--times FILE` measure the
place and the time reader alone.
"""

import argparse
import json
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from intake.understanding.deciding import NON_SERVICE, decide
from intake.understanding.gazetteer import Gazetteer
from intake.understanding.hearing import Heard
from intake.understanding.phonetics import fuzzy, readings, syllables
from intake.understanding.place import read_place
from intake.understanding.reading import understand
from intake.understanding.values import Understanding, Window, window_to_json
from intake.understanding.when import find_times, overlap

FIELDS = ("place", "unit", "phone", "person", "when")
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


Item = dict[str, Any]
Tally = dict[str, list[int]]


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


def lines(path: Path) -> list[Item]:
    """Read one JSON object a line; an absent file is empty."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def said(understanding: Understanding, name: str) -> Any:
    """Return the plain value of one field."""
    field = getattr(understanding, name)
    return None if field is None else field.value


def window(label: dict[str, str]) -> Window:
    """Read a label's window."""
    return Window(datetime.fromisoformat(label["start"]), datetime.fromisoformat(label["end"]))


def is_right(name: str, label: Any, value: Any) -> bool:
    """Compare one field with its label."""
    if value is None:
        return False
    return overlap(window(label), value) >= 0.5 if name == "when" else bool(label == value)


@dataclass
class Part:
    """One part of the set: what is said, and what is known about it."""

    name: str
    items: list[Item]
    texts: dict[str, str]
    subsets: dict[str, list[str]]
    spoken: bool


def measure(part: Part, gazetteer: Gazetteer, *, verbose: bool, with_category: bool) -> None:
    """Print the table of one part."""
    tally: Tally = defaultdict(lambda: [0, 0])
    for item in part.items:
        text = part.texts[item["id"]]
        got = understand(
            text,
            received_at=datetime.fromisoformat(item["received_at"]),
            ranking=[(item["category"], 1.0)] if with_category else [],
            gazetteer=gazetteer,
            language=item["language"],
            words=[Spoken()] if part.spoken else (),
        )
        wrong = compare(item, got, text, tally)
        if item["id"] in part.subsets.get("near_miss", ()):
            count(tally, "emergency_false_near", got.urgency == "emergency")
        if with_category and item["category"] not in NON_SERVICE:
            decided = decide(got, ()).confirmed
            count(tally, "auto_share", decided)
            if decided:
                count(tally, "auto_error", any(not line.startswith("person") for line in wrong))
                wrong = [f"{line}  DECIDED" for line in wrong]
        if wrong and verbose:
            print(f"  {item['id']} {text}\n      " + "\n      ".join(wrong))
    print(f"\n{part.name}: {len(part.items)} items")
    for key, (hits, total) in sorted(tally.items()):
        goal = GOALS[part.name].get(key)
        share = hits / total
        verdict = ""
        if goal is not None:
            met = share >= goal if goal > 0 else share <= -goal
            verdict = f"{abs(goal)} {'met' if met else 'MISSED'}"
        print(f"  {key:24} {hits:4}/{total:<4} {share:6.3f}  {verdict}")


def count(tally: Tally, key: str, hit: bool) -> None:
    """Count one case, and whether it is a hit."""
    tally[key][0] += hit
    tally[key][1] += 1


def compare(item: Item, got: Understanding, text: str, tally: Tally) -> list[str]:
    """Count every field of one item; return a line for each that is wrong."""
    wrong = []
    emergency = got.urgency == "emergency"
    is_one = item["urgency"] == "emergency"
    count(tally, "emergency_recall" if is_one else "emergency_false", emergency)
    count(tally, "urgency_right", got.urgency == item["urgency"])
    if emergency != is_one or got.urgency != item["urgency"]:
        found = got.urgency_evidence
        why = text[slice(*found)] if found else ""
        wrong.append(f"urgency: {item['urgency']} -> {got.urgency} {why}")
    for name in FIELDS:
        label, value, field = item[name], said(got, name), getattr(got, name)
        if label is None:
            right = value is None
            count(tally, f"{name}_false", not right)
        else:
            right = is_right(name, label, value)
            count(tally, f"{name}_{'right' if name == 'when' else 'exact'}", right)
        if not right:
            shown = window_to_json(value) if isinstance(value, Window) else value
            sure = f"{field.confidence} {field.ambiguous or ''}" if field else ""
            wrong.append(f"{name}: {label} -> {shown} {sure}")
    return wrong


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
        spans = find_times(item["text"])
        texts = [item["text"][start:end].replace(" ", "") for start, end in spans]
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
        gazetteer = Gazetteer.from_csv(given.folder / "places.csv")
        subsets_path = given.folder / "subsets.json"
        subsets = json.loads(subsets_path.read_text("utf-8")) if subsets_path.exists() else {}
        heard = {item["id"]: item["hyp"] for item in lines(given.folder / "asr.jsonl")}
        for part, name in (("chat", "chat.jsonl"), ("voicemail", "labels.jsonl")):
            items = lines(given.folder / name)
            texts = {item["id"]: item["text"] for item in items}
            if part == "voicemail" and not given.said:
                texts |= heard
            if given.noise:
                chance = random.Random(given.seed)
                texts = {k: misheard(text, given.noise, chance) for k, text in texts.items()}
            spoken = part == "voicemail" or given.noise > 0
            measure(
                Part(part, items, texts, subsets.get(part, {}), spoken),
                gazetteer,
                verbose=given.verbose,
                with_category=given.category == "label",
            )
    if given.places:
        measure_places(given.places, given.verbose)
    if given.times:
        measure_times(given.times, given.verbose)


if __name__ == "__main__":
    main()
