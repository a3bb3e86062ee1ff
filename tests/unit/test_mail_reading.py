"""Mails as they come, broken ones too: reading never raises and nothing is lost."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from intake.channels import check
from intake.channels.email import sender_check
from intake.channels.email.options import Options, is_listed
from intake.channels.email.parse import MAX_PARTS, MAX_TEXT_CHARACTERS, Mail, parse_mail
from intake.channels.email.store import RawMail, _keys
from intake.errors import SettingsError
from tests.conftest import wav_of
from tests.fakes.telephone_system import letter, voicemail

WAV = wav_of([0.1, -0.1] * 200)
MADE = datetime.now(UTC)
GOOD = voicemail(WAV).as_bytes(policy=SMTP)
OPTIONS = Options(allow_senders=["*"])


def mail(text: str) -> Mail:
    return parse_mail(text.replace("\n", "\r\n").encode("utf-8", "surrogateescape"))


def test_the_parts_of_an_ordinary_voicemail_are_found() -> None:
    found = parse_mail(GOOD)
    assert found.whole
    assert found.subject == "[PBX]: New message 1 in mailbox 100"
    assert found.sender == "asterisk@pbx.example"
    assert found.message_id == "<Asterisk-1-804289383-100-4242@pbx.example>"
    assert found.text.startswith("Dear Community desk:")
    (part,) = found.parts
    assert (part.content, part.name, part.is_audio) == (WAV, "msg0000.wav", True)
    assert found.date is not None and abs((found.date - MADE).total_seconds()) < 60


def usable(found: Mail) -> None:
    """What the rest of the installation needs of any mail."""
    assert isinstance(found, Mail)
    texts = [found.text, found.subject, found.sender, found.message_id, found.media_type]
    texts += [p.name or "" for p in found.parts] + [p.media_type for p in found.parts]
    for text in texts:
        text.encode("utf-8")
        assert "\x00" not in text
    assert len(found.text) <= MAX_TEXT_CHARACTERS
    assert len(found.parts) <= MAX_PARTS
    assert found.date is None or found.date.tzinfo is not None
    sender_check.refusal(found, "a@b", sender_check.OwnAddresses(frozenset({"x@y"})), 30)
    number = sender_check.caller(found, OPTIONS)
    assert number is None or re.fullmatch(r"\+?\d{3,15}", number)
    _keys(RawMail(b"", "", "", datetime.now(UTC)), found)


HEADERS = [
    b"Content-Type", b"Content-Transfer-Encoding", b"Content-Disposition", b"Subject", b"From",
    b"Date", b"Message-ID", b"MIME-Version", b"To", b"X-CallerID", b"Received",
]  # fmt: skip
VALUES = [
    b"multipart/mixed; boundary=b", b"multipart/mixed; boundary*=utf-8''b", b"multipart/mixed",
    b"message/rfc822", b"message/partial", b"text/plain; charset=unknown-9", b"text/html",
    b"text/plain; charset*=x", b"audio/x-wav; name*0*=utf-8''%ff; name*1=b", b"a/b/c; ;;=",
    b"base64", b"quoted-printable", b"x-uuencode", b"8bit", b"attachment; filename*=utf-8''%E7%95",
    b"=?utf-8?b?!!!?=", b"=?gb2312?q?=ff?=", b"=?x?x?x?=", b"<<>>", b"@", b"\"", b"<a@[", b"\xff",
    b"Mon, 99 Foo 20261 99:99:99 +9999", b"Fri, 31 Dec 9999 23:59:59 -2359", b"", b"(" * 50,
]  # fmt: skip
LINES = st.one_of(
    st.builds(lambda k, v: k + b": " + v, st.sampled_from(HEADERS), st.sampled_from(VALUES)),
    st.builds(lambda k, v: k + b": " + v, st.sampled_from(HEADERS), st.binary(max_size=40)),
    st.sampled_from([b"", b"--b", b"--b--", base64.b64encode(WAV[:300]), b"begin 644 x", b"\x00"]),
    st.binary(max_size=60),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(LINES, max_size=30), st.sampled_from([b"\r\n", b"\n"]))
@example([b'Content-Type: multipart/mixed; boundary="', b"", b"--"], b"\r\n")
@example([b"Message-ID: <", b"From: <", b"Content-Disposition: ;", b""], b"\r\n")
def test_reading_any_lines_never_raises(lines: list[bytes], end: bytes) -> None:
    usable(parse_mail(end.join(lines)))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_reading_any_bytes_never_raises(raw: bytes) -> None:
    usable(parse_mail(raw))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_voicemail_is_read_and_what_is_not_understood_is_said(data: Any) -> None:
    raw = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=30))
    usable(parse_mail(bytes(raw)))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GOOD)))
def test_a_mail_cut_off_anywhere_keeps_its_words_or_its_beginning(length: int) -> None:
    found = parse_mail(GOOD[:length])
    usable(found)
    if length > GOOD.index(b"\r\n\r\n"):
        assert found.subject == "[PBX]: New message 1 in mailbox 100"


def test_parts_nested_deeper_than_anybody_looks_are_no_end_of_the_world() -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(3000)
    )
    found = parse_mail(b"Subject: deep\r\n" + deep + b"\r\n\r\nwords")
    usable(found)
    assert found.subject == "deep"
    assert not found.whole


def test_more_parts_than_we_take_are_said_to_be_missing() -> None:
    found = parse_mail(voicemail([WAV] * (MAX_PARTS + 5)).as_bytes(policy=SMTP))
    assert len(found.parts) == MAX_PARTS
    assert not found.whole


@pytest.mark.parametrize(
    "header",
    [
        b"filename*=utf-8''%E7%95%99%E8%A8%80.wav",
        b"filename*0*=utf-8''%E7%95%99; filename*1*=%E8%A8%80; filename*2=.wav",
        "filename=\"留言.wav\"".encode(),
        b'filename="=?utf-8?b?55WZ6KiALndhdg==?="',
    ],
)  # fmt: skip
def test_names_of_attachments_are_read_in_every_way_they_are_written(header: bytes) -> None:
    raw = (
        b"Content-Type: audio/wav\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; " + header + b"\r\n\r\n" + base64.b64encode(WAV)
    )
    (part,) = parse_mail(raw).parts
    assert part.content == WAV
    assert part.name is not None and part.name.endswith(".wav")
    if header.isascii():
        assert part.name == "留言.wav"


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "gbk", "gb18030", "big5", "x-unknown"])
def test_words_are_read_in_the_charset_they_are_in(charset: str) -> None:
    coded = "電話留言".encode("gb18030" if charset in ("gb2312", "x-unknown") else charset)
    raw = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + coded
    assert parse_mail(raw).text == "電話留言"


def test_headers_in_bare_utf_8_or_gbk_are_read() -> None:
    for charset in ("utf-8", "gbk"):
        assert parse_mail("Subject: 新留言\r\n\r\n".encode(charset)).subject == "新留言"
    assert mail("Subject: =?gb2312?B?0MLB9NHU?=\n\n").subject == "新留言"


def test_words_of_a_page_are_read_only_when_there_are_no_plain_ones() -> None:
    page = EmailMessage()
    page.set_content("<style>p{}</style><p>王&amp;李</p><p>请回电</p>", subtype="html")
    assert parse_mail(page.as_bytes()).text == "王&李\n\n请回电".replace("\n\n", "\n")
    both = EmailMessage()
    both.set_content("plain words")
    both.add_alternative("<p>rich words</p>", subtype="html")
    assert parse_mail(both.as_bytes()).text == "plain words"


CALLERS: list[tuple[dict[str, str], str, str | None]] = [
    ({"X-CallerID": "13812345678"}, "", "13812345678"),
    ({"X-Asterisk-CallerID": '"Wang" <+86 138 1234 5678>'}, "", "13812345678"),
    ({"X-CallerID": "sip:01088886666@pbx"}, "", "01088886666"),
    ({"X-CallerID": "anonymous"}, "call from 8001", "8001"),
    ({"Subject": "New voicemail from 13812345678 (0:12)"}, "", "13812345678"),
    ({"Subject": "您有来自 138-1234-5678 的语音留言"}, "", "13812345678"),
    ({}, "主叫号码：010-88886666 时间 2026-11-21", "01088886666"),
    ({}, 'in mailbox 100 from "王 <阿姨>" <13812345678>, on Tuesday', "13812345678"),
    ({}, "Caller: +1 (555) 123-4567", "+15551234567"),
    ({"From": '"Wang" <13812345678@pbx.example>'}, "", "13812345678"),
    ({"From": '"13812345678" <vm@pbx.example>'}, "", "13812345678"),
    ({"From": "PBX <200@pbx.example>"}, "from 10.0.0.5 on 2026-11-21", None),
    ({}, "from 2026-11-21 10:30, message 12", None),
    ({}, "from anonymous", None),
]


@pytest.mark.parametrize(("headers", "text", "number"), CALLERS)
def test_the_callers_number_is_found_where_telephone_systems_write_it(
    headers: dict[str, str], text: str, number: str | None
) -> None:
    found = Mail(headers={k.lower(): [v] for k, v in headers.items()}, text=text)
    assert sender_check.caller(found, OPTIONS) == number


def test_a_pattern_of_ones_own_finds_the_number() -> None:
    options = Options(allow_senders=["*"], caller_patterns=[r"Ext\.(?P<number>\d+)"])
    assert sender_check.caller(Mail(text="Ext.4711 rang"), options) == "4711"
    assert sender_check.caller(Mail(text="from 13812345678"), options) is None


def test_the_list_takes_addresses_domains_and_everything() -> None:
    entries = Options(allow_senders=["A@b.example", "@c.example"]).allow_senders
    assert is_listed("a@B.example", entries) and is_listed("x@c.example", entries)
    assert not is_listed("x@b.example", entries) and not is_listed("x@d.c.example", entries)
    assert is_listed("x@anywhere", ["*"])


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ({}, "allow_senders"),
        ({"allow_senders": []}, "allow_senders"),
        ({"allow_senders": ["a b"]}, "allow_senders"),
        ({"allow_networks": ["10.0.0.1/8"]}, "allow_networks"),
        ({"caller_patterns": ["("]}, "caller_patterns"),
        ({"caller_patterns": [r"\d+"]}, "number"),
        ({"username": "a"}, "password_file"),
        ({"require_tls": True}, "cert_file"),
        ({"cert_file": "/nowhere"}, "cert_file"),
        ({"protocol": "imap"}, "protocol"),
        ({"colour": 1}, "colour"),
    ],
)
def test_settings_that_can_not_work_are_named(table: dict[str, Any], named: str) -> None:
    table = {"allow_senders": ["*"], **table} if table else {}
    with pytest.raises(SettingsError, match=named) as caught:
        check("email", table)
    assert "[channels.email]" in str(caught.value)


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    for name in ("cert", "key"):
        (tmp_path / name).write_text("no PEM")
    files = {"cert_file": str(tmp_path / "cert"), "key_file": str(tmp_path / "key")}
    with pytest.raises(SettingsError, match="can't be used"):
        check("email", {"allow_senders": ["*"], **files})


def test_a_letter_comes_out_of_the_spool_as_it_went_in() -> None:
    before = RawMail(b"Subject: \xff\n\nx\n{}", "a@b", "127.0.0.1", datetime.now(UTC))
    assert RawMail.unpack(before.pack()) == before


def test_the_same_mail_by_another_way_is_the_same_and_another_is_another() -> None:
    def keys(message: EmailMessage) -> tuple[bytes, bytes]:
        raw = message.as_bytes(policy=SMTP)
        return _keys(RawMail(raw, "a@b", "x", datetime.now(UTC)), parse_mail(raw))

    first = keys(voicemail(WAV))
    assert first == keys(voicemail(WAV, headers={"Received": "from x"}))
    assert first[1] == keys(voicemail(WAV, message_id="<other@x>"))[1]
    assert first[0] != keys(voicemail(WAV, message_id="<other@x>"))[0]
    assert not set(first) & set(keys(voicemail(WAV + b"\0\0")))
    assert not set(keys(letter("请回电", message_id="<1@x>"))) & set(keys(letter("不用了")))
