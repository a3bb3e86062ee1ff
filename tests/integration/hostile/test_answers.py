"""What answers tell a browser to do: nothing personal is stored, no redirect leaves the house, and
the state of the house is told at once and not to strangers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from intake.web.api import health
from intake.web.auth import make_token
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
FORM = {"name": "li", "password": "wrong"}


@pytest.mark.parametrize(
    "path",
    [
        "/api/requests", "/api/voicemails", "/api/uploads/by-key/" + "0" * 32, "/api/no", "/desk",
        "/desk/sign-in", "/desk/requests/1", "/desk/events", "/s/nothing",
        "/a/nothing", "/r/nothing", "/u/nothing", "/api/places.csv", "/healthz",
    ],
)  # fmt: skip
async def test_nothing_personal_is_stored_by_browsers(house: Installation, path: str) -> None:
    for method in ("GET", "POST", "HEAD"):
        answer = await house.client.request(method, path)
        if path != "/healthz" or answer.status_code == 200:
            assert "no-store" in answer.headers["cache-control"], (method, answer.status_code)


@pytest.mark.parametrize(
    "scheme, public_url, told",
    [("http", None, False), ("https", None, True), ("http", "https://huying.example", True)],
)
async def test_over_https_browsers_are_told_to_stay_with_it(
    open_house: Callable[..., Installation], scheme: str, public_url: str | None, told: bool
) -> None:
    house = open_house(**({"public_url": public_url} if public_url else {}))
    for path in ("/", "/desk/sign-in", "/api/requests", "/no"):
        answer = await house.client.get(f"{scheme}://127.0.0.1{path}")
        assert ("strict-transport-security" in answer.headers) is told


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8300", "127.0.0.1", "[::1]"])
@pytest.mark.parametrize(
    "path", ["/desk/", "/desk/sign-in/", "/healthz/", "/api/requests/", "/chat/", "//desk/"]
)
async def test_no_redirect_goes_where_the_host_header_says(
    house: Installation, host: str, path: str
) -> None:
    answer = await house.client.get(f"http://127.0.0.1{path}", headers={"Host": host})
    location = answer.headers.get("location", "/")
    assert location.startswith("/") and not location.startswith("//")


@pytest.mark.parametrize(
    "headers, allowed",
    [
        ({}, True),
        ({"Origin": "http://127.0.0.1"}, True),
        ({"Origin": "https://huying.example"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Origin": "http://127.0.0.1.evil.example"}, False),
        ({"Origin": "http://127.0.0.1@evil.example"}, False),
        ({"Origin": "http://127.0.0.1:81"}, False),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"}, False),
    ],
)
async def test_the_form_to_sign_in_is_sent_by_our_own_page(
    open_house: Callable[..., Installation], headers: dict[str, str], allowed: bool
) -> None:
    house = open_house(public_url="https://huying.example")
    answer = await house.client.post("/desk/sign-in", data=FORM, headers=headers)
    assert answer.status_code == (401 if allowed else 403)


async def test_the_page_to_sign_in_lets_a_browser_say_where_the_form_is_from(
    house: Installation,
) -> None:
    answer = await house.client.get("/desk/sign-in")
    assert answer.headers["referrer-policy"] == "same-origin"


def from_address(house: Installation, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(house.app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=30)


@pytest.mark.parametrize(
    "address, headers, told",
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("192.0.2.1", {}, False),
        ("10.0.0.1", {}, False),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, False),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.1"}, False),
        ("127.0.0.1", {"Via": "1.1 proxy"}, False),
        ("192.0.2.1", {"X-Forwarded-For": "127.0.0.1"}, False),
        ("192.0.2.1", {"Authorization": "Bearer hy_guess"}, False),
        ("unix", {}, False),
    ],
)
async def test_strangers_learn_only_whether_it_works(
    house: Installation, address: str, headers: dict[str, str], told: bool
) -> None:
    answer = await from_address(house, address).get("/healthz", headers=headers)
    assert answer.status_code == 200
    assert set(answer.json()) == ({"status", "parts", "warnings"} if told else {"status"})


@pytest.mark.parametrize("role, told", [("admin", True), ("operator", False)])
async def test_an_administrators_token_sees_the_parts(
    house: Installation, role: str, told: bool
) -> None:
    async with house.parts.sessions.begin() as session:
        token, _ = await make_token(session, "Ms Li", role, 1)
    headers = {"Authorization": f"Bearer {token}"}
    answer = await from_address(house, "192.0.2.1").get("/healthz", headers=headers)
    assert ("parts" in answer.json()) is told


@pytest.fixture
def hanging() -> Iterator[Callable[[], None]]:
    """A call that hangs until the test ends."""
    over = threading.Event()
    yield lambda: (over.wait(30), None)[1]
    over.set()


async def test_a_disk_that_hangs_is_told_at_once_and_takes_one_thread(
    house: Installation, hanging: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def free_bytes() -> int:
        calls.append(1)
        hanging()
        return 0

    monkeypatch.setattr(house.parts.blobs, "free_bytes", free_bytes)
    answers = await asyncio.gather(*(house.client.get("/healthz") for _ in range(40)))
    assert {answer.status_code for answer in answers} == {503}
    assert answers[0].json()["parts"]["disk"] == {"ok": False, "error": "TimeoutError"}
    assert len(calls) == 1


@pytest.mark.parametrize("name", ["_database", "_assistant"])
async def test_a_part_that_hangs_is_told_and_the_rest_too(
    house: Installation, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(*_: Any) -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    monkeypatch.setattr(health, name, hangs)
    answer = await house.client.get("/healthz")
    parts = answer.json()["parts"]
    assert parts[name.strip("_")] == {"ok": False, "error": "TimeoutError"}
    assert parts["disk"]["ok"]
