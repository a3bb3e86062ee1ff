"""The way of a service request from its recording to an answer, one job a step. Read this first.

    transcribe → understand → decide → route → deliver → tell

A message of a conversation goes through `converse` and is answered by `send`; what it asks for
joins the same way at `decide`.

Each job loads, calls one slow thing outside any transaction, and writes the result in a second
transaction that locks the row and checks it again: a result that came too late is stored, not
applied. Every job may run twice. What fails for good goes to the operators with a sentence that
says why.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

import procrastinate
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.assistant import tracker_store
from intake.assistant.client import IntentRanking
from intake.conversation import abandoned_drafts, handover, outbox, turn
from intake.errors import AssistantError
from intake.lifecycle import Actor, Status
from intake.locale import reason
from intake.pipeline import alarm as alarms
from intake.pipeline import deliver as delivery
from intake.pipeline import notify, sweep, verify_phone
from intake.privacy import erase_household, external_data, retention
from intake.runtime import Parts
from intake.service_requests import Author, transcription
from intake.service_requests import understand as understand_request
from intake.storage.jobs import app, defer
from intake.storage.models import ServiceRequest
from intake.storage.retry import Patience, backoff
from speech.errors import RecogniserOutOfMemory, SpeechError

log = logging.getLogger("huying.pipeline")
WORKER = Author(Actor.WORKER)
Job = Callable[..., Awaitable[None]]

# Runs of one job in all, those whose worker died included.
ATTEMPTS = {
    "transcribe": 3,
    "understand": 6,
    "decide": 4,
    "route": 4,
    "tell": 6,
    "deliver": 6,
    # A message that waits keeps the later ones of its conversation waiting.
    "converse": 2,
    "send": 5,
    "resend": 6,
    "abandon": 6,
}
ALARM_ATTEMPTS = 50
# Rasa, restarted after a crash, is up sooner than a whole start takes (about 11 s: README.md,
# "Measured"). A turn is tried for about a minute, so that a restart on a busy machine is in time.
AWAY = AssistantError.default_code
# Memory that is short now may be there soon: for about a minute and a half, then a person listens.
MEMORY_ATTEMPTS = 12
PATIENCE: dict[str, Patience] = {}


def step(
    name: str,
    *,
    attempts: int,
    longest_seconds: float = 60,
    attempts_for: Mapping[str, int] | None = None,
) -> Callable[[Job], Job]:
    """Register a job about one service request; when it fails for good, people take over."""

    def register(function: Job) -> Job:
        patience = Patience(
            attempts,
            first_seconds=1,
            longest_seconds=longest_seconds,
            attempts_for=attempts_for,
        )
        PATIENCE[name] = patience

        @app.task(name=name, pass_context=True, retry=patience)
        async def run(context: procrastinate.JobContext, /, **ids: int) -> None:
            parts: Parts = context.additional_context["parts"]
            try:
                async with parts.sessions() as session:
                    await parts.reload(session)
                await function(parts, **ids)
            except Exception as error:
                log.warning("%s %s failed: %s", name, ids, _describe(error))
                if not patience.will_retry(error, context.job):
                    await give_up(parts, name, error, **ids)
                raise

        return function

    return register


@step(
    "transcribe",
    attempts=ATTEMPTS["transcribe"],
    longest_seconds=10,
    attempts_for={RecogniserOutOfMemory.code: MEMORY_ATTEMPTS},
)
async def transcribe(parts: Parts, service_request_id: int) -> None:
    """Transcribe the recording; silence and what nothing decodes go to an operator."""
    async with parts.sessions() as session:
        request = await session.get_one(ServiceRequest, service_request_id)
        recording = await service_requests.recording_of(session, request)
    if recording is None or not _wants_hearing(request):
        return
    transcribed = await transcription.transcribe(parts, recording, request.language)
    heard = transcribed.heard
    async with parts.sessions.begin() as session:
        transcript = transcribed.row(recording)
        session.add(transcript)
        await session.flush()
        request = await service_requests.lock(session, service_request_id)
        if request.recording_id != recording.id or not _wants_hearing(request):
            return
        again = request.status != Status.RECEIVED.value
        if again:
            request.hear_again = False
        request.transcript_id = transcript.id
        if "text" not in request.corrected:
            request.text = heard.text
        request.language = request.language or heard.language
        if again:  # an operator decides; danger in the rest calls the people on duty
            request.version += 1
            if transcribed.danger:
                await service_requests.declare_emergency(session, request)
        elif heard.text.strip():
            await service_requests.advance(session, request, Status.TRANSCRIBED, WORKER)
        else:
            await service_requests.review(session, request, [reason("no_speech")], WORKER)


def _wants_hearing(request: ServiceRequest) -> bool:
    """Whether it is not transcribed yet, or is to be transcribed again while in review."""
    if request.status == Status.RECEIVED.value:
        return True
    return request.status == Status.NEEDS_REVIEW.value and request.hear_again


@step("understand", attempts=ATTEMPTS["understand"])
async def understand(parts: Parts, service_request_id: int) -> None:
    """Read what was heard: danger first and without Rasa, then what kind, where, when, who.

    Without Rasa the request goes to the operators at once, with all that our own readers
    found, and is read again later as long as no person has touched it.
    """
    async with parts.sessions() as session:
        request = await session.get_one(ServiceRequest, service_request_id)
        if not understand_request.wants_reading(request):
            return
        words = await understand_request.words_of(session, request)
        alternatives = await understand_request.alternatives_of(session, request)
        recording = await service_requests.recording_of(session, request) if words else None
        gazetteer = await parts.gazetteer(session)
    spoken = request.transcript_id is not None
    danger = understand_request.is_emergency(request.text or "", alternatives, spoken=spoken)
    if danger:  # the people on duty are called before Rasa answers
        async with parts.sessions.begin() as session:
            request = await service_requests.lock(session, service_request_id)
            await service_requests.declare_emergency(session, request)
    opinion = IntentRanking(())
    failure: AssistantError | None = None
    try:
        assert parts.assistant is not None
        opinion = await parts.assistant.parse_heard(request.text or "", alternatives)
    except AssistantError as error:
        failure = error
    read = await asyncio.to_thread(
        understand_request.read,
        request,
        words,
        opinion.ranking,
        gazetteer,
        parts,
        danger=opinion.danger,
    )
    read = await asyncio.to_thread(
        verify_phone.check_phone,
        read,
        request.text or "",
        words,
        parts.blobs.path(recording.blob_key) if recording is not None else None,
        request.language or "zh",
        parts.transcriber,
    )
    async with parts.sessions.begin() as session:
        request = await service_requests.lock(session, service_request_id)
        if not understand_request.wants_reading(request):
            return
        waits = request.status == Status.NEEDS_REVIEW.value
        fresh = request.understanding_id is None
        if failure is not None and waits and not fresh:  # nothing new; operators' versions stay
            await _again(session, request, parts)
            return
        await understand_request.keep(session, request, read, parts)
        if failure is not None:
            await _later(session, request, parts)
        elif waits:
            request.reasons = []
            await defer(session, "decide", service_request_id=request.id)
        else:
            await service_requests.advance(session, request, Status.UNDERSTOOD, WORKER)
        if request.urgency == "emergency":
            await service_requests.declare_emergency(session, request)


async def _later(session: AsyncSession, request: ServiceRequest, parts: Parts) -> None:
    """Rasa is away: put the request into review, and read it again with growing waits."""
    reasons = [reason("assistant_unreachable")]
    if request.urgency == "emergency":
        reasons.insert(0, reason("emergency"))
    await service_requests.review(session, request, reasons, WORKER)
    await _again(session, request, parts)


async def _again(session: AsyncSession, request: ServiceRequest, parts: Parts) -> None:
    tries = request.assistant_tries = request.assistant_tries + 1
    wait = backoff(tries, first_seconds=parts.settings.assistant.retry_seconds, longest_seconds=900)
    if tries < parts.settings.assistant.attempts:
        lock = f"read-again-{request.id}"
        await defer(
            session, "understand", after=wait, queueing_lock=lock, service_request_id=request.id
        )


@step("decide", attempts=ATTEMPTS["decide"])
async def decide(parts: Parts, service_request_id: int) -> None:
    """Confirm what is sure enough; put the rest into review, with the reasons in words."""
    async with parts.sessions.begin() as session:
        request = await service_requests.lock(session, service_request_id)
        undecided = request.status == Status.UNDERSTOOD.value
        reread = request.status == Status.NEEDS_REVIEW.value and understand_request.untouched(
            request
        )
        if not (undecided or reread):
            return
        decision = await understand_request.decide(session, request, parts)
        if decision.confirmed:
            request.decided_by = "rule"
            await service_requests.advance(session, request, Status.CONFIRMED, WORKER)
        else:
            await service_requests.review(session, request, decision.reasons, WORKER)


@step("route", attempts=ATTEMPTS["route"])
async def route(parts: Parts, service_request_id: int) -> None:
    """Choose the backend by the rules and queue the delivery."""
    async with parts.sessions.begin() as session:
        request = await service_requests.lock(session, service_request_id)
        if request.status == Status.CONFIRMED.value:
            await delivery.begin(session, request, parts)


@step("deliver", attempts=ATTEMPTS["deliver"])
async def deliver(parts: Parts, delivery_id: int) -> None:
    """Try once to tell a backend; the outcome and the next try are written together."""
    await delivery.attempt(parts, delivery_id)


@step("tell", attempts=ATTEMPTS["tell"])
async def tell(parts: Parts, service_request_id: int) -> None:
    """Tell the resident how the request stands, over the channel by which it came."""
    await notify.tell(parts, service_request_id)


@step("converse", attempts=ATTEMPTS["converse"], longest_seconds=10, attempts_for={AWAY: 12})
async def converse(parts: Parts, message_id: int) -> None:
    """Act on one message of a conversation and store the answer."""
    await turn.converse(parts, message_id)


@step("send", attempts=ATTEMPTS["send"], longest_seconds=30)
async def send(parts: Parts, conversation_id: int) -> None:
    """Send the stored answers of a conversation."""
    await outbox.send(parts, conversation_id)


@step("resend", attempts=ATTEMPTS["resend"])
async def resend(parts: Parts, conversation_id: int) -> None:
    """Send again what could not be sent."""
    await outbox.resend(parts, conversation_id)


@step("abandon", attempts=ATTEMPTS["abandon"])
async def abandon(parts: Parts, service_request_id: int) -> None:
    """Put a draft into review that the resident does not go on with."""
    await abandoned_drafts.abandon(parts, service_request_id)


@step("alarm", attempts=ALARM_ATTEMPTS, longest_seconds=15)
async def alarm(parts: Parts, alarm_id: int, step: int) -> None:
    """Call one person on duty; the job that calls the next one is queued already."""
    await alarms.call(parts, alarm_id, step)


@step("listen", attempts=ALARM_ATTEMPTS, longest_seconds=15)
async def listen(parts: Parts, service_request_id: int) -> None:
    """Call the people on duty for what may be danger, unless somebody has opened it by now."""
    async with parts.sessions.begin() as session:
        request = await service_requests.lock(session, service_request_id)
        await service_requests.call_if_unheard(session, request)


async def give_up(parts: Parts, name: str, error: BaseException, **ids: int) -> None:
    """A job failed for good: put its request into review, with a sentence that says why."""
    if name == "converse":
        await handover.give_up(parts, ids["message_id"], error)
        return
    if name in ("send", "resend"):
        await outbox.cannot_send(parts, ids["conversation_id"], error)
        return
    async with parts.sessions.begin() as session:
        found = await delivery.request_id(session, ids)
        if found is None:
            return
        request = await service_requests.lock(session, found)
        if name == "deliver":
            await delivery.fail(session, request, ids["delivery_id"], error)
        if name == "tell" and request.status != Status.NEEDS_REVIEW.value:
            await service_requests.ask_operators(session, request, "tell_failed", _describe(error))
        else:
            await service_requests.review(session, request, [_reason(name, error)], WORKER)


def _reason(name: str, error: BaseException) -> dict[str, str]:
    if isinstance(error, SpeechError):
        return transcription.failure_reason(error)
    return reason("step_failed", step=name, error=_describe(error))


def _describe(error: BaseException) -> str:
    """Code or class only: a message of a foreign error may hold what the resident said."""
    return str(getattr(error, "code", None) or type(error).__name__)


@app.periodic(cron="* * * * * */10")
@app.task(name="sweep", queueing_lock="sweep", pass_context=True)
async def sweep_up(context: procrastinate.JobContext, timestamp: int) -> None:
    """Every ten seconds: find what is stuck; close, resume and remove what is due."""
    parts: Parts = context.additional_context["parts"]
    await sweep.find_stuck(parts)
    await sweep.let_time_pass(parts)


@app.periodic(cron="* * * * * */15")
@app.task(name="poll", queueing_lock="poll", pass_context=True)
async def poll(context: procrastinate.JobContext, timestamp: int) -> None:
    """Ask the backends that can't report by themselves."""
    await delivery.poll(context.additional_context["parts"])


assert external_data.run  # a job too: what an erase left outside of the database
assert erase_household.run  # and the erase of a whole home


@app.periodic(cron="23 * * * *")
@app.task(name="forget", queueing_lock="forget", pass_context=True)
async def forget(context: procrastinate.JobContext, timestamp: int) -> None:
    """Every hour: Rasa's memories of what was over yesterday go, and all whose time is over."""
    parts: Parts = context.additional_context["parts"]
    await tracker_store.forget(parts.settings, parts.sessions)
    await retention.forget(parts.settings, parts.sessions)
