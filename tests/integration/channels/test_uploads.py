"""The door for recordings in pieces: nothing that arrived is lost, nothing is taken twice."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from intake.errors import SettingsError
from tests.conftest import wav_of
from tests.support.installation import Installation
from tests.unit.speech import sounds

pytestmark = pytest.mark.asyncio
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
SOUND = wav_of([0.3 * (-1) ** (n // 30) for n in range(16000)])


def metadata(**values: str) -> str:
    pairs = (f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in values.items())
    return ",".join(pairs)


class Phone:
    """A page that uploads as the protocol says."""

    def __init__(self, house: Installation, key: str | None = None) -> None:
        self.house, self.client = house, house.client
        self.key = key or secrets.token_hex(16)
        self.url = ""

    async def begin(self, size: int | None = None, **more: str) -> httpx.Response:
        length = {"Upload-Defer-Length": "1"} if size is None else {"Upload-Length": str(size)}
        answer = await self.client.post(
            "/api/uploads/",
            headers={**TUS, **length, "Upload-Metadata": metadata(key=self.key, **more)},
        )
        self.url = answer.headers.get("location", "")
        return answer

    async def piece(
        self, offset: int, content: bytes, size: int | None = None, **headers: str
    ) -> httpx.Response:
        length = {} if size is None else {"Upload-Length": str(size)}
        return await self.client.patch(
            self.url,
            content=content,
            headers={**PIECE, "Upload-Offset": str(offset), **length, **headers},
        )

    async def offset(self) -> int:
        answer = await self.client.head(self.url, headers=TUS)
        assert answer.status_code == 200, answer.status_code
        return int(answer.headers["upload-offset"])

    async def state(self) -> dict[str, Any]:
        answer = await self.client.get(f"/api/uploads/by-key/{self.key}")
        return dict(answer.json()) if answer.status_code == 200 else {"state": answer.status_code}

    async def leave(self, sound: bytes = SOUND, **more: str) -> dict[str, Any]:
        """Upload all of it, as while she speaks; what by-key says."""
        await self.begin(None, **more)
        middle = len(sound) // 2
        assert (await self.piece(0, sound[:middle])).status_code == 204
        last = await self.piece(middle, sound[middle:], len(sound))
        assert last.status_code == 204, last.text
        return await self.state()


def door(house: Installation) -> Any:
    return house.parts.channels["page"]


async def recordings(house: Installation) -> list[bytes]:
    """The bytes of the recordings that requests have."""
    from sqlalchemy import select

    from intake.storage.models import Recording, ServiceRequest

    async with house.parts.sessions() as session:
        keys = await session.scalars(
            select(Recording.blob_key)
            .join(ServiceRequest, ServiceRequest.recording_id == Recording.id)
            .order_by(ServiceRequest.id)
        )
        return [house.parts.blobs.path(key).read_bytes() for key in keys]


def leave_alone(house: Installation, seconds: float = 601) -> None:
    """As if nothing had come for so long."""
    for path in door(house).uploads.folder.glob("*.part"):
        then = path.stat().st_mtime - seconds
        os.utime(path, (then, then))


async def test_a_recording_in_pieces_becomes_a_voicemail(house: Installation) -> None:
    phone = Phone(house)
    begun = await phone.begin(None, filetype="audio/webm;codecs=opus", language="zh")
    assert begun.status_code == 201
    assert phone.url.startswith("/api/uploads/")
    assert begun.headers["tus-resumable"] == "1.0.0"
    assert "upload-expires" in begun.headers
    assert await phone.offset() == 0
    first = await phone.piece(0, SOUND[:1000])
    assert (first.status_code, first.headers["upload-offset"]) == (204, "1000")
    partial = await phone.state()
    assert partial == {"state": "partial", "url": phone.url, "offset": 1000}
    assert (await phone.piece(1000, SOUND[1000:])).status_code == 204
    last = await phone.piece(len(SOUND), b"", len(SOUND))  # only now she pressed stop
    assert last.status_code == 204
    received = await phone.state()
    assert received["state"] == "received"
    assert received["tracking_number"] in received["message"]
    request = await house.request(received["tracking_number"])
    assert (request.channel, request.status, request.language) == ("page", "received", "zh")
    assert await recordings(house) == [SOUND]
    assert not list(door(house).uploads.folder.glob("*.part"))


async def test_a_fixed_length_works_too_and_the_number_is_found_by_key(house: Installation) -> None:
    phone = Phone(house)
    await phone.begin(len(SOUND))
    assert (await phone.piece(0, SOUND)).status_code == 204
    assert (await phone.state())["state"] == "received"
    assert await phone.offset() == len(SOUND)
    again = await phone.piece(len(SOUND), b"")  # its answer was lost
    assert (again.status_code, again.headers["upload-offset"]) == (204, str(len(SOUND)))
    assert await recordings(house) == [SOUND]


async def test_creating_twice_loses_no_bytes(house: Installation) -> None:
    phone = Phone(house)
    await phone.begin()
    url = phone.url
    await phone.piece(0, SOUND[:5000])
    assert (await phone.begin()).status_code == 201
    assert phone.url == url
    assert await phone.offset() == 5000


async def test_an_offset_that_is_wrong_is_refused_and_changes_nothing(house: Installation) -> None:
    phone = Phone(house)
    await phone.begin()
    await phone.piece(0, SOUND[:5000])
    for offset in (0, 4999, 5001):
        assert (await phone.piece(offset, b"xx")).status_code == 409
    assert await phone.offset() == 5000


async def test_what_was_left_alone_becomes_a_voicemail(house: Installation) -> None:
    phone = Phone(house)
    await phone.begin(None, language="en")
    await phone.piece(0, SOUND[:20000])
    await door(house).sweep()
    assert await recordings(house) == []
    leave_alone(house)
    await door(house).sweep()
    await door(house).sweep()
    assert await recordings(house) == [SOUND[:20000]]
    state = await phone.state()
    assert (state["state"], state["offset"]) == ("partial", 20000)
    assert (await house.request(state["tracking_number"])).status == "received"


async def test_an_empty_upload_that_was_left_alone_is_nothing(house: Installation) -> None:
    phone = Phone(house)
    await phone.begin()
    await door(house).sweep()
    assert (await phone.state())["state"] == "partial"
    leave_alone(house)
    await door(house).sweep()
    assert await recordings(house) == []
    assert (await phone.state())["state"] == 404
    assert (await phone.leave())["state"] == "received"


async def test_the_rest_that_comes_late_makes_the_recording_whole(house: Installation) -> None:
    house.ears.says = "我要理发"
    phone = Phone(house)
    await phone.begin()
    await phone.piece(0, SOUND[:20000])
    leave_alone(house)
    await door(house).sweep()
    await house.work()
    number = (await phone.state())["tracking_number"]
    await phone.piece(20000, SOUND[20000:], len(SOUND))
    state = await phone.state()
    assert (state["state"], state["tracking_number"]) == ("received", number)
    assert await recordings(house) == [SOUND]
    request = await house.request(number)
    assert request.status == "needs_review"
    assert [r["code"] for r in request.reasons][-1] == "rest_arrived"


async def test_danger_in_the_rest_calls_the_people_on_duty(house: Installation) -> None:
    house.ears.says = "我要理发"
    phone = Phone(house)
    await phone.begin()
    await phone.piece(0, SOUND[:20000])
    leave_alone(house)
    await door(house).sweep()
    await house.work()
    house.ears.says = "我要理发，哎呀我摔倒了起不来了，救命"
    await phone.piece(20000, SOUND[20000:], len(SOUND))
    await house.work()
    request = await house.request((await phone.state())["tracking_number"])
    assert (request.urgency, request.status) == ("emergency", "needs_review")
    assert "救命" in (request.text or "")


async def test_the_rest_of_a_request_that_has_ended_is_a_new_one(house: Installation) -> None:
    phone = Phone(house)
    await phone.begin()
    await phone.piece(0, SOUND[:20000])
    leave_alone(house)
    await door(house).sweep()
    first = await phone.state()
    await house.client.post("/s/" + first["status_url"].rpartition("/")[2] + "/cancel")
    await phone.piece(20000, SOUND[20000:], len(SOUND))
    second = await phone.state()
    assert second["state"] == "received"
    assert second["tracking_number"] != first["tracking_number"]
    assert (await house.request(first["tracking_number"])).status == "cancelled"
    assert await recordings(house) == [SOUND[:20000], SOUND]


async def test_without_the_database_the_bytes_stay_and_become_a_voicemail_later(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = Phone(house)
    await phone.begin()

    def away(*_: Any, **__: Any) -> Any:
        raise ConnectionError("away")

    with monkeypatch.context() as patch:
        patch.setattr(house.parts, "sessions", away)
        assert (await phone.piece(0, SOUND, len(SOUND))).status_code == 503
        await door(house).sweep()
        assert (await phone.state())["state"] == 503
    assert await phone.offset() == len(SOUND)
    await door(house).sweep()
    assert (await phone.state())["state"] == "received"
    assert await recordings(house) == [SOUND]


async def test_a_restart_finds_what_was_left_alone(
    open_house: Callable[..., Installation],
) -> None:
    first = open_house()
    phone = Phone(first)
    await phone.begin()
    await phone.piece(0, SOUND[:20000])
    leave_alone(first)
    second = open_house()
    task = asyncio.create_task(door(second).run())
    for _ in range(200):
        if await recordings(second):
            break
        await asyncio.sleep(0.05)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert await recordings(second) == [SOUND[:20000]]


async def test_a_voicemail_is_made_once_however_many_ask_at_once(house: Installation) -> None:
    phone = Phone(house)
    await phone.begin()
    middle = len(SOUND) // 2
    await phone.piece(0, SOUND[:middle])
    leave_alone(house)
    await asyncio.gather(
        *(door(house).sweep() for _ in range(4)),
        phone.piece(middle, SOUND[middle:], len(SOUND)),
        *(phone.state() for _ in range(4)),
    )
    assert (await phone.state())["state"] == "received"
    assert await recordings(house) == [SOUND]


async def test_who_finds_the_bytes_gone_to_a_voicemail_gets_its_number(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from intake.channels.page import finish_upload

    phone = Phone(house)
    state = await phone.leave()
    uploads = door(house).uploads
    (paper,) = uploads.folder.glob("*.json")
    uploads.change(paper.stem, ended=None)
    monkeypatch.setattr(uploads, "length", lambda uid: len(SOUND))
    found = await finish_upload.receive(house.parts, uploads, paper.stem)
    assert getattr(found, "tracking_number", None) == state["tracking_number"]
    assert await recordings(house) == [SOUND]


async def test_the_same_key_by_form_and_in_pieces_is_one_voicemail(house: Installation) -> None:
    phone = Phone(house)
    answer = await house.client.post(
        "/api/voicemails",
        files={"audio": ("a.wav", SOUND)},
        headers={"Idempotency-Key": phone.key},
    )
    assert (await phone.state())["tracking_number"] == answer.json()["tracking_number"]
    state = await phone.leave()
    assert state["tracking_number"] == answer.json()["tracking_number"]
    assert await recordings(house) == [SOUND]


async def test_metadata_that_can_not_be_used_never_costs_a_recording(house: Installation) -> None:
    state = await Phone(house).leave(
        language="tlh", recorded_at="yesterday", household="no-token", filename="../../etc/passwd"
    )
    request = await house.request(state["tracking_number"])
    assert (request.language, request.household_id) == (None, None)


def without_first_chunk() -> bytes:
    """A WebM recording whose first chunk, with all that a decoder needs, never arrived."""
    whole = sounds.encode(Path(tempfile.mkdtemp()) / "a.webm", "webm", "libopus", 48_000)
    return whole.read_bytes()[2000:]


KINDS = {
    "words": lambda: b"just words" * 500,
    "one byte": lambda: b"x",
    "zeros": lambda: bytes(5000),
    "a picture": lambda: b"\x89PNG\r\n\x1a\n" + bytes(900),
    "a web page": lambda: b"<!doctype html><p>sound</p>" * 40,
    "noise": lambda: secrets.token_bytes(20_000),
    "without the first chunk": without_first_chunk,
    "a header alone": lambda: SOUND[:44],
    "an empty mp4": lambda: b"\0\0\0\x18ftypisom" + bytes(12),
    "half a header": lambda: b"RIFF",
    "an archive": lambda: b"PK\x03\x04" + bytes(2000),
    "base64": lambda: base64.b64encode(SOUND),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_was_acknowledged_becomes_a_request(house: Installation, kind: str) -> None:
    content = KINDS[kind]()
    whole, part = Phone(house), Phone(house)
    assert (await whole.leave(content))["state"] == "received"
    await part.begin()
    assert (await part.piece(0, content)).status_code == 204  # and then the phone is gone
    leave_alone(house)
    await door(house).sweep()
    assert (await part.state())["state"] in ("received", "partial")
    assert await recordings(house) == [content, content]


async def test_what_nothing_can_decode_waits_for_a_person_with_the_reason(
    house: Installation,
) -> None:
    state = await Phone(house).leave(b"just words" * 500)
    request = await house.request(state["tracking_number"])
    await house.work()
    request = await house.request(state["tracking_number"])
    assert request.status == "needs_review"
    assert [why["code"] for why in request.reasons] == ["undecodable"]


@pytest.mark.parametrize(
    "headers, status",
    [
        ({"Upload-Length": "300001"}, 413),
        ({"Upload-Length": "-1"}, 422),
        ({"Upload-Length": "9" * 40}, 422),
        ({"Upload-Length": "0"}, 422),
        ({}, 400),
        ({"Upload-Defer-Length": "2"}, 400),
        ({"Upload-Length": "10", "Upload-Defer-Length": "1"}, 400),
        ({"Upload-Length": "10", "Upload-Concat": "partial"}, 400),
        ({"Upload-Length": "10", "Upload-Metadata": ""}, 422),
        ({"Upload-Length": "10", "Upload-Metadata": metadata(key="../../x")}, 422),
        ({"Upload-Length": "10", "Upload-Metadata": metadata(key="A" * 32)}, 422),
        ({"Upload-Length": "10", "Upload-Metadata": "x " + "A" * 5000}, 422),
        ({"Upload-Length": "10", "Tus-Resumable": "0.2"}, 412),
    ],
)
async def test_a_bad_beginning_is_refused_and_leaves_nothing(
    open_house: Callable[..., Installation], headers: dict[str, str], status: int
) -> None:
    house = open_house(limits={"max_bytes": 300_000})
    good = {**TUS, "Upload-Metadata": metadata(key=secrets.token_hex(16))}
    answer = await house.client.post("/api/uploads/", headers={**good, **headers})
    assert answer.status_code == status, answer.text
    assert not list(door(house).uploads.folder.iterdir())


@pytest.mark.parametrize(
    "headers, status",
    [
        ({"Content-Type": "audio/wav"}, 415),
        ({"Upload-Offset": "-5"}, 422),
        ({"Upload-Offset": "x"}, 422),
        ({"Upload-Length": "10"}, 400),
        ({"Upload-Length": "400000"}, 413),
        ({"Tus-Resumable": "2"}, 412),
    ],
)
async def test_a_bad_piece_is_refused_before_it_is_written(
    open_house: Callable[..., Installation], headers: dict[str, str], status: int
) -> None:
    house = open_house(limits={"max_bytes": 300_000})
    phone = Phone(house)
    await phone.begin()
    assert (await phone.piece(0, SOUND[:5000], **headers)).status_code == status
    assert await phone.offset() == 0


async def test_a_piece_without_its_length_is_refused(house: Installation) -> None:
    phone = Phone(house)
    await phone.begin()

    async def pieces() -> Any:
        yield SOUND[:5000]

    answer = await house.client.patch(
        phone.url, content=pieces(), headers={**PIECE, "Upload-Offset": "0"}
    )
    assert answer.status_code == 400
    assert await phone.offset() == 0


async def test_no_more_than_the_largest_recording_is_taken_in_pieces(
    open_house: Callable[..., Installation],
) -> None:
    house = open_house(limits={"max_bytes": 30_000})
    phone = Phone(house)
    await phone.begin()
    assert (await phone.piece(0, SOUND[:20_000])).status_code == 204
    assert (await phone.piece(20_000, SOUND[20_000:])).status_code == 413
    assert await phone.offset() == 20_000


async def test_a_full_disk_is_said_and_what_came_before_stays(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = Phone(house)
    await phone.begin()
    await phone.piece(0, SOUND[:20_000])
    with monkeypatch.context() as patch:
        patch.setattr(house.parts.blobs, "free_bytes", lambda: -1)
        assert (await phone.piece(20_000, SOUND[20_000:])).status_code == 507
        assert (await Phone(house).begin()).status_code == 507
    with monkeypatch.context() as patch:
        patch.setattr("intake.channels.page.tus_storage._write", _disk_full)
        assert (await phone.piece(20_000, SOUND[20_000:])).status_code == 507
    assert await phone.offset() == 20_000
    assert (await phone.piece(20_000, SOUND[20_000:], len(SOUND))).status_code == 204
    assert await recordings(house) == [SOUND]


async def test_what_the_disk_does_not_keep_is_not_acknowledged(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = Phone(house)
    await phone.begin()
    real, kept = os.fsync, []

    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    def working(descriptor: int) -> None:
        real(descriptor)
        kept.append(os.fstat(descriptor).st_size)

    with monkeypatch.context() as patch:
        patch.setattr("intake.channels.page.store.os.fsync", broken)
        assert (await phone.piece(0, SOUND[:20_000])).status_code >= 500
    offset = await phone.offset()
    with monkeypatch.context() as patch:
        patch.setattr("intake.channels.page.store.os.fsync", working)
        assert (await phone.piece(offset, SOUND[offset:30_000])).status_code == 204
    assert 30_000 in kept


def _disk_full(*_: Any) -> None:
    raise OSError(28, "No space left on device")


async def test_one_address_has_so_many_unfinished_uploads(
    open_house: Callable[..., Installation],
) -> None:
    house = open_house(channels={"page": {"uploads_per_address": 2}})
    phones = [Phone(house) for _ in range(3)]
    codes = [(await phone.begin()).status_code for phone in phones]
    assert codes == [201, 201, 429]
    await phones[0].piece(0, SOUND, len(SOUND))
    assert (await phones[2].begin()).status_code == 201


async def test_uploads_that_were_left_alone_take_nobodys_place(
    open_house: Callable[..., Installation],
) -> None:
    house = open_house(channels={"page": {"uploads_per_address": 2}})
    phones = [Phone(house) for _ in range(4)]
    for phone in phones[:2]:
        assert (await phone.begin()).status_code == 201
        assert (await phone.piece(0, b"just noise" * 500)).status_code == 204
    assert (await phones[2].begin()).status_code == 429
    leave_alone(house)
    await door(house).sweep()
    assert [(await phone.state())["state"] for phone in phones[:2]] == ["partial", "partial"]
    assert await recordings(house) == [b"just noise" * 500] * 2
    for phone in phones[2:]:
        assert (await phone.begin()).status_code == 201
    health = await house.client.get("/healthz")
    assert health.json()["parts"]["uploads"] == {"ok": True, "unfinished": 2}


async def test_many_residents_may_speak_at_once_behind_one_address(
    open_house: Callable[..., Installation],
) -> None:
    house = open_house(channels={"page": {"uploads_per_address": 2}})
    for _ in range(6):
        phone = Phone(house)
        assert (await phone.begin()).status_code == 201
        assert (await phone.piece(0, SOUND[:5000])).status_code == 204


async def test_an_upload_without_a_byte_gives_its_place_to_the_next_after_a_minute(
    open_house: Callable[..., Installation],
) -> None:
    house = open_house(channels={"page": {"uploads_per_address": 2}})
    first, second, third = (Phone(house) for _ in range(3))
    await first.begin()
    await first.piece(0, b"just noise" * 500)
    await second.begin()
    assert (await third.begin()).status_code == 429
    uploads = door(house).uploads
    begun = (datetime.now(UTC) - timedelta(seconds=61)).isoformat()
    uploads.change(uploads.id_of(first.key), created_at=begun)
    assert (await third.begin()).status_code == 429  # what was acknowledged stays
    uploads.change(uploads.id_of(second.key), created_at=begun)
    assert (await third.begin()).status_code == 201
    assert (await first.state())["state"] == "partial"
    assert (await second.state())["state"] == 404


async def test_a_phone_that_has_more_than_arrived_sends_all_of_it(house: Installation) -> None:
    phone = Phone(house)
    early = await phone.leave(SOUND[:20000])
    assert (early["state"], early["bytes"]) == ("received", 20000)
    less = await phone.begin(20000)
    assert less.status_code == 201 and await phone.offset() == 20000  # nothing begins anew
    assert (await phone.begin(len(SOUND))).status_code == 201
    assert await phone.offset() == 0
    assert (await phone.piece(0, SOUND)).status_code == 204
    state = await phone.state()
    assert (state["state"], state["bytes"]) == ("received", len(SOUND))
    assert state["tracking_number"] == early["tracking_number"]
    assert await recordings(house) == [SOUND]


async def test_the_rest_may_come_after_the_upload_was_forgotten(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = Phone(house)
    await phone.begin()
    await phone.piece(0, SOUND[:20000])
    leave_alone(house)
    await door(house).sweep()
    monkeypatch.setattr("intake.channels.page.expired", lambda note: True)
    await door(house).sweep()
    assert not list(door(house).uploads.folder.iterdir())
    state = await phone.state()
    assert (state["state"], state["bytes"]) == ("received", 20000)
    await phone.begin(len(SOUND))
    assert (await phone.piece(0, SOUND)).status_code == 204
    assert (await phone.state())["tracking_number"] == state["tracking_number"]
    assert await recordings(house) == [SOUND]


async def test_an_iphones_recording_in_pieces_becomes_a_voicemail(
    house: Installation, tmp_path: Path
) -> None:
    sound = sounds.encode(tmp_path / "said.mp4", "mp4", "aac", 48_000, bit_rate=64_000).read_bytes()
    phone = Phone(house)
    state = await phone.leave(sound, filetype="audio/mp4")
    assert (state["state"], state["bytes"]) == ("received", len(sound))
    assert await recordings(house) == [sound]


async def test_what_is_too_long_to_be_transcribed_is_kept_for_a_person(
    open_house: Callable[..., Installation],
) -> None:
    house = open_house(limits={"max_seconds": 1})
    long = wav_of([0.3 * (-1) ** (n // 30) for n in range(48000)])
    state = await Phone(house).leave(long)
    assert state["state"] == "received"
    await house.work()
    request = await house.request(state["tracking_number"])
    assert (request.status, request.reasons[0]["code"]) == ("needs_review", "too_long_to_hear")
    assert await recordings(house) == [long]


async def test_an_upload_whose_bytes_are_gone_begins_anew(house: Installation) -> None:
    phone = Phone(house)
    await phone.begin()
    await phone.piece(0, SOUND[:5000])
    (part,) = door(house).uploads.folder.glob("*.part")
    part.unlink()
    assert (await phone.piece(5000, SOUND[5000:])).status_code in (404, 409)
    assert (await phone.leave())["state"] == "received"
    assert await recordings(house) == [SOUND]


async def test_a_note_of_another_version_is_read(house: Installation) -> None:
    phone = Phone(house)
    await phone.begin()
    await phone.piece(0, SOUND[:5000])
    (paper,) = door(house).uploads.folder.glob("*.json")
    paper.write_text(paper.read_text().replace('"taken": 0', '"colour": "red"'))
    assert await phone.offset() == 5000


async def test_new_uploads_are_counted_with_the_voicemails_of_an_address(
    open_house: Callable[..., Installation],
) -> None:
    house = open_house(limits={"per_address_per_minute": 2})
    assert (await Phone(house).begin()).status_code == 201
    phone = Phone(house)
    assert (await phone.begin()).status_code == 201
    refused = await Phone(house).begin()
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    without = await house.client.post("/api/uploads", headers=TUS)
    assert without.status_code == 429
    for offset in range(0, 40_000, 1000):
        assert (await phone.piece(offset, b"x" * 1000)).status_code == 204


@pytest.mark.parametrize(
    "path",
    [
        "/api/uploads/../../etc/passwd",
        "/api/uploads/..%2f..%2fhuying.toml",
        "/api/uploads/" + "A" * 32,
        "/api/uploads/" + "0" * 31,
        "/api/uploads/" + "0" * 32,
        "/api/uploads/" + "0" * 32 + ".json",
        "/api/uploads/%00",
    ],
)
async def test_paths_lead_nowhere(house: Installation, path: str) -> None:
    for method in ("HEAD", "PATCH", "DELETE", "GET"):
        headers = {**PIECE, "Upload-Offset": "0"}
        answer = await house.client.request(method, path, headers=headers)
        assert answer.status_code in (404, 405), (method, path, answer.status_code)


async def test_nobody_can_hear_an_upload(house: Installation) -> None:
    phone = Phone(house)
    await phone.begin()
    await phone.piece(0, SOUND[:5000])
    assert (await house.client.get(phone.url, headers=TUS)).status_code == 404


async def test_an_upload_can_be_thrown_away_until_it_is_a_voicemail(house: Installation) -> None:
    phone = Phone(house)
    await phone.begin()
    await phone.piece(0, SOUND[:5000])
    assert (await house.client.delete(phone.url, headers=TUS)).status_code == 204
    assert not list(door(house).uploads.folder.iterdir())
    kept = Phone(house)
    await kept.leave()
    assert (await house.client.delete(kept.url, headers=TUS)).status_code == 400
    assert (await kept.state())["state"] == "received"


async def test_uploads_are_forgotten_after_their_time_but_never_before_they_are_voicemails(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, empty, noise = Phone(house), Phone(house), Phone(house)
    await whole.leave()
    await empty.begin()
    await noise.begin()
    await noise.piece(0, b"just words" * 500)
    waiting = Phone(house)
    await waiting.begin()
    await waiting.piece(0, SOUND[:20000])
    leave_alone(house)
    monkeypatch.setattr("intake.channels.page.expired", lambda note: True)

    def away(*_: Any, **__: Any) -> Any:
        raise ConnectionError("away")

    with monkeypatch.context() as patch:
        patch.setattr(house.parts, "sessions", away)
        await door(house).sweep()
        assert await waiting.offset() == 20000
    for _ in range(3):
        await door(house).sweep()
    assert not list(door(house).uploads.folder.iterdir())
    assert sorted(await recordings(house)) == sorted([SOUND, SOUND[:20000], b"just words" * 500])
    assert (await whole.state())["state"] == "received"


async def test_options_say_what_is_spoken_here(house: Installation) -> None:
    answer = await house.client.options("/api/uploads/")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert "creation-defer-length" in answer.headers["tus-extension"]
    assert "concatenation" not in answer.headers["tus-extension"]
    assert answer.headers["tus-max-size"] == str(house.settings.limits.max_bytes)


async def test_the_sender_is_not_named_on_the_disk(house: Installation) -> None:
    await Phone(house).begin()
    (paper,) = door(house).uploads.folder.glob("*.json")
    assert "127.0.0.1" not in paper.read_text()


async def test_a_folder_that_can_not_be_written_stops_the_start(
    make_settings: Callable[..., Any], tmp_path: Path
) -> None:
    from intake.app import create_app

    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "uploads").write_text("in the way")
    with pytest.raises(SettingsError, match="uploads"):
        create_app(make_settings())


async def test_a_form_without_scripts_is_led_to_the_status_page(house: Installation) -> None:
    answer = await house.client.post(
        "/api/voicemails",
        files={"audio": ("a.wav", SOUND)},
        headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"},
    )
    assert answer.status_code == 303
    page = await house.client.get(answer.headers["location"], headers={"Accept": "text/html"})
    assert page.status_code == 200
