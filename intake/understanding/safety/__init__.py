"""Rules that find words which mean that someone is in danger now.

They are rules, because a classifier that has never seen "浑身冒冷汗" calls it a repair. Patterns
are matched against the text and against its sound; a clause about the past, the television, a drill
or a figure of speech doesn't count.
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
"""The kinds of danger."""


@dataclass(frozen=True, slots=True)
class Safety:
    """The danger that a text speaks of.

    `kind` is one of `KINDS` when `urgency` is "emergency", else None. `evidence`: the words that
    say so.
    """

    urgency: Urgency
    kind: str | None
    evidence: Evidence


def read_safety(heard: Heard) -> Safety:
    """Return the gravest danger that the text speaks of; "normal" when there is none."""
    view = HEARD_AS.respell(heard)
    calming = HEARD_AS_CALM.respell(heard)
    urgent: Evidence = None
    for text in dict.fromkeys((heard.text, view)):
        # Combine both respellings; where both change a character, the calming words win.
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
