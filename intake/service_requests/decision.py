"""Whether a request may go on without a person, and the reasons when it may not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from intake.catalogue.services import Catalogue, Category
from intake.locale import reason
from intake.settings import Deciding
from intake.understanding import confidence as field_confidence
from intake.understanding.values import Understanding

DOUBTFUL_NOTES = {"hallucination_gated", "language_unsupported", "truncated", "cut_at_limit"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Confirmed, or the reasons for a person to look: ``{code, zh, en}`` each."""

    confirmed: bool
    reasons: list[dict[str, str]]


def judge(
    read: Understanding,
    *,
    category: str | None,
    urgency: str,
    notes: Collection[str],
    catalogue: Catalogue,
    limits: Deciding,
    reachable: bool = False,
    spoken: bool = False,
    engine: str | None = None,
) -> Verdict:
    """Decide whether a request may go on without an operator. An emergency, an intent that is no
    service and a doubtful transcript never may.

    `category` and `urgency` are those that count: a person may have corrected what was read.
    `notes` are the transcript's. `reachable`: an answer goes back the way the message came, so no
    phone number is needed. `spoken`: a recogniser wrote the words, by the name of `engine`.
    """
    reasons: list[dict[str, str]] = []
    if urgency == "emergency":
        reasons.append(reason("emergency"))
    elif category and not catalogue.is_service(category):
        reasons.append(reason("not_a_service", intent=category))
    if DOUBTFUL_NOTES & set(notes):
        reasons.append(reason("recognition_doubtful"))
    entry = catalogue.entries.get(category or "")
    decision = field_confidence.decide(
        read,
        required=_required(entry, read, reachable),
        thresholds=field_confidence.Thresholds(
            category=limits.category,
            category_spoken=limits.spoken(engine),
            by_category=limits.categories,
            fields=limits.fields,
        ),
        spoken=spoken,
    )
    known = {r["code"] for r in reasons}
    reasons.extend(
        {"code": r.code, "zh": r.zh, "en": r.en} for r in decision.reasons if r.code not in known
    )
    return Verdict(decision.confirmed and not reasons, reasons)


def _required(entry: Category | None, read: Understanding, reachable: bool) -> list[str]:
    """The fields that must be known, given the ways in which the resident can be reached."""
    if entry is None:
        return []
    spared = {"phone"} if reachable else set()
    if entry.remote and (reachable or read.phone is not None):
        spared |= {"place", "unit"}
    return [name for name in entry.required if name not in spared]
