"""Weak signs of danger: one alone is not enough, two or three of different sorts are.

People in danger seldom name it; they say that a hand is cold, that somebody only stares, that
nobody can lift the person. Each hint has a weight; an alarm needs the sum `SURE_FROM` in one kind
of danger, to which a cry for help and a sudden beginning add one each. The weights follow what
telephone triage asks first (the chief-complaint cards of emergency dispatch: breathing,
consciousness, colour, speech and limbs, bleeding) and were set by hand on the design half of
data/nlu, see docs/decisions/009.
"""

import re
from collections import Counter

from intake.understanding.safety.concepts import HINTS
from intake.understanding.safety.exclusions import EVERYDAY, excused, ordinary
from intake.understanding.spoken_text import Span

SURE_FROM = {"medical": 4, "trapped": 4, "violence": 4}
"""The sum from which hints become an alarm, by kind of danger; 3 for every other kind."""

_AT_LEAST = 3
"""The sum that the hints alone must reach: haste adds to signs, it doesn't replace them."""

PLEA = re.compile(
    "快来|快去|快派|赶紧|赶快|求求你|求你们?(?:快|先|派|上|来|救)|救[我命人]|教命|来人[啊呀哪吧呐]|上来一趟|过来看看|别挂|120|咋整|咋办|怎么办|急急|听我说|你们快[^,。!?]{0,4}[来把派]|hurry|help"
)
"""A cry for help; adds one to the sum."""

SUDDEN = re.compile(
    "突然|忽然|冷不丁|一下子|刚才|刚刚|这会儿|还好好的|又开始|不知咋的|suddenly|just now|right now"
)
"""A sudden beginning; adds one to the sum."""

WINDOW = 160
"""Code points within which hints belong together: about half a minute of speech."""


def hinted(text: str, calm: str) -> tuple[str, Span] | None:
    """Return the kind of danger that several hints together show, and the span of the weightiest.

    `calm` is the text with calming words respelled, of the same length. Linear in the length.
    """
    for start in range(0, max(1, len(text)), WINDOW // 2):
        low, high = start, min(len(text), start + WINDOW)
        found = _in_window(text[low:high], calm[low:high])
        if found:
            kind, (begin, end) = found
            return kind, (begin + low, end + low)
        if high == len(text):
            break
    return None


def _in_window(text: str, calm: str) -> tuple[str, Span] | None:
    if ordinary(text) or EVERYDAY.search(text):
        return None
    pressing = bool(PLEA.search(text)) + bool(SUDDEN.search(text))
    sums, best = weights(text, calm)
    for kind, weight in sums.most_common(1):
        sure = weight + pressing >= SURE_FROM.get(kind, _AT_LEAST)
        if sure and weight >= _AT_LEAST and best[kind][0] > 1:
            return kind, best[kind][1]
    return None


def weights(text: str, calm: str) -> tuple[Counter[str], dict[str, tuple[int, Span]]]:
    """The sum of the hints by kind, and the weight and the span of the weightiest of each kind."""
    sums: Counter[str] = Counter()
    best: dict[str, tuple[int, Span]] = {}
    for hint in HINTS:
        for match in hint.pattern.finditer(text):
            if excused(text, calm, match, hint.kind):
                continue
            sums[hint.kind] += hint.weight
            if hint.kind not in best or best[hint.kind][0] < hint.weight:
                best[hint.kind] = hint.weight, match.span()
            break
    return sums, best
