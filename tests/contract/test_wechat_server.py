"""Our calls to WeChat, against a server that an independent client (`wechatpy`) takes for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from intake.channels.wechat import menu
from intake.channels.wechat.api import Api, Refusal
from intake.channels.wechat.options import Options
from intake.channels.wechat.outbound import send
from intake.channels.wechat.reply_window import opened
from intake.errors import BackendError, CannotSend
from intake.network.http import Outgoing
from intake.storage.db import connect
from intake.storage.models import Message, WechatToken
from tests.fakes.http_server import Answer, Fault
from tests.fakes.wechat import MEDIA, MENU, SEND, STABLE_TOKEN, WeChatServer

pytestmark = pytest.mark.asyncio
ANN, BOB = "openid-of-ann", "openid-of-bob"


@pytest.fixture
async def wechat() -> AsyncIterator[WeChatServer]:
    async with WeChatServer() as server:
        yield server


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Any]:
    engine, sessions = connect(database_url, pool_size=20)
    yield sessions
    await engine.dispose()


@pytest.fixture
def make(wechat: WeChatServer, sessions: Any, tmp_path: Path) -> Callable[..., Api]:
    def make(**more: Any) -> Api:
        for name, secret in (
            ("secret", wechat.account.secret),
            ("token", wechat.account.token),
            ("aes", wechat.account.aes_key),
        ):
            (tmp_path / name).write_text(secret + "\n")
        options = Options(
            **{
                "app_id": wechat.account.app_id,
                "app_secret_file": tmp_path / "secret",
                "token_file": tmp_path / "token",
                "aes_key_file": tmp_path / "aes",
                "api_url": wechat.url,
                "allow_networks": ["127.0.0.0/8"],
                **more,
            }
        )
        return Api(options, Outgoing(), sessions)

    return make


@pytest.fixture
def api(make: Callable[..., Api]) -> Api:
    return make()


def paths(wechat: WeChatServer) -> list[str]:
    return [asked.path for asked in wechat.asked]


async def says(wechat: WeChatServer, sessions: Any, openid: str = ANN) -> None:
    """She writes, at WeChat and at our door."""
    wechat.says(openid, "hello")
    async with sessions.begin() as session:
        await opened(session, openid, "message", datetime.now(UTC))


# ── the server itself ────────────────────────────────────────────────────────────────────────


async def test_an_independent_client_takes_the_server_for_wechat(
    wechat: WeChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    wechat.says(ANN, "hello")
    media_id = wechat.keep(b"sound", "audio/amr")
    account = wechat.account

    class Client(WeChatClient):  # type: ignore[misc]
        API_BASE_URL = f"{wechat.url}/cgi-bin/"

        def fetch_access_token(self) -> Any:
            return self._fetch_access_token(
                url=f"{wechat.url}/cgi-bin/token",
                params={
                    "grant_type": "client_credential",
                    "appid": self.appid,
                    "secret": self.secret,
                },
            )

    def peer() -> list[Any]:
        client = Client(account.app_id, account.secret)
        for number in range(5):
            client.message.send_text(ANN, f"第{number}条")
        codes = []
        for openid in (ANN, BOB):
            with pytest.raises(WeChatClientException) as caught:
                client.message.send_text(openid, "more")
            codes.append(caught.value.errcode)
        client.menu.create(menu.wanted("zh"))
        return [codes, client.media.download(media_id).content, client.menu.get()]

    codes, sound, shown = await asyncio.to_thread(peer)
    assert wechat.followers[ANN].got == [f"第{number}条" for number in range(5)]
    assert codes == [45047, 40003]
    assert sound == b"sound"
    assert shown["menu"] == menu.wanted("zh")


# ── the token ────────────────────────────────────────────────────────────────────────────────


async def test_many_processes_that_need_a_token_at_once_ask_for_one(
    wechat: WeChatServer, make: Callable[..., Api]
) -> None:
    apis = [make() for _ in range(8)]
    tokens = await asyncio.gather(*(api.tokens.current() for api in apis))
    assert len(set(tokens)) == 1
    assert paths(wechat) == [STABLE_TOKEN]
    assert await make().tokens.current() == tokens[0]
    assert wechat.tokens_given == 1


async def test_a_token_is_renewed_before_it_ends_and_used_meanwhile(
    wechat: WeChatServer, make: Callable[..., Api]
) -> None:
    wechat.token_seconds = 200  # less than we renew before
    first = await make().tokens.current()
    wechat.token_seconds = 7200
    tokens = await asyncio.gather(*(make().tokens.current() for _ in range(5)))
    assert set(tokens) <= {first, wechat.good_token}
    assert wechat.tokens_given == 2
    assert await make().tokens.current() == wechat.good_token != first


async def test_a_token_that_could_not_be_renewed_early_is_used_to_its_end(
    wechat: WeChatServer, api: Api
) -> None:
    wechat.token_seconds = 200
    first = await api.tokens.current()
    wechat.refuses[STABLE_TOKEN] = [-1]
    assert await api.tokens.current() == first


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_refused_token_is_replaced_once(
    wechat: WeChatServer, api: Api, sessions: Any, code: int
) -> None:
    await says(wechat, sessions)
    old = await api.tokens.current()
    wechat.revoke_tokens()
    wechat.refuses[SEND] = [code]
    await api.send_text(ANN, "好")
    assert wechat.followers[ANN].got == ["好"]
    assert paths(wechat).count(SEND) == 2
    assert wechat.good_token != old
    wechat.refuses[SEND] = [code, code, code]
    with pytest.raises(Refusal) as caught:
        await api.send_text(ANN, "好")
    assert caught.value.retryable
    assert paths(wechat).count(SEND) == 4


async def test_many_who_hold_a_refused_token_replace_it_together(
    wechat: WeChatServer, make: Callable[..., Api], sessions: Any
) -> None:
    for number in range(6):
        await says(wechat, sessions, f"openid-{number}")
    await make().tokens.current()
    wechat.revoke_tokens()
    await asyncio.gather(*(make().send_text(f"openid-{n}", "好") for n in range(6)))
    assert wechat.tokens_given == 2
    assert all(follower.got == ["好"] for follower in wechat.followers.values())


async def test_a_wrong_secret_says_which_setting_to_mend(wechat: WeChatServer, api: Api) -> None:
    wechat.account.secret = "another"
    with pytest.raises(Refusal, match="app_secret_file") as caught:
        await api.tokens.current()
    assert not caught.value.retryable
    assert "app-secret" not in str(caught.value)


async def test_a_server_that_is_not_wechat_is_no_token(wechat: WeChatServer, api: Api) -> None:
    for body in (b"<html>", b"{}", b'{"access_token": 7, "expires_in": 1}', b""):
        wechat.refuses[STABLE_TOKEN] = [Fault(Answer(200, body))]
        with pytest.raises(BackendError, match="api_url"):
            await api.tokens.current()


async def test_the_token_row_holds_what_wechat_gave(
    wechat: WeChatServer, api: Api, sessions: Any
) -> None:
    await api.tokens.current()
    async with sessions() as session:
        row = await session.get_one(WechatToken, wechat.account.app_id)
    assert row.access_token == wechat.good_token
    assert 7100 < (row.expires_at - row.renewed_at).total_seconds() <= 7200


# ── messages and their windows ───────────────────────────────────────────────────────────────


async def stored(sessions: Any, text: str, **more: Any) -> Message:
    async with sessions.begin() as session:
        message = Message(direction="out", text=text, data={}, **more)
        session.add(message)
    return message


async def cannot(api: Api, sessions: Any, text: str = "好", openid: str = ANN) -> CannotSend:
    with pytest.raises(CannotSend) as caught:
        await send(api, sessions, await stored(sessions, text), openid)
    return caught.value


async def test_words_arrive_as_they_are_written(
    wechat: WeChatServer, api: Api, sessions: Any
) -> None:
    await says(wechat, sessions)
    await send(api, sessions, await stored(sessions, '您好 "王阿姨" 🙂'), ANN)
    assert wechat.followers[ANN].got == ['您好 "王阿姨" 🙂']
    assert "您好".encode() in wechat.asked[-1].body  # WeChat shows escapes as they stand


async def test_the_sixth_message_waits_without_asking_wechat(
    wechat: WeChatServer, api: Api, sessions: Any
) -> None:
    await says(wechat, sessions)
    for number in range(5):
        await send(api, sessions, await stored(sessions, str(number)), ANN)
    error = await cannot(api, sessions)
    assert (error.code, error.retryable) == ("window_closed", False)
    assert paths(wechat).count(SEND) == 5
    await says(wechat, sessions)
    await send(api, sessions, await stored(sessions, "again"), ANN)
    assert wechat.followers[ANN].got[-1] == "again"


async def test_five_places_are_five_however_many_want_them(
    wechat: WeChatServer, make: Callable[..., Api], sessions: Any
) -> None:
    await says(wechat, sessions)
    messages = [await stored(sessions, str(n)) for n in range(9)]
    results = await asyncio.gather(
        *(send(make(), sessions, message, ANN) for message in messages), return_exceptions=True
    )
    assert sum(result is None for result in results) == 5
    assert sum(isinstance(result, CannotSend) for result in results) == 4
    assert len(wechat.followers[ANN].got) == 5


async def test_a_stranger_gets_nothing_and_wechat_is_not_asked(
    wechat: WeChatServer, api: Api, sessions: Any
) -> None:
    assert (await cannot(api, sessions, openid=BOB)).code == "window_closed"
    assert wechat.asked == []


@pytest.mark.parametrize("code", [45015, 45047])
async def test_wechats_own_count_stands_above_ours(
    wechat: WeChatServer, api: Api, sessions: Any, code: int
) -> None:
    await says(wechat, sessions)
    wechat.refuses[SEND] = [code]
    error = await cannot(api, sessions)
    assert (error.code, error.retryable) == ("window_closed", False)
    await cannot(api, sessions)
    assert paths(wechat).count(SEND) == 1
    await says(wechat, sessions)
    await send(api, sessions, await stored(sessions, "好"), ANN)
    assert wechat.followers[ANN].got == ["好"]


async def test_a_click_opens_a_window_that_is_used_before_the_longer_one(
    wechat: WeChatServer, api: Api, sessions: Any
) -> None:
    await says(wechat, sessions)
    wechat.event(ANN, "CLICK", EventKey="CALL")
    async with sessions.begin() as session:
        await opened(session, ANN, "event", datetime.now(UTC))
    for number in range(8):
        await send(api, sessions, await stored(sessions, str(number)), ANN)
    assert (await cannot(api, sessions)).code == "window_closed"
    assert len(wechat.followers[ANN].got) == 8
    assert paths(wechat).count(SEND) == 8


async def test_a_window_that_has_passed_is_closed_and_an_older_message_opens_none(
    wechat: WeChatServer, api: Api, sessions: Any
) -> None:
    now = datetime.now(UTC)
    wechat.says(ANN, "x")
    async with sessions.begin() as session:
        await opened(session, ANN, "message", now - timedelta(hours=48))
        await opened(session, ANN, "event", now - timedelta(minutes=1))
    assert (await cannot(api, sessions)).code == "window_closed"
    await says(wechat, sessions)
    for number in range(5):
        await send(api, sessions, await stored(sessions, str(number)), ANN)
    async with sessions.begin() as session:  # a message from the spool, long overtaken
        await opened(session, ANN, "message", now - timedelta(hours=1))
    assert (await cannot(api, sessions)).code == "window_closed"


@pytest.mark.parametrize(
    ("refusal", "code"),
    [(-1, "wechat_minus_1"), (45009, "wechat_45009"), (Fault(Answer(502)), "backend_failed")],
)
async def test_a_busy_wechat_is_asked_again_later(
    wechat: WeChatServer, api: Api, sessions: Any, refusal: Any, code: str
) -> None:
    await says(wechat, sessions)
    wechat.refuses[SEND] = [refusal]
    error = await cannot(api, sessions)
    assert (error.code, error.retryable) == (code, True)
    await send(api, sessions, await stored(sessions, "好"), ANN)
    assert wechat.followers[ANN].got == ["好"]


@pytest.mark.parametrize("fault", [Fault(hang=True), Fault(drop=True)])
async def test_no_answer_is_retryable_and_counts_as_sent(
    wechat: WeChatServer, make: Callable[..., Api], sessions: Any, fault: Fault
) -> None:
    await says(wechat, sessions)
    api = make(timeout_seconds=0.5)
    await api.tokens.current()
    for _ in range(5):
        wechat.refuses[SEND] = [fault]
        assert (await cannot(api, sessions)).retryable
    assert (await cannot(api, sessions)).code == "window_closed"


async def test_a_refusal_that_says_no_for_good_is_not_tried_again_and_takes_no_place(
    wechat: WeChatServer, api: Api, sessions: Any
) -> None:
    await says(wechat, sessions)
    for _ in range(6):
        wechat.refuses[SEND] = [48001]
        error = await cannot(api, sessions)
        assert (error.code, error.retryable) == ("wechat_48001", False)
    assert "passive" in error.sentence


async def test_a_long_message_goes_in_pieces_and_goes_on_where_it_stopped(
    wechat: WeChatServer, api: Api, sessions: Any
) -> None:
    await says(wechat, sessions)
    words = "".join(f"第{number}句话说完了。" for number in range(300))
    message = await stored(sessions, words)
    wechat.refuses[SEND] = []
    await api.send_text(ANN, "before")
    wechat.refuses[SEND] = [0, -1]  # the first is taken for sent
    with pytest.raises(CannotSend):
        await send(api, sessions, message, ANN)
    async with sessions() as session:
        again = await session.get_one(Message, message.id)
    await send(api, sessions, again, ANN)
    got = wechat.followers[ANN].got[1:]
    assert len(got) >= 2
    assert words.endswith("".join(got))
    assert "".join(got) != words


# ── media and menu ───────────────────────────────────────────────────────────────────────────


async def test_media_come_as_they_are(wechat: WeChatServer, api: Api) -> None:
    sound = b"#!AMR\n" + bytes(range(256))
    found = await api.media(wechat.keep(sound, "audio/amr"), 10_000)
    assert (found.content, found.media_type) == (sound, "audio/amr")


async def test_a_video_comes_by_its_second_address(wechat: WeChatServer, api: Api) -> None:
    class Store(WeChatServer):
        async def work(self, asked: Any) -> Answer:
            return Answer(200, b"....ftypmp42", {"Content-Type": "video/mp4"})

    async with Store() as store:
        wechat.videos["v"] = f"{store.url}/film?x=1"
        found = await api.media("v", 10_000)
        assert found.content == b"....ftypmp42"
        assert store.asked[0].query == {"x": "1"}  # and not our token


async def test_what_is_no_more_there_or_too_large_is_said_so(
    wechat: WeChatServer, api: Api
) -> None:
    with pytest.raises(Refusal) as caught:
        await api.media("gone", 1000)
    assert caught.value.errcode == 40007
    with pytest.raises(BackendError) as large:
        await api.media(wechat.keep(b"x" * 1001, "audio/amr"), 1000)
    assert large.value.code == "answer_too_large"
    wechat.refuses[MEDIA] = [Fault(drop=True)]
    with pytest.raises(BackendError) as broken:
        await api.media("x", 1000)
    assert broken.value.retryable


async def test_the_menu_is_made_once_and_mended_when_it_is_another(
    wechat: WeChatServer, api: Api
) -> None:
    assert await menu.ensure(api, "zh")
    assert wechat.menu == {"button": [{"type": "click", "name": "我要帮忙", "key": "CALL"}]}
    assert len(json.loads(wechat.asked[-1].body)["button"][0]["name"].encode()) <= 16
    assert not await menu.ensure(api, "zh")
    assert await menu.ensure(api, "en")
    assert paths(wechat).count(MENU) == 2
