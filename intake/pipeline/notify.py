"""What the resident is told, and over which channel."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation import outbox
from intake.lifecycle import Actor, Status
from intake.locale import say, times
from intake.locale.emergency_numbers import DIAL
from intake.runtime import Parts
from intake.storage.models import Event, Message, OperatorTask, ServiceRequest

NEWS = frozenset({Status.ACCEPTED, Status.DONE, Status.REJECTED, Status.CANCELLED})
BY_HAND = "operator"
"""The code of a message that an operator wrote."""
SHOWS_NEWS = frozenset({"page"})  # channels whose residents see the status on their phone


async def tell(parts: Parts, service_request_id: int) -> None:
    """Write the sentence for the present status, once for each version of it.

    A channel that can send sends it, the page shows it; if the resident left only a phone number,
    an operator gets a task to ring.
    """
    async with parts.sessions.begin() as session:
        request = await session.get_one(ServiceRequest, service_request_id, with_for_update=True)
        said = await sentence(session, request, parts)
        if said is None or request.erased_at is not None:
            return
        code, text = said
        if request.told_in_chat == request.status:
            return
        latest = await session.scalar(
            select(Message)
            .where(
                Message.service_request_id == request.id,
                Message.direction == "out",
                Message.code.is_distinct_from(BY_HAND),
            )
            .order_by(Message.id.desc())
            .limit(1)
        )
        if latest is not None and latest.code == code and latest.text == text:
            return
        session.add(
            Message(
                service_request_id=request.id,
                conversation_id=request.conversation_id,
                direction="out",
                code=code,
                text=text,
                language=request.language,
            )
        )
        if request.conversation_id is not None:
            await session.flush()
            await outbox.start_sending(session, request.conversation_id)
        elif await _owed_a_call(session, request):
            words = say("task.tell_by_phone", None, number=request.tracking_number)
            await service_requests.ask_operators(
                session, request, service_requests.CALL_BACK, words
            )


async def _owed_a_call(session: AsyncSession, request: ServiceRequest) -> bool:
    """Whether the resident, who left only a phone number, is to be rung: there is news, and no task
    to ring is open."""
    if request.channel in SHOWS_NEWS or not request.phone or request.status not in NEWS:
        return False
    moved_by = await session.scalar(
        select(Event.actor)
        .where(Event.service_request_id == request.id, Event.kind == "moved")
        .order_by(Event.id.desc())
        .limit(1)
    )
    waits = await session.scalar(
        select(OperatorTask.id)
        .where(
            OperatorTask.service_request_id == request.id,
            OperatorTask.kind == service_requests.CALL_BACK,
            OperatorTask.done_at.is_(None),
        )
        .limit(1)
    )
    return moved_by != Actor.RESIDENT and waits is None


async def sentence(
    session: AsyncSession, request: ServiceRequest, parts: Parts
) -> tuple[str, str] | None:
    """(code, sentence) for the present status in the resident's language; None: nothing to say."""
    language = request.language
    phone = parts.settings.human_phone or say("phone.unset", language)
    status = Status(request.status)
    code = status.value
    if request.urgency == "emergency" and status is Status.NEEDS_REVIEW:
        code = "emergency"
    elif request.conversation_id is not None and status is Status.NEEDS_REVIEW:
        code = "needs_review_chat"
    if status is Status.ACCEPTED and not request.assignee:
        code = "accepted_nobody"
    elif status is Status.ACCEPTED and request.comes_at is not None:
        code = "accepted_when"
    if status not in (
        Status.NEEDS_REVIEW,
        Status.ROUTED,
        Status.ACCEPTED,
        Status.DONE,
        Status.REJECTED,
        Status.CANCELLED,
        Status.MERGED,
    ):
        return None
    into = None
    if request.merged_into_id is not None:
        other = await session.get(ServiceRequest, request.merged_into_id)
        into = other.tracking_number if other else None
    entry = parts.catalogue.entries.get(request.category or "")
    name = (entry.name_en if language == "en" else entry.name_zh) if entry else "–"
    return code, say(
        f"tell.{code}",
        language,
        number=request.tracking_number,
        category=name,
        backend=parts.settings.backends.get(request.backend or "", {}).get("title")
        or request.backend,
        who=request.assignee,
        when=times.at(request.comes_at.astimezone(parts.settings.zone), language)
        if request.comes_at
        else "–",
        why=(request.rejected_because or "–").rstrip("。.!！ "),  # the sentence has its own
        phone=phone,
        into=into or "–",
        dial=DIAL,
    )
