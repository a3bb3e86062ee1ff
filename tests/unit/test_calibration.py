"""How sure a decision without a person must be follows from how often it was wrong."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.evaluation.calibration import NEVER, Z, calibrate
from intake.evaluation.dataset import Item
from intake.evaluation.metrics import Answer, is_wrong, wilson
from intake.understanding.values import Field, Understanding

ITEM = Item.model_validate(
    {
        "id": "a",
        "text": "x",
        "received_at": datetime(2026, 11, 20, 9),
        "category": "meal",
        "urgency": "normal",
        "place": None,
        "person": None,
    }
)


def answer(confidence: float, *, wrong: bool = False, confirmed: bool = True) -> Answer:
    category = "errand" if wrong else "meal"
    read = Understanding(category, confidence, ((category, confidence),))
    return Answer(ITEM, "x", read, "normal", confirmed)


def test_fifty_one_right_decisions_are_too_few_and_fifty_two_are_enough() -> None:
    assert calibrate([answer(0.9)] * 51).threshold == NEVER
    enough = calibrate([answer(0.9)] * 52)
    assert (enough.threshold, enough.decided, enough.wrong) == (0.9, 52, 0)
    assert enough.upper <= 0.05


def test_the_threshold_goes_as_low_as_the_risk_allows() -> None:
    good, doubtful = [answer(0.9)] * 60, [answer(0.7)] * 60
    bad = [answer(0.5, wrong=True)] * 20
    assert calibrate([*good, *doubtful, *bad]).threshold == 0.7
    assert calibrate([*good, *bad]).threshold == 0.9
    assert calibrate([*good, *bad], at_most=0.5).threshold == 0.5


def test_what_waits_for_a_person_anyway_does_not_count() -> None:
    waits = [answer(0.9, wrong=True, confirmed=False)] * 50
    found = calibrate([*[answer(0.9)] * 60, *waits])
    assert (found.decided, found.wrong, found.requests) == (60, 0, 110)


def test_without_any_answer_nothing_is_decided_alone() -> None:
    assert calibrate([]).threshold == NEVER


@given(st.lists(st.tuples(st.integers(0, 99), st.booleans()), max_size=200))
def test_no_threshold_takes_more_risk_than_allowed(cases: list[tuple[int, bool]]) -> None:
    answers = [answer(share / 100, wrong=wrong) for share, wrong in cases]
    found = calibrate(answers)
    if found.threshold == NEVER:
        return
    taken = [a for a in answers if a.understanding.category_confidence >= found.threshold]
    assert len(taken) == found.decided
    assert wilson(sum(map(is_wrong, taken)), len(taken), Z)[1] <= 0.05


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, False),
        ({"urgency": "urgent"}, False),
        ({"understanding": Understanding("errand", 0.9)}, True),
        ({"understanding": Understanding("meal", 0.9).but(place=Field("里", None, 0.9))}, True),
        ({"understanding": Understanding("meal", 0.9).but(person=Field("王", None, 0.9))}, False),
        ({"item": ITEM.model_copy(update={"urgency": "emergency"})}, True),
    ],
)
def test_a_decision_is_wrong_when_anything_that_decides_is(
    change: dict[str, object], wrong: bool
) -> None:
    right = Answer(ITEM, "x", Understanding("meal", 0.9), "normal", True)
    assert is_wrong(replace(right, **change)) is wrong  # type: ignore[arg-type]
