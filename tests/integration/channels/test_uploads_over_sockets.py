"""Uploads over real sockets, to a process that may die: what was acknowledged is there."""

from __future__ import annotations

import base64
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from tusclient import client as tus_client

from speech import probe
from speech.audio import decode
from tests.conftest import wav_of
from tests.support.stack import until
from tests.support.web_process import WebProcess
from tests.unit.speech import sounds
from tests.unit.speech.sounds import SECONDS

SOUND = wav_of([0.3 * (-1) ** (n // 30) for n in range(160_000)])
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def web_process(make_settings: Callable[..., Any]) -> Iterator[Callable[..., WebProcess]]:
    started: list[WebProcess] = []

    def make(**environment: str) -> WebProcess:
        started.append(WebProcess(make_settings(), **environment))
        started[-1].start()
        return started[-1]

    yield make
    for process in started:
        process.__exit__()


class Phone:
    """A page with a connection that may break."""

    def __init__(self, web: WebProcess) -> None:
        self.web, self.key = web, secrets.token_hex(16)
        self.url = ""

    def begin(self, size: int | None = None) -> None:
        length = {"Upload-Defer-Length": "1"} if size is None else {"Upload-Length": str(size)}
        named = "key " + base64.b64encode(self.key.encode()).decode()
        answer = httpx.post(
            f"{self.web.url}/api/uploads/",
            headers={**TUS, **length, "Upload-Metadata": named},
            trust_env=False,
        )
        assert answer.status_code == 201, answer.text
        self.url = self.web.url + answer.headers["location"]

    def piece(self, offset: int, content: bytes, size: int | None = None) -> httpx.Response:
        length = {} if size is None else {"Upload-Length": str(size)}
        headers = {**PIECE, "Upload-Offset": str(offset), **length}
        return httpx.patch(self.url, content=content, headers=headers, trust_env=False, timeout=30)

    def broken_piece(self, offset: int, content: bytes, promised: int) -> socket.socket:
        """Send the beginning of a piece; the connection stays open."""
        path = self.url.removeprefix(self.web.url)
        connection = socket.create_connection(("127.0.0.1", self.web.port))
        head = {
            **PIECE, "Upload-Offset": str(offset), "Content-Length": str(promised), "Host": "x",
        }  # fmt: skip
        lines = [f"PATCH {path} HTTP/1.1", *(f"{k}: {v}" for k, v in head.items()), "", ""]
        connection.sendall("\r\n".join(lines).encode() + content)
        return connection

    def offset(self) -> int:
        answer = httpx.head(self.url, headers=TUS, trust_env=False)
        assert answer.status_code == 200
        return int(answer.headers["upload-offset"])

    def state(self) -> dict[str, Any]:
        url = f"{self.web.url}/api/uploads/by-key/{self.key}"
        return dict(httpx.get(url, trust_env=False, timeout=30).json())

    def received(self) -> dict[str, Any]:
        until(lambda: self.state()["state"] == "received", 60, lambda: str(self.state()))
        return self.state()


def recordings(database_url: str, home: Path) -> list[bytes]:
    """The bytes of the recordings that requests have."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT blob_key FROM recordings JOIN service_requests"
            " ON recordings.id = recording_id ORDER BY service_requests.id"
        )
        return [(home / "recordings" / row[0]).read_bytes() for row in rows]


def test_what_was_acknowledged_survives_kill_9_and_is_heard_without_the_phone(
    web_process: Callable[..., WebProcess], database_url: str
) -> None:
    web = web_process()
    phone = Phone(web)
    phone.begin()
    sent = 0
    while sent < 100_000:
        assert phone.piece(sent, SOUND[sent : sent + 10_000]).status_code == 204
        sent += 10_000
    hanging = phone.broken_piece(sent, SOUND[sent : sent + 5_000], 10_000)
    until(lambda: phone.offset() == sent + 5_000, 30)
    web.kill()
    hanging.close()
    web.start()
    assert phone.offset() == sent + 5_000
    assert phone.piece(sent + 5_000, SOUND[sent + 5_000 : sent + 9_000]).status_code == 204
    web.kill()
    web.start(HUYING_CHANNELS__PAGE__IDLE_SECONDS="5")
    until(lambda: recordings(database_url, web.home), 60, web.log)
    time.sleep(1)
    assert recordings(database_url, web.home) == [SOUND[: sent + 9_000]]


def test_a_recording_arrives_exactly_once_however_often_the_server_dies(
    web_process: Callable[..., WebProcess], database_url: str
) -> None:
    web = web_process()
    phone = Phone(web)
    phone.begin()
    sent, deaths = 0, 0
    while sent < len(SOUND):
        upto = min(sent + 60_000, len(SOUND))
        whole = len(SOUND) if upto == len(SOUND) else None
        if deaths < 4:
            broken = phone.broken_piece(sent, SOUND[sent : sent + 20_000], upto - sent)
            time.sleep(0.05 * deaths)
            web.kill()
            broken.close()
            deaths += 1
            web.start()
            sent = phone.offset()
        else:
            assert phone.piece(sent, SOUND[sent:upto], whole).status_code == 204
            sent = phone.offset()
    number = phone.received()["tracking_number"]
    web.kill()
    web.start()
    assert phone.received()["tracking_number"] == number
    assert phone.piece(len(SOUND), b"").status_code == 204
    assert recordings(database_url, web.home) == [SOUND]


def test_killed_between_the_commit_and_the_note_of_it_nothing_is_doubled(
    web_process: Callable[..., WebProcess], database_url: str
) -> None:
    web = web_process()
    phone = Phone(web)
    phone.begin()
    phone.piece(0, SOUND, len(SOUND))
    number = phone.received()["tracking_number"]
    web.kill()
    (paper,) = (web.home / "uploads").glob("*.json")
    paper.write_text(
        re.sub(r'"taken": \d+, "ended": "received"', '"taken": 0, "ended": null', paper.read_text())
    )
    assert '"ended": null' in paper.read_text()
    paper.with_suffix(".part").write_bytes(SOUND)
    web.start()
    until(lambda: '"received"' in paper.read_text(), 60, web.log)
    assert phone.received()["tracking_number"] == number
    assert recordings(database_url, web.home) == [SOUND]


def test_a_connection_that_broke_loses_nothing_that_came(
    web_process: Callable[..., WebProcess], database_url: str
) -> None:
    web = web_process()
    phone = Phone(web)
    phone.begin()
    broken = phone.broken_piece(0, SOUND[:30_000], 60_000)
    until(lambda: phone.offset() == 30_000, 30)
    broken.close()
    until(lambda: phone.piece(30_000, SOUND[30_000:], len(SOUND)).status_code == 204, 30)
    phone.received()
    assert recordings(database_url, web.home) == [SOUND]


def test_a_newer_piece_ends_one_that_hangs(
    web_process: Callable[..., WebProcess], database_url: str
) -> None:
    web = web_process()
    phone = Phone(web)
    phone.begin()
    hanging = phone.broken_piece(0, SOUND[:30_000], len(SOUND))
    until(lambda: phone.offset() == 30_000, 30)
    answer = phone.piece(30_000, SOUND[30_000:], len(SOUND))
    assert answer.status_code == 204
    hanging.close()
    phone.received()
    assert recordings(database_url, web.home) == [SOUND]


def test_a_piece_of_which_nothing_comes_is_ended_and_what_came_stays(
    web_process: Callable[..., WebProcess],
) -> None:
    web = web_process(HUYING_CHANNELS__PAGE__PIECE_IDLE_SECONDS="0.5")
    phone = Phone(web)
    phone.begin()
    hanging = phone.broken_piece(0, SOUND[:30_000], 60_000)
    hanging.settimeout(20)
    assert hanging.recv(100)  # an answer, or the end
    hanging.close()
    assert phone.offset() == 30_000


def test_the_end_of_a_recording_needs_no_content_length(
    web_process: Callable[..., WebProcess], database_url: str
) -> None:
    web = web_process()
    phone = Phone(web)
    phone.begin()
    assert phone.piece(0, SOUND).status_code == 204
    # As WebKit sends an empty piece: nothing says how long it is, so it has no body.
    head = {
        **PIECE, "Upload-Offset": len(SOUND), "Upload-Length": len(SOUND), "Host": "x",
        "Connection": "close",
    }  # fmt: skip
    lines = [f"PATCH {phone.url.removeprefix(web.url)} HTTP/1.1"]
    with socket.create_connection(("127.0.0.1", web.port), timeout=30) as connection:
        lines += [*(f"{name}: {value}" for name, value in head.items()), "", ""]
        connection.sendall("\r\n".join(lines).encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 204")
    assert phone.received()
    assert recordings(database_url, web.home) == [SOUND]


def test_an_independent_client_uploads_and_resumes(
    web_process: Callable[..., WebProcess], database_url: str, tmp_path: Path
) -> None:
    """tuspy, with a break in the middle."""
    web = web_process()
    path = tmp_path / "sound.wav"
    path.write_bytes(SOUND)
    key = secrets.token_hex(16)
    client = tus_client.TusClient(f"{web.url}/api/uploads/")
    first = client.uploader(str(path), metadata={"key": key}, chunk_size=30_000)
    first.upload_chunk()
    first.upload_chunk()
    web.kill()
    web.start()
    second = client.uploader(str(path), chunk_size=30_000, url=first.url)
    assert second.get_offset() == 60_000
    second.upload()
    phone = Phone(web)
    phone.key = key
    assert phone.received()["state"] == "received"
    assert recordings(database_url, web.home) == [SOUND]


def test_it_says_nothing_of_what_it_takes_in_its_log(
    web_process: Callable[..., WebProcess],
) -> None:
    web = web_process(HUYING_LOG_LEVEL="debug")
    phone = Phone(web)
    phone.begin()
    phone.piece(0, SOUND, len(SOUND))
    phone.received()
    log = web.log()
    assert phone.key not in log
    assert phone.url.rpartition("/")[2] not in log


FORMS = ("webm", "mp4 in fragments", "wav while it is written")


def test_recordings_that_were_cut_off_are_heard_as_far_as_they_go(
    web_process: Callable[..., WebProcess], database_url: str, tmp_path: Path
) -> None:
    web = web_process(HUYING_CHANNELS__PAGE__IDLE_SECONDS="5")
    cuts: dict[bytes, float] = {}
    for form in FORMS:
        whole = _recorded(tmp_path, form).read_bytes()
        for part in (0.35, 0.8):
            phone = Phone(web)
            phone.begin()
            cut = whole[: int(len(whole) * part)]
            assert phone.piece(0, cut).status_code == 204
            cuts[cut] = part
    until(lambda: len(recordings(database_url, web.home)) == len(cuts), 60, web.log)
    assert sorted(recordings(database_url, web.home)) == sorted(cuts)
    path = tmp_path / "cut"
    for cut, part in cuts.items():
        path.write_bytes(cut)
        assert probe(path).decodable
        assert part - 0.2 < decode(path).seconds / SECONDS < part + 0.1, (cut[:20], part)


def test_the_beginning_of_an_mp4_without_its_table_is_kept_for_a_person(
    web_process: Callable[..., WebProcess], database_url: str, tmp_path: Path
) -> None:
    whole = _recorded(tmp_path, "mp4 with its table at the end").read_bytes()
    web = web_process(HUYING_CHANNELS__PAGE__IDLE_SECONDS="5")
    phone = Phone(web)
    phone.begin()
    phone.piece(0, whole[: len(whole) // 2])
    until(lambda: recordings(database_url, web.home), 60, web.log)
    assert recordings(database_url, web.home) == [whole[: len(whole) // 2]]


def _recorded(folder: Path, form: str) -> Path:
    """What browsers make: Android's WebM, an iPhone's MP4, a script's WAV."""
    path = folder / "recorded"
    if form == "webm":
        return sounds.webm_without_duration(path)
    if form == "mp4 in fragments":
        flags = {
            "movflags": "frag_keyframe+empty_moov+default_base_moof",
            "frag_duration": "500000",
        }
        return sounds.encode(path, "mp4", "aac", 48_000, bit_rate=64_000, muxer=flags)
    if form == "mp4 with its table at the end":
        return sounds.encode(path, "mp4", "aac", 48_000, bit_rate=64_000)
    sounds.write_wav(path, sounds.bursts())
    made = bytearray(path.read_bytes())
    made[4:8] = made[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(made)
    return path
