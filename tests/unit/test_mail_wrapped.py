"""Headers as mail programs write them, winmail.dat, and what forwarded mails hold."""

from __future__ import annotations

import base64
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from intake.channels.email import sender_check, tnef
from intake.channels.email.header_limits import trimmed
from intake.channels.email.header_text import header_text
from intake.channels.email.options import Options
from intake.channels.email.parse import parse_mail
from tests.conftest import wav_of

WAV = wav_of([0.1, -0.1] * 200)
SAID = "水管漏了，镕镕家"  # 镕 is in GBK and not in GB2312
GBK = SAID.encode("gbk")


def word(charset: str, content: bytes, how: str = "b") -> str:
    if how.lower() == "b":
        said = base64.b64encode(content).decode()
    else:
        said = "".join(f"={byte:02X}" for byte in content)
    return f"=?{charset}?{how}?{said}?="


HEADERS = {
    "utf-8": word("utf-8", SAID.encode()),
    "gb2312 with characters of GBK": word("gb2312", GBK),
    "GB2312 in capitals": word("GB2312", GBK),
    "gbk": word("gbk", GBK),
    "x-gbk": word("x-gbk", GBK),
    "cp936": word("cp936", GBK),
    "gb18030": word("gb18030", GBK),
    "quoted-printable": word("gbk", GBK, "Q"),
    "a language tag": word("utf-8*zh", SAID.encode()),
    "an unknown charset": word("x-nobody", SAID.encode()),
    "a wrong charset": word("us-ascii", SAID.encode()),
    "split inside a character": f"{word('gb2312', GBK[:5])} {word('gb2312', GBK[5:])}",
    "split inside a character, in UTF-8": f"{word('utf-8', SAID.encode()[:4])} "
    f"{word('utf-8', SAID.encode()[4:])}",
    "split and folded": f"{word('gbk', GBK[:3])}\r\n\t{word('gbk', GBK[3:])}",
    "two charsets": f"{word('utf-8', SAID[:2].encode())} {word('gbk', SAID[2:].encode('gbk'))}",
    "no padding": word("utf-8", SAID.encode()).replace("=?=", "?="),
    "raw bytes of UTF-8": SAID.encode().decode("ascii", "surrogateescape"),
    "raw bytes of GBK": GBK.decode("ascii", "surrogateescape"),
    "text": SAID,
}


@pytest.mark.parametrize("how", HEADERS)
def test_a_header_is_read_however_it_was_written(how: str) -> None:
    assert header_text(HEADERS[how]) == SAID


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Re: =?utf-8?b?5rC0?= and more", "Re: 水 and more"),
        ("=?utf-8?b?!!?= x", "=?utf-8?b?!!?= x"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("=?utf-8?q?a_b?=", "a b"),
        ("", ""),
    ],
)
def test_what_is_no_encoded_word_stays(value: str, text: str) -> None:
    assert header_text(value) == text


def attribute(kind: int, data: bytes) -> bytes:
    checksum = (sum(data) % 65536).to_bytes(2, "little")
    return b"\2" + kind.to_bytes(4, "little") + len(data).to_bytes(4, "little") + data + checksum


def winmail(*, body: bytes = b"", files: tuple[tuple[str, bytes], ...] = ()) -> bytes:
    made = tnef.SIGNATURE + b"\1\0"
    made += attribute(0x0002800C, body + b"\0") if body else b""
    for name, content in files:
        made += attribute(0x00069002, bytes(14))
        made += attribute(0x00018010, name.encode() + b"\0")
        made += attribute(0x0006800F, content)
    return made


def mail_with(content: bytes, kind: str = "application/ms-tnef") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "pbx@pbx.example", "desk@huying.local", "new"
    mail.set_content("see attachment")
    main, sub = kind.split("/")
    mail.add_attachment(content, maintype=main, subtype=sub, filename="winmail.dat")
    return mail.as_bytes(policy=SMTP)


def test_the_recording_and_the_words_in_a_winmail_dat_are_found() -> None:
    raw = mail_with(winmail(body="有人摔倒了".encode("gbk"), files=(("message.wav", WAV),)))
    found = parse_mail(raw)
    (part,) = found.parts
    assert (part.content, part.name, part.is_audio) == (WAV, "message.wav", True)
    assert "有人摔倒了" in found.text
    assert found.whole


@pytest.mark.parametrize("cut", [7, 20, 60, 200, 400])
def test_a_cut_winmail_dat_gives_what_is_there_and_is_not_whole(cut: int) -> None:
    content = winmail(body=b"hello", files=(("a.wav", WAV), ("b.wav", WAV)))[:-cut]
    found = tnef.unwrap(content)
    assert found is not None and not found.whole
    assert [data for _, data in found.files] in ([], [WAV])
    assert not parse_mail(mail_with(content)).whole


def test_other_bytes_are_no_winmail_dat() -> None:
    for content in (b"", b"\x78\x9f\x3e", WAV, b"just words"):
        assert tnef.unwrap(content) is None


def test_the_recording_and_the_caller_of_a_forwarded_mail_are_found() -> None:
    inner = EmailMessage()
    inner["From"], inner["To"] = "pbx@pbx.example", "old@pbx.example"
    inner["Subject"], inner["X-Caller-Number"] = "语音留言", "13812345678"
    inner.set_content("留言转写：水管漏了")
    inner.add_attachment(WAV, maintype="audio", subtype="wav", filename="msg.wav")
    outer = EmailMessage()
    outer["From"], outer["To"], outer["Subject"] = "li@desk.example", "desk@huying.local", "Fwd"
    outer.set_content("请处理")
    outer.add_attachment(inner)
    found = parse_mail(outer.as_bytes(policy=SMTP))
    assert [part.content for part in found.parts if part.is_audio] == [WAV]
    assert "水管漏了" in found.text
    options = Options(allow_senders=["*"], caller_headers=["X-Caller-Number"])
    assert sender_check.caller(found, options) == "13812345678"
    own = sender_check.OwnAddresses(frozenset())
    assert sender_check.refusal(found, "li@desk.example", own, 5) is None


def test_the_mail_of_the_trial_is_read() -> None:
    raw = Path(__file__).parent / "data" / "gb2312-label-gbk-subject.eml"
    found = parse_mail(raw.read_bytes())
    assert "\ufffd" not in found.subject and "=?" not in found.subject


BOMBS = {
    "nested comments": b"From: " + b"(" * 3000 + b"a@b" + b")" * 3000,
    "parameters": b"Content-Type: text/plain" + b"; a=b" * 20_000,
    "brackets": b"To: " + b"[" * 2000 + b"]" * 2000,
    "angle brackets": b"From: " + b"<" * 5000,
    "quotes": b'Content-Disposition: attachment; filename="' + b'"' * 3000,
    "encoded words": b"Subject: " + b"=?utf-8?b?5rC0?= " * 5000,
    "a long field": b"X-Long: " + b"a" * 1_000_000,
    "a folded field": b"X-Folded: a" + b"\r\n b" * 50_000,
    "many fields": b"\r\n".join(b"X-%d: a" % number for number in range(20_000)),
    "a reference": b"References: " + b"<a@b> " * 20_000,
}


@pytest.mark.parametrize("kind", BOMBS)
def test_what_a_parser_would_take_too_long_for_is_left_out(kind: str) -> None:
    raw = BOMBS[kind] + b"\r\nSubject: help\r\nFrom: a@b.example\r\n\r\nthe words\r\n"
    kept, whole = trimmed(raw)
    assert not whole
    assert len(kept) < 30_000
    found = parse_mail(kept)
    assert found.text == "the words"
    if kind != "many fields":
        assert found.subject == "help"


def test_an_ordinary_mail_keeps_every_byte() -> None:
    raw = mail_with(WAV, "audio/wav")
    assert trimmed(raw) == (raw, True)
