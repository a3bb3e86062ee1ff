"""The WeChat channel of an installation: what it takes in, what it stores, and what it answers."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text, update
from typer.testing import CliRunner
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto

from intake import service_requests
from intake.channels import wechat as wechat_channel
from intake.channels.wechat import WeChat, create, media, reply_window
from intake.channels.wechat import xml as wechat_xml
from intake.cli import app as cli
from intake.conversation import inbound as conversation_inbound
from intake.conversation import outbox
from intake.conversation.inbound import Inbound
from intake.errors import CannotSend, SettingsError
from intake.lifecycle import Actor
from intake.settings import ROOT
from intake.storage.db import connect
from intake.storage.models import (
    Alarm,
    Attachment,
    Conversation,
    Message,
    Recording,
    ServiceRequest,
    WechatMedia,
    WechatWindow,
)
from tests.fakes.http_server import Fault
from tests.fakes.wechat import MEDIA, SEND, Account, Callback, WeChatServer
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
PATH = "/channels/wechat"
ANN, BOB = "openid-of-ann", "openid-of-bob"
OLD = Account(token="old-token", aes_key="ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210zyxwvus")
AMR = b"#!AMR\n" + b"\x3c" * 320


KEEP_SECONDS = wechat_channel.KEEP_SECONDS


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is, its database isn't away."""
    monkeypatch.setattr("intake.channels.wechat.KEEP_SECONDS", 60)


@pytest.fixture
def hurried(unhurried: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is outside of tests: a database that hangs is not waited for."""
    monkeypatch.setattr("intake.channels.wechat.KEEP_SECONDS", KEEP_SECONDS)


@pytest.fixture
async def wechat() -> AsyncIterator[WeChatServer]:
    async with WeChatServer() as server:
        yield server


@pytest.fixture
def table(wechat: WeChatServer, tmp_path: Path) -> dict[str, Any]:
    """``[channels.wechat]`` for the server."""
    secrets = {
        "app_secret_file": wechat.account.secret,
        "token_file": wechat.account.token,
        "previous_token_file": OLD.token,
        "aes_key_file": wechat.account.aes_key,
        "previous_aes_key_file": OLD.aes_key,
    }
    for name, secret in secrets.items():
        (tmp_path / name).write_text(secret + "\n")
    return {
        "app_id": wechat.account.app_id,
        **{name: str(tmp_path / name) for name in secrets},
        "api_url": wechat.url,
        "allow_networks": ["127.0.0.0/8"],
    }


@pytest.fixture
def open_wechat(
    open_house: Callable[..., Installation], table: dict[str, Any]
) -> Callable[..., Installation]:
    return lambda **more: open_house(channels={"wechat": {**table, **more}})


@pytest.fixture
def house(open_wechat: Callable[..., Installation]) -> Installation:
    return open_wechat()


@cache
def channel(house: Installation) -> WeChat:
    """The account, as another process of the same installation has it."""
    return create(house.parts)


async def post(house: Installation, callback: Callback) -> httpx.Response:
    return await house.client.post(PATH, params=callback.query, content=callback.body)


async def taken(house: Installation, callback: Callback) -> None:
    answer = await post(house, callback)
    assert (answer.status_code, answer.content) == (200, b"")


async def rows(house: Installation, kind: Any) -> list[Any]:
    async with house.parts.sessions() as session:
        return list(await session.scalars(select(kind)))


async def said(house: Installation) -> list[tuple[str, str | None]]:
    async with house.parts.sessions() as session:
        found = await session.execute(
            select(Message.kind, Message.text).where(Message.direction == "in").order_by(Message.id)
        )
        return [(kind, words) for kind, words in found]


# ── who gets in ──────────────────────────────────────────────────────────────────────────────


async def test_wechats_check_of_the_address_is_answered(
    house: Installation, wechat: WeChatServer
) -> None:
    for token in (wechat.account.token, OLD.token):
        query = {**wechat.signed(token), "echostr": "5741-echo"}
        answer = await house.client.get(PATH, params=query)
        assert (answer.status_code, answer.text) == (200, "5741-echo")
        assert answer.headers["content-type"].startswith("text/plain")


async def test_a_forged_and_an_old_check_of_the_address_are_refused(
    house: Installation, wechat: WeChatServer
) -> None:
    good = {**wechat.signed(), "echostr": "<script>"}
    for wrong in (
        {**good, "signature": "0" * 40},
        {**good, "nonce": "other"},
        {**good, "timestamp": str(int(good["timestamp"]) - 1)},
        {**wechat.signed("guess"), "echostr": "x"},
        {**wechat.signed(at=time.time() - 400), "echostr": "x"},
        {"echostr": "x"},
    ):
        answer = await house.client.get(PATH, params=wrong)
        assert answer.status_code == 401
        assert "script" not in answer.text


@pytest.mark.parametrize("mode", ["safe", "plain"])
async def test_a_message_is_kept_and_answered_with_nothing(
    open_wechat: Callable[..., Installation], wechat: WeChatServer, mode: str
) -> None:
    house = open_wechat(mode=mode)
    xml = wechat.says(ANN, "厨房水龙头<坏>了")
    await taken(house, wechat.safe(xml) if mode == "safe" else wechat.plain(xml))
    assert await said(house) == [("text", "厨房水龙头<坏>了")]
    assert [job[0] for job in await house.jobs()] == ["converse"]


async def test_the_previous_token_and_key_are_good_until_they_are_taken_away(
    open_wechat: Callable[..., Installation], wechat: WeChatServer, tmp_path: Path
) -> None:
    house = open_wechat()
    old = replace(wechat.account, token=OLD.token, aes_key=OLD.aes_key)
    await taken(house, wechat.safe(wechat.says(ANN, "旧钥匙"), account=old))
    (tmp_path / "previous_token_file").write_text("another")
    assert (await post(house, wechat.safe(wechat.says(ANN, "x"), account=old))).status_code == 401
    (tmp_path / "previous_aes_key_file").write_text("A" * 43)
    mixed = replace(wechat.account, aes_key=OLD.aes_key)
    assert (await post(house, wechat.safe(wechat.says(ANN, "x"), account=mixed))).status_code == 401
    await taken(house, wechat.safe(wechat.says(ANN, "新钥匙")))
    assert [words for _, words in await said(house)] == ["旧钥匙", "新钥匙"]


def forged(wechat: WeChatServer) -> dict[str, tuple[Callback, int]]:
    """What must not get in, and how it is refused."""
    good = wechat.safe(wechat.says(ANN, "good"))
    other_app = replace(wechat.account, app_id="wxffffffffffffffff")
    other_text = wechat.safe(wechat.says(ANN, "another"))
    cut = good.body.replace(b"]]></Encrypt>", b"")[: len(good.body) // 2]
    closed = re.search(rb"<Encrypt><!\[CDATA\[(.*?)\]\]>", good.body)
    assert closed is not None
    short = good.body.replace(closed[1], closed[1][:-24])
    bomb = (
        b'<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        b"<xml><Encrypt>&b;</Encrypt></xml>"
    )
    outside = (
        b'<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Encrypt>&a;</Encrypt></xml>'
    )
    inner_bomb = wechat.safe('<!DOCTYPE xml [<!ENTITY a "aaaa">]><xml><Content>&a;</Content></xml>')
    return {
        "wrong signature": (replace(good, query={**good.query, "signature": "0" * 40}), 401),
        "wrong msg_signature": (
            replace(good, query={**good.query, "msg_signature": "0" * 40}),
            401,
        ),
        "no signature": (replace(good, query={}), 401),
        "another body": (replace(good, body=other_text.body), 401),
        "another token": (wechat.safe(wechat.says(ANN, "x"), token="guess"), 401),
        "replayed later": (wechat.safe(wechat.says(ANN, "x"), at=time.time() - 400), 401),
        "from the future": (wechat.safe(wechat.says(ANN, "x"), at=time.time() + 400), 401),
        "another AppID": (wechat.safe(wechat.says(ANN, "x"), account=other_app), 401),
        "not encrypted": (wechat.plain(wechat.says(ANN, "x")), 401),
        "cut XML": (replace(good, body=cut), 400),
        "cut ciphertext": (replace(good, body=short), 401),
        "empty": (replace(good, body=b""), 400),
        "bomb": (replace(good, body=bomb), 400),
        "outside entity": (replace(good, body=outside), 400),
        "bomb inside": (inner_bomb, 400),
        "oversized": (replace(good, body=b"<xml>" + b" " * wechat_xml.MAX_BYTES), 413),
        "no sender": (wechat.safe("<xml><MsgType>text</MsgType></xml>"), 400),
    }


async def test_what_is_not_wechats_is_refused_and_leaves_nothing(
    house: Installation, wechat: WeChatServer
) -> None:
    for what, (callback, status) in forged(wechat).items():
        answer = await post(house, callback)
        assert answer.status_code == status, what
        assert answer.headers["content-type"] == "application/problem+json"
    assert await said(house) == []
    assert await rows(house, WechatWindow) == []
    assert channel(house).spool.waiting() == []


async def test_an_encrypted_message_in_plain_mode_and_one_for_another_account_are_refused(
    open_wechat: Callable[..., Installation], wechat: WeChatServer
) -> None:
    house = open_wechat(mode="plain", account="gh_another")
    assert (await post(house, wechat.safe(wechat.says(ANN, "x")))).status_code == 400
    assert (await post(house, wechat.plain(wechat.says(ANN, "x")))).status_code == 401
    assert await said(house) == []


async def test_settings_that_can_not_work_are_said_at_the_start(
    open_wechat: Callable[..., Installation], tmp_path: Path
) -> None:
    (tmp_path / "short").write_text("abc")
    for wrong, words in (
        ({"aes_key_file": str(tmp_path / "short")}, "43"),
        ({"aes_key_file": None}, "aes_key_file"),
        ({"token_file": str(tmp_path / "none")}, "token_file"),
        ({"app_id": "../x"}, "AppID"),
        ({"secret": "x"}, "secret"),
    ):
        with pytest.raises(SettingsError, match=words):
            open_wechat(**wrong)


# ── once and in order ────────────────────────────────────────────────────────────────────────


async def test_what_wechat_sends_three_times_is_one_message(
    house: Installation, wechat: WeChatServer
) -> None:
    xml = wechat.says(ANN, "水管坏了")
    click = wechat.event(ANN, "CLICK", EventKey="CALL")
    callbacks = [wechat.safe(xml) for _ in range(3)] + [wechat.safe(click) for _ in range(3)]
    await asyncio.gather(*(taken(house, callback) for callback in callbacks))
    assert sorted(await said(house)) == [("event", "menu:CALL"), ("text", "水管坏了")]
    opened = {window.opened_by: window.remaining for window in await rows(house, WechatWindow)}
    assert opened == {"message": 5, "event": 3}


async def test_a_message_sent_again_does_not_open_the_window_again(
    house: Installation, wechat: WeChatServer
) -> None:
    xml = wechat.says(ANN, "水管坏了")
    await taken(house, wechat.safe(xml))
    async with house.parts.sessions.begin() as session:
        assert await reply_window.take(session, ANN) is not None
    await taken(house, wechat.safe(xml))
    (window,) = await rows(house, WechatWindow)
    assert window.remaining == 4
    await taken(house, wechat.safe(wechat.says(ANN, "还在漏", CreateTime=int(time.time()) + 2)))


async def test_two_residents_with_the_same_words_are_two(
    house: Installation, wechat: WeChatServer
) -> None:
    for openid in (ANN, BOB):
        await taken(house, wechat.safe(wechat.says(openid, "水管坏了", MsgId=1)))
    assert len(await rows(house, Conversation)) == 2
    assert len(await said(house)) == 2


async def test_words_about_life_raise_the_alarm_before_any_job_runs(
    house: Installation, wechat: WeChatServer
) -> None:
    await taken(house, wechat.safe(wechat.says(ANN, "我爸倒在地上叫不醒了")))
    assert len(await rows(house, Alarm)) == 1
    (request,) = await rows(house, ServiceRequest)
    assert (request.channel, request.urgency) == ("wechat", "emergency")


async def test_following_a_place_and_a_menu_click_are_messages(
    house: Installation, wechat: WeChatServer
) -> None:
    await taken(house, wechat.safe(wechat.event(ANN, "subscribe")))
    await taken(house, wechat.safe(wechat.event(ANN, "VIEW", EventKey="https://example.org")))
    where = {"Location_X": 30.5, "Location_Y": 104.0, "Label": "幸福里"}
    await taken(house, wechat.safe(wechat.message(ANN, "location", **where)))
    assert await said(house) == [("event", "follow"), ("location", "幸福里")]
    (place,) = [m for m in await rows(house, Message) if m.kind == "location"]
    assert place.data == {"latitude": 30.5, "longitude": 104.0}


BLANKS = [" ", "\n", "\n    ", "\t", "\r\n", "  \n  ", "\u3000", "\u00a0"]


async def test_blanks_around_the_ciphertext_do_not_break_the_signature(
    house: Installation, wechat: WeChatServer
) -> None:
    pairs = [(blank, blank) for blank in BLANKS] + [(blank, "") for blank in BLANKS]
    pairs += [("", blank) for blank in BLANKS] + [("", "")]
    for number, (before, after) in enumerate(pairs):
        callback = wechat.safe(wechat.says(ANN, f"水管坏了{number}"))
        body = callback.body.decode()
        body = body.replace("<Encrypt><![CDATA[", f"<Encrypt>{before}<![CDATA[")
        body = body.replace("]]></Encrypt>", f"]]>{after}</Encrypt>")
        await taken(house, replace(callback, body=body.encode()))
    assert [words for _, words in await said(house)] == [f"水管坏了{n}" for n in range(len(pairs))]


async def test_blanks_inside_the_ciphertext_are_still_refused(
    house: Installation, wechat: WeChatServer
) -> None:
    callback = wechat.safe(wechat.says(ANN, "水管坏了"))
    at = callback.body.index(b"<Encrypt><![CDATA[") + 40
    broken = callback.body[:at] + b" " + callback.body[at:]
    assert (await post(house, replace(callback, body=broken))).status_code == 401


async def test_a_sticker_and_a_place_without_a_name_are_asked_about(
    house: Installation, wechat: WeChatServer
) -> None:
    sticker = "【收到不支持的消息类型，暂无法显示】"
    await taken(house, wechat.safe(wechat.says(ANN, sticker)))
    where = {"Location_X": 30.5, "Location_Y": 104.0, "Label": ""}
    await taken(house, wechat.safe(wechat.message(ANN, "location", **where)))
    assert await said(house) == [("text", None), ("location", None)]
    await house.work()
    assert await rows(house, ServiceRequest) == []
    answers = [m for m in await rows(house, Message) if m.direction == "out"]
    assert [m.code for m in answers] == ["unseen", "location"]
    assert "位置收到了" in answers[1].text
    operator = await house.operator()
    async with operator:
        [line] = (await operator.get("/api/conversations")).json()
        whole = (await operator.get(f"/api/conversations/{line['id']}")).json()
    assert [m["position"] for m in whole["messages"]] == [
        None, "30.500000, 104.000000", None, None,
    ]  # fmt: skip


async def test_in_danger_a_place_without_a_name_reaches_those_on_duty(
    house: Installation, wechat: WeChatServer
) -> None:
    await taken(house, wechat.safe(wechat.says(ANN, "我爸倒在地上叫不醒了")))
    where = {"Location_X": 30.5, "Location_Y": 104.0, "Label": ""}
    await taken(house, wechat.safe(wechat.message(ANN, "location", **where)))
    await house.work()
    (request,) = await rows(house, ServiceRequest)
    assert request.urgency == "emergency"
    assert "[30.500000, 104.000000]" in request.text
    assert request.unit is None


# ── while the database is away ───────────────────────────────────────────────────────────────


@asynccontextmanager
async def away(house: Installation) -> AsyncIterator[None]:
    """The database can't be reached."""
    engine, nowhere = connect("postgresql://nobody@127.0.0.1:1/none")
    there, house.parts.sessions = house.parts.sessions, nowhere
    try:
        yield
    finally:
        house.parts.sessions = there
        await engine.dispose()


async def drained(house: Installation) -> None:
    """Let the channel's own task run until the spool is empty."""
    running = asyncio.create_task(channel(house).run())
    while channel(house).spool.waiting():
        await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_messages_wait_in_the_spool_while_the_database_is_away(
    house: Installation, wechat: WeChatServer
) -> None:
    before = wechat.says(ANN, "先说的")
    await taken(house, wechat.safe(before))
    async with away(house):
        await taken(house, wechat.safe(before))
        await taken(house, wechat.safe(wechat.says(ANN, "后说的")))
        await taken(house, wechat.safe(wechat.voice(ANN, AMR)))
        assert (await post(house, wechat.safe("<xml/>"))).status_code == 400
    assert len(channel(house).spool.waiting()) == 3
    assert len(await said(house)) == 1
    await drained(house)
    await house.work()
    assert [words for _, words in await said(house)][:2] == ["先说的", "后说的"]
    assert len(await rows(house, Recording)) == 1
    assert len(await rows(house, Conversation)) == 1


async def test_nothing_overtakes_what_waits_in_the_spool_but_danger_and_other_residents(
    house: Installation, wechat: WeChatServer
) -> None:
    async with away(house):
        await taken(house, wechat.safe(wechat.says(ANN, "先说的")))
    await taken(house, wechat.safe(wechat.says(ANN, "后说的")))
    await taken(house, wechat.safe(wechat.says(BOB, "别人说的")))
    await taken(house, wechat.safe(wechat.says(ANN, "着火了！")))
    assert [words for _, words in await said(house)] == ["别人说的", "着火了！"]
    assert len(channel(house).spool.waiting()) == 2
    await drained(house)
    assert [words for _, words in await said(house)][2:] == ["先说的", "后说的"]
    await taken(house, wechat.safe(wechat.says(ANN, "最后说的")))
    assert [words for _, words in await said(house)][4:] == ["最后说的"]


@pytest.mark.usefixtures("hurried")
async def test_a_database_that_hangs_makes_nobody_wait_and_doubles_nothing(
    house: Installation, wechat: WeChatServer
) -> None:
    async with house.parts.engine.connect() as blocker:
        await blocker.execute(text("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE"))
        # That it comes at all is our own clock's work: the table stays locked until later.
        await taken(house, wechat.safe(wechat.says(ANN, "水管坏了")))
        assert KEEP_SECONDS < wechat_channel.ANSWER_SECONDS < 5  # WeChat's own patience
        assert len(channel(house).spool.waiting()) == 1
        await blocker.rollback()
    await drained(house)
    assert await said(house) == [("text", "水管坏了")]


@pytest.mark.usefixtures("hurried")
async def test_what_a_slow_database_took_after_all_leaves_the_spool_by_itself(
    house: Installation, wechat: WeChatServer
) -> None:
    async with house.parts.engine.connect() as blocker:
        await blocker.execute(text("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE"))
        await taken(house, wechat.safe(wechat.says(ANN, "水管坏了")))
        assert len(channel(house).spool.waiting()) == 1
        await blocker.rollback()
    async with asyncio.timeout(60):
        while channel(house).spool.waiting():
            await asyncio.sleep(0.05)
    assert await said(house) == [("text", "水管坏了")]


async def test_a_message_that_breaks_the_core_is_set_aside_and_the_next_goes_on(
    house: Installation, wechat: WeChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = conversation_inbound.take_in

    async def breaks(session: Any, inbound: Inbound, parts: Any) -> int | None:
        if inbound.text == "bad":
            raise ZeroDivisionError
        return await good(session, inbound, parts)

    monkeypatch.setattr(conversation_inbound, "take_in", breaks)
    for words in ("bad", "good"):
        await taken(house, wechat.safe(wechat.says(ANN, words)))
    spool = channel(house).spool
    before = (await house.client.get("/healthz")).json()["parts"]["spool"]
    assert before["wechat"] == {"waiting": 2, "set_aside": 0}
    await drained(house)
    health = (await house.client.get("/healthz")).json()
    assert health["parts"]["spool"]["wechat"] == {"waiting": 0, "set_aside": 1}
    assert any("could not be taken" in warning for warning in health["warnings"])
    assert [words for _, words in await said(house)] == ["good"]
    (kept,) = spool.aside.iterdir()
    assert json.loads(kept.read_bytes())["text"] == "bad"
    assert kept.stat().st_mode & 0o077 == 0


# ── sounds and pictures ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("sound", "media_type"), [(AMR, "audio/amr"), (b"\x02#!SILK_V3" + bytes(9), "audio/silk")]
)
async def test_a_voice_message_is_fetched_at_once_and_kept_as_it_is(
    house: Installation, wechat: WeChatServer, sound: bytes, media_type: str
) -> None:
    xml = wechat.voice(ANN, sound, media_type)
    for _ in range(2):
        await taken(house, wechat.safe(xml))
    assert [job[0] for job in await house.jobs()] == ["wechat_media"]
    await house.work(rounds=1)
    (recording,) = await rows(house, Recording)
    assert house.parts.blobs.path(recording.blob_key).read_bytes() == sound
    (attachment,) = await rows(house, Attachment)
    assert (attachment.media_type, attachment.recording_id) == (media_type, recording.id)
    assert [kind for kind, _ in await said(house)] == ["voice"]
    await taken(house, wechat.safe(xml))
    assert len(await rows(house, WechatMedia)) == 1


@pytest.mark.parametrize(("name", "codec"), [("v02.amr", "amr_nb"), ("v04.silk", "silk")])
async def test_a_voice_messages_recording_says_what_it_is_as_a_voicemails_does(
    house: Installation, wechat: WeChatServer, name: str, codec: str
) -> None:
    sound = (ROOT / "data" / "demo" / "audio" / name).read_bytes()
    await taken(house, wechat.safe(wechat.voice(ANN, sound)))
    await house.work(rounds=1)
    (recording,) = await rows(house, Recording)
    assert (recording.format, recording.codec) == (name.split(".")[1], codec)
    assert 3 < recording.duration_seconds < 60


async def test_a_voice_that_must_be_fetched_comes_before_turns_that_wait(
    house: Installation, wechat: WeChatServer
) -> None:
    await taken(house, wechat.safe(wechat.says(ANN, "水管坏了")))
    await taken(house, wechat.safe(wechat.voice(BOB, AMR)))
    async with house.parts.sessions() as session:
        first = await session.scalar(
            text(
                "SELECT task_name FROM procrastinate_jobs WHERE queue_name = 'chat'"
                " ORDER BY priority DESC, id"
            )
        )
    assert first == "wechat_media"


async def test_a_picture_is_an_attachment_and_known_by_its_bytes(
    house: Installation, wechat: WeChatServer
) -> None:
    for content in (b"\xff\xd8\xff\xe0 picture", b"<html><script>"):
        media_id = wechat.keep(content, "image/jpeg")
        await taken(house, wechat.safe(wechat.message(ANN, "image", MediaId=media_id)))
    await house.work(rounds=1)
    found = sorted(a.media_type for a in await rows(house, Attachment))
    assert found == ["application/octet-stream", "image/jpeg"]
    assert all(a.blob_key and a.recording_id is None for a in await rows(house, Attachment))
    assert await rows(house, Recording) == []


async def test_a_voice_message_is_fetched_again_until_it_is_there(
    house: Installation, wechat: WeChatServer
) -> None:
    wechat.refuses[MEDIA] = [-1, Fault(drop=True), 40007, 48001]
    await taken(house, wechat.safe(wechat.voice(ANN, AMR)))
    await house.work()
    assert len(await rows(house, Recording)) == 1
    assert not [code for code in await lines(house) if code.startswith("wechat")]


async def lines(house: Installation) -> list[str]:
    """The reasons of all requests."""
    return [r["code"] for request in await rows(house, ServiceRequest) for r in request.reasons]


async def test_operators_see_a_voice_message_that_does_not_come_and_it_is_not_given_up(
    house: Installation, wechat: WeChatServer
) -> None:
    wechat.refuses[MEDIA] = [-1] * media.TELL_AFTER
    await taken(house, wechat.safe(wechat.voice(ANN, AMR)))
    await house.work(rounds=media.TELL_AFTER)
    assert await lines(house) == ["wechat_media_late"]
    assert await rows(house, Recording) == []
    await house.work()
    assert len(await rows(house, Recording)) == 1
    assert [kind for kind, _ in await said(house)] == ["voice"]


async def test_a_voice_message_that_wechat_deleted_goes_to_the_operators_and_she_is_told(
    house: Installation, wechat: WeChatServer
) -> None:
    await taken(house, wechat.safe(wechat.voice(ANN, AMR)))
    async with house.parts.sessions.begin() as session:
        await session.execute(
            update(WechatMedia).values(received_at=datetime.now(UTC) - timedelta(days=4))
        )
    await house.work(rounds=1)
    assert await lines(house) == ["wechat_media_lost"]
    (request,) = await rows(house, ServiceRequest)
    assert (request.status, request.channel) == ("needs_review", "wechat")
    (told,) = [m for m in await rows(house, Message) if m.direction == "out"]
    assert request.tracking_number in told.text
    assert [kind for kind, _ in await said(house)] == ["voice"]
    (row,) = await rows(house, WechatMedia)
    assert (row.error_code, row.ended_at is None) == ("wechat_expired", False)


async def test_media_that_lost_their_job_are_started_again(
    house: Installation, wechat: WeChatServer
) -> None:
    await taken(house, wechat.safe(wechat.voice(ANN, AMR)))
    async with house.parts.sessions.begin() as session:
        assert await media.start_again(session) == 0
        await session.execute(text("DELETE FROM procrastinate_jobs"))
        await session.execute(
            update(WechatMedia).values(created_at=datetime.now(UTC) - timedelta(minutes=3))
        )
        assert await media.start_again(session) == 1
    await house.work(rounds=1)
    assert len(await rows(house, Recording)) == 1


async def test_what_is_over_is_forgotten_and_what_is_open_is_not(
    house: Installation, wechat: WeChatServer
) -> None:
    for openid in (ANN, BOB):
        await taken(house, wechat.safe(wechat.voice(openid, AMR)))
    long_ago = datetime.now(UTC) - timedelta(days=7)
    async with house.parts.sessions.begin() as session:
        mine = WechatMedia.openid == ANN
        await session.execute(update(WechatMedia).where(mine).values(ended_at=long_ago))
        theirs = WechatWindow.openid == ANN
        await session.execute(update(WechatWindow).where(theirs).values(until=long_ago))
        await media.forget(session, datetime.now(UTC))
        await reply_window.forget(session, datetime.now(UTC))
    assert [row.openid for row in await rows(house, WechatMedia)] == [BOB]
    assert [row.openid for row in await rows(house, WechatWindow)] == [BOB]


async def test_a_key_file_that_was_spoilt_while_running_refuses_and_says_so(
    house: Installation, wechat: WeChatServer, tmp_path: Path
) -> None:
    callback = wechat.safe(wechat.says(ANN, "x"))
    (tmp_path / "aes_key_file").write_text("short")
    assert (await post(house, callback)).status_code == 500  # WeChat comes again
    (tmp_path / "aes_key_file").write_text(wechat.account.aes_key)
    await taken(house, callback)


# ── answers ──────────────────────────────────────────────────────────────────────────────────


async def replies(house: Installation, *words: str) -> None:
    """Somebody answers her, over the queue."""
    async with house.parts.sessions.begin() as session:
        (conversation_id,) = await session.scalars(select(Conversation.id))
        for text_ in words:
            await outbox.reply(session, conversation_id, text_, code="test")


async def test_who_follows_is_welcomed_over_the_customer_service_interface(
    house: Installation, wechat: WeChatServer
) -> None:
    await taken(house, wechat.safe(wechat.event(ANN, "subscribe")))
    await house.work()
    (welcome,) = wechat.followers[ANN].got
    (stored,) = [m for m in await rows(house, Message) if m.direction == "out"]
    assert (stored.text, stored.sent_at is None) == (welcome, False)


async def test_what_does_not_fit_waits_for_her_next_message_and_then_goes_first(
    house: Installation, wechat: WeChatServer
) -> None:
    await taken(house, wechat.safe(wechat.event(ANN, "SCAN", EventKey="1")))
    await house.work()
    before = list(wechat.followers[ANN].got)
    wechat.refuses[SEND] = [45015]
    await replies(house, "一", "二")
    await house.work()
    assert wechat.followers[ANN].got == before
    waiting = [m for m in await rows(house, Message) if m.direction == "out" and not m.sent_at]
    assert [(m.text, m.waits, m.send_error) for m in waiting] == [
        ("一", True, "window_closed"),
        ("二", True, "window_closed"),
    ]
    again = wechat.event(ANN, "SCAN", EventKey="1", CreateTime=int(time.time()) + 5)
    async with house.parts.sessions.begin() as session:
        await session.execute(update(WechatWindow).values(until=datetime.now(UTC)))
    await taken(house, wechat.safe(again))
    await house.work()
    assert wechat.followers[ANN].got == [*before, "一", "二"]


async def test_a_busy_wechat_gets_each_message_once_and_in_order(
    house: Installation, wechat: WeChatServer
) -> None:
    await taken(house, wechat.safe(wechat.event(ANN, "SCAN", EventKey="1")))
    await house.work()
    wechat.refuses[SEND] = [-1, -1]
    await replies(house, "一", "二", "三")
    await house.work()
    assert wechat.followers[ANN].got[-3:] == ["一", "二", "三"]


# ── passive answers ──────────────────────────────────────────────────────────────────────────


def opened(wechat: WeChatServer, answer: httpx.Response) -> Any:
    """A passive answer, decrypted and read by the independent peer."""
    assert answer.status_code == 200
    signed = wechat_xml.read(answer.content)
    crypto = WeChatCrypto(wechat.account.token, wechat.account.aes_key, wechat.account.app_id)
    xml = crypto.decrypt_message(
        answer.text, signed["MsgSignature"], signed["TimeStamp"], signed["Nonce"]
    )
    message = parse_message(xml)
    assert (message.target, message.source) == (ANN, wechat.account.name)
    return message.content


@pytest.fixture
def passive(
    open_wechat: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch
) -> Installation:
    # What is said at once is looked at here, not how quick this machine is.
    monkeypatch.setattr("intake.channels.wechat.PASSIVE_KEEP_SECONDS", 30)
    return open_wechat(reply_mode="passive", passive_wait_seconds=0)


async def test_a_passive_account_never_writes_by_itself(
    passive: Installation, wechat: WeChatServer
) -> None:
    with pytest.raises(CannotSend) as caught:
        await channel(passive).send(Message(text="x"), ANN, {})
    assert not caught.value.retryable
    assert wechat.asked == []


async def test_a_passive_answer_says_received_and_is_the_same_when_asked_again(
    passive: Installation, wechat: WeChatServer
) -> None:
    xml = wechat.says(ANN, "水管坏了")
    first = opened(wechat, await post(passive, wechat.safe(xml)))
    assert first.startswith("收到了")
    assert opened(wechat, await post(passive, wechat.safe(xml))) == first
    assert len(await said(passive)) == 1


async def test_a_passive_answer_holds_the_number_of_the_request_being_made(
    passive: Installation, wechat: WeChatServer
) -> None:
    await taken_passively(passive, wechat, "水管坏了")
    async with passive.parts.sessions.begin() as session:
        conversation = await session.scalar(select(Conversation))
        assert conversation is not None
        draft = await service_requests.open_request(
            session,
            service_requests.Opening(channel="wechat"),
            by=service_requests.Author(Actor.DOOR),
        )
        await session.execute(update(ServiceRequest).values(conversation_id=conversation.id))
    assert draft.tracking_number in await taken_passively(passive, wechat, "在厨房")


async def taken_passively(house: Installation, wechat: WeChatServer, words: str) -> str:
    return str(opened(wechat, await post(house, wechat.safe(wechat.says(ANN, words)))))


async def test_danger_is_answered_inside_the_passive_answer(
    passive: Installation, wechat: WeChatServer
) -> None:
    answer = await taken_passively(passive, wechat, "我爸倒在地上叫不醒了")
    assert "120" in answer
    (request,) = await rows(passive, ServiceRequest)
    assert request.tracking_number in answer
    assert all(m.sent_at for m in await rows(passive, Message) if m.direction == "out")


async def test_what_waits_goes_with_the_next_passive_answer_in_order_and_once(
    passive: Installation, wechat: WeChatServer
) -> None:
    await taken_passively(passive, wechat, "水管坏了")
    long = "".join(f"第{number}句话说完了。" for number in range(120))
    await replies(passive, "您在哪个小区？", long, "明天上午有人来。")
    answers = [await taken_passively(passive, wechat, str(number)) for number in range(4)]
    assert all(len(answer.encode()) <= 2048 for answer in answers)
    assert answers[-1].startswith("收到了")
    whole = "".join("".join(answers[:-1]).split())
    assert whole == f"您在哪个小区？{long}明天上午有人来。"


async def test_a_passive_answer_waits_a_little_for_the_assistants_words(
    open_wechat: Callable[..., Installation], wechat: WeChatServer
) -> None:
    house = open_wechat(reply_mode="passive", passive_wait_seconds=4)
    await taken_passively(open_wechat(reply_mode="passive", passive_wait_seconds=0), wechat, "喂")
    asking = asyncio.create_task(taken_passively(house, wechat, "水管坏了"))
    while len(await said(house)) < 2:
        await asyncio.sleep(0.05)
    await replies(house, "您在哪个小区？")
    assert await asking == "您在哪个小区？"


async def test_a_passive_account_answers_also_while_the_database_is_away(
    passive: Installation, wechat: WeChatServer
) -> None:
    async with away(passive):
        assert (await taken_passively(passive, wechat, "水管坏了")).startswith("收到了")
    await drained(passive)
    assert await said(passive) == [("text", "水管坏了")]


# ── the menu ─────────────────────────────────────────────────────────────────────────────────


async def test_the_command_makes_the_menu(
    house: Installation, wechat: WeChatServer, table: dict[str, Any], tmp_path: Path
) -> None:
    lines_ = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    file = tmp_path / "huying.toml"
    file.write_text("[channels.wechat]\n" + "\n".join(lines_))
    env = {
        "HUYING_SETTINGS": str(file),
        "HUYING_HOME": str(tmp_path / "home"),
        "HUYING_DATABASE_URL": house.settings.database_url,
    }
    for words in ("The menu is made.", "The menu is there already."):
        result = await asyncio.to_thread(CliRunner().invoke, cli, ["wechat", "menu"], env=env)
        assert result.output.strip() == words, result.output
    assert wechat.menu is not None


async def test_the_menu_is_made_at_the_start_when_the_settings_say_so(
    open_wechat: Callable[..., Installation], wechat: WeChatServer
) -> None:
    house = open_wechat(create_menu=True)
    running = asyncio.create_task(channel(house).run())
    while wechat.menu is None:
        await asyncio.sleep(0.05)
    running.cancel()
    assert wechat.menu["button"][0]["key"] == "CALL"
