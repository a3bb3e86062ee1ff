"""An emergency calls the people on duty, one after the other, until one of them acknowledges it.

The job that calls the next person is queued in the transaction that begins this call: if this
process dies, the next person is still called. A call that was begun and not finished is made again.
"""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

from sqlalchemy import select

from intake import service_requests
from intake.errors import BackendError
from intake.locale import say
from intake.network import signing
from intake.network.denial import says_no
from intake.pipeline import duty_hours
from intake.runtime import Parts
from intake.settings import Contact
from intake.storage.jobs import defer
from intake.storage.models import Alarm, AlarmNotice, ServiceRequest

log = logging.getLogger("huying.alarm")
LINK_HOURS = 24


async def call(parts: Parts, alarm_id: int, step: int) -> None:
    """Call person number ``step`` (counted through all rounds), and queue the next."""
    table = parts.settings.alarm
    async with parts.sessions.begin() as session:
        alarm = await session.get_one(Alarm, alarm_id, with_for_update=True)
        if alarm.status == "acknowledged":
            return
        request = await session.get_one(ServiceRequest, alarm.service_request_id)
        contacts = duty_hours.on_duty(
            table.contacts,
            table.duty_hours,
            datetime.now(UTC),
            parts.settings.zone,
            off_duty=table.off_duty_contacts,
        )
        if not contacts or step >= len(contacts) * table.rounds:
            if alarm.status == "open" and step > 0:
                alarm.status = "unanswered"
                sentence = f"Nobody answered the alarm for {request.tracking_number}; ring them."
                await service_requests.ask_operators(session, request, "alarm_unanswered", sentence)
            if not contacts:
                log.error("alarm %s: nobody is named in [alarm] contacts", alarm_id)
            return
        contact = contacts[step % len(contacts)]
        notices = {
            notice.via: notice
            for notice in await session.scalars(
                select(AlarmNotice).where(
                    AlarmNotice.alarm_id == alarm_id, AlarmNotice.step == step
                )
            )
        }
        if not notices:
            alarm.step = step
            for via in ("email", "webhook"):
                if getattr(contact, via):
                    notices[via] = AlarmNotice(
                        alarm_id=alarm_id, step=step, contact=contact.name, via=via
                    )
                    session.add(notices[via])
            wait = timedelta(seconds=table.next_after_seconds)
            await defer(session, "alarm", after=wait, alarm_id=alarm_id, step=step + 1)
        await session.flush()
        open_notices = [(n.id, n.via) for n in notices.values() if n.finished_at is None]
    results = await asyncio.gather(
        *(_notify(parts, contact, via, alarm_id, step, request) for _, via in open_notices)
    )
    async with parts.sessions.begin() as session:
        for (notice_id, _), error in zip(open_notices, results, strict=True):
            notice = await session.get_one(AlarmNotice, notice_id)
            notice.finished_at = datetime.now(UTC)
            notice.ok, notice.error = error is None, error
        if open_notices and all(results):  # no way reached this person: call the next one now
            await defer(session, "alarm", alarm_id=alarm_id, step=step + 1)


async def _notify(
    parts: Parts, contact: Contact, via: str, alarm_id: int, step: int, request: ServiceRequest
) -> str | None:
    """Call a contact by mail or webhook. Returns the error's sentence, or None if it was sent."""
    until = datetime.now(UTC) + timedelta(hours=LINK_HOURS)
    subject = json.dumps([alarm_id, contact.name], ensure_ascii=False)
    token = signing.sign_link(parts.link_secrets[0], "alarm", subject, until)
    link = f"{parts.settings.base_url}/a/{token}"
    try:
        if via == "email":
            await _mail(parts, contact, link, alarm_id, step, request)
        else:
            await _post(parts, contact, link, alarm_id, step, request)
    except BackendError as error:
        log.error("alarm %s step %s via %s: %s", alarm_id, step, via, error.code)
        return error.sentence
    return None


async def _mail(
    parts: Parts, contact: Contact, link: str, alarm_id: int, step: int, request: ServiceRequest
) -> None:
    table = parts.settings.alarm
    assert table.smtp is not None
    assert contact.email is not None
    values = {
        "number": request.tracking_number,
        "kind": request.category or "",
        "received": request.received_at.astimezone(parts.settings.zone).strftime("%m-%d %H:%M"),
        "text": request.text or "–",
        "where": " ".join(p for p in (request.place, request.unit) if p) or "–",
        "phone": request.phone or "–",
        "link": link,
        "seconds": int(table.next_after_seconds),
    }
    message = EmailMessage()
    message["From"] = table.smtp.sender
    message["To"] = contact.email
    message["Subject"] = " / ".join(say("alarm.subject", lang, **values) for lang in ("zh", "en"))
    message["Message-ID"] = f"<alarm-{alarm_id}-{step}@{table.smtp.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Priority"] = "1"
    message.set_content("\n\n".join(say("alarm.body", lang, **values) for lang in ("zh", "en")))
    await parts.outgoing.send_mail(message, table.smtp)


async def _post(
    parts: Parts, contact: Contact, link: str, alarm_id: int, step: int, request: ServiceRequest
) -> None:
    assert contact.webhook is not None
    body = json.dumps(
        {
            "event": "alarm",
            "alarm_id": alarm_id,
            "step": step,
            "contact": contact.name,
            "tracking_number": request.tracking_number,
            "category": request.category,
            "text": request.text,
            "place": request.place,
            "unit": request.unit,
            "phone": request.phone,
            "received_at": request.received_at.isoformat(),
            "acknowledge_url": link,
        },
        ensure_ascii=False,
    ).encode()
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": f"alarm-{alarm_id}-{step}",
    }
    if contact.secret_file is not None:
        secret = contact.secret_file.read_text().strip()
        headers["Huying-Signature"] = signing.sign_body(secret, signing.unix_seconds(), body)
    answer = await parts.outgoing.request(
        "POST",
        contact.webhook,
        headers=headers,
        content=body,
        timeout_seconds=15,
        allow_networks=contact.allow_networks,
    )
    if says_no(answer):
        raise BackendError(
            f"{contact.name}'s webhook answered {answer.status_code} with a page or an error; check"
            " its address.",
            code="answer_unreadable",
            sent=None,
        )
