"""Mails with recordings: what is answered 250 is kept, once; what is refused leaves nothing."""

from __future__ import annotations

import asyncio
import binascii
import contextlib
import math
import random
import smtplib
from collections.abc import AsyncIterator, Awaitable, Callable
from email import encoders
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path
from typing import Any

import pytest
import trustme
from sqlalchemy import select, text

from intake.channels.email import Email
from intake.storage.models import Attachment, Event, Message, Recording, ServiceRequest
from tests.conftest import wav_of
from tests.fakes.telephone_system import MAILBOX, PBX, bring, letter, on_the_wire, voicemail
from tests.support.installation import Installation
from tests.support.stack import free_ports

pytestmark = pytest.mark.asyncio
Door = Callable[..., Awaitable["EmailDoor"]]


class EmailDoor:
    """An installation whose e-mail channel listens."""

    def __init__(self, house: Installation, channel: Email, task: asyncio.Task[None]) -> None:
        self.house, self.channel, self.task = house, channel, task
        self.port = channel.options.port

    async def bring(self, mail: EmailMessage | bytes, **how: Any) -> str:
        """The answer, code and words; of a refusal too."""
        try:
            answers = await bring(self.port, mail, **how)
        except smtplib.SMTPResponseException as error:
            words = error.smtp_error
            return f"{error.smtp_code} {words.decode() if isinstance(words, bytes) else words}"
        return "\n".join(f"{code} {words}" for code, words in answers)

    async def all(self, kind: Any) -> list[Any]:
        async with self.house.parts.sessions() as session:
            return list(await session.scalars(select(kind).order_by(kind.id)))

    async def counts(self) -> dict[str, int]:
        async with self.house.parts.sessions() as session:
            return {
                table: await session.scalar(text(f"SELECT count(*) FROM {table}"))
                for table in ("recordings", "service_requests", "messages", "attachments")
            }

    def files(self) -> list[Path]:
        return [path for path in self.house.parts.blobs.root.rglob("*") if path.is_file()]

    def blob(self, key: str) -> bytes:
        return self.house.parts.blobs.path(key).read_bytes()

    async def close(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


def table(**changes: Any) -> dict[str, Any]:
    return {"port": free_ports(1), "allow_senders": ["pbx.example", "wang@mail.example"], **changes}


async def listening(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)
    raise AssertionError("nobody listens")


@pytest.fixture
async def door(open_house: Callable[..., Installation]) -> AsyncIterator[Door]:
    """Open an installation with an e-mail channel; keywords: its table, and other settings."""
    doors: list[EmailDoor] = []

    async def start(settings: dict[str, Any] | None = None, **changes: Any) -> EmailDoor:
        house = open_house(channels={"email": table(**changes)}, **(settings or {}))
        channel = house.parts.channels["email"]
        assert isinstance(channel, Email)
        doors.append(EmailDoor(house, channel, asyncio.create_task(channel.run())))
        await listening(channel.options.port)
        return doors[-1]

    yield start
    for one in doors:
        await one.close()


def sound() -> bytes:
    pitch = 200 + 600 * random.random()
    return wav_of([0.3 * math.sin(2 * math.pi * pitch * n / 16000) for n in range(8000)])


async def test_a_voicemail_mail_becomes_a_request_that_the_pipeline_takes_on(door: Door) -> None:
    here = await door()
    recording = sound()
    assert (await here.bring(voicemail(recording))).startswith("250 ")
    (kept,) = await here.all(Recording)
    assert here.blob(kept.blob_key) == recording
    (request,) = await here.all(ServiceRequest)
    assert (request.channel, request.status, request.phone) == ("email", "received", "13812345678")
    assert request.recording_id == kept.id
    (message,) = await here.all(Message)
    assert message.text.startswith("[PBX]: New message 1 in mailbox 100\nDear Community desk:")
    assert await here.house.jobs() == [("transcribe", "todo", 0)]
    here.house.ears.says = "麻烦帮我去药店买一瓶酱油送来"
    await here.house.work()
    request = await here.house.request(request.tracking_number)
    assert request.category == "errand"
    assert request.phone == "13812345678"


async def test_every_recording_of_a_mail_becomes_a_voicemail_wherever_it_hides(door: Door) -> None:
    here = await door()
    hidden = [sound() for _ in range(4)]
    inner = MIMEMultipart("related")
    odd = MIMEBase("application", "octet-stream")  # declared to be anything
    odd.set_payload(hidden[0])
    odd.add_header("Content-Disposition", "attachment", filename=("utf-8", "zh", "留言一.bin"))
    encoders.encode_base64(odd)
    inner.attach(odd)
    quoted = MIMEBase("text", "plain")  # even text, and in quoted-printable
    quoted.set_payload(binascii.b2a_qp(hidden[1], istext=False).decode())
    quoted["Content-Transfer-Encoding"] = "quoted-printable"
    inner.attach(quoted)
    forwarded = MIMEMultipart()
    forwarded.attach(MIMEApplication(hidden[2], "wav"))
    whole = MIMEMultipart()
    whole["From"], whole["Subject"], whole["Message-ID"] = PBX, "voice", "<n1@pbx.example>"
    whole.attach(MIMEText("四段录音", "plain", "gb2312"))
    whole.attach(inner)
    whole.attach(MIMEMessage(forwarded))
    whole.attach(MIMEApplication(hidden[3], "x-unknown"))
    assert (await here.bring(whole.as_bytes())).startswith("250 ")
    kept = {here.blob(r.blob_key) for r in await here.all(Recording)}
    assert kept == set(hidden)
    requests = await here.all(ServiceRequest)
    assert [r.status for r in requests] == ["received"] * 4
    assert {m.service_request_id for m in await here.all(Message)} == {r.id for r in requests}
    assert "四段录音" in (await here.all(Message))[0].text


async def test_a_mail_without_a_recording_waits_for_a_person_with_all_that_came(door: Door) -> None:
    here = await door()
    mail = letter("请帮我修一下水龙头，谢谢。", subject="水龙头")
    mail.add_attachment(b"\x89PNG\r\n\x1a\n" + b"\0" * 99, maintype="image", subtype="png",
                        filename="照片.png")  # fmt: skip
    assert (await here.bring(mail, sender="wang@mail.example")).startswith("250 ")
    (request,) = await here.all(ServiceRequest)
    assert (request.status, request.urgency) == ("needs_review", "normal")
    assert request.text == "水龙头\n请帮我修一下水龙头，谢谢。"
    assert [r["code"] for r in request.reasons] == ["written_mail"]
    attachments = await here.all(Attachment)
    assert {a.media_type for a in attachments} == {"image/png", "message/rfc822"}
    raw = next(a for a in attachments if a.media_type == "message/rfc822")
    assert "照片.png" in (await here.all(Message))[0].text
    assert here.blob(raw.blob_key) == on_the_wire(mail)


async def test_danger_in_the_words_of_a_mail_calls_the_people_on_duty(door: Door) -> None:
    here = await door()
    await here.bring(letter("我妈妈晕倒了，叫不醒，快来人！"), sender="wang@mail.example")
    (request,) = await here.all(ServiceRequest)
    assert (request.status, request.urgency) == ("needs_review", "emergency")
    assert ("alarm", "todo", 0) in await here.house.jobs()
    assert request.reasons[0]["code"] == "emergency"


@pytest.mark.parametrize("content", [b"", b"not sound at all " * 99], ids=["empty", "unknown"])
async def test_a_recording_that_nothing_can_read_goes_to_a_person(
    door: Door, content: bytes
) -> None:
    here = await door()
    await here.bring(voicemail(content, media_type="audio/x-gsm", name="msg0000.gsm"))
    (request,) = await here.all(ServiceRequest)
    assert request.status == "needs_review"
    assert request.phone == "13812345678"
    raw = [a for a in await here.all(Attachment) if a.media_type == "message/rfc822"]
    assert len(raw) == 1


async def test_a_recording_that_is_too_long_is_kept_for_a_person_and_the_other_one_goes_on(
    door: Door,
) -> None:
    here = await door(settings={"limits": {"max_seconds": 2}})
    long, short = wav_of([0.1] * 16000 * 4), sound()
    await here.bring(voicemail([long, short]))
    assert [here.blob(r.blob_key) for r in await here.all(Recording)] == [short]
    by_status = {r.status: r for r in await here.all(ServiceRequest)}
    assert set(by_status) == {"received", "needs_review"}
    assert by_status["needs_review"].reasons[0]["code"] == "mail_recording_unreadable"
    kept = [a for a in await here.all(Attachment) if a.media_type.startswith("audio/")]
    assert [here.blob(a.blob_key) for a in kept] == [long]


async def test_the_same_mail_again_is_answered_the_same_and_kept_once(door: Door) -> None:
    here = await door()
    recording = sound()
    first = voicemail(recording)
    other_way = voicemail(recording, headers={"Received": "from relay.example by here"})
    regenerated = voicemail(recording, message_id="<other@pbx.example>")
    nameless = voicemail(recording, message_id=None)
    answers = await asyncio.gather(
        *(here.bring(mail) for mail in [first, first, other_way, regenerated, nameless, first])
    )
    assert {a[:3] for a in answers} == {"250"}
    assert await here.counts() == {
        "recordings": 1, "service_requests": 1, "messages": 1, "attachments": 0,
    }  # fmt: skip
    assert len(here.files()) == 1


async def test_a_system_that_gives_every_mail_the_same_id_loses_nothing(door: Door) -> None:
    here = await door()
    for _ in range(3):
        assert (await here.bring(voicemail(sound(), message_id="<1@pbx.example>")))[:3] == "250"
    assert (await here.counts())["service_requests"] == 3


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "an answer by a machine": ({"Auto-Submitted": "auto-replied"}, "550 5.7.1"),
    "a mailing list": ({"List-Id": "<x.example>"}, "550 5.7.1"),
    "list precedence": ({"Precedence": "list"}, "550 5.7.1"),
    "a delivery report": ({"Content-Type": "multipart/report; boundary=b"}, "550 5.7.1"),
    "our own Message-ID": ({"Message-ID": f"<{'ab' * 20}@desk.example>"}, "550 5.4.6"),
    "our own alarm": ({"Message-ID": "<alarm-7-0@desk.example>"}, "550 5.4.6"),
    "our own address": ({"From": "Huying <noreply@desk.example>"}, "550 5.4.6"),
}


@pytest.mark.parametrize("why", REFUSED)
async def test_loops_and_machines_are_refused_and_leave_nothing(door: Door, why: str) -> None:
    headers, code = REFUSED[why]
    mailbox = {
        "kind": "email", "to": ["a@b.example"], "sender": "noreply@desk.example",
        "host": "mail.example",
    }  # fmt: skip
    here = await door(settings={"backends": {"station": {"kind": "station"}, "desk": mailbox}})
    mail = voicemail(sound())
    for key, value in headers.items():
        del mail[key]
        mail[key] = value
    assert (await here.bring(mail)).startswith(code)
    assert sum((await here.counts()).values()) == 0
    assert here.files() == []


async def test_a_mail_that_went_round_too_often_is_refused(door: Door) -> None:
    here = await door(max_hops=5)
    hops = b"".join(b"Received: from a by b; x\r\n" for _ in range(6))
    assert (await here.bring(hops + voicemail(sound()).as_bytes())).startswith("550 5.4.6")
    assert sum((await here.counts()).values()) == 0


async def test_a_machines_own_mail_is_taken_only_with_a_recording(door: Door) -> None:
    here = await door()
    marked = {"Auto-Submitted": "auto-generated", "Precedence": "bulk"}
    assert (await here.bring(voicemail([], headers=marked))).startswith("550 5.7.1")
    assert (await here.bring(voicemail(sound(), headers=marked))).startswith("250 ")
    assert (await here.counts())["service_requests"] == 1


@pytest.mark.parametrize("sender", ["", "evil@elsewhere.example", "x@sub.pbx.example"])
async def test_who_is_not_on_the_list_brings_nothing(door: Door, sender: str) -> None:
    here = await door()
    assert (await here.bring(voicemail(sound()), sender=sender)).startswith("550 5.7.1")
    assert sum((await here.counts()).values()) == 0


async def test_a_machine_outside_the_networks_is_not_greeted(door: Door) -> None:
    here = await door(allow_networks=["10.1.2.0/24"])
    assert (await here.bring(voicemail(sound()))).startswith("554 ")


async def test_other_mailboxes_than_ours_are_refused(door: Door) -> None:
    here = await door(recipients=[MAILBOX])
    mail = voicemail(sound())
    assert (await here.bring(mail, to=["someone@else.example"])).startswith("550 5.1.1")
    assert (await here.bring(mail)).startswith("250 ")


async def test_a_mail_that_is_too_large_is_refused_whether_it_says_so_or_not(door: Door) -> None:
    here = await door(max_bytes=70_000)
    mail = voicemail(b"\0" * 100_000).as_bytes()
    assert (await here.bring(mail)).startswith("552 ")

    def honest() -> int:
        with smtplib.SMTP("127.0.0.1", here.port, timeout=30) as client:
            client.ehlo()
            return client.mail(PBX, [f"SIZE={len(mail)}"])[0]

    assert await asyncio.to_thread(honest) == 552
    assert sum((await here.counts()).values()) == 0


async def test_too_many_in_a_minute_come_later(door: Door) -> None:
    here = await door(per_client_per_minute=2)
    codes = [(await here.bring(voicemail(sound(), message_id=None)))[:3] for _ in range(3)]
    assert codes == ["250", "250", "451"]


async def test_more_clients_than_allowed_are_told_to_come_again(door: Door) -> None:
    here = await door(max_connections=1)
    greeting = b""
    while not greeting.startswith(b"220 "):  # the fixture's own look at the port has ended
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        greeting = await reader.readline()
    assert (await here.bring(voicemail(sound()))).startswith("421 ")
    writer.write(b"QUIT\r\n")
    assert await reader.read() == b"221 Bye\r\n"
    answer = ""
    while not answer.startswith("250 "):
        answer = await here.bring(voicemail(sound()))
    writer.close()


async def test_a_full_disk_is_452_and_takes_nothing(door: Door) -> None:
    here = await door(settings={"limits": {"min_free_bytes": 2**60}})
    assert (await here.bring(voicemail(sound()))).startswith("452 ")
    assert here.files() == []


async def test_a_client_that_dawdles_is_hung_up(door: Door) -> None:
    here = await door(session_seconds=0.5)
    reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
    writer.write(b"EHLO x\r\nMAIL FROM:<%s>\r\nRCPT TO:<a@b>\r\nDATA\r\nSubject: x\r\n"
                 % PBX.encode())  # fmt: skip
    told = await asyncio.wait_for(reader.read(), 20)
    assert b"354 " in told
    assert sum((await here.counts()).values()) == 0
    writer.close()


async def test_lmtp_answers_for_each_recipient_and_keeps_the_mail_once(door: Door) -> None:
    here = await door(protocol="lmtp")
    answer = await here.bring(voicemail(sound()), lmtp=True, to=[MAILBOX, "desk@huying.example"])
    assert [line[:3] for line in answer.splitlines()] == ["250", "250"]
    assert (await here.counts())["service_requests"] == 1


@pytest.fixture
def certificates(tmp_path: Path) -> tuple[dict[str, str], trustme.CA]:
    """cert_file and key_file of 127.0.0.1, a password file, and who signed."""
    ca = trustme.CA()
    issued = ca.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    (tmp_path / "password").write_text("geheim\n")
    return {
        "cert_file": str(tmp_path / "cert.pem"),
        "key_file": str(tmp_path / "key.pem"),
        "username": "pbx",
        "password_file": str(tmp_path / "password"),
    }, ca


async def test_with_a_login_only_who_knows_it_brings_mail_and_only_inside_tls(
    door: Door, certificates: tuple[dict[str, str], trustme.CA]
) -> None:
    import ssl

    files, ca = certificates
    here = await door(**files)
    trusting = ssl.create_default_context()
    ca.configure_trust(trusting)
    mail = voicemail(sound())
    assert (await here.bring(mail)).startswith("530 ")
    assert (await here.bring(mail, tls=trusting)).startswith("530 ")
    assert (await here.bring(mail, tls=trusting, login=("pbx", "wrong"))).startswith("535 ")
    assert (await here.bring(mail, tls=trusting, login=("pbx", "geheim"))).startswith("250 ")
    assert (await here.counts())["service_requests"] == 1


async def test_two_channels_do_not_fight_over_the_port_and_the_second_takes_it_over(
    door: Door,
) -> None:
    here = await door()
    second = Email(here.house.parts, here.channel.options)
    task = asyncio.create_task(second.run())
    await asyncio.sleep(0.3)
    assert not task.done()
    assert (await here.bring(voicemail(sound()))).startswith("250 ")
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_the_history_says_that_the_channel_opened_it(door: Door) -> None:
    here = await door()
    await here.bring(voicemail(sound()))
    (event,) = await here.all(Event)
    assert (event.kind, event.actor) == ("opened", "door")


async def test_a_mail_that_can_not_be_kept_as_it_was_read_is_kept_as_it_came(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await door()

    async def refuses(*_: Any) -> None:
        raise ValueError("words that the log must not hold")

    monkeypatch.setattr(here.channel.store, "_voicemail", refuses)
    mail = voicemail(sound())
    assert (await here.bring(mail)).startswith("250 ")
    (request,) = await here.all(ServiceRequest)
    assert (request.status, [r["code"] for r in request.reasons]) == (
        "needs_review",
        ["written_mail"],
    )
    (raw,) = await here.all(Attachment)
    assert here.blob(raw.blob_key) == on_the_wire(mail)
    assert len(here.files()) == 1


async def test_a_sender_that_hangs_up_in_the_middle_leaves_nothing(door: Door) -> None:
    here = await door()
    reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
    head = b"EHLO x\r\nMAIL FROM:<%s>\r\nRCPT TO:<a@b>\r\nDATA\r\n" % PBX.encode()
    writer.write(head + on_the_wire(voicemail(sound()))[:9000])
    await reader.readuntil(b"354 ")
    writer.close()
    assert (await here.bring(voicemail(sound()))).startswith("250 ")
    assert (await here.counts())["service_requests"] == 1


async def test_the_web_process_listens_as_long_as_it_runs(
    open_house: Callable[..., Installation],
) -> None:
    options = table()
    house = open_house(channels={"email": options})
    async with house.app.router.lifespan_context(house.app):
        await listening(options["port"])
        answers = await bring(options["port"], voicemail(sound()))
        assert answers[0][0] == 250
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", options["port"])


async def test_the_words_of_a_mail_are_read_as_everything_else_is(door: Door) -> None:
    here = await door()
    words = "我叫李桂芳，电话13812345678，明天下午三点来修水龙头，3号楼2单元501"
    await here.bring(letter(words, subject="水龙头"), sender="wang@mail.example")
    await here.house.work()
    (request,) = await here.all(ServiceRequest)
    assert request.understanding_id is not None
    assert (request.person, request.phone, request.unit) == ("李桂芳", "13812345678", "3-2-501")
    assert request.status == "needs_review"
    assert request.reasons[0]["code"] in ("written_mail", "assistant_unreachable")


async def test_danger_in_a_transcript_that_is_mailed_with_a_recording_calls_people(
    door: Door,
) -> None:
    here = await door()
    mail = voicemail(sound())
    mail.get_body(("plain",)).set_content("留言转写：有个男的翻窗户进来了，我躲在床底下")
    await here.bring(mail)
    (request,) = await here.all(ServiceRequest)
    assert request.urgency == "emergency"
    assert ("alarm", "todo", 0) in await here.house.jobs()


BOMBS = {
    "nested comments": ("X-From", "(" * 3000 + "a@b" + ")" * 3000),
    "parameters": ("X-Type", "text/plain" + "; a=b" * 20_000),
    "brackets": ("X-To", "[" * 2000 + "]" * 2000),
}


async def test_mails_that_a_parser_takes_for_ever_for_keep_no_other_waiting(door: Door) -> None:
    here = await door()
    bombs = []
    for name, value in BOMBS.values():
        raw = on_the_wire(voicemail(sound()))
        field = f"{name.removeprefix('X-')}: {value}\r\n".encode()
        bombs.append(b"\r\n ".join(field[at : at + 900] for at in range(0, len(field), 900)) + raw)
    good = voicemail(sound())
    answers = await asyncio.gather(*(here.bring(mail) for mail in [*bombs, good]))
    assert [answer[:3] for answer in answers] == ["250"] * 4
    assert len(await here.all(Recording)) == 4  # the recordings of the odd ones too
    raw = [a for a in await here.all(Attachment) if a.media_type == "message/rfc822"]
    assert len(raw) == len(bombs)


ODD = "Content-Type: text/plain; charset=utf-8\r\n\r\n有人晕倒了，叫不醒\r\n".encode()


async def test_a_mail_whose_parsing_fails_is_kept_as_it_came(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.channels.email.parse_child.SECONDS", 0.0)
    here = await door()
    raw = b"X-Long: " + b"a" * 900 + b"\r\n " * 1 + b"(" * 900 + b"\r\n" + ODD
    assert (await here.bring(raw, sender="wang@mail.example")).startswith("250 ")
    (request,) = await here.all(ServiceRequest)
    assert request.status == "needs_review"
    assert (request.text, request.urgency) == ("有人晕倒了，叫不醒", "emergency")
    (kept,) = await here.all(Attachment)
    assert here.blob(kept.blob_key) == raw
