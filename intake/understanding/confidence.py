"""Whether a message was understood well enough to act without an operator, and if not, why.

The reasons are sentences, in Chinese and English, that tell an operator what to check.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from intake.understanding.fields import BY_NAME, READ, RequestField
from intake.understanding.values import Reason, Understanding

NON_SERVICE = frozenset(
    ("query_status", "cancel_request", "feedback", "handoff", "greet", "thanks", "affirm", "deny",
     "inform", "out_of_scope")
)  # fmt: skip
"""Intents that ask for no service: an operator reads such a message, no backend gets it."""


NEVER = 1.0
"""The threshold of the category with which no message is decided without a person, unless its
writer confirmed what was read back."""
SEEMS_SURE = 0.7
"""The confidence of a category from which operators are not shown other ones first."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The least confidence, 0..1, with which a request goes out without an operator.

    `category`: for written text; `category_spoken`: for a transcript; `by_category`: for single
    categories, by code. `fields`: for fields, by name, where the declared value
    (`RequestField.least`) is not wanted. A field below its threshold sends the request to an
    operator even when the category doesn't require it: a wrong address is worse than none. The
    values are those above which next to nothing was wrong on the labelled sets
    (docs/decisions/010-sure-enough.md).
    """

    category: float = 0.6
    category_spoken: float = 0.7
    by_category: Mapping[str, float] = field(default_factory=dict)
    fields: Mapping[str, float] = field(default_factory=dict)

    def of(self, name: str) -> float:
        """The least confidence of a field, 0..1."""
        return self.fields.get(name, BY_NAME[name].least)


@dataclass(frozen=True, slots=True)
class Decision:
    """`confirmed`, or else the `reasons` why an operator must check the request."""

    confirmed: bool
    reasons: tuple[Reason, ...] = ()


def decide(
    understanding: Understanding,
    required: Collection[str],
    thresholds: Thresholds | None = None,
    *,
    spoken: bool = False,
) -> Decision:
    """Decide whether the request may go out without an operator.

    `required` are the names of the fields without which the category can't be routed; `spoken`
    says that the text is a transcript. An emergency, a non-service intent, an unknown category and
    an ambiguous field are never confirmed.
    """
    limits = thresholds or Thresholds()
    least = limits.category_spoken if spoken else limits.category
    reasons = [*understanding.reasons, *_category(understanding, limits, least)]
    for row in READ:
        reasons.extend(_field(row, understanding, row.name in required, limits.of(row.name)))
    if understanding.urgency == "emergency" and not any(r.code == "life_safety" for r in reasons):
        reasons.insert(0, Reason("life_safety", "可能有危险", "Someone may be in danger"))
    return Decision(not reasons, tuple(reasons))


def _category(understanding: Understanding, limits: Thresholds, least: float) -> Iterator[Reason]:
    category, share = understanding.category, understanding.category_confidence
    if category is None:
        yield Reason("category_unknown", "没听出要什么服务", "The kind of need is not known")
    elif category in NON_SERVICE:
        yield Reason(
            "not_a_service",
            "这不是服务请求，请人工回复",
            "This asks for no service: please answer it",
        )
    elif limits.by_category.get(category, least) == NEVER and SEEMS_SURE <= share < NEVER:
        yield Reason(
            "checked_by_person",
            "按现在的设置，每一件都由人看过再办",
            "By the settings a person checks every request",
        )
    elif share < limits.by_category.get(category, least):
        codes = [code for code, _ in understanding.category_ranking[:2]] or [category]
        zh, en = " 或 ".join(codes), " or ".join(codes)
        yield Reason("category_unsure", f"类别拿不准：{zh}", f"The kind of need could be {en}")


def _field(
    row: RequestField, understanding: Understanding, required: bool, limit: float
) -> Iterator[Reason]:
    name, (zh, en) = row.name, row.noun
    value = understanding.get(name)
    if value is None:
        if required:
            yield Reason(f"{name}_missing", f"没听到{zh}", f"{en.capitalize()} is missing")
        return
    if value.ambiguous:
        choices = [_shown(choice) for choice in (value.value, *value.alternatives)]
        yield Reason(
            f"{name}_ambiguous",
            f"{zh}可能是{' 或 '.join(choices)}",
            f"{en.capitalize()} could be {' or '.join(choices)}",
        )
    elif value.note == "odd_length":
        yield Reason(
            f"{name}_digits",
            f"{zh}位数不对：{value.value}",
            f"{en.capitalize()} has an odd count of digits: {value.value}",
        )
    elif value.confidence < limit:
        shown = _shown(value.value)
        yield Reason(
            f"{name}_unsure",
            f"{zh}听不太准：{shown}",
            f"{en.capitalize()} may be misheard: {shown}",
        )


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    same_day = value.start.date() == value.end.date()
    return f"{value.start:%m-%d %H:%M}–{value.end:{'%H:%M' if same_day else '%m-%d %H:%M'}}"
