import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import MoveNotAllowed
from intake.lifecycle import ENDED, TABLE, WORKING, Actor, Status, check_move
from intake.pipeline import steps
from intake.storage.jobs import app


def reachable_from(start: Status) -> set[Status]:
    seen, waiting = {start}, [start]
    while waiting:
        for following in TABLE[waiting.pop()].next - seen:
            seen.add(following)
            waiting.append(following)
    return seen


def test_every_status_can_be_reached_from_received() -> None:
    assert reachable_from(Status.RECEIVED) == set(Status)


def test_every_status_with_a_job_or_a_backend_can_fall_to_review() -> None:
    for status, stage in TABLE.items():
        if stage.job is not None or status in (Status.ROUTED, Status.ACCEPTED, Status.DONE):
            assert Status.NEEDS_REVIEW in stage.next, status


def test_from_everywhere_but_closed_an_end_can_be_reached() -> None:
    for status in Status:
        if status not in ENDED:
            assert reachable_from(status) & ENDED


def test_every_job_of_the_table_is_registered_with_the_queue() -> None:
    assert steps.ATTEMPTS
    for stage in TABLE.values():
        if stage.job is not None:
            assert stage.job in app.tasks


def test_every_working_status_starts_a_job() -> None:
    assert all(TABLE[status].job for status in WORKING)


def test_an_emergency_in_review_can_be_confirmed_only_by_worker_or_operator() -> None:
    check_move(Status.NEEDS_REVIEW, Status.CONFIRMED, Actor.OPERATOR)
    with pytest.raises(MoveNotAllowed):
        check_move(Status.NEEDS_REVIEW, Status.CONFIRMED, Actor.RESIDENT)


def test_a_closed_request_stays_closed() -> None:
    for status in Status:
        with pytest.raises(MoveNotAllowed, match="it has ended"):
            check_move(Status.CLOSED, status, Actor.OPERATOR)


@given(st.sampled_from(Status), st.sampled_from(Status), st.sampled_from(Actor))
def test_a_move_is_allowed_exactly_when_the_table_says_so(
    current: Status, to: Status, actor: Actor
) -> None:
    allowed = to in TABLE[current].next and actor in TABLE[to].movers
    if allowed:
        assert check_move(current, to, actor) is TABLE[to]
    else:
        with pytest.raises(MoveNotAllowed):
            check_move(current, to, actor)
