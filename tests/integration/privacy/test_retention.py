"""What is old is forgotten, each kind in its time; what is open stays."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update
from typer.testing import CliRunner

from intake.cli import app
from intake.pipeline import sweep
from intake.privacy import plausibility, retention
from intake.storage.models import ServiceRequest
from tests.support.chat import Chat
from tests.support.installation import Installation

DAY = 24 * 3600
SAID = "麻烦帮我买一个紫罗兰花盆送来"


async def ended(house: Installation, number: str, days: float) -> None:
    """Pretend that it came and ended so many days ago, with all that hangs on it."""
    async with house.parts.sessions.begin() as session:
        await session.execute(
            update(ServiceRequest)
            .where(ServiceRequest.tracking_number == number)
            .values(status="closed", ended_at=text(f"now() - interval '{days} days'"))
        )
    await aged(house, days)


async def aged(house: Installation, days: float) -> None:
    """Pretend that all sound, words and messages came so many days ago."""
    async with house.parts.sessions.begin() as session:
        for table in ("recordings", "transcripts", "messages", "access_log", "idempotency_keys"):
            ago = f"now() - interval '{days} days'"
            await session.execute(text(f"UPDATE {table} SET created_at = {ago}"))
        await session.execute(
            text(f"UPDATE conversations SET last_in_at = now() - interval '{days} days'")
        )


async def forget(house: Installation) -> dict[str, int]:
    """What went, without the kinds of which nothing did."""
    due = await retention.due(house.settings, house.parts.sessions)
    found = await retention.forget(house.settings, house.parts.sessions, thorough=True)
    assert {n: c for n, c in found.items() if c}.keys() >= {n for n, c in due.items() if c}
    again = await retention.forget(house.settings, house.parts.sessions, thorough=True)
    assert not any(again.values())
    return {name: count for name, count in found.items() if count}


async def count(house: Installation, table: str, where: str = "true") -> int:
    async with house.parts.sessions() as session:
        found = await session.scalar(text(f"SELECT count(*) FROM {table} WHERE {where}"))
        return int(found or 0)


def sound(house: Installation) -> list[Path]:
    return [path for path in house.settings.recordings_dir.rglob("*") if path.is_file()]


async def test_what_is_open_is_never_forgotten(house: Installation) -> None:
    await house.leave(SAID, phone="13812345678")
    await house.work()
    await aged(house, 4000)
    assert set(await forget(house)) <= {"messages", "access log"}
    assert len(sound(house)) == 1
    assert await count(house, "transcripts") == 1


async def test_sound_goes_first_then_words_then_the_request(house: Installation) -> None:
    number = await house.leave(SAID, phone="13812345678")
    await house.work()
    await ended(house, number, 89)
    assert await forget(house) == {}
    await ended(house, number, 91)
    assert await forget(house) == {"recordings": 1}
    assert sound(house) == [] and await count(house, "transcripts") == 1
    assert (await house.request(number)).text == SAID
    async with house.parts.sessions.begin() as session:
        why = "UPDATE service_requests SET rejected_because = '她没有花', for_other = true"
        await session.execute(text(why))
    await ended(house, number, 181)
    assert (await forget(house)).keys() >= {"words of requests", "other transcripts"}
    request = await house.request(number)
    assert request.text is None and request.phone == "13812345678"
    assert (request.rejected_because, request.for_other) == (None, False)
    assert await count(house, "transcripts") == await count(house, "understandings") == 0
    assert await count(house, "events", "why IS NOT NULL OR changes IS NOT NULL") == 0
    assert await count(house, "request_words", "said LIKE '%紫罗兰%'") == 0
    await ended(house, number, 731)
    assert await forget(house) == {"requests": 1}
    await house.work()
    request = await house.request(number)
    assert (request.phone, request.erased_why, request.erased_by) == (
        None,
        "retention",
        "retention",
    )


async def test_sound_that_an_open_request_needs_stays(house: Installation) -> None:
    from intake import service_requests
    from intake.lifecycle import Actor
    from intake.service_requests import Author

    number = await house.leave(SAID)
    await house.work()
    async with house.parts.sessions.begin() as session:
        first = await service_requests.lock(session, (await house.request(number)).id)
        twin = await service_requests.split(session, first, {}, Author(Actor.OPERATOR), house.parts)
        other = twin.tracking_number
    await ended(house, number, 400)
    found = await forget(house)
    assert "recordings" not in found and "other transcripts" not in found
    assert len(sound(house)) == 1
    kept = await house.request(other)
    assert kept.text == SAID and kept.transcript_id is not None


async def test_conversations_go_when_nothing_in_them_is_needed(chat: Chat) -> None:
    await chat.says("你好", who="bob")
    await chat.says("家里水管漏了，幸福里三号楼二单元501", who="anna")
    await chat.shows(who="anna")
    [request] = await chat.requests()
    await aged(chat, 200)
    await forget(chat)
    assert await count(chat, "conversations") == 1
    assert await count(chat, "contact_points", "address = 'bob'") == 0
    kept = await chat.messages("in")
    assert len(kept) == 2 and len(sound(chat)) == 1
    await ended(chat, request.tracking_number, 200)
    found = await forget(chat)
    assert found["conversations"] == 1 and found["messages"] >= 2
    assert sound(chat) == [] and await count(chat, "messages") == 0
    assert await count(chat, "request_words", "said LIKE '%水管%'") == 0


async def test_logs_keys_and_failed_jobs_go(house: Installation) -> None:
    number = await house.leave(SAID)
    await house.work()
    async with await house.operator() as operator:
        assert (await operator.get(f"/api/requests/{number}")).status_code == 200
    async with house.parts.sessions.begin() as session:
        await session.execute(
            text(
                "INSERT INTO idempotency_keys (key_sha256, body_sha256, service_request_id)"
                " SELECT 'k', 'b', id FROM service_requests"
            )
        )
        for status in ("failed", "todo"):
            await session.execute(
                text(
                    "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status)"
                    f" VALUES ('default', 'tell', '{{}}', '{status}')"
                )
            )
        await session.execute(text("UPDATE procrastinate_events SET at = now() - interval '31 d'"))
    await aged(house, 1096)
    folder = house.settings.home / "log"
    folder.mkdir()
    for name, days in (("huying.log", 40), ("huying.log.1", 29), ("huying.log.2", 31)):
        (folder / name).write_text("line")
        os.utime(folder / name, (time.time() - days * DAY,) * 2)
    found = await forget(house)
    assert found["senders' keys"] == 1 and found["access log"] >= 1
    assert found["failed jobs"] >= 1 and found["log files"] == 1
    assert await count(house, "procrastinate_jobs", "status = 'failed'") == 0
    assert sorted(path.name for path in folder.iterdir()) == ["huying.log", "huying.log.1"]
    assert await count(house, "procrastinate_jobs", "status = 'todo'") == 1


async def test_a_file_that_no_row_names_goes_after_a_day(house: Installation) -> None:
    await house.leave(SAID)
    [kept] = sound(house)
    writer = house.parts.blobs.writer()
    writer.write(b"its door was killed")
    await writer.finish(lambda path: path)
    assert await forget(house) == {}
    for path in (kept, writer.path):
        os.utime(path, (time.time() - 2 * DAY,) * 2)
    assert await forget(house) == {"orphaned files": 1}
    assert sound(house) == [kept]


async def test_nothing_is_forgotten_where_the_time_is_zero(
    open_house: Callable[..., Installation],
) -> None:
    kinds = {kind.setting: 0 for kind in retention.KINDS}
    house = open_house(retention=kinds)
    number = await house.leave(SAID)
    await house.work()
    await ended(house, number, 5000)
    assert await forget(house) == {}


async def test_the_worker_forgets_by_itself(house: Installation) -> None:
    number = await house.leave(SAID)
    await house.work()
    await ended(house, number, 91)
    async with house.parts.sessions.begin() as session:
        from intake.storage.jobs import defer

        await defer(session, "forget", timestamp=0)
    await house.work(hurry=False)
    assert sound(house) == []


def test_the_command_shows_what_would_go(
    make_settings: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings()
    monkeypatch.setenv("HUYING_HOME", str(settings.home))
    monkeypatch.setenv("HUYING_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("HUYING_RETENTION__WORDS_DAYS", "0")
    shown = CliRunner().invoke(app, ["forget", "--dry-run"])
    assert shown.exit_code == 0, shown.output
    assert "recordings  after 90 days" in shown.output
    assert "words of requests  never" in shown.output
    assert "Nothing was changed." in shown.output
    assert "--agreed" not in shown.output


async def test_the_command_says_what_is_kept_for_ever_and_what_waits_for_a_person(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUYING_HOME", str(house.settings.home))
    monkeypatch.setenv("HUYING_DATABASE_URL", house.settings.database_url or "")
    monkeypatch.setenv("HUYING_RETENTION__WORDS_DAYS", "0")
    await house.leave(SAID)
    await house.work()
    await moved(house, "4000 days")
    shown = await asyncio.to_thread(CliRunner().invoke, app, ["forget"])
    assert shown.exit_code == 0, shown.output
    assert "requests  waits for you" in shown.output
    assert "words of requests  never" in shown.output
    assert "huying forget --agreed" in shown.output


async def moved(house: Installation, ago: str) -> None:
    """Pretend that the last that happened here happened so long ago (a PostgreSQL interval)."""
    async with house.parts.sessions.begin() as session:
        for table in ("events", "messages", "access_log"):
            await session.execute(text(f"UPDATE {table} SET created_at = now() - interval '{ago}'"))


@pytest.mark.parametrize(
    ("ago", "believed"),
    [("1 hour", True), ("13 days", True), ("15 days", False), ("4000 days", False),
     ("-30 minutes", True), ("-2 hours", False), ("-900 days", False)],
)  # fmt: skip
async def test_a_clock_that_can_not_be_right_erases_nothing(
    house: Installation, ago: str, believed: bool
) -> None:
    number = await house.leave(SAID, phone="13812345678")
    await house.work()
    await ended(house, number, 4000)
    await moved(house, ago)
    found = await retention.forget(house.settings, house.parts.sessions)
    assert bool(found.get("requests")) is believed
    doubts = (await retention.doubts(house.settings, house.parts.sessions)).sentences()
    assert bool(doubts) is not believed


async def test_an_unusual_share_waits_until_a_person_agrees(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plausibility, "FEW", 2)
    numbers = [await house.leave(SAID) for _ in range(4)]
    await house.work()
    for number in numbers[:3]:
        await ended(house, number, 4000)
    first = await retention.forget(house.settings, house.parts.sessions)
    assert not first.get("requests")
    assert await count(house, "service_requests", "erased_at IS NOT NULL") == 0
    (doubt,) = (await retention.doubts(house.settings, house.parts.sessions)).sentences()
    assert "requests" in doubt
    agreed = await retention.forget(house.settings, house.parts.sessions, agreed=True)
    assert agreed["requests"] == 3
    assert await count(house, "service_requests", "erased_at IS NOT NULL") == 3


async def test_nothing_is_closed_by_a_clock_that_can_not_be_right(house: Installation) -> None:
    await house.leave(SAID)
    await house.work()
    async with house.parts.sessions.begin() as session:
        await session.execute(
            text("UPDATE service_requests SET status = 'done', updated_at = now() - interval '4 d'")
        )
    await moved(house, "30 days")
    await sweep.let_time_pass(house.parts)
    assert await count(house, "service_requests", "status = 'done'") == 1
    await moved(house, "1 hour")
    await sweep.let_time_pass(house.parts)
    assert await count(house, "service_requests", "status = 'closed'") == 1
