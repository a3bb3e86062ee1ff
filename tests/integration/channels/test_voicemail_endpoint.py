"""The door: what is promised is kept, what is refused says why."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import wav_of
from tests.unit.speech.sounds import FORMATS

pytestmark = pytest.mark.asyncio
PROBLEM = "application/problem+json"


async def counts(client: Any) -> dict[str, int]:
    out = {}
    async with client.app.state.parts.sessions() as session:
        for table in ("recordings", "service_requests", "events", "idempotency_keys"):
            out[table] = await session.scalar(text(f"SELECT count(*) FROM {table}"))
        statement = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'transcribe'"
        out["jobs"] = await session.scalar(text(statement))
    return out


def files(client: Any) -> list[Any]:
    root = client.app.state.parts.blobs.root
    return [path for path in root.rglob("*") if path.is_file()]


async def test_a_recording_gets_a_number_and_stands_in_the_database_with_its_job(
    web: Any, tone: bytes
) -> None:
    client = await web()
    answer = await client.post("/api/voicemails", files={"audio": ("a.wav", tone)})
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert re.fullmatch(r"\d+-\d{4}-\d", body["tracking_number"])
    assert body["status"] == "received"
    assert body["tracking_number"] in body["message"]
    assert await counts(client) == {
        "recordings": 1,
        "service_requests": 1,
        "events": 1,
        "idempotency_keys": 0,
        "jobs": 1,
    }
    assert files(client)[0].read_bytes() == tone
    status = await client.get("/s/" + body["status_url"].rpartition("/s/")[2])
    assert status.json()["status"] == "received"


async def test_every_format_is_taken_and_its_coding_written_down(web: Any, tmp_path: Path) -> None:
    client = await web()
    for number, form in enumerate(FORMATS):
        audio = form.make(tmp_path / str(number)).read_bytes()
        answer = await client.post("/api/voicemails", files={"audio": ("x", audio)})
        assert answer.status_code == 202, (form, answer.text)
    async with client.app.state.parts.sessions() as session:
        codecs = await session.execute(text("SELECT codec FROM recordings ORDER BY id"))
        assert list(codecs.scalars()) == [form.codec for form in FORMATS]


async def test_job_arguments_hold_nothing_personal(web: Any, tone: bytes) -> None:
    client = await web()
    form = {"phone": "13812345678", "name": "王阿姨"}
    await client.post("/api/voicemails", files={"audio": ("a.wav", tone)}, data=form)
    async with client.app.state.parts.sessions() as session:
        jobs = (await session.execute(text("SELECT args FROM procrastinate_jobs"))).scalars().all()
    assert jobs and all(set(job) == {"service_request_id"} for job in jobs)


async def test_the_same_key_and_body_get_the_same_answer(web: Any, tone: bytes) -> None:
    client = await web()

    async def send() -> Any:
        return await client.post(
            "/api/voicemails",
            files={"audio": ("a.wav", tone)},
            data={"phone": "13812345678"},
            headers={"Idempotency-Key": "k1"},
        )

    answers = await asyncio.gather(*(send() for _ in range(8)))
    assert {a.status_code for a in answers} == {202}
    assert len({a.text for a in answers}) == 1
    assert (await counts(client))["service_requests"] == 1
    assert len(files(client)) == 1


async def test_the_same_key_with_another_body_is_refused(web: Any, tone: bytes) -> None:
    client = await web()
    key = {"Idempotency-Key": "k2"}
    await client.post("/api/voicemails", files={"audio": ("a", tone)}, headers=key)
    for other in ({"data": {"phone": "1"}}, {}):
        audio = tone if other else tone + b"\0\0"
        again = await client.post(
            "/api/voicemails", files={"audio": ("a", audio)}, headers=key, **other
        )
        assert again.status_code == 422
        assert again.json()["code"] == "idempotency_key_reused"
    assert (await counts(client))["service_requests"] == 1


@pytest.mark.parametrize(
    "content, status, code",
    [
        (b"", 422, "empty"),
        (b"RIFF" + b"\xff" * 70000, 413, "too_large"),
    ],
)
async def test_what_is_no_recording_is_refused_with_a_sentence_and_leaves_nothing(
    web: Any, content: bytes, status: int, code: str
) -> None:
    client = await web(limits={"max_bytes": 65536})
    answer = await client.post("/api/voicemails", files={"audio": ("a.wav", content)})
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    body = answer.json()
    assert body["code"] == code
    assert body["title"].endswith((".", "。"))
    assert sum((await counts(client)).values()) == 0
    assert files(client) == []


@pytest.mark.parametrize(
    "content",
    [
        b"hello, I am a text file and no sound at all" * 20,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 500,
        b"x",
        b"RIFF\0\0\0\0WAVE",
        b"data:audio/wav;base64,UklGRg==",
        wav_of([0.0] * 16000 * 2),  # longer than max_seconds
    ],
)
async def test_whatever_was_sent_is_kept_for_a_person(web: Any, content: bytes) -> None:
    client = await web(limits={"max_seconds": 0.1})
    answer = await client.post("/api/voicemails", files={"audio": ("a.wav", content)})
    assert (answer.status_code, answer.json()["status"]) == (202, "received")
    assert [path.read_bytes() for path in files(client)] == [content]


@pytest.mark.parametrize(
    "form, field",
    [({"colour": "red"}, "colour"), ({"recorded_at": "x"}, "recorded_at"), ({}, "audio")],
)
async def test_a_bad_field_is_named(
    web: Any, tone: bytes, form: dict[str, str], field: str
) -> None:
    client = await web()
    upload = {"file": ("x", b"")} if field == "audio" else {"audio": ("a.wav", tone)}
    if field == "audio":
        answer = await client.post(
            "/api/voicemails",
            content=b'--b\r\nContent-Disposition: form-data; name="phone"\r\n\r\n1\r\n--b--\r\n',
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )
    else:
        answer = await client.post("/api/voicemails", files=upload, data=form)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert files(client) == []


@pytest.mark.parametrize(
    "content_type, body",
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=b", b"no boundary here"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="au'),
    ],
)
async def test_a_body_that_is_no_form_is_refused(web: Any, content_type: str, body: bytes) -> None:
    client = await web()
    answer = await client.post(
        "/api/voicemails", content=body, headers={"Content-Type": content_type}
    )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == PROBLEM
    assert files(client) == []


async def test_a_full_disk_is_507_and_takes_nothing(web: Any, tone: bytes) -> None:
    client = await web(limits={"min_free_bytes": 2**60})
    answer = await client.post("/api/voicemails", files={"audio": ("a.wav", tone)})
    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    health = await client.get("/healthz")
    assert health.json()["parts"]["disk"]["ok"] is False


async def test_too_many_from_one_address_are_asked_to_wait(web: Any, tone: bytes) -> None:
    client = await web(limits={"per_address_per_minute": 2})
    codes = [
        (await client.post("/api/voicemails", files={"audio": ("a.wav", tone)})).status_code
        for _ in range(3)
    ]
    assert codes == [202, 202, 429]


async def test_a_database_that_is_away_is_503_with_retry_after(
    web: Any, tone: bytes, make_settings: Any
) -> None:
    client = await web(database_url="postgresql://nobody@127.0.0.1:1/none")
    answer = await client.post("/api/voicemails", files={"audio": ("a.wav", tone)})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert files(client) == []


async def test_a_guessed_status_link_tells_nothing(web: Any) -> None:
    client = await web()
    answer = await client.get("/s/" + "A" * 24)
    assert answer.status_code == 404
