"""What people deny, take back or leave open: 不是X，是Y; X，不对，Y; X停机了; X还是Y.

One treatment for the values of all kinds. What is denied or taken back can never be the value; of
two that are left open neither is sure.
"""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import itertools
import re
from collections.abc import Sequence
from enum import Enum

from intake.understanding.spoken_text import Span

CORRECTION = re.compile(
    "不对|错了|[说写打搞弄看记听报念][错岔混]|[哦噢啊喔呃]不|不不|改[成到为回]|又改|换[成到]|应该是|且慢|慢着|记性|糊涂"
    "|sorry|no,|no wait|\\bwait\\b|actually|i mean|correction"
)
"""Words between two values that take the first one back."""
_NOT_BEFORE = re.compile(
    "(?:不是|不叫|不姓|并非|绝不是|除了|(?<![特分区告识])别|莫|甭|勿|不要|(?<!能)不能|不用|不许|not|rather than|instead of)"
    "(?:再|又|给我?|我的?|我家的?|打|拨|去|到|送|派|叫|喊|写|记|登记|成|作|来|在|姓|往|找|约|错|那个|这个|原来的?|call(?:ing)?|use|the|number|on|\\s){0,4}"
    '[\\s“"「:：]{0,2}$'
)
_NOT_AFTER = re.compile(
    '[\\s,，”"」]{0,2}(?:那|这)?(?:个|一?个号码?|号码?|边)?的?(?:是|早|已经?|都|也|就)?(?:不对(?!劲)|不是(?:的|了|我)|错[了的]|写错|停机|注销|打不通|不通|作废|没(?:在)?用了?|不用了|不要了|关机|坏了|欠费'
    "|是?(?:旧|老|原来的?|以前的?|从前的?)(?:的|号码?|手机|电话|地址)|换[了掉]|is (?:old|wrong|not mine|dead|no longer)|was wrong)"
)
_EITHER = re.compile(
    "[\\s,，]{0,2}(?:还是|或者?是?|要么|抑或|\\bor\\b)[\\s,，]{0,2}(?:是|在|the)?\\s{0,2}"
)
_REACH = 24
"""Characters between two values within which the second may take the first back."""


class Stance(Enum):
    """How a value is meant: it `HOLDS`, is `DENIED` or `TAKEN_BACK`, or is one of two left `OPEN`."""

    HOLDS = "holds"
    DENIED = "denied"
    TAKEN_BACK = "taken back"
    OPEN = "open"


GONE = frozenset((Stance.DENIED, Stance.TAKEN_BACK))
"""The stances in which something can't be the value."""


def stances(text: str, spans: Sequence[Span]) -> list[Stance]:
    """How each of the values of one kind at `spans`, in the order of the text, is meant.

    A value said again where it is denied (三楼402，不是402) is denied wherever it stands. Linear in
    the length of the text.
    """
    found = [Stance.HOLDS] * len(spans)
    for index, (start, end) in enumerate(spans):
        low = spans[index - 1][1] if index else 0
        high = spans[index + 1][0] if index + 1 < len(spans) else len(text)
        lead, rest = text[max(low, start - 16) : start], text[end : min(high, end + 16)]
        if _NOT_BEFORE.search(lead) or _NOT_AFTER.match(rest):
            found[index] = Stance.DENIED
    denied = {text[slice(*span)] for span, one in zip(spans, found, strict=True) if one in GONE}
    held = [
        index
        for index, span in enumerate(spans)
        if found[index] is Stance.HOLDS and text[slice(*span)] not in denied
    ]
    found = [one if one in GONE or at in held else Stance.DENIED for at, one in enumerate(found)]
    taken_back = 0
    for one, other in itertools.pairwise(held):
        between = text[spans[one][1] : spans[other][0]]
        if _EITHER.fullmatch(between):
            found[one] = found[other] = Stance.OPEN
        elif len(between) <= _REACH and CORRECTION.search(between):
            taken_back = other
    for index in range(taken_back):
        if found[index] is not Stance.DENIED:
            found[index] = Stance.TAKEN_BACK
    return found
