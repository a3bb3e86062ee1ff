"""The real Rasa, killed while it reads a voicemail and in the middle of a conversation.

The web part listens on another address than 127.0.0.1: the actions reach it all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import psycopg
import pytest
from websockets.asyncio.client import connect

from intake.processes import postgres
from tests.support.stack import ERRAND, Stack, until
from tests.support.webchat import RawPage

SECONDS = 300.0
OURS: Any = {"from": "us"}
READ = """
    SELECT 1 FROM service_requests WHERE tracking_number = %s
    AND category IS NOT NULL AND NOT reasons @> '[{"code": "assistant_unreachable"}]'
"""
KEPT = "SELECT count(*), current_user FROM events WHERE sender_id = %s"
DOING = "SELECT 1 FROM procrastinate_jobs WHERE task_name = %s AND status = 'doing'"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("rasa-crash")
    # The machine may be busy: Rasa may take its time to start.
    tables: dict[str, Any] = {"assistant": {"url": None}, "chat": {"attempts": 40}}
    with Stack(
        folder, spawn_assistant=True, host="127.0.0.2", channels={"webchat": {}}, **tables
    ) as opened:
        opened.start(wait=False)
        until(opened.healthy, SECONDS, opened.log)
        yield opened
        opened.end()


async def when(what: Callable[[], Any], why: Callable[[], str]) -> Any:
    return await asyncio.to_thread(until, what, SECONDS, why)


@contextlib.asynccontextmanager
async def page(stack: Stack) -> AsyncIterator[RawPage]:
    address = f"ws://127.0.0.1:{stack.port}/chat/ws"
    async with connect(address, origin=stack.url, proxy=None) as socket:  # type: ignore[arg-type]
        opened = RawPage(socket)
        await opened.send(t="hello", token=None, last=0, seen=[])
        yield opened


def in_rasas_database(stack: Stack, query: str, *values: Any) -> list[Any]:
    """As Rasa's own role, which sees no other database."""
    url = postgres.cluster(stack.settings).rasa_url()
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query, values).fetchall()  # type: ignore[arg-type]


def kill_and_wait(stack: Stack) -> None:
    before = stack.state("rasa").restarts
    stack.kill("rasa")
    until(lambda: stack.state("rasa").restarts > before, SECONDS, stack.log)


async def test_what_rasa_was_at_when_it_was_killed_goes_on_with_the_next_one(stack: Stack) -> None:
    async with page(stack) as anna:
        await anna.say("message-1", "家里水管漏了")
        await anna.until("message", text="您住在哪个小区、哪条街？")

        stack.part("rasa").suspend()  # it takes the questions and does not answer
        await anna.say("message-2", "幸福里三号楼二单元501")
        number = await asyncio.to_thread(stack.leave, ERRAND, "1-1-101")
        for job in ("converse", "understand"):
            await when(lambda job=job: stack.rows(DOING, job), stack.describe)
        await asyncio.to_thread(kill_and_wait, stack)
        read_back = (await anna.until("message", within=SECONDS, **OURS))["text"]
        assert read_back.endswith("对吗？") and "501" in read_back
        await when(lambda: stack.rows(READ, number), stack.describe)
        assert len(stack.receiver.keys(number)) <= 1

        [[memory]] = stack.rows("SELECT tracker FROM conversations")
        [[events, role]] = in_rasas_database(stack, KEPT, memory)
        assert events > 5 and role == "rasa"
        await asyncio.to_thread(kill_and_wait, stack)
        await when(stack.healthy, stack.log)
        await anna.say("message-3", "对")
        filed = (await anna.until("message", within=SECONDS, **OURS))["text"]
        assert "登记好了" in filed
        [[more, _]] = in_rasas_database(stack, KEPT, memory)
        assert more > events  # the next Rasa went on with what the dead one had written
        assert len(stack.rows("SELECT 1 FROM service_requests WHERE channel = 'webchat'")) == 1
        said = [frame["text"] for frame in anna.of("message") if "登记好了" in frame["text"]]
        assert said == [filed]
    for secret in ("幸福里三号楼", "家里水管"):
        assert secret not in stack.log()
