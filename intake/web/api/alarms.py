"""Alarms: list the open ones, take one over at the desk or by the link in a mail."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from intake import service_requests
from intake.errors import HuyingError, NotFound
from intake.locale import say
from intake.network import signing
from intake.runtime import Parts
from intake.storage.models import AccessLog, Alarm, ServiceRequest
from intake.web.access_log_throttle import log_look
from intake.web.auth import CurrentOperator, CurrentParts, log_access
from intake.web.plain_page import bad_link, page

router = APIRouter()


@router.get("/a/{token}", response_class=HTMLResponse, include_in_schema=False)
async def show_alarm(parts: CurrentParts, token: str, request: Request) -> HTMLResponse:
    """The page behind an alarm's link: what happened, and one button."""
    try:
        alarm_id, who = _alarm_of(parts, token)
    except HuyingError as error:
        return bad_link(request, error)
    async with parts.sessions.begin() as session:
        alarm = await session.get_one(Alarm, alarm_id)
        found = await session.get_one(ServiceRequest, alarm.service_request_id)
        session.add(AccessLog(who=who, action="alarm_link", service_request_id=found.id))
    if alarm.status == "acknowledged":
        return page(request, "page.ack.done", None, who=alarm.acknowledged_by)
    lines = [found.tracking_number, found.text, found.place, found.unit, found.phone]
    return page(
        request,
        "page.ack.title",
        None,
        lines=[line for line in lines if line],
        buttons=[("", say("page.ack.button", None))],
    )


@router.post("/a/{token}", response_class=HTMLResponse, include_in_schema=False)
async def take_alarm(parts: CurrentParts, token: str, request: Request) -> HTMLResponse:
    """Somebody on duty takes the alarm over; nobody else is called."""
    try:
        alarm_id, who = _alarm_of(parts, token)
    except HuyingError as error:
        return bad_link(request, error)
    async with parts.sessions.begin() as session:
        alarm = await session.get_one(Alarm, alarm_id, with_for_update=True)
        await service_requests.acknowledge(session, alarm, who)
        taken_by = alarm.acknowledged_by
    return page(request, "page.ack.done", None, who=taken_by)


def _alarm_of(parts: Parts, token: str) -> tuple[int, str]:
    subject = signing.check_link(parts.link_secrets, "alarm", token, datetime.now(UTC))
    alarm_id, who = json.loads(subject)
    return int(alarm_id), str(who)


@router.get("/api/alarms", tags=["operators"])
async def alarms(parts: CurrentParts, operator: CurrentOperator) -> list[dict[str, Any]]:
    """The alarms that nobody has taken over yet."""
    async with parts.sessions.begin() as session:
        rows = await session.execute(
            select(Alarm, ServiceRequest.tracking_number)
            .join(ServiceRequest, ServiceRequest.id == Alarm.service_request_id)
            .where(Alarm.status != "acknowledged")
            .order_by(Alarm.id)
        )
        await log_look(session, operator, "alarms")
        return [
            {
                "id": alarm.id,
                "tracking_number": number,
                "status": alarm.status,
                "step": alarm.step,
                "created_at": alarm.created_at,
            }
            for alarm, number in rows.all()
        ]


@router.post("/api/alarms/{alarm_id}/acknowledge", tags=["operators"])
async def acknowledge(
    parts: CurrentParts, operator: CurrentOperator, alarm_id: int
) -> dict[str, Any]:
    """The operator takes the alarm over; nobody else is called."""
    async with parts.sessions.begin() as session:
        alarm = await session.get(Alarm, min(alarm_id, 2**62), with_for_update=True)
        if alarm is None:
            raise NotFound("There is no such alarm.")
        await service_requests.acknowledge(session, alarm, operator.name)
        await log_access(session, operator, "acknowledge")
        return {"id": alarm.id, "status": alarm.status, "acknowledged_by": alarm.acknowledged_by}
