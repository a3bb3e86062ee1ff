"""What was learned from batches of messages that were unread when first scored stays learned.

The readers alone, with the category of the labels: the whole way is measured on our own set.
"""

from pathlib import Path

import pytest

from intake.catalogue.services import load_catalogue
from intake.evaluation.dataset import Item, LabelledSet, read
from intake.evaluation.metrics import Answer, score
from intake.settings import ROOT
from intake.understanding.readers import understand

FOLDER = Path(__file__).parent / "batches"
LEARNED = (
    "harbour", "lanes", "hillside", "snow", "coast", "villages",
    "satellite", "lakes", "northwest", "delta", "district", "steppe", "highland",
)  # fmt: skip
CATALOGUE = load_catalogue(ROOT / "data" / "services")
AT_LEAST = {
    "emergency_noticed": 0.96,
    "emergency_recall": 0.9,
    "place_exact": 0.97,
    "unit_exact": 0.96,
    "when_right": 0.94,
    "phone_exact": 0.97,
    "person_exact": 0.95,
}
AT_MOST = {
    "emergency_false": 0.02,
    "emergency_false_near": 0.05,
    "listen_first": 0.06,
    "place_false": 0.03,
    "unit_false": 0.01,
    "when_false": 0.02,
    "phone_false": 0.01,
    "person_false": 0.02,
}


def answer(item: Item, labelled: LabelledSet) -> Answer:
    category = item.category or "general"
    found = understand(
        item.text,
        received_at=item.received_at,
        ranking=((category, 0.95),),
        gazetteer=labelled.gazetteer,
        language=item.language,
        unarranged=CATALOGUE.unarranged,
    )
    return Answer(item, item.text, found, found.urgency, confirmed=False)


@pytest.fixture(scope="module")
def measured() -> tuple[dict[str, float | int | None], str]:
    answers, near_misses = [], set()
    for folder in LEARNED:
        labelled = read(FOLDER / folder, frozenset((*CATALOGUE.codes, *CATALOGUE.intents)))
        assert not labelled.remarks
        for item in labelled.chat:
            named = item.model_copy(update={"id": f"{folder} {item.id}"})
            answers.append(answer(named, labelled))
        near = labelled.subsets["chat"]["near_miss"]
        near_misses.update(f"{folder} {id_}" for id_ in near)
    result = score(answers, frozenset(near_misses), spoken=False)
    assert result.n == 60 * len(LEARNED)
    return result.to_json(), "\n".join(result.misses)


@pytest.mark.parametrize(
    ("measure", "bound", "least"),
    [
        *((name, bound, True) for name, bound in AT_LEAST.items()),
        *((name, bound, False) for name, bound in AT_MOST.items()),
    ],
)
def test_what_was_learned_from_people_unknown_before_is_kept(
    measured: tuple[dict[str, float], str], measure: str, bound: float, least: bool
) -> None:
    figures, misses = measured
    assert figures[measure] >= bound if least else figures[measure] <= bound, misses
