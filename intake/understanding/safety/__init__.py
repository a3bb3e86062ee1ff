"""Life and limb first: which words mean that someone is in danger now.

Deterministic, because a classifier that has never seen "浑身冒冷汗" calls it a repair. Patterns
are matched on what was written and again on what it sounds like; a clause about the past, the
television, a drill or a figure of speech doesn't count.
"""

from dataclasses import dataclass

from intake.understanding.fields import Urgency
from intake.understanding.safety.exclusions import HEARD_AS_CALM, excused
from intake.understanding.safety.hints import hinted
from intake.understanding.safety.sound import sounding_like_danger
from intake.understanding.safety.words import EMERGENCIES, HEARD_AS, URGENT
from intake.understanding.spoken_text import Heard
from intake.understanding.values import Evidence

KINDS = (*EMERGENCIES, "trapped")
"""The dangers that are told apart."""


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
                    if not excused(text, calm, match, kind):
                        return Safety("emergency", kind, match.span())
        for pattern in URGENT:
            for match in pattern.finditer(text):
                if urgent is None and not excused(text, calm, match, "urgent"):
                    urgent = match.span()
        found = hinted(text, calm)
        if found:
            return Safety("emergency", *found)
    for kind, match in sounding_like_danger(heard):
        if not excused(heard.text, calming, match, kind):
            return Safety("emergency", kind, match.span())
    return Safety("urgent" if urgent else "normal", None, urgent)
