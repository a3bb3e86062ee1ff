"""An erase leaves nothing behind but a tombstone; what others need stays."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import func, select, text
from typer.testing import CliRunner

from intake import service_requests
from intake.assistant.client import tracker_file
from intake.errors import BackendError
from intake.lifecycle import Actor
from intake.privacy import erase_request, external_data
from intake.privacy.erase_request import erase
from intake.service_requests import Author
from intake.storage.models import (
    AccessLog,
    Alarm,
    Conversation,
    Delivery,
    Event,
    Leftover,
    Message,
    OperatorTask,
    Recording,
    ServiceRequest,
    StationOrder,
    Transcript,
)
from intake.web.auth import make_token
from tests.support.chat import Chat
from tests.support.installation import Installation

MARK = "紫罗兰花盆"
NAME = "欧阳菊香"
PHONE = "13911223344"
SAID = f"我是{NAME}，麻烦帮我买一个{MARK}送来，电话{PHONE}"
BY = Author(Actor.OPERATOR, "Ms Li")


async def erase_now(house: Installation, number: str, **more: Any) -> None:
    """As the route does it: the rows, then what lies outside."""
    request = await house.request(number)
    async with house.parts.sessions.begin() as session:
        left = await erase(session, request.id, BY, why="asked", **more)
    if left is not None:
        await external_data.remove(house.settings, house.parts.sessions, left)


async def filed(house: Installation) -> str:
    """A voicemail that is clear enough to be handed over at once; its number."""
    number = await house.leave(SAID, phone=PHONE, name=NAME, place="幸福里", unit="3-2-501")
    await house.work()
    return number


def found_in_database(url: str, *marks: str) -> list[str]:
    """Table and column of every value, as text, that holds one of the marks."""
    found = []
    with psycopg.connect(url) as connection:
        columns = connection.execute(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table, column in columns:
            for mark in marks:
                query = sql.SQL("SELECT count(*) FROM {} WHERE {}::text LIKE {}").format(
                    sql.Identifier(schema, table),
                    sql.Identifier(column),
                    sql.Literal(f"%{mark}%"),
                )
                if connection.execute(query).fetchone() != (0,):
                    found.append(f"{table}.{column}: {mark}")
                # JSON may hold the same words escaped
                escaped = mark.encode("unicode_escape").decode()
                query = sql.SQL("SELECT count(*) FROM {} WHERE strpos({}::text, {}) > 0").format(
                    sql.Identifier(schema, table), sql.Identifier(column), sql.Literal(escaped)
                )
                if connection.execute(query).fetchone() != (0,):
                    found.append(f"{table}.{column}: {mark} escaped")
    return found


def found_in_files(folder: Path, *marks: bytes) -> list[str]:
    """Every file under a folder that holds one of the marks."""
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and any(mark in path.read_bytes() for mark in marks)
    ]


async def test_an_erased_request_stays_without_anything_personal(house: Installation) -> None:
    number = await filed(house)
    before = await house.request(number)
    assert before.status == "routed"
    blob = house.settings.recordings_dir / await _blob_key(house)
    assert blob.exists()
    assert found_in_database(house.settings.database_url, MARK, NAME, PHONE)
    await erase_now(house, number)
    await house.work()
    assert not found_in_database(house.settings.database_url, MARK, NAME, PHONE, "3-2-501")
    assert not blob.exists()
    after = await house.request(number)
    kept = ("id", "channel", "category", "area", "received_at", "routed_at", "backend", "urgency")
    assert all(getattr(after, name) == getattr(before, name) for name in kept)
    assert (after.status, after.erased_by, after.erased_why) == ("cancelled", "Ms Li", "asked")
    assert after.erased_at is not None and after.ended_at is not None
    gone = ("text", "place", "unit", "person", "phone", "when_text", "recording_id")
    assert all(getattr(after, name) is None for name in gone)
    assert after.given == {} and after.status_key != before.status_key
    async with house.parts.sessions() as session:
        kinds = list(await session.scalars(select(Event.kind).order_by(Event.id)))
        orders = list(await session.scalars(select(StationOrder)))
        left = await session.scalar(select(func.count()).select_from(Leftover))
    assert kinds.count("moved") >= 5 and kinds[-1] == "erased"
    assert [(order.status, order.payload) for order in orders] == [("cancelled", {})]
    assert left == 0


async def test_the_residents_links_lead_nowhere_afterwards(house: Installation) -> None:
    number = await house.leave(SAID)
    key = (await house.request(number)).status_key
    assert (await house.client.get(f"/s/{key}")).status_code == 200
    await erase_now(house, number)
    assert (await house.client.get(f"/s/{key}")).status_code == 404


async def test_an_open_emergency_is_not_erased_unless_it_is_forced(house: Installation) -> None:
    number = await house.leave("我摔倒了起不来，快来人")
    await house.work(hurry=False)
    assert (await house.request(number)).urgency == "emergency"
    with pytest.raises(Exception, match="open emergency"):
        await erase_now(house, number)
    assert (await house.request(number)).text
    await erase_now(house, number, force=True)
    async with house.parts.sessions() as session:
        assert (await session.scalars(select(Alarm.status))).one() == "acknowledged"
    assert (await house.request(number)).text is None


async def test_a_recording_with_two_needs_goes_with_the_last_of_them(house: Installation) -> None:
    number = await house.leave(SAID, phone=PHONE)
    await house.work()
    async with house.parts.sessions.begin() as session:
        first = await service_requests.lock(session, (await house.request(number)).id)
        twin = (
            await service_requests.split(session, first, {"category": "meal"}, BY, house.parts)
        ).tracking_number
    blob = house.settings.recordings_dir / await _blob_key(house)
    await erase_now(house, number)
    assert blob.exists()
    other = await house.request(twin)
    assert other.text == SAID and other.recording_id and other.transcript_id
    await erase_now(house, twin)
    assert not blob.exists()
    async with house.parts.sessions() as session:
        for table in (Recording, Transcript):
            assert await session.scalar(select(func.count()).select_from(table)) == 0
    assert not found_in_database(house.settings.database_url, MARK, NAME, PHONE)


async def test_what_another_system_holds_becomes_a_task(house: Installation) -> None:
    class Elsewhere:
        polls = False
        can_update = True

        async def submit(self, dispatch: Any) -> Any:
            from intake.backends import Receipt

            return Receipt("A-77", None)

        async def update(self, dispatch: Any) -> None:
            raise BackendError("gone", retryable=False)

        async def close(self) -> None:
            """Nothing is held."""

    house.parts.backends = {"station": Elsewhere()}  # type: ignore[dict-item]
    number = await filed(house)
    await erase_now(house, number)
    async with house.parts.sessions() as session:
        task = (await session.scalars(select(OperatorTask))).one()
        kinds = list(await session.scalars(select(Delivery.kind).order_by(Delivery.id)))
    assert task.kind == "erase_there" and "A-77" in task.sentence and number in task.sentence
    assert kinds == ["submit", "cancelled"]
    await house.work()
    assert not found_in_database(house.settings.database_url, MARK, NAME, PHONE)


async def test_while_it_is_being_handed_over_it_waits(house: Installation) -> None:
    number = await filed(house)
    async with house.parts.sessions.begin() as session:
        await session.execute(text("UPDATE delivery_attempts SET finished_at = NULL"))
    with pytest.raises(Exception, match="is being handed over now"):
        await erase_now(house, number)
    async with house.parts.sessions.begin() as session:
        await session.execute(
            text("UPDATE delivery_attempts SET started_at = now() - interval '1 hour'")
        )
    await erase_now(house, number)


async def test_a_whole_conversation_goes_with_its_only_request(chat: Chat) -> None:
    await chat.says("你好", who="openid-of-anna")
    await chat.says(f"家里水管漏了，{MARK}下面，幸福里三号楼二单元501", who="openid-of-anna")
    await chat.says(f"我叫{NAME}，电话{PHONE}", who="openid-of-anna")
    await chat.speaks(f"对，{MARK}", who="openid-of-anna")
    [request] = await chat.requests()
    _memory(chat, f"{request.conversation_id}.abcd", MARK)
    other = _memory(chat, f"{request.conversation_id}1.abcd", "another's")
    await erase_now(chat, request.tracking_number)
    await chat.work()
    marks = (MARK, NAME, PHONE, "openid-of-anna")
    assert not found_in_database(chat.settings.database_url, *marks)
    assert not found_in_files(chat.settings.home, *(mark.encode() for mark in marks))
    async with chat.parts.sessions() as session:
        for table in (Conversation, Message, Recording):
            assert await session.scalar(select(func.count()).select_from(table)) == 0
    assert _memories(chat) == [other]


async def test_what_was_said_about_another_request_stays(chat: Chat) -> None:
    await chat.says(f"家里水管漏了，{MARK}旁边，幸福里三号楼二单元501")
    await chat.says("对")
    await chat.says("安康里五号楼一单元102的灯坏了")
    await chat.says("对")
    first, second = await chat.requests()
    await erase_now(chat, first.tracking_number)
    assert not found_in_database(chat.settings.database_url, MARK)
    said = [message.text for message in await chat.messages("in")]
    assert said == ["安康里五号楼一单元102的灯坏了", "对"]
    kept = await chat.request(second.tracking_number)
    assert kept.text and kept.conversation_id and (await chat.conversation()).tracker is None


async def test_a_draft_that_is_erased_is_not_gone_on_with(chat: Chat) -> None:
    await chat.says(f"家里水管漏了，{MARK}旁边")
    [draft] = await chat.requests()
    await erase_now(chat, draft.tracking_number)
    assert not found_in_database(chat.settings.database_url, MARK)
    await chat.work()
    await chat.says("幸福里")
    assert not found_in_database(chat.settings.database_url, MARK)


async def test_an_operator_may_not_a_supervisor_may_over_the_api(house: Installation) -> None:
    number = await house.leave(SAID)
    await house.work()
    path = f"/api/requests/{number}/erase"
    version = str((await house.request(number)).version)
    async with await house.operator() as operator:
        refused = await operator.post(path, json={}, headers={"If-Match": version})
    assert refused.status_code == 403
    async with house.parts.sessions.begin() as session:
        token, _ = await make_token(session, "Mr Zhao", "supervisor", 1)
    headers = {"Authorization": f"Bearer {token}", "If-Match": "1"}
    stale = await house.client.post(path, json={}, headers=headers)
    assert stale.status_code == 412
    headers["If-Match"] = version
    done = await house.client.post(path, json={"why": "asked"}, headers=headers)
    assert done.status_code == 200 and done.json()["erased_at"]
    assert not found_in_database(house.settings.database_url, MARK)
    async with house.parts.sessions() as session:
        seen = await session.scalars(select(AccessLog.action).where(AccessLog.who == "Mr Zhao"))
        assert list(seen) == ["erase"]


async def test_files_that_stayed_when_the_process_died_are_removed_by_the_job(
    house: Installation,
) -> None:
    number = await house.leave(SAID)
    await house.work()
    blob = house.settings.recordings_dir / await _blob_key(house)
    request = await house.request(number)
    async with house.parts.sessions.begin() as session:
        await erase(session, request.id, BY, why="asked")
    assert blob.exists()
    await house.work()
    assert not blob.exists()


async def test_every_kind_of_event_and_field_is_blank_or_named_as_kept(house: Installation) -> None:
    number = await house.leave(SAID, phone=PHONE)
    await house.work()
    request = await house.request(number)
    async with house.parts.sessions.begin() as session:
        await erase(session, request.id, BY, why="asked")
    tomb = await house.request(number)
    for column in ServiceRequest.__table__.columns:
        value = getattr(tomb, column.key)
        if column.key not in erase_request.KEPT | {"status_key", "status_key_hash"}:
            assert value in (None, {}, [], False, 0, ""), column.key


def test_the_command_erases_after_asking(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command runs in a loop of its own."""
    import asyncio

    from intake.cli import app

    number = asyncio.run(_prepared(house))
    monkeypatch.setenv("HUYING_HOME", str(house.settings.home))
    monkeypatch.setenv("HUYING_DATABASE_URL", str(house.settings.database_url))
    kept = CliRunner().invoke(app, ["erase", number], input="n\n")
    assert kept.exit_code == 1
    assert found_in_database(str(house.settings.database_url), MARK)
    done = CliRunner().invoke(app, ["erase", number, "--yes"])
    assert done.exit_code == 0, done.output
    assert "Erased 1" in done.output
    assert not found_in_database(str(house.settings.database_url), MARK)


async def _prepared(house: Installation) -> str:
    number = await house.leave(SAID)
    await house.work()
    await house.parts.engine.dispose()
    return number


async def _blob_key(house: Installation) -> str:
    async with house.parts.sessions() as session:
        return (await session.scalars(select(Recording.blob_key))).one()


def _memory(chat: Chat, sender: str, words: str) -> str:
    """A memory as Rasa keeps it in its file."""
    path = tracker_file(chat.settings.home)
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as rasa:
        rasa.execute(
            "CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, sender_id TEXT,"
            " type_name TEXT, timestamp FLOAT, data TEXT)"
        )
        rasa.execute(
            "INSERT INTO events (sender_id, timestamp, data) VALUES (?, 1, ?)", (sender, words)
        )
    return sender


def _memories(chat: Chat) -> list[str]:
    with sqlite3.connect(tracker_file(chat.settings.home)) as rasa:
        return [row[0] for row in rasa.execute("SELECT sender_id FROM events")]
