"""How alike two requests are, and which stored ones to show beside one as possible duplicates.

Alike in meaning (how the assistant ranked the kinds of need, and the words), in sound (folded
pinyin, because a recogniser writes the same words differently), in place, person and time. Nothing
here decides: an operator sees what resembles a request before saving it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.lifecycle import ENDED
from intake.storage.models import ServiceRequest, Understanding
from intake.understanding.phonetics import fuzzy_syllables

WITHIN = timedelta(days=14)
"""Ended requests count for so long; open ones always."""
NEIGHBOURS = timedelta(days=5)
"""Of others than the resident only what came so shortly before or after can be the same need."""
AT_MOST = 200  # candidates that are compared
SHOWN = 5
LIKELY = 0.5
"""From this score on it is shown as a likely duplicate."""
READ = 400  # characters of each text that are compared

# Set by hand on one half of tests/model/data/duplicates.jsonl, for recall rather than precision: a
# wrong hint costs a glance, a missed one a second visit. The other half says how good they are:
# precision 0.79, recall 0.92 (tests/model/test_resembling.py).
WEIGHTS: Mapping[str, float] = {
    "always": -4.5,
    "person": 0.8,
    "same_place": 1.0,
    "other_place": -3.5,
    "same_unit": 1.3,
    "other_home": -4.5,
    "kind": 4.0,
    "words": 0.5,
    "sound": 2.5,
    "other_time": -3.0,
    "days": -4.0,
}


@dataclass(frozen=True, slots=True)
class Need:
    """What is compared. ``ranking``: code → share 0..1 of the kinds of need; ``at_home``: it is
    about one home, so that another unit is another need. Unknown is None or empty."""

    received_at: datetime
    text: str = ""
    category: str | None = None
    ranking: Mapping[str, float] = field(default_factory=dict)
    at_home: bool = False
    place: str | None = None
    places: Collection[str] = ()
    unit: str | None = None
    phone: str | None = None
    contact_point_id: int | None = None
    household_id: int | None = None
    when_start: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alike:
    """A stored request and how likely (0..1) it is the same need; ``why``: what they share, of
    person, place, unit, category, words, sound."""

    request: ServiceRequest
    score: float
    why: tuple[str, ...]


def features(one: Need, other: Need) -> dict[str, float]:
    """What speaks for and against two requests being about one need, each 0..1."""
    return {
        **_circumstances(one, other),
        "words": dice(_pairs(one.text[:READ]), _pairs(other.text[:READ])),
        "sound": dice(_sounds(one.text[:READ]), _sounds(other.text[:READ])),
    }


def could_be(one: Need, other: Need) -> bool:
    """Whether the score can reach `LIKELY`; if not, the wording need not be compared."""
    return score({**_circumstances(one, other), "words": 1.0, "sound": 1.0}) >= LIKELY


def _circumstances(one: Need, other: Need) -> dict[str, float]:
    """All of `features` but the wording, whose comparison takes a hundred times as long."""
    places = {one.place, *one.places} - {None}
    both_places = bool(places and other.place)
    both_units = bool(one.unit and other.unit)
    near = both_places and other.place in places
    apart = abs((one.received_at - other.received_at).total_seconds()) / 86400
    times = (one.when_start, other.when_start)
    person = _same_person(one, other)
    other_unit = both_units and one.unit != other.unit
    return {
        "always": 1.0,
        "person": float(person),
        "same_place": float(near),
        "other_place": float(both_places and not near),
        "same_unit": float(near and both_units and not other_unit),
        "other_home": float(other_unit and one.at_home and not person),
        "kind": _kind(one, other),
        "other_time": float(
            times[0] is not None
            and times[1] is not None
            and abs(times[0] - times[1]) >= timedelta(hours=12)
        ),
        "days": min(apart / 14, 1.0),
    }


def score(found: Mapping[str, float], weights: Mapping[str, float] = WEIGHTS) -> float:
    """How likely it is the same need, 0..1."""
    return 1 / (1 + math.exp(-sum(weights[name] * value for name, value in found.items())))


def why(found: Mapping[str, float]) -> tuple[str, ...]:
    """What two needs share, the most telling first."""
    shares = {
        "person": found["person"] > 0,
        "place": found["same_place"] > 0,
        "unit": found["same_unit"] > 0,
        "category": found["kind"] >= 0.5,
        "words": found["words"] >= 0.35,
        "sound": found["sound"] >= 0.35 > found["words"],
    }
    return tuple(name for name, holds in shares.items() if holds)


def dice(one: Counter[Any], other: Counter[Any]) -> float:
    """The Sørensen–Dice coefficient of two multisets, 0..1; 0 where one is empty."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if one and other else 0.0


def _same_person(one: Need, other: Need) -> bool:
    return any(
        getattr(one, name) is not None and getattr(one, name) == getattr(other, name)
        for name in ("phone", "contact_point_id", "household_id")
    )


def _kind(one: Need, other: Need) -> float:
    """The cosine of the rankings; where one has none, whether the categories agree."""
    if not one.ranking or not other.ranking:
        return float(one.category is not None and one.category == other.category)
    lengths = [math.sqrt(sum(p * p for p in need.ranking.values())) for need in (one, other)]
    shared = sum(p * other.ranking.get(code, 0.0) for code, p in one.ranking.items())
    return shared / (lengths[0] * lengths[1]) if all(lengths) else 0.0


def _pairs(text: str) -> Counter[str]:
    letters = [c for c in text.lower() if c.isalnum()]
    return Counter(a + b for a, b in pairwise(letters))


def _sounds(text: str) -> Counter[tuple[str, str]]:
    spoken = fuzzy_syllables(text)
    return Counter(pairwise(spoken))


async def resembling(
    session: AsyncSession, request: ServiceRequest, need: Need, at_home: Collection[str]
) -> list[Alike]:
    """Stored requests that may be the same need, the likeliest first, `SHOWN` at most.

    ``need``: the request as it would be saved (`of`). ``at_home``: see there. Indexed look-ups by
    person and by place; `AT_MOST` of the newest are compared.
    """
    since = request.received_at - WITHIN
    fresh = or_(
        ServiceRequest.status.not_in([s.value for s in ENDED]),
        ServiceRequest.received_at >= since,
    )
    rows = await _newest(session, request, and_(or_(*_own(need)), fresh)) if _own(need) else []
    places = {need.place, *need.places} - {None}
    if places:
        close = and_(
            ServiceRequest.place.in_(sorted(places, key=str)),
            ServiceRequest.received_at.between(
                request.received_at - NEIGHBOURS, request.received_at + NEIGHBOURS
            ),
        )
        rows += await _newest(session, request, close)
    known = {row.id: row for row in rows}
    rankings = await _rankings(session, list(known.values()))
    alike = []
    for row in known.values():
        other = of(row, at_home, rankings.get(row.understanding_id or 0))
        if not could_be(need, other):
            continue
        found = features(need, other)
        if (likely := score(found)) >= LIKELY:
            alike.append(Alike(row, likely, why(found)))
    return sorted(alike, key=lambda found: -found.score)[:SHOWN]


async def earlier(
    session: AsyncSession, request: ServiceRequest, need: Need, limit: int = SHOWN
) -> list[ServiceRequest]:
    """The resident's other requests, the newest first: same phone, contact point or home."""
    own = _own(need)
    return await _newest(session, request, or_(*own), limit) if own else []


def of(
    request: ServiceRequest,
    at_home: Collection[str],
    fields: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Need:
    """A stored request as it is compared. ``at_home``: the categories that are about one home;
    ``fields``: what was understood; ``changes``: what an operator is about to save."""
    values = {
        name: getattr(request, name)
        for name in ("category", "place", "unit", "phone", "when_start", "text")
    } | dict(changes or {})
    ranking = {code: float(share) for code, share in (fields or {}).get("category_ranking") or ()}
    if "category" in request.corrected or "category" in (changes or {}):
        ranking = {}
    place = (fields or {}).get("place")
    others = place["alternatives"] if place and place["value"] == values["place"] else ()
    return Need(
        received_at=request.received_at,
        text=values["text"] or "",
        category=values["category"],
        ranking=ranking,
        at_home=values["category"] in at_home,
        place=values["place"],
        places=others,
        unit=values["unit"],
        phone=values["phone"],
        contact_point_id=request.contact_point_id,
        household_id=request.household_id,
        when_start=values["when_start"],
    )


def _own(need: Need) -> list[ColumnElement[bool]]:
    return [
        getattr(ServiceRequest, name) == getattr(need, name)
        for name in ("phone", "contact_point_id", "household_id")
        if getattr(need, name)
    ]


async def _newest(
    session: AsyncSession,
    request: ServiceRequest,
    condition: ColumnElement[bool],
    limit: int = AT_MOST,
) -> list[ServiceRequest]:
    statement = (
        select(ServiceRequest)
        .where(condition, ServiceRequest.id != request.id, ServiceRequest.erased_at.is_(None))
        .order_by(ServiceRequest.received_at.desc())
        .limit(limit)
    )
    return list(await session.scalars(statement))


async def _rankings(
    session: AsyncSession, rows: Sequence[ServiceRequest]
) -> dict[int, dict[str, Any]]:
    """What `of` needs of what was understood of each, by the id of its understanding."""
    ids = [row.understanding_id for row in rows if row.understanding_id is not None]
    if not ids:
        return {}
    wanted = [Understanding.fields[name].label(name) for name in ("category_ranking", "place")]
    statement = select(Understanding.id, *wanted).where(Understanding.id.in_(ids))
    return {
        key: {"category_ranking": ranking, "place": place}
        for key, ranking, place in await session.execute(statement)
    }
