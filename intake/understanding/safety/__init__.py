"""Rules that find words which mean that someone is in danger now.

They are rules, because a classifier that has never seen "浑身冒冷汗" calls it a repair. Patterns
are matched against the text and against its sound; a clause about the past, the television, a drill
or a figure of speech doesn't count.
"""

from dataclasses import dataclass

from intake.understanding.fields import Urgency
from intake.understanding.safety.doubt import doubted
from intake.understanding.safety.exclusions import (
    AT_ONCE,
    CALM_TALK,
    HEARD_AS_CALM,
    OLD_TALE,
    excused,
    harmless,
    ordinary,
)
from intake.understanding.safety.explanations import explained_kinds
from intake.understanding.safety.hints import hinted
from intake.understanding.safety.sound import sounding_like_danger
from intake.understanding.safety.urgency import pressing
from intake.understanding.safety.words import EMERGENCIES, HEARD_AS, URGENT
from intake.understanding.spoken_text import Heard, Span
from intake.understanding.values import Evidence

KINDS = (*EMERGENCIES, "trapped")
"""The kinds of danger."""


@dataclass(frozen=True, slots=True)
class Safety:
    """The danger that a text speaks of.

    `kind` is one of `KINDS` when `urgency` is "emergency", else None. `evidence`: the words that
    say so. `doubt`: words that leave a doubt whether somebody is in danger, when nothing is sure.
    `calm`: the text itself tells that what sounds like danger is none; `explained`: it even tells
    what it was instead. `chore`: it asks for a
    service or tells a habit, without haste.
    """

    urgency: Urgency
    kind: str | None
    evidence: Evidence
    doubt: Evidence = None
    calm: bool = False
    chore: bool = False
    explained: bool = False


def read_safety(heard: Heard) -> Safety:
    """Return the gravest danger that the text speaks of; "normal" when there is none."""
    view = HEARD_AS.respell(heard)
    calming = HEARD_AS_CALM.respell(heard)
    explained = explained_kinds(heard.text)
    found, urgent = _said(heard, view, calming, explained or frozenset())
    doubt = None
    if found is None:
        doubt = doubted(heard.text, calming)
        if doubt is not None and doubt.sure:
            found = doubt.kind, doubt.evidence
    if found is not None and not _told_calmly(heard.text, found[1]):
        return Safety("emergency", *found)
    urgent = urgent or pressing(heard.text)
    unsure = found[1] if found is not None else doubt.evidence if doubt is not None else None
    urgency: Urgency = "urgent" if urgent else "normal"
    return Safety(
        *(urgency, None, urgent, unsure),
        calm=harmless(heard.text),
        chore=ordinary(heard.text),
        explained=explained is not None,
    )


def _told_calmly(text: str, words: Span) -> bool:
    """Whether the text says near `words` that it is the television, a drill or a joke, or before
    them that it was in the last century."""
    if OLD_TALE.search(text, max(0, words[0] - 60), words[0]) and not AT_ONCE.search(text):
        return True
    return CALM_TALK.search(text, max(0, words[0] - 60), words[1] + 60) is not None


def _said(
    heard: Heard, view: str, calming: str, explained: frozenset[str]
) -> tuple[tuple[str, Span] | None, Evidence]:
    """The kind and the words of an emergency, if one is said that isn't of a kind `explained`, and
    the words of something urgent."""
    urgent: Evidence = None
    for text in dict.fromkeys((heard.text, view)):
        # Combine both respellings; where both change a character, the calming words win.
        both = zip(text, calming, heard.text, strict=True)
        calm = "".join(c if c != original else t for t, c, original in both)
        for kind, patterns in EMERGENCIES.items():
            if kind in explained:
                continue
            for pattern in patterns:
                for match in pattern.finditer(text):
                    if not excused(text, calm, match, kind):
                        return (kind, match.span()), urgent
        for pattern in URGENT:
            for match in pattern.finditer(text):
                if urgent is None and not excused(text, calm, match, "urgent"):
                    urgent = match.span()
        found = hinted(text, calm)
        if found and found[0] not in explained:
            return found, urgent
    for kind, match in sounding_like_danger(heard):
        if kind not in explained and not excused(heard.text, calming, match, kind):
            return (kind, match.span()), urgent
    return None, urgent
