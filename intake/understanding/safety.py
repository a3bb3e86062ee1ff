"""Life and limb first: which words mean that someone is in danger now.

Deterministic, because a classifier that has never seen "浑身冒冷汗" calls it a repair. Patterns
are matched on what was written and again on what it sounds like; a clause about the past, the
television, a drill or a figure of speech doesn't count.
"""

import re
from dataclasses import dataclass

from intake.understanding.hearing import Heard
from intake.understanding.safety_sound import sounding_like_danger
from intake.understanding.safety_words import (
    EMERGENCIES,
    FIGURES_OF_SPEECH,
    HARMLESS,
    HEARD_AS,
    HEARD_AS_CALM,
    LIKENESS,
    NOT_NOW,
    UNHARMED,
    URGENT,
)
from intake.understanding.values import Evidence, Urgency

KINDS = tuple(EMERGENCIES)
"""The dangers that are told apart."""

_FELT = ("medical", "fall", "gas", "electric")


@dataclass(frozen=True, slots=True)
class Safety:
    """What the words say about danger: `kind` is one of KINDS when `urgency` is "emergency"."""

    urgency: Urgency
    kind: str | None
    evidence: Evidence


def read_safety(heard: Heard) -> Safety:
    """Return the danger that the text speaks of, the gravest first; "normal" when there is none."""
    view = HEARD_AS.respell(heard)
    calming = HEARD_AS_CALM.respell(heard)
    urgent: Evidence = None
    for text in dict.fromkeys((heard.text, view)):
        # Both respellings at once, the calming words last.
        both = zip(text, calming, heard.text, strict=True)
        calm = "".join(c if c != original else t for t, c, original in both)
        for kind, patterns in EMERGENCIES.items():
            for pattern in patterns:
                for match in pattern.finditer(text):
                    if not _excused(text, calm, match, kind):
                        return Safety("emergency", kind, match.span())
        for pattern in URGENT:
            for match in pattern.finditer(text):
                if urgent is None and not _excused(text, calm, match, "urgent"):
                    urgent = match.span()
    for kind, match in sounding_like_danger(heard):
        if not _excused(heard.text, calming, match, kind):
            return Safety("emergency", kind, match.span())
    return Safety("urgent" if urgent else "normal", None, urgent)


def _excused(text: str, calm: str, match: re.Match[str], kind: str) -> bool:
    """Whether the words around make it harmless; `calm` is the text with such words respelled."""
    around = text[max(0, match.start() - 24) : match.end() + 16]
    if UNHARMED.search(text[match.start() : match.end()]):
        return True
    if any(pattern.search(around) for pattern in FIGURES_OF_SPEECH):
        return True
    if kind not in _FELT and LIKENESS.search(around):
        return True
    for spelled in (text, calm):
        before = spelled[max(0, match.start() - 24) : match.start()]
        after = spelled[match.end() : match.end() + 40]
        if NOT_NOW[_before(kind)].search(before) or NOT_NOW["after"].match(after):
            return True
    low, high = max(0, match.start() - 60), match.end() + 60
    return any(
        pattern.search(spelled[low:high])
        for pattern in HARMLESS.get(kind, ())
        for spelled in (text, calm)
    )


def _before(kind: str) -> str:
    # "如果…我就跳楼" is a threat to life, not a supposition.
    return "before_self_harm" if kind == "self_harm" else "before"
