"""How long we go on trying: when a failed job is run again, and when people take over."""

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
    """The wait after the n-th failure (n ≥ 1): doubling, capped, between half and the whole of it
    by chance, never less than the other side asked for."""
    wait = min(longest_seconds, first_seconds * 2 ** min(failures - 1, 30))
    return timedelta(seconds=max(least_seconds, wait * random.uniform(0.5, 1.0)))  # noqa: S311


class Patience(procrastinate.BaseRetryStrategy):
    """Retry what may pass, at most ``attempts`` runs in all; the job's own error decides.

    A run whose worker died counts too. Errors that are no `HuyingError` or `SpeechError` are
    our own bugs or a database that went away: both are tried again, for a restart may mend them.
    ``attempts_for``: another number of runs for errors with these codes.
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
        """Is there another run after this failure?"""
        if isinstance(error, (HuyingError, SpeechError)) and not error.retryable:
            return False
        limit = self.attempts_for.get(getattr(error, "code", None) or "", self.attempts)
        # The database is away, or has more guests than connections.
        limit = max(limit, 10) if isinstance(error, DBAPIError | PoolTimeout) else limit
        return job.attempts + 1 < limit

    def get_retry_decision(
        self, *, exception: BaseException, job: Job
    ) -> procrastinate.RetryDecision | None:
        """Procrastinate asks this after every failure."""
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
