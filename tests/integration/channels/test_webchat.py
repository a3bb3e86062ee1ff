"""The web chat on a real port with a real database: nothing lost, nothing doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from intake.conversation import locks, outbox
from intake.storage.models import Conversation, Message, Recording, ServiceRequest
from tests.conftest import wav_of
from tests.support.webchat import chatting

pytestmark = pytest.mark.asyncio
Open = Callable[..., Any]


def sound() -> bytes:
    return wav_of([0.3 * (-1) ** (n // 20) for n in range(8000)])


async def test_an_answer_comes_back_over_the_connection(open_house: Open) -> None:
    async with chatting(open_house) as (chat, _), chat.page() as page:
        assert (await page.until("welcome"))["new"]
        await page.say("m0000001", "我想订午饭")
        kept = await page.until("ack", client_id="m0000001")
        answer = await page.until("message", **{"from": "us"})
        assert answer["text"] == "听到：我想订午饭"
        hers = page.of("message")[0]
        assert (hers["id"], hers["client_id"]) == (kept["id"], "m0000001")


async def test_a_message_that_comes_again_is_acknowledged_again_and_kept_once(
    open_house: Open,
) -> None:
    async with chatting(open_house) as (chat, _), chat.page() as page:
        token = (await page.until("welcome"))["token"]
        for _ in range(3):
            await page.say("m0000001", "修灯")
        ids = {(await page.until("ack"))["id"] for _ in range(3)}
        async with chat.page(token=token) as other:
            await other.say("m0000001", "修灯")
            ids.add((await other.until("ack"))["id"])
        await page.until("message", text="听到：修灯")
        assert len(ids) == 1
        assert await chat.stored("in") == ["修灯"]
        assert chat.told == ["修灯"]


async def test_one_who_comes_back_gets_exactly_what_she_missed_in_order(open_house: Open) -> None:
    async with chatting(open_house) as (chat, _):
        async with chat.page() as page:
            token = (await page.until("welcome"))["token"]
            await page.say("m0000001", "一")
            await page.until("message", text="听到：一")
            seen = [m["id"] for m in page.of("message")]
        chat.may_answer.clear()
        async with chat.page(token=token, last=max(seen), seen=seen) as page:
            for number, words in enumerate(("二", "三", "四")):
                await page.say(f"m000001{number}", words)
                await page.until("ack")
        chat.may_answer.set()
        while len(await chat.stored("out")) < 4:
            await asyncio.sleep(0.05)
        async with chat.page(token=token, last=max(seen), seen=seen) as page:
            await page.until("synced")
            missed = page.of("message")
            assert [m["id"] for m in missed] == sorted(m["id"] for m in missed)
            assert [m["text"] for m in missed if m["from"] == "us"] == [
                "听到：二", "听到：三", "听到：四",
            ]  # fmt: skip
            assert [m["text"] for m in missed if m["from"] == "visitor"] == ["二", "三", "四"]
        async with chat.page(token=token) as page:
            await page.until("synced")
            assert len(page.of("message")) == 8


async def test_a_row_that_appears_late_with_a_lower_id_is_not_lost(open_house: Open) -> None:
    async with chatting(open_house, works=False) as (chat, _), chat.page() as page:
        token = (await page.until("welcome"))["token"]
        await page.say("m0000001", "你好")
        hers = await page.until("message")
        parts = chat.house.parts
        async with parts.sessions() as session:
            row = await session.get_one(Message, hers["id"])
            slow, quick = (
                Message(conversation_id=row.conversation_id, direction="out", code="chat", text=t)
                for t in ("慢", "快")
            )
        async with parts.sessions() as first:
            first.add(slow)
            await first.flush()
            async with parts.sessions.begin() as second:
                second.add(quick)
                await second.flush()
            await parts.channels["webchat"].send(quick, "", {})
            shown = await page.until("message", text="快")
            await first.commit()
        assert slow.id < shown["id"]
        seen = [hers["id"], shown["id"]]
        async with chat.page(token=token, last=shown["id"], seen=seen) as again:
            await again.until("synced")
            assert [m["id"] for m in again.of("message")] == [slow.id]
        await parts.channels["webchat"].send(slow, "", {})
        await page.until("message", id=slow.id)


async def test_danger_is_answered_before_any_worker_has_seen_it(open_house: Open) -> None:
    async with chatting(open_house, works=False) as (chat, _), chat.page() as page:
        await page.say("m0000001", "救命，家里着火了")
        answer = await page.until("message", code="emergency")
        assert "119" in answer["text"]
        async with chat.house.parts.sessions() as session:
            request = await session.scalar(select(ServiceRequest))
            assert request is not None and request.urgency == "emergency"


async def test_she_sees_that_an_answer_is_worked_on(open_house: Open) -> None:
    async with chatting(open_house) as (chat, _), chat.page() as page:
        chat.may_answer.clear()
        await page.say("m0000001", "修灯")
        await page.until("typing", on=True)
        chat.may_answer.set()
        await page.until("message", **{"from": "us"})
        await page.until("typing", on=False)


async def test_while_a_person_answers_nothing_claims_that_a_machine_does(open_house: Open) -> None:
    async with chatting(open_house, works=False) as (chat, _), chat.page() as page:
        token = (await page.until("welcome"))["token"]
        await page.say("m0000001", "修灯")
        await page.until("typing", on=True)
        async with chat.house.parts.sessions.begin() as session:
            await session.execute(update(Conversation).values(handled_by="operator"))
        await page.until("typing", on=False)
        async with chat.house.parts.sessions.begin() as session:
            conversation = await session.scalar(select(Conversation.id))
            said = await outbox.reply(
                session, conversation, "我来看看。", code="operator", who="李女士"
            )
        await chat.house.parts.channels["webchat"].send(said, "", {})
        assert (await page.until("message", **{"from": "us"}))["who"] == "李女士"
        async with chat.page(token=token) as other:
            await other.until("synced")
            assert other.of("message")[-1]["who"] == "李女士"


async def test_a_call_from_another_process_reaches_the_page(
    open_house: Open, make_settings: Open
) -> None:
    """The poll is far too slow to be what brings it here."""
    from intake.app import build
    from intake.channels import webchat

    async with (
        chatting(open_house, works=False, webchat={"poll_seconds": 600}) as (chat, _),
        chat.page() as page,
    ):
        await page.say("m0000001", "修灯")
        await page.until("ack")
        other = build(make_settings(channels={"webchat": {}}))
        async with other.sessions.begin() as session:
            conversation = await session.scalar(select(Conversation.id))
            said = await outbox.reply(session, conversation, "来了", code="chat")
        await webchat.create(other).send(said, "", {})
        await page.until("message", text="来了")
        await other.close()


async def test_news_that_nobody_calls_out_is_found_by_looking(open_house: Open) -> None:
    async with (
        chatting(open_house, works=False, webchat={"poll_seconds": 0.1}) as (chat, _),
        chat.page() as page,
    ):
        await page.say("m0000001", "修灯")
        await page.until("typing", on=True)  # comes only if she is looked at before it is handled
        async with chat.house.parts.sessions.begin() as session:
            await session.execute(update(Message).values(handled_at=locks.now()))
        await page.until("typing", on=False)
        async with chat.house.parts.sessions.begin() as session:
            conversation = await session.scalar(select(Conversation.id))
            await outbox.reply(session, conversation, "来了", code="chat")
        await page.until("message", text="来了")


async def test_a_voice_message_is_kept_heard_and_answered(open_house: Open) -> None:
    async with chatting(open_house) as (chat, _), chat.page(language="zh") as page:
        token = (await page.until("welcome"))["token"]
        chat.house.ears.says = "我想订明天的午饭"
        async with httpx.AsyncClient(base_url=chat.url, trust_env=False) as client:
            answers = [
                await client.post(
                    "/chat/voice",
                    files={"audio": ("voice", sound())},
                    data={"id": "v0000001", "language": "zh"},
                    headers={"Authorization": f"Bearer {token}", "Origin": chat.url},
                )
                for _ in range(2)
            ]
        assert [a.status_code for a in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
        await page.until("message", text="听到：我想订明天的午饭")
        assert (await page.until("heard"))["text"] == "我想订明天的午饭"
        async with chat.house.parts.sessions() as session:
            assert len((await session.scalars(select(Recording))).all()) == 1
        files = [p for p in chat.house.settings.recordings_dir.rglob("*") if p.is_file()]
        assert len(files) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://else.example"}, 403),
        ({}, 403),
        ({"Origin": "OURS"}, 401),
        ({"Origin": "OURS", "Authorization": "Bearer forged"}, 401),
    ],
)
async def test_a_voice_from_elsewhere_is_refused(
    open_house: Open, headers: dict[str, str], status: int
) -> None:
    async with chatting(open_house, works=False) as (chat, _):
        ours = {k: chat.url if v == "OURS" else v for k, v in headers.items()}
        async with httpx.AsyncClient(base_url=chat.url, trust_env=False) as client:
            answer = await client.post(
                "/chat/voice",
                files={"audio": ("voice", sound())},
                data={"id": "v0000001"},
                headers=ours,
            )
        assert answer.status_code == status
        assert not [p for p in chat.house.settings.recordings_dir.rglob("*") if p.is_file()]


async def test_only_known_sites_may_connect(open_house: Open) -> None:
    friend = "https://community.example"
    async with chatting(open_house, works=False, webchat={"allowed_origins": [friend]}) as (
        chat,
        _,
    ):
        address = f"ws://127.0.0.1:{chat.port}/chat/ws"
        for origin in ("https://else.example", None, "null"):
            with pytest.raises(InvalidStatus):
                await connect(address, origin=origin, proxy=None)  # type: ignore[arg-type]
        async with connect(address, origin=friend, proxy=None):  # type: ignore[arg-type]
            pass


async def test_a_forged_token_makes_a_stranger(open_house: Open) -> None:
    async with chatting(open_house, works=False) as (chat, _):
        async with chat.page() as page:
            token = (await page.until("welcome"))["token"]
            await page.say("m0000001", "我的秘密")
            await page.until("ack")
        for forged in (token[:-2] + "xx", "x", token.split(".")[0], 7):
            async with chat.page(token=forged, last=0) as stranger:
                assert (await stranger.until("welcome"))["new"]
                await stranger.until("synced")
                assert not stranger.of("message")


async def test_too_many_messages_wait_and_none_is_lost(open_house: Open) -> None:
    async with (
        chatting(open_house, works=False, webchat={"messages_per_minute": 2}) as (chat, _),
        chat.page() as page,
    ):
        for number in range(3):
            await page.say(f"m000000{number}", f"第{number}条")
        later = await page.until("later")
        assert later["client_id"] == "m0000002" and 1 <= later["seconds"] <= 60
        assert await chat.stored("in") == ["第0条", "第1条"]


async def test_a_message_that_is_too_long_is_refused_and_leaves_nothing(open_house: Open) -> None:
    async with (
        chatting(open_house, works=False, webchat={"text_characters": 100}) as (chat, _),
        chat.page() as page,
    ):
        await page.say("m0000001", "长" * 101)
        assert (await page.until("refused"))["code"] == "too_long"
        await page.say("m0000002", "长" * 100 + "\x00")
        await page.until("ack")
        await page.say("m0000003", "半个\ud83d字")
        await page.until("ack")
        assert await chat.stored("in") == ["长" * 100, "半个?字"]


@pytest.mark.parametrize("frame", ["[]", "{", "7", '{"t":"say"}', '"x"', "[" * 20000])
async def test_who_does_not_say_hello_is_let_go(open_house: Open, frame: str) -> None:
    async with chatting(open_house, works=False) as (chat, _):
        address = f"ws://127.0.0.1:{chat.port}/chat/ws"
        async with connect(address, origin=chat.url, proxy=None) as socket:  # type: ignore[arg-type]
            await socket.send(frame)
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 20)


async def test_there_are_only_so_many_places_and_they_become_free_again(open_house: Open) -> None:
    async with chatting(open_house, works=False, webchat={"connections": 2}) as (chat, _):
        async with chat.page() as first, chat.page() as second:
            await first.until("welcome")
            await second.until("welcome")
            with pytest.raises(InvalidStatus):
                async with chat.page():
                    pass
        async with chat.page() as again:
            await again.until("welcome")


async def test_a_page_that_is_idle_is_let_go(open_house: Open) -> None:
    async with chatting(open_house, works=False, webchat={"idle_seconds": 10}) as (chat, _):
        chat.house.parts.channels["webchat"].receiver.options = chat.house.parts.channels[
            "webchat"
        ].options.model_copy(update={"idle_seconds": 2})
        async with chat.page() as page:
            await page.until("synced")
            with pytest.raises(ConnectionClosed) as closed:
                await page.until("never")
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 4000


async def test_without_a_database_the_message_stays_with_the_page(open_house: Open) -> None:
    async with chatting(open_house, works=False) as (chat, _), chat.page() as page:
        await page.until("synced")
        real = chat.house.parts.sessions
        dead = open_house(database_url="postgresql://x:x@127.0.0.1:1/x")
        chat.house.parts.sessions = dead.parts.sessions
        await page.say("m0000001", "修灯")
        later = await page.until("later")
        assert later["client_id"] == "m0000001"
        chat.house.parts.sessions = real
        await page.say("m0000001", "修灯")
        await page.until("ack")
        assert await chat.stored("in") == ["修灯"]
