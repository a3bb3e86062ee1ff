"""A body that nobody needs is refused before it is kept, whoever sends it and wherever."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from intake.web.limits.body_limit import MOST_BYTES, OWN_LIMITS, BodyLimit

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
FILE = (
    b'--b\r\nContent-Disposition: form-data; name="name"; filename="a.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n"
)
ROUTES = [
    ("POST", "/desk/sign-in"),
    ("POST", "/desk/password"),
    ("POST", "/api/desk/unknown"),
    ("PATCH", "/api/requests/1"),
    ("POST", "/api/requests/1/actions/approve"),
    ("PUT", "/api/places/1"),
    ("POST", "/api/backends/station/updates"),
    ("DELETE", "/api/uploads/" + "0" * 32),
    ("POST", "/api/uploads/"),
    ("PUT", "/api/voicemails"),
    ("GET", "/healthz"),
    ("POST", "/chat/voice/"),
    ("POST", "/s/nothing"),
    ("POST", "/"),
]


class Flood:
    """A body of ``size`` bytes in pieces; ``taken`` tells how much of it was asked for."""

    def __init__(self, size: int, head: bytes = b"") -> None:
        self.size, self.head, self.taken = size, head, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.head:
            yield self.head
        while self.taken < self.size:
            self.taken += 16_384
            yield b'"' + b"a" * 16_383


@pytest.mark.parametrize("method, path", ROUTES)
@pytest.mark.parametrize(
    "headers, head", [(JSON, b'{"a": '), (FORM, b"name="), (MULTIPART, FILE)]
)  # fmt: skip
@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(
    limited: BodyLimit, method: str, path: str, headers: dict[str, str], head: bytes, declared: bool
) -> None:
    flood = Flood(50_000_000, head)
    sent = dict(headers)
    if declared:
        sent["Content-Length"] = str(flood.size)
    answer = await ask(limited, method, path, sent, flood)
    assert answer["status"] == 413
    assert flood.taken <= (0 if declared else 2 * MOST_BYTES)


@pytest.fixture
def limited() -> BodyLimit:
    """The limit before an application that must not be reached."""

    async def unreached(*_: Any) -> None:
        raise AssertionError("the application was asked")

    return BodyLimit(unreached)


async def ask(
    app: Any, method: str, path: str, headers: dict[str, str], body: Flood
) -> dict[str, Any]:
    """Ask an ASGI application; the body is produced only as far as it is asked for."""
    parts = body.__aiter__()
    got: dict[str, Any] = {}

    async def receive() -> dict[str, Any]:
        part = await anext(parts, None)
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    async def send(message: dict[str, Any]) -> None:
        got.update(message)

    raw = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": b"", "headers": raw, "client": ("192.0.2.1", 1),
    }  # fmt: skip
    await app(scope, receive, send)
    return got


@pytest.mark.parametrize("path", ["/desk/sign-in", "/api/requests/1", "/api/uploads/", "/no/such"])
async def test_the_application_answers_413_as_a_problem_to_strangers(
    web: Callable[..., Any], path: str
) -> None:
    client: httpx.AsyncClient = await web()
    for content in (b"x" * (MOST_BYTES + 1), Flood(MOST_BYTES * 2)):
        answer = await client.post(path, content=content, headers=MULTIPART)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_body_within_the_limit_arrives_whole_however_it_is_cut(
    web: Callable[..., Any],
) -> None:
    client: httpx.AsyncClient = await web()

    async def single_bytes() -> AsyncIterator[bytes]:
        for byte in b"name=li&password=wrong":
            yield bytes([byte])

    answer = await client.post("/desk/sign-in", content=single_bytes(), headers=FORM)
    assert answer.status_code == 401


async def test_fifty_floods_at_once_take_little_memory(web: Callable[..., Any]) -> None:
    client: httpx.AsyncClient = await web()
    tracemalloc.start()
    floods = [Flood(20_000_000, FILE) for _ in range(50)]
    answers = await asyncio.gather(
        *(client.post("/desk/sign-in", content=flood, headers=MULTIPART) for flood in floods)
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert {answer.status_code for answer in answers} == {413}
    assert peak < 100_000_000


async def test_a_body_that_does_not_come_is_given_up() -> None:
    async def never(*_: Any) -> None:
        raise AssertionError("the application was asked")

    got: dict[str, Any] = {}

    async def silent() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(message: dict[str, Any]) -> None:
        got.update(message)

    scope = {"type": "http", "method": "POST", "path": "/desk/sign-in", "headers": []}
    await BodyLimit(never, seconds=0.05)(scope, silent, send)
    assert got["status"] == 408


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("POST", "/api/voicemails", 202),  # no sound, but kept
        ("PATCH", "/api/uploads/" + "0" * 32, 404),  # no such upload, a tus answer
        ("POST", "/chat/voice", 403),  # no origin
        ("POST", "/api/places/import", 401),
        ("POST", "/api/places/preview", 401),
    ],
)
async def test_a_route_with_a_limit_of_its_own_gets_larger_bodies(
    web: Callable[..., Any], method: str, path: str, status: int
) -> None:
    assert OWN_LIMITS.fullmatch(f"{method} {path}")
    client: httpx.AsyncClient = await web(channels={"page": {}, "webchat": {}})
    headers = {}
    if method == "PATCH":
        headers = {
            "Tus-Resumable": "1.0.0", "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
        }  # fmt: skip
    files = {"audio": ("a.wav", b"no sound" * 10_000)}
    answer = await client.request(
        method, path, headers=headers, **({} if headers else {"files": files}),
        content=b"x" * 2 * MOST_BYTES if headers else None,
    )  # fmt: skip
    assert answer.status_code == status, answer.text
    assert status != 404 or answer.json()["title"] == "There is no such upload."
