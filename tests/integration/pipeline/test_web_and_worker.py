"""A resident writes again while a worker is at her last message: neither makes the other fail."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update

from intake import service_requests
from intake.conversation import locks
from intake.conversation.inbound import Inbound, take_in
from intake.lifecycle import Actor, Status
from intake.pipeline import sweep
from intake.storage.models import Conversation, Message, ServiceRequest
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio


async def writes(house: Installation, words: str) -> None:
    inbound = Inbound("webchat", "anna", words, datetime.now(UTC), text=words)
    async with house.parts.sessions.begin() as session:
        await take_in(session, inbound, house.parts)


async def waiting(house: Installation) -> bool:
    """Does anybody wait for a lock of this database?"""
    async with house.parts.sessions() as session:
        statement = (
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database()"
        )
        return bool(await session.scalar(text(statement)))


async def test_a_worker_opens_a_request_while_the_endpoint_waits_for_the_conversation(
    house: Installation,
) -> None:
    await writes(house, "水管坏了")
    async with house.parts.sessions.begin() as session:
        found = await session.scalar(select(Conversation))
        assert found is not None
        conversation = await locks.lock(session, found.id)
        door = asyncio.create_task(writes(house, "在厨房"))
        async with asyncio.timeout(60):
            while not await waiting(house):
                await asyncio.sleep(0.05)
        assert not door.done()
        opening = service_requests.Opening(
            "webchat", contact_point_id=conversation.contact_point_id
        )
        await service_requests.open_request(
            session, opening, by=service_requests.Author(Actor.DOOR)
        )
    await door
    async with house.parts.sessions() as session:
        assert await session.scalar(select(func.count(Message.id))) == 2


async def converse_jobs(house: Installation) -> list[tuple[str, str]]:
    return [(task, status) for task, status, _ in await house.jobs() if task == "converse"]


async def test_a_message_whose_job_was_lost_is_begun_again_once(house: Installation) -> None:
    await writes(house, "水管坏了")
    async with house.parts.sessions.begin() as session:
        await session.execute(text("UPDATE procrastinate_jobs SET status = 'failed'"))
    await sweep.find_stuck(house.parts)  # it is young: its job may be on its way
    assert await converse_jobs(house) == [("converse", "failed")]
    async with house.parts.sessions.begin() as session:
        await session.execute(
            update(Message).values(created_at=datetime.now(UTC) - timedelta(minutes=2))
        )
    for _ in range(2):
        await sweep.find_stuck(house.parts)
        assert await converse_jobs(house) == [("converse", "failed"), ("converse", "todo")]
    house.assistant_up = False
    await house.work()
    async with house.parts.sessions() as session:
        (request,) = await session.scalars(select(ServiceRequest))
        assert (request.status, request.text) == (Status.NEEDS_REVIEW.value, "水管坏了")
    await sweep.find_stuck(house.parts)
    assert ("converse", "todo") not in await converse_jobs(house)
