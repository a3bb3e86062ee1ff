from __future__ import annotations

import ast
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.conversation import plan
from intake.conversation.form import Draft, State
from intake.conversation.state import ConversationState, Pending
from intake.errors import AssistantError
from intake.understanding.values import Field, Understanding

INTAKE = Path(__file__).parents[2] / "intake"
HOME = Path("conversation/state.py")
IDS = st.integers(1, 2**40)
READINGS = st.builds(
    lambda place, share: Understanding("meal", share, (("meal", share),)).but(place=place),
    st.none() | st.builds(Field, st.text(max_size=8), st.none(), st.floats(0, 1)),
    st.floats(0, 1),
)
FORMS = st.builds(
    State,
    drafts=st.lists(st.builds(Draft, READINGS, st.text(max_size=8), st.none() | IDS)).map(tuple),
    asked=st.none() | st.sampled_from(["place", "read_back"]),
    misses=st.integers(0, 3),
    for_other=st.booleans(),
    early=st.none() | st.builds(Draft, READINGS, st.text(max_size=8)),
)
EMERGENCIES = st.none() | st.tuples(IDS, st.datetimes(timezones=st.just(UTC)))


def state_of(form: State, emergency: tuple[int, datetime] | None, **more: object) -> object:
    id_, since = emergency or (None, None)
    return ConversationState(form=form, emergency=id_, since=since, **more)  # type: ignore[arg-type]


STATES = st.builds(
    state_of,
    FORMS,
    EMERGENCIES,
    asked_where=st.booleans(),
    left=st.none() | IDS,
    told=st.booleans(),
    pending=st.none() | st.builds(Pending, st.sampled_from(["cancel", "rate"]), IDS),
    misunderstood=st.integers(0, 3),
)


@given(STATES)
def test_a_stored_state_is_read_back_as_it_was(state: ConversationState) -> None:
    stored = json.loads(json.dumps(state.to_json()))
    assert ConversationState.from_json(stored) == state
    assert {"emergency", "since"} <= stored.keys() or state.emergency is None


def test_nothing_open_is_stored_as_nothing() -> None:
    assert ConversationState().to_json() == {}
    assert ConversationState.from_json({}) == ConversationState()


def test_rows_of_earlier_versions_are_understood() -> None:
    earlier = {"emergency": 7, "since": "2026-11-30T08:00:00+00:00", "where": True}
    state = ConversationState.from_json(earlier)
    assert (state.emergency, state.asked_where, state.request_ids) == (7, True, {7})
    asked = {"pending": {"about": "rate", "id": 3}, "astray": 1, "left": 9, "told": True, "x": 1}
    state = ConversationState.from_json(asked)
    assert state.pending == Pending("rate", 3)
    assert (state.misunderstood, state.left, state.told) == (1, 9, True)


def test_one_module_alone_touches_the_column() -> None:
    found = []
    for path in INTAKE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "state":
                owner = node.value.id if isinstance(node.value, ast.Name) else ""
                if owner == "conversation":
                    found.append(path.relative_to(INTAKE))
    assert set(found) == {HOME}


STEPS = st.lists(
    st.one_of(
        st.builds(plan.Keep.of, FORMS),
        st.builds(plan.HandOver, because=st.sampled_from(["asked", "not_understood"])),
        st.builds(plan.Rate, id=IDS, points=st.integers(1, 5)),
        st.builds(plan.AskAbout, about=st.sampled_from(["cancel", "rate"]), id=IDS),
        st.builds(plan.Change, id=IDS),
        st.just(plan.Submit()),
        st.just(plan.Emergency()),
    ),
    max_size=3,
)


@given(STEPS, READINGS)
def test_a_plan_comes_back_from_rasa_as_it_went(steps: list[plan.Step], read: object) -> None:
    assert isinstance(read, Understanding)
    sent = plan.Plan(steps=tuple(steps), reading=read.to_json())
    back = plan.joined([json.loads(json.dumps(sent.model_dump()))])
    assert back == sent
    assert back.understanding == read


def test_the_plans_of_two_replies_are_one_with_the_first_reading() -> None:
    first = Understanding("meal", 0.9, (("meal", 0.9),), "normal")
    second = Understanding("errand", 0.8, (("errand", 0.8),), "normal")
    plans = [
        plan.Plan(steps=(plan.Submit(),), reading=first.to_json()).model_dump(),
        plan.Plan(steps=(plan.Feedback(),), reading=second.to_json()).model_dump(),
    ]
    found = plan.joined(plans)
    assert [step.do for step in found.steps] == ["submit", "feedback"]
    assert found.understanding == first


@pytest.mark.parametrize(
    "wrong",
    [
        [{"do": "submit"}],
        {"steps": [{"do": "burn"}]},
        {"steps": [{"do": "cancel"}]},
        {"steps": [{"do": "rate", "id": 1, "points": 9}]},
        {"steps": [], "more": 1},
    ],
)
def test_what_is_no_plan_is_a_failed_turn(wrong: object) -> None:
    with pytest.raises(AssistantError) as raised:
        plan.joined([wrong])
    assert raised.value.code == "assistant_unclear"
