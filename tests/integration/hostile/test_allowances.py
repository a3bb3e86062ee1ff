"""What one address may send in a minute cannot be gone round."""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.conftest import wav_of
from tests.support.installation import Installation
from tests.support.webchat import chatting

pytestmark = pytest.mark.asyncio
SOUND = wav_of([0.3 * (-1) ** (n // 30) for n in range(16000)])
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}


def of_address(house: Installation, address: str) -> httpx.AsyncClient:
    """A client whose requests come from this address."""
    transport = httpx.ASGITransport(house.app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=30)


async def begin(client: httpx.AsyncClient, **how: Any) -> httpx.Response:
    """Begin an upload."""
    key = base64.b64encode(secrets.token_hex(16).encode()).decode()
    headers = {**TUS, "Upload-Length": str(len(SOUND)), "Upload-Metadata": f"key {key}"}
    headers |= how.pop("headers", {})
    how = {"method": "POST", "url": "/api/uploads/", **how}
    return await client.request(**how, headers=headers)


@pytest.mark.parametrize("real", ["POST", "PUT", "PATCH", "GET", "DELETE", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("asked", ["POST", "post", " Post "])
@pytest.mark.parametrize("url", ["/api/uploads", "/api/uploads/"])
async def test_another_method_does_not_go_round_the_allowance(
    open_house: Callable[..., Installation], real: str, asked: str, url: str
) -> None:
    house = open_house(limits={"per_address_per_minute": 4})
    # The window slides: at the turn of a minute it forgets a part of what was.
    while (await begin(house.client)).status_code == 201:
        pass
    uploads = house.app.state.parts.channels["page"].uploads
    before = uploads.unfinished()
    override = {"X-HTTP-Method-Override": asked}
    answer = await begin(house.client, method=real, url=url, headers=override)
    assert answer.status_code == 429
    assert uploads.unfinished() == before


async def test_a_network_without_patch_and_delete_still_uploads(house: Installation) -> None:
    url = (await begin(house.client)).headers["location"]
    patch = {**PIECE, "X-HTTP-Method-Override": "PATCH"}
    sent = await house.client.post(url, content=SOUND[:100], headers=patch)
    assert (sent.status_code, sent.headers["upload-offset"]) == (204, "100")
    delete = {**TUS, "X-HTTP-Method-Override": "DELETE"}
    assert (await house.client.post(url, headers=delete)).status_code == 204


@pytest.mark.parametrize(
    "path, status",
    [
        ("/healthz", 200),
        ("/desk/sign-in", 200),
        ("/api/requests", 401),
        ("/api/voicemails", 405),
        ("/api/uploadsx", 404),
    ],
)
async def test_the_header_means_nothing_elsewhere(
    house: Installation, path: str, status: int
) -> None:
    for asked in ("POST", "DELETE", "PATCH"):
        answer = await house.client.get(path, headers={"X-HTTP-Method-Override": asked})
        assert answer.status_code == status


async def test_an_upload_counts_for_its_address_also_when_it_sounds(
    open_house: Callable[..., Installation],
) -> None:
    house = open_house(channels={"page": {"sounding_per_address": 3}})
    codes = []
    for _ in range(5):
        begun = await begin(house.client)
        codes.append(begun.status_code)
        if begun.status_code == 201:
            await house.client.patch(begun.headers["location"], content=SOUND[:5000], headers=PIECE)
    assert codes == [201] * 3 + [429] * 2
    async with of_address(house, "192.0.2.7") as other:
        assert (await begin(other)).status_code == 201


async def test_a_full_house_pushes_back_on_the_noisiest_first(
    open_house: Callable[..., Installation],
) -> None:
    house = open_house(channels={"page": {"uploads": 4, "uploads_per_address": 50}})
    async with of_address(house, "192.0.2.1") as noisy, of_address(house, "192.0.2.2") as quiet:
        assert [(await begin(noisy)).status_code for _ in range(6)] == [201] * 4 + [429] * 2
        assert (await begin(quiet)).status_code == 201
        assert (await begin(noisy)).status_code == 429


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
@pytest.mark.parametrize("declared", [True, False])
async def test_the_bytes_of_an_address_have_an_allowance(
    open_house: Callable[..., Installation], address: str, declared: bool
) -> None:
    two = 4 * 2**20
    house = open_house(limits={"max_bytes": two // 2, "bytes_per_address_per_minute": two})
    body = (
        b'--b\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\n'
        + bytes(1_500_000)
        + b"\r\n--b--\r\n"
    )

    async def chunked() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    async with of_address(house, address) as client:
        codes = [
            (
                await client.post(
                    "/api/voicemails", content=body if declared else chunked(), headers=headers
                )
            ).status_code
            for _ in range(4)
        ]
    assert 429 in codes and codes == sorted(codes) and codes[0] == 202
    neighbour = "192.0.2.2" if address == "192.0.2.1" else "2001:db8:1::1"
    async with of_address(house, neighbour) as other:
        sent = await other.post("/api/voicemails", content=body, headers=headers)
        assert sent.status_code == 202


async def test_an_allowance_smaller_than_a_recording_still_lets_one_through(
    open_house: Callable[..., Installation],
) -> None:
    house = open_house(limits={"bytes_per_address_per_minute": 1})
    sent = await house.client.post("/api/voicemails", files={"audio": ("a.wav", SOUND)})
    assert sent.status_code == 202


async def test_pieces_are_counted_too(open_house: Callable[..., Installation]) -> None:
    house = open_house(limits={"max_bytes": 2048, "bytes_per_address_per_minute": 4096})
    codes = []
    for _ in range(5):
        begun = await begin(house.client, headers={"Upload-Length": "2000"})
        sent = await house.client.patch(
            begun.headers["location"], content=SOUND[:1500], headers=PIECE
        )
        codes.append(sent.status_code)
    assert codes == [204, 204, 429, 429, 429]


async def test_the_visitors_of_one_address_share_an_allowance_of_messages(
    open_house: Callable[..., Installation],
) -> None:
    async with chatting(open_house, works=False, webchat={"messages_per_address": 3}) as (chat, _):
        for number in range(3):
            async with chat.page() as page:
                await page.say(f"m000000{number}", "水管坏了")
                await page.until("ack")
        async with chat.page() as page:
            await page.say("m0000009", "水管坏了")
            later = await page.until("later")
            assert later["client_id"] == "m0000009" and 1 <= later["seconds"] <= 60
        assert len(await chat.stored("in")) == 3


async def test_the_visitors_of_one_address_share_an_allowance_of_voice_messages(
    open_house: Callable[..., Installation],
) -> None:
    async with chatting(open_house, works=False, webchat={"voices_per_address": 2}) as (chat, _):
        codes = []
        for number in range(3):
            async with chat.page() as page, httpx.AsyncClient(trust_env=False) as client:
                token = (await page.until("welcome"))["token"]
                sent = await client.post(
                    f"{chat.url}/chat/voice",
                    files={"audio": ("a.wav", SOUND)},
                    data={"id": f"v000000{number}"},
                    headers={"Authorization": f"Bearer {token}", "Origin": chat.url},
                )
                codes.append(sent.status_code)
        assert codes == [200, 200, 429]
