"""Compares what was understood with the labels, as counts, shares and intervals. Pure.

The measures, each a share 0..1 of the labelled cases:

``category_top1`` ``category_top3``   right category first, or among the first three; not scored for
                                      an emergency, where only the alarm counts
``emergency_recall``                  emergencies that were found
``emergency_false``                   flagged as emergencies, of all that are none
``emergency_false_near``              flagged as emergencies, of those that only sound like one
``emergency_noticed``                 emergencies that were found or are to be listened to first
``listen_first``                      to be listened to first, of all that are no emergencies
``urgency_right``                     right urgency
``place_exact`` … ``phone_exact``     right value, of those where one was said: for each field that
                                      has a reader
``when_right``                        the same; right if intersection over union is at least 0.5
``place_false`` … ``phone_false``     a value understood, of those where none was said
``auto_share``                        decided without a person, of the service requests
``auto_error``                        of everything decided without a person: any of category,
                                      place, unit, when, phone wrong, or an emergency
``ece``                               expected calibration error of the category's confidence, over
                                      ten bins of equal width (Naeini et al. 2015)
``cer``                               character errors ÷ characters, over all recordings together
                                      whose text is labelled
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from rapidfuzz.distance import Levenshtein

from intake.evaluation.dataset import Item, Labels
from intake.understanding.confidence import NON_SERVICE
from intake.understanding.fields import BY_NAME, FIELDS, READ, READ_NAMES
from intake.understanding.numerals import ENGLISH, NUMERAL, number
from intake.understanding.readers import LISTEN_FIRST
from intake.understanding.simplified import plain
from intake.understanding.values import Understanding, Window, window_to_json
from intake.understanding.when import overlap

if TYPE_CHECKING:
    from intake.evaluation.dialogues import Held

RIGHT_OVERLAP = 0.5
BINS = 10
# Quantile of the normal distribution for a 95 % interval.
Z = 1.959964


def _hit(name: str) -> str:
    """The measure of a field that was said: windows need only overlap."""
    return f"{name}_{'right' if BY_NAME[name].is_window else 'exact'}"


SHARES = (
    "category_top1", "category_top3",
    "emergency_noticed", "emergency_recall", "emergency_false", "emergency_false_near",
    "listen_first", "urgency_right",
    *(measure for row in READ for measure in (_hit(row.name), f"{row.name}_false")),
    "auto_share", "auto_error",
)  # fmt: skip
"""Measures that are shares of a count, in the order in which they are shown."""
FIGURES = ("ece", "cer", "seconds_median")
"""Measures that are no shares of a count."""
OF_DIALOGUES = ("all_fields_right", "questions_per_missing_field")


@dataclass(frozen=True, slots=True)
class Answer:
    """The result for one item.

    `heard`: the transcription, or the typed text. `confirmed`: decided without a person.
    `seconds`: from the file to the decision. `engine`: the recogniser that heard it; None for
    typed text and where nothing was recognised.
    """

    item: Item
    heard: str
    understanding: Understanding
    urgency: str
    confirmed: bool
    seconds: float = 0.0
    remark: str | None = None
    engine: str | None = None

    @property
    def listen_first(self) -> bool:
        """Is it no alarm, but marked as possible danger, to be listened to before all others?"""
        doubt = any(reason.code == LISTEN_FIRST for reason in self.understanding.reasons)
        return doubt and self.urgency != "emergency"


@dataclass(slots=True)
class Tally:
    """Hits and cases of each measure."""

    counts: dict[str, tuple[int, int]] = field(default_factory=dict)

    def count(self, key: str, hit: bool) -> None:
        """One more case of this measure, and whether it is a hit."""
        hits, cases = self.counts.get(key, (0, 0))
        self.counts[key] = (hits + hit, cases + 1)

    def share(self, key: str) -> float | None:
        """Hits ÷ cases; None when there is no case."""
        hits, cases = self.counts.get(key, (0, 0))
        return hits / cases if cases else None


@dataclass(frozen=True, slots=True)
class Score:
    """The measures of one part of a set. `n`: number of items. `figures`: measures that are no
    shares. `misses`: a text for each item that was understood wrongly. `kinds`: how often each kind
    of miss occurred, and how often in an item that was decided without a person."""

    n: int
    tally: Tally
    figures: dict[str, float | None]
    misses: tuple[str, ...] = ()
    kinds: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def to_json(self) -> dict[str, float | int | None]:
        """Measure → value; null where nothing is labelled."""
        shares = {key: self.tally.share(key) for key in SHARES}
        others = {key: self.figures.get(key) for key in (*FIGURES, *OF_DIALOGUES)}
        return {"n": self.n, **shares, **others}

    def kinds_to_json(self) -> list[dict[str, str | int]]:
        """The kinds of misses, the most frequent first: ``kind``, ``count``, ``decided``."""
        rows = sorted(self.kinds.items(), key=lambda row: (-row[1][0], row[0]))
        return [{"kind": kind, "count": n, "decided": d} for kind, (n, d) in rows]


def score(answers: Sequence[Answer], near_misses: frozenset[str], *, spoken: bool) -> Score:
    """Compare the answers of one part with its labels.

    `near_misses`: ids of items that only sound like an emergency. `spoken`: also compute ``cer``.
    """
    tally = Tally()
    misses: list[str] = []
    kinds: Counter[str] = Counter()
    decided: Counter[str] = Counter()
    for answer in answers:
        wrong = compare_fields(answer.item, answer.understanding, tally)
        wrong = [*_compare_kind(answer, tally, near_misses), *wrong]
        _compare_decision(answer, wrong, tally)
        found = [kind_of_miss(line) for line in wrong]
        kinds.update(found)
        decided.update(found if answer.confirmed else ())
        if answer.remark:
            wrong.append(answer.remark)
        if wrong:
            misses.append(_miss(answer, wrong))
    figures: dict[str, float | None] = {"ece": _calibration_error(answers)}
    if spoken and answers:
        figures["cer"] = character_error_rate(
            (a.item.text, a.heard) for a in answers if a.item.labelled("text")
        )
        figures["seconds_median"] = median(a.seconds for a in answers)
    by_kind = {kind: (count, decided[kind]) for kind, count in kinds.items()}
    return Score(len(answers), tally, figures, tuple(misses), by_kind)


def is_wrong(answer: Answer) -> bool:
    """Would it be wrong to decide this without a person: is the category or a field that decides
    not the labelled one, or is it an emergency?"""
    tally = Tally()
    wrong = compare_fields(answer.item, answer.understanding, tally)
    wrong += _compare_kind(answer, tally, frozenset())
    return _is_wrong(answer, wrong)


def _is_wrong(answer: Answer, wrong: Sequence[str]) -> bool:
    decisive = any(not line.startswith(_UNDECISIVE) for line in wrong)
    return decisive or answer.item.urgency == "emergency"


def kind_of_miss(line: str) -> str:
    """The kind of a miss that `compare_fields` or the category's comparison describes.

    A field was missed, invented, or got another value; of category and urgency both are named.
    """
    name, _, values = line.partition(": ")
    label, _, got = values.partition(" → ")
    if name in ("category", "urgency"):
        return f"{name} {label} → {got.split(' ')[0]}"
    if label == "null":
        return f"{name} invented"
    return f"{name} missed" if got.startswith("null") else f"{name} other"


def compare_fields(labels: Labels, got: Understanding, tally: Tally) -> list[str]:
    """Count every labelled field; return a line for each that is wrong."""
    wrong = []
    for name in READ_NAMES:
        if not labels.labelled(name):
            continue
        label, found = labels.label(name), got.get(name)
        value = found.value if found else None
        if label is None:
            right = value is None
            tally.count(f"{name}_false", not right)
        else:
            right = is_right(name, label, value)
            tally.count(_hit(name), right)
        if not right:
            doubt = f" ({found.confidence:.2f}{', ambiguous' * found.ambiguous})" if found else ""
            wrong.append(f"{name}: {_shown(label)} → {_shown(value)}{doubt}")
    return wrong


def is_right(name: str, label: Any, value: Any) -> bool:
    """Does the value of a field fit its label? Time windows need only overlap (`RIGHT_OVERLAP`)."""
    if value is None:
        return False
    if BY_NAME[name].is_window:
        return overlap(label.window, value) >= RIGHT_OVERLAP
    return bool(label == value)


_UNDECISIVE = tuple(f"{row.name}:" for row in FIELDS if not row.decisive)


def _compare_kind(answer: Answer, tally: Tally, near_misses: frozenset[str]) -> list[str]:
    """Category and urgency."""
    item, got, wrong = answer.item, answer.understanding, []
    emergency = item.urgency == "emergency"
    if item.category is not None and not emergency:
        codes = [code for code, _ in got.category_ranking[:3]]
        tally.count("category_top1", got.category == item.category)
        tally.count("category_top3", item.category in codes)
        if got.category != item.category:
            ranked = " ".join(f"{code} {share:.2f}" for code, share in got.category_ranking[:3])
            wrong.append(f"category: {item.category} → {ranked or 'none'}")
    if item.labelled("urgency"):
        flagged = answer.urgency == "emergency"
        first = answer.listen_first
        if emergency:
            tally.count("emergency_recall", flagged)
            tally.count("emergency_noticed", flagged or first)
        else:
            tally.count("emergency_false", flagged)
            tally.count("listen_first", first)
        if item.id in near_misses:
            tally.count("emergency_false_near", flagged)
        tally.count("urgency_right", answer.urgency == item.urgency)
        if answer.urgency != item.urgency:
            evidence = got.urgency_evidence
            words = f" “{answer.heard[slice(*evidence)]}”" if evidence else ""
            wrong.append(f"urgency: {item.urgency} → {answer.urgency}{words}")
    return wrong


def _compare_decision(answer: Answer, wrong: Sequence[str], tally: Tally) -> None:
    category = answer.item.category
    if category is not None and category not in NON_SERVICE:
        tally.count("auto_share", answer.confirmed)
    if answer.confirmed:
        tally.count("auto_error", _is_wrong(answer, wrong))


def _calibration_error(answers: Iterable[Answer]) -> float | None:
    """Expected calibration error: mean |confidence - accuracy| over `BINS` bins, weighted by the
    number of answers in each."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for answer in answers:
        item, got = answer.item, answer.understanding
        if item.category is not None and item.urgency != "emergency":
            confidence = got.category_confidence
            at = min(int(confidence * BINS), BINS - 1)
            bins[at].append((confidence, got.category == item.category))
    cases = sum(map(len, bins))
    if not cases:
        return None
    return sum(abs(sum(c for c, _ in b) - sum(r for _, r in b)) for b in bins) / cases


def wilson(hits: int, cases: int, z: float = Z) -> tuple[float, float]:
    """The interval of a share (Wilson 1927), by default of 95 %; (0, 1) without cases.

    `z`: the normal distribution's quantile for another interval.
    """
    if not cases:
        return 0.0, 1.0
    share, spread = hits / cases, z * z / cases
    middle = share + spread / 2
    half = z * math.sqrt(share * (1 - share) / cases + spread / (4 * cases))
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


_NUMERAL = re.compile(NUMERAL)
_ENGLISH = re.compile(rf"\b(?:{'|'.join(sorted(ENGLISH, key=len, reverse=True))})\b")


def bare(text: str) -> str:
    """The text as it is compared for the character error rate: in simplified characters and lower
    case, numbers in Arabic digits, without punctuation, symbols and spaces."""
    text = _ENGLISH.sub(lambda m: str(ENGLISH[m[0]]), plain(text))
    text = _NUMERAL.sub(_in_digits, text)
    return "".join(c for c in text if unicodedata.category(c)[0] not in "PSZC")


def _in_digits(match: re.Match[str]) -> str:
    said = match[0]
    # Digits first: a number would lose its leading zeros, and 幺三九 are digits and no number.
    spelt = said.translate(_DIGITS)
    if spelt.isascii():
        return spelt
    value = number(said)
    return said if value is None else str(value)


_DIGITS = str.maketrans("零〇一二两三四五六七八九幺", "0012234567891")


def character_error_rate(pairs: Iterable[tuple[str, str]]) -> float | None:
    """Edits ÷ characters, over all (said, transcribed) pairs; None without characters."""
    edits = characters = 0
    for said, heard in pairs:
        wanted = bare(said)
        edits += Levenshtein.distance(wanted, bare(heard))
        characters += len(wanted)
    return edits / characters if characters else None


def _miss(answer: Answer, wrong: Sequence[str]) -> str:
    decided = "  DECIDED" if answer.confirmed else ""
    lines = [f"{answer.item.id}{decided}  {answer.heard or '(nothing)'}"]
    if answer.item.labelled("text") and answer.heard != answer.item.text:
        lines.append(f"    said: {answer.item.text}")
    return "\n".join([*lines, *(f"    {line}" for line in wrong)])


def _shown(value: Any) -> str:
    window = value if isinstance(value, Window) else getattr(value, "window", None)
    if window is not None:
        return "–".join(window_to_json(window).values())
    return "null" if value is None else str(value)


def score_dialogues(held: Sequence[Held]) -> Score:
    """The share of dialogues that end with every labelled field right, and the mean number of
    questions for each missing field.

    The category is not compared in an emergency, where only the alarm counts. A field counts as
    missing when it was asked for at least once.
    """
    misses: list[str] = []
    right = 0
    questions = missing = 0
    for one in held:
        wrong = _wrong(one)
        right += not wrong
        questions += sum(one.questions.values())
        missing += len(one.questions)
        if wrong:
            lines = [f"    {text} → {' / '.join(answers)}" for text, answers in one.turns]
            misses.append("\n".join([one.dialogue.id, *lines, *(f"    {w}" for w in wrong)]))
    figures: dict[str, float | None] = {
        "all_fields_right": right / len(held) if held else None,
        "questions_per_missing_field": questions / missing if missing else None,
    }
    return Score(len(held), Tally(), figures, tuple(misses))


def _wrong(held: Held) -> list[str]:
    expected = held.dialogue.expect
    names = ["urgency", *READ_NAMES]
    if expected.urgency != "emergency":
        names.append("category")
    wrong = []
    for name in names:
        if not expected.labelled(name):
            continue
        label, found = expected.label(name), held.found.get(name)
        if BY_NAME[name].is_window and found is not None:
            found = Window(*found)
        right = found is None if label is None else is_right(name, label, found)
        if not right:
            wrong.append(f"{name}: {_shown(label)} → {_shown(found)}")
    return wrong
