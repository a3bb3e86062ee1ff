"""What WeChat sends, in our words; what it never sends is refused."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.channels.wechat import xml as wechat_xml
from intake.channels.wechat.inbound import Incoming, understand
from intake.channels.wechat.split_text import pieces
from intake.errors import InputError
from tests.fakes.wechat import WeChatServer

ANN = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
SERVER = WeChatServer()
NOW = datetime.now(UTC) + timedelta(minutes=1)

BOMB = """<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<xml><FromUserName>&c;</FromUserName></xml>"""
OUTSIDE = (
    """<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Content>&a;</Content></xml>"""
)


def heard(xml: str) -> Incoming | None:
    return understand(wechat_xml.read(xml.encode()), NOW)


def test_a_text_is_known_by_its_message_id() -> None:
    found = heard(SERVER.says(ANN, " 水管<坏>了 ", MsgId=23456789012345678))
    assert found is not None
    assert (found.kind, found.text, found.external_id) == (
        "text",
        " 水管<坏>了 ",
        "23456789012345678",
    )
    assert (found.openid, found.opens, found.reply_from) == (ANN, "message", SERVER.account.name)
    assert abs((found.received_at - NOW).total_seconds()) < 120


@pytest.mark.parametrize(
    ("kind", "ours"),
    [("voice", "voice"), ("image", "image"), ("video", "image"), ("shortvideo", "image")],
)
def test_sounds_and_pictures_name_what_must_be_fetched(kind: str, ours: str) -> None:
    found = heard(SERVER.message(ANN, kind, MediaId="media-1", Recognition="别信我"))
    assert found is not None
    assert (found.kind, found.media_id, found.text) == (ours, "media-1", None)


def test_a_location_is_its_label_and_its_coordinates() -> None:
    where = {"Location_X": 30.5723, "Location_Y": 104.0665, "Scale": 16}
    found = heard(SERVER.message(ANN, "location", **where, Label="幸福里3栋"))
    assert found is not None
    assert (found.kind, found.text) == ("location", "幸福里3栋")
    assert found.data == {"latitude": 30.5723, "longitude": 104.0665}
    for bad in ({"Location_X": 91}, {"Location_Y": "nan"}, {"Location_X": "here"}):
        with pytest.raises(InputError):
            heard(SERVER.message(ANN, "location", **{**where, **bad}))


@pytest.mark.parametrize(
    "label", ["", "  ", "\n", "[位置]", "位置", "【位置】", "我的位置", "[Location]", "Location"]
)
def test_a_location_without_a_label_has_no_words(label: str) -> None:
    where = {"Location_X": 30.5723, "Location_Y": 104.0665}
    found = heard(SERVER.message(ANN, "location", **where, Label=label))
    assert found is not None
    assert (found.kind, found.text) == ("location", None)
    assert found.data == {"latitude": 30.5723, "longitude": 104.0665}
    bare = heard(SERVER.message(ANN, "location", **where))
    assert bare is not None
    assert bare.text is None


@pytest.mark.parametrize(
    "text",
    [
        "【收到不支持的消息类型，暂无法显示】",
        "[收到不支持的消息类型，暂无法显示]",
        "[收到一条不支持的消息类型，暂无法显示]",
        " 【收到不支持的消息类型，暂无法显示】\n",
        "收到不支持的消息类型，暂无法显示",
        "【收到不支援的訊息類型，暫無法顯示】",
        "[暂不支持]",
        "暂不支持",
        "[暂不支持该消息类型]",
        "【暂不支持此消息类型】",
        "该消息类型暂不支持",
        "[该消息类型暂不能展示]",
        "[当前版本暂不支持查看此消息]",
        "当前微信版本暂不支持展示该内容，请升级至最新版本。",
        "[This message type is not supported]",
        "This message type is not supported.",
        "[Received an unsupported message type]",
        "[Unsupported message]",
        "[Unable to display this message]",
        "[This content can’t be displayed]",
        "[表情]",
        "[动画表情]",
        "[動態貼圖]",
        "[Sticker]",
        "[Animated Sticker]",
        "[图片]",
        "[红包]",
        "[聊天记录]",
    ],
)
def test_what_wechat_writes_for_what_it_can_not_show_is_no_word_of_hers(text: str) -> None:
    found = heard(SERVER.says(ANN, text))
    assert found is not None
    assert (found.kind, found.text, found.opens) == ("text", None, "message")
    assert found.data == {"placeholder": text.strip()}
    assert Incoming.unpack(found.pack()) == found


@pytest.mark.parametrize(
    "text",
    [
        "你们不支持语音消息吗",
        "不支持",
        "这个不支持我的手机",
        "我发的图片你们能显示吗",
        "电视无法显示，一片黑",
        "门禁显示不支持该卡类型",
        "[OK]",
        "[强][强]",
        "[流泪]水管坏了",
        "水管坏了[表情]",
        "【水管坏了】",
        "[幸福里3栋]电梯的显示屏不能显示",
        "【电梯显示屏无法显示】",
        "[救命]",
        "my video is not supported by the intercom",
        "The screen says unsupported message type, what now",
        "",
        " ",
        "位置",
        "[" * 5000,
        "【收到不支持的消息类型，暂无法显示】我要报修",
    ],
)
def test_what_she_writes_herself_stays_as_it_is(text: str) -> None:
    found = heard(SERVER.says(ANN, text))
    assert found is not None
    assert found.text is not None
    assert found.text.strip() == text.strip()


@pytest.mark.parametrize(
    ("event", "key", "text"),
    [
        ("subscribe", "", "follow"),
        ("subscribe", "qrscene_12", "follow"),
        ("CLICK", "CALL", "menu:CALL"),
        ("SCAN", "12", "scan:12"),
    ],
)
def test_events_are_known_by_sender_and_second(event: str, key: str, text: str) -> None:
    made = SERVER.event(ANN, event, EventKey=key, CreateTime=1_700_000_000)
    first, second = heard(made), heard(made)
    later = heard(SERVER.event(ANN, event, EventKey=key, CreateTime=1_700_000_001))
    assert first is not None
    assert second is not None
    assert later is not None
    assert (first.kind, first.text, first.opens) == ("event", text, "event")
    assert first.external_id == second.external_id != later.external_id


@pytest.mark.parametrize("event", ["unsubscribe", "LOCATION", "VIEW", "TEMPLATESENDJOBFINISH", ""])
def test_what_is_nothing_that_she_said_is_passed_over(event: str) -> None:
    assert heard(SERVER.event(ANN, event, EventKey="x")) is None
    assert heard(SERVER.message(ANN, "something_new")) is None


@pytest.mark.parametrize(
    "xml",
    [
        SERVER.xml(ANN, "text", Content="x"),
        SERVER.says("", "x"),
        SERVER.says("../../etc", "x"),
        SERVER.says(ANN, "x", CreateTime="soon"),
        SERVER.says(ANN, "x", MsgId="1 OR 1"),
        SERVER.message(ANN, "voice"),
        SERVER.message(ANN, "voice", MediaId="a/../b"),
    ],
)
def test_a_message_that_lacks_what_wechat_always_gives_is_refused(xml: str) -> None:
    with pytest.raises(InputError):
        heard(xml)


@pytest.mark.parametrize("xml", [BOMB, OUTSIDE, "", "<xml>", "{}", "<a/>", "\0", "<xml>&x;</xml>"])
def test_bombs_outside_entities_and_nonsense_are_refused(xml: str) -> None:
    with pytest.raises(InputError):
        wechat_xml.read(xml.encode())


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    with contextlib.suppress(InputError):
        wechat_xml.read(body)


def test_a_message_survives_the_spool() -> None:
    for xml in (SERVER.says(ANN, "你好"), SERVER.message(ANN, "image", MediaId="m")):
        found = heard(xml)
        assert found is not None
        assert Incoming.unpack(found.pack()) == found


@given(st.text(alphabet="水管坏了。\n a🚰", max_size=400), st.integers(8, 60))
def test_pieces_fit_and_lose_nothing(text: str, limit: int) -> None:
    found = pieces(text, limit)
    assert all(piece and len(piece.encode()) <= limit for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_long_texts_are_cut_where_a_sentence_ends() -> None:
    assert pieces("第一句话在这里。第二句话在这里。", 30) == [
        "第一句话在这里。",
        "第二句话在这里。",
    ]
    assert pieces("短") == ["短"]
    assert pieces("  ") == []
