from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from procrastinate.jobs import Job

from intake.errors import AssistantError, BackendError, BadField
from intake.storage.retry import Patience, backoff


def job(attempts: int) -> Job:
    return Job(id=1, queue="q", lock=None, queueing_lock=None, task_name="t", attempts=attempts)


@given(st.integers(1, 200), st.floats(0, 1e5))
def test_the_wait_is_capped_and_never_shorter_than_asked_for(failures: int, least: float) -> None:
    wait = backoff(failures, first_seconds=5, longest_seconds=60, least_seconds=least)
    assert timedelta(seconds=least) <= wait <= timedelta(seconds=max(60, least))


def test_the_number_of_runs_is_capped() -> None:
    patience = Patience(3, first_seconds=1, longest_seconds=2)
    error = BackendError("away")
    assert [patience.will_retry(error, job(n)) for n in range(4)] == [True, True, False, False]


def test_an_error_with_a_code_of_its_own_has_its_own_number_of_runs() -> None:
    patience = Patience(
        2, first_seconds=1, longest_seconds=2, attempts_for={"assistant_unreachable": 4}
    )
    away, slow = AssistantError("away"), AssistantError("slow", code="assistant_slow")
    assert [patience.will_retry(away, job(n)) for n in range(4)] == [True, True, True, False]
    assert [patience.will_retry(slow, job(n)) for n in range(2)] == [True, False]


def test_what_can_not_pass_is_not_tried_again() -> None:
    patience = Patience(3, first_seconds=1, longest_seconds=2)
    assert not patience.will_retry(BadField("no"), job(0))


def test_retry_after_is_respected() -> None:
    patience = Patience(3, first_seconds=1, longest_seconds=2)
    from datetime import UTC, datetime

    error = BackendError("busy", retry_after_seconds=120)
    decision = patience.get_retry_decision(exception=error, job=job(0))
    assert decision is not None and decision.retry_at is not None
    assert decision.retry_at > datetime.now(UTC) + timedelta(seconds=100)
