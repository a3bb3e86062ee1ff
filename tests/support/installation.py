"""An installation in one process: real database and queue, a recogniser and an assistant whose
answers the test gives."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import procrastinate
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError

from intake.app import create_app
from intake.assistant.client import Assistant
from intake.pipeline import steps
from intake.service_requests import GIVEN
from intake.settings import Settings
from intake.storage.jobs import app as queue
from intake.storage.models import ServiceRequest
from intake.web.auth import make_token
from speech import Transcript, Word
from speech.errors import RecogniserCrashed
from speech.relisten_result import Guess, RelistenResult
from tests.conftest import wav_of

assert steps.ATTEMPTS  # registers the jobs


@dataclass
class FakeRecogniser:
    """A recogniser that returns the text that the test sets, or raises the errors that it sets."""

    says: str = ""
    notes: tuple[str, ...] = ()
    failures: list[BaseException] = field(default_factory=list)
    calls: int = 0
    during: Any = None
    alternatives: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    dies_again: bool = False

    def transcribe(self, path: Path, language: str | None = None) -> Transcript:
        self.calls += 1
        assert path.exists()
        if self.failures:
            raise self.failures.pop(0)
        words = (Word(self.says, 0.0, 1.0, 0.9),) if self.says else ()
        notes = self.notes or (() if self.says else ("no_speech",))
        return Transcript(
            self.says, language or "zh", "test", "test", words, 1.0, 1.0, 0.9, notes,
            alternatives=self.alternatives,
        )  # fmt: skip

    def relisten(
        self, path: Path, start: float, end: float, language: str
    ) -> tuple[RelistenResult, ...]:
        assert path.exists()
        if self.dies_again:
            raise RecogniserCrashed("died")
        return tuple(RelistenResult(True, (Guess(digits, -0.3),)) for digits in self.again)

    def close(self) -> None:
        """There is nothing to release."""


class Installation:
    """Channels, queue and workers on one database."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.app = create_app(settings)
        self.parts = self.app.state.parts
        self.ears = FakeRecogniser()
        self.parts.transcriber = self.ears
        self.ranking: list[tuple[str, float]] = [("errand", 0.99), ("meal", 0.01)]
        self.danger = 0.0
        self.assistant_up = True
        self.parts.assistant = Assistant(
            "http://rasa.test",
            timeout_seconds=2,
            token="t",
            transport=httpx.MockTransport(self._rasa),
        )
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://127.0.0.1", timeout=30
        )

    def _rasa(self, request: httpx.Request) -> httpx.Response:
        if not self.assistant_up:
            raise httpx.ConnectError("down")
        ranking = [{"name": n, "confidence": c} for n, c in self.ranking]
        found = {"intent": ranking[0], "intent_ranking": ranking, "danger": self.danger}
        return httpx.Response(200, json=found)

    async def operator(self) -> httpx.AsyncClient:
        """A client with an operator's token."""
        async with self.parts.sessions.begin() as session:
            token, _ = await make_token(session, "Ms Li", "operator", 1)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://127.0.0.1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )

    async def leave(self, says: str, **form: str) -> str:
        """Leave a voicemail; the tracking number."""
        self.ears.says = says
        tone = wav_of([0.2 * math.sin(n / 5) for n in range(4000)])
        answer = await self.client.post(
            "/api/voicemails", files={"audio": ("a.wav", tone)}, data=form
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["tracking_number"])

    async def work(self, *, hurry: bool = True, rounds: int = 12) -> None:
        """Run the jobs until none is due; with ``hurry`` deferred jobs are due at once."""
        connector = procrastinate.PsycopgConnector(conninfo=self.settings.database_url)
        with queue.replace_connector(connector) as working:
            async with working.open_async():
                for _ in range(rounds):
                    await working.run_worker_async(
                        wait=False,
                        install_signal_handlers=False,
                        listen_notify=False,
                        additional_context={"parts": self.parts},
                    )
                    if not hurry or not await self._hurry():
                        return

    async def _hurry(self) -> int:
        async with self.parts.sessions.begin() as session:
            result = await session.execute(
                text(
                    "UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'"
                    " AND task_name NOT IN ('sweep', 'poll') RETURNING id"
                )
            )
            return len(result.all())

    async def jobs(self) -> list[Any]:
        """(task, status, attempts) of the jobs in the queue."""
        async with self.parts.sessions() as session:
            rows = await session.execute(
                text("SELECT task_name, status::text, attempts FROM procrastinate_jobs ORDER BY id")
            )
            return [tuple(row) for row in rows]

    async def request(self, number: str) -> ServiceRequest:
        """The row behind a tracking number."""
        async with self.parts.sessions() as session:
            found = await session.scalar(
                select(ServiceRequest).where(ServiceRequest.tracking_number == number)
            )
            assert found is not None
            return found

    async def stray_keys(self) -> set[str]:
        """The keys in ``given`` of any request that no sender fills in.

        Empty where the test has stopped the database.
        """
        keys = text("SELECT DISTINCT jsonb_object_keys(given) FROM service_requests")
        try:
            async with self.parts.sessions() as session:
                return set(await session.scalars(keys)) - GIVEN
        except OperationalError:
            return set()

    async def age(self, number: str, interval: str) -> None:
        """Set the request's last change back by an SQL interval, such as "2 hours"."""
        async with self.parts.sessions.begin() as session:
            await session.execute(
                update(ServiceRequest)
                .where(ServiceRequest.tracking_number == number)
                .values(updated_at=text(f"now() - interval '{interval}'"))
            )

    async def close(self) -> None:
        await self.client.aclose()
        await self.parts.close()
