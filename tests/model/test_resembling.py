"""Duplicates on our own labelled pairs: the weights were set on the odd ones, the even ones say how
good they are. `python -m tests.model.test_resembling` prints the figures and what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from intake.catalogue.services import load_catalogue
from intake.service_requests import duplicates
from intake.service_requests.duplicates import LIKELY, WEIGHTS, Need
from intake.service_requests.outlook import about_one_home
from intake.settings import ROOT

PAIRS = Path(__file__).parent / "data" / "duplicates.jsonl"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
AT_HOME = about_one_home(load_catalogue(ROOT / "data" / "services"))


def pairs() -> list[dict[str, Any]]:
    return [json.loads(line) for line in PAIRS.read_text("utf-8").splitlines()]


def need(stored: Mapping[str, Any], at: datetime) -> Need:
    when = stored.get("when")
    return Need(
        received_at=at,
        text=stored["text"],
        category=stored.get("category"),
        at_home=stored.get("category") in AT_HOME,
        place=stored.get("place"),
        unit=stored.get("unit"),
        phone=stored.get("phone"),
        when_start=datetime.fromisoformat(f"{when}+00:00") if when else None,
    )


def features(pair: Mapping[str, Any]) -> dict[str, float]:
    """As when the later one is looked at."""
    earlier = need(pair["one"], NOW - timedelta(hours=pair["hours"]))
    return duplicates.features(need(pair["other"], NOW), earlier)


def shown(pair: Mapping[str, Any]) -> bool:
    found = features(pair)
    linked = bool(found["person"] or found["same_place"])
    return linked and duplicates.score(found) >= LIKELY


def measured(some: Iterable[Mapping[str, Any]]) -> tuple[float, float]:
    """(precision, recall) at `LIKELY`, of those that `resembling.resembling` compares."""
    judged = [(bool(p["same"]), shown(p)) for p in some]
    hits = sum(same and found for same, found in judged)
    return hits / sum(found for _, found in judged), hits / sum(same for same, _ in judged)


def test_likely_duplicates_are_shown_and_little_else() -> None:
    precision, recall = measured(pairs()[1::2])
    assert precision >= 0.7
    assert recall >= 0.8


def test_the_order_of_two_needs_hardly_matters() -> None:
    for pair in pairs():
        swapped = {**pair, "one": pair["other"], "other": pair["one"]}
        there, back = (duplicates.score(features(p)) for p in (pair, swapped))
        assert abs(there - back) < 0.35, pair["id"]


def test_every_feature_has_its_weight() -> None:
    assert features(pairs()[0]).keys() == WEIGHTS.keys()


if __name__ == "__main__":
    for title, some in (("set on", pairs()[::2]), ("held back", pairs()[1::2])):
        precision, recall = measured(some)
        print(f"{title}: {len(some)} pairs, precision {precision:.2f}, recall {recall:.2f}")
        for p in some:
            likely = duplicates.score(features(p))
            if shown(p) != bool(p["same"]):
                print(f"  {p['id']} {'same' if p['same'] else 'other'} {likely:.2f} {p['other']}")
