"""The retry policy: when a failed job runs again, and when it is handed to people."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import procrastinate
from procrastinate.jobs import Job
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from intake.errors import HuyingError
from speech.errors import SpeechError


def backoff(
    failures: int, *, first_seconds: float, longest_seconds: float, least_seconds: float = 0.0
) -> timedelta:
    """The wait after the n-th failure (n ≥ 1).

    It doubles from ``first_seconds`` up to ``longest_seconds``; a random share between half and the
    whole of that is taken, but never less than ``least_seconds``, which the other side asked for.
    """
    wait = min(longest_seconds, first_seconds * 2 ** min(failures - 1, 30))
    return timedelta(seconds=max(least_seconds, wait * random.uniform(0.5, 1.0)))  # noqa: S311


class Patience(procrastinate.BaseRetryStrategy):
    """Retry retryable errors, at most ``attempts`` runs in all.

    A run whose worker died counts too. Errors other than `HuyingError` and `SpeechError` are our
    own bugs or a lost database: both are retried, because a restart may help.
    ``attempts_for``: error code → another number of runs.
    """

    def __init__(
        self,
        attempts: int,
        *,
        first_seconds: float,
        longest_seconds: float,
        attempts_for: Mapping[str, int] | None = None,
    ) -> None:
        self.attempts = attempts
        self.attempts_for = attempts_for or {}
        self.first_seconds = first_seconds
        self.longest_seconds = longest_seconds

    def will_retry(self, error: BaseException, job: Job) -> bool:
        """Will the job run again after this failure?"""
        if isinstance(error, (HuyingError, SpeechError)) and not error.retryable:
            return False
        limit = self.attempts_for.get(getattr(error, "code", None) or "", self.attempts)
        # The database is unreachable, or its connection pool is exhausted: at least ten runs.
        limit = max(limit, 10) if isinstance(error, DBAPIError | PoolTimeout) else limit
        return job.attempts + 1 < limit

    def get_retry_decision(
        self, *, exception: BaseException, job: Job
    ) -> procrastinate.RetryDecision | None:
        """Called by Procrastinate after a failure: when to run the job again, or None for never."""
        if not self.will_retry(exception, job):
            return None
        least = getattr(exception, "retry_after_seconds", None) or 0.0
        wait = backoff(
            job.attempts + 1,
            first_seconds=self.first_seconds,
            longest_seconds=self.longest_seconds,
            least_seconds=least,
        )
        return procrastinate.RetryDecision(retry_at=datetime.now(UTC) + wait)
