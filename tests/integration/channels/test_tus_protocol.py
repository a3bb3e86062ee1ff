"""What tus 1.0.0 says that a server MUST do, requirement by requirement.

The text: https://tus.io/protocols/resumable-upload (core protocol, and the extensions that are
announced here: creation, creation-defer-length, expiration, termination). `tuspy`, a client that is
not ours, runs over sockets in `test_uploads_over_sockets.py`; tus-js-client in the page's tests.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.conftest import wav_of
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
VERSION = {"Tus-Resumable": "1.0.0"}
PIECE = {**VERSION, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
SOUND = wav_of([0.3 * (-1) ** (n // 30) for n in range(8000)])
ROOT = "/api/uploads/"


def named(**values: str) -> str:
    pairs = {"key": secrets.token_hex(16), **values}
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in pairs.items())


class Server:
    """The door, asked in raw requests; every answer is looked at for what each MUST have."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes = b""
    ) -> httpx.Response:
        answer = await self.client.request(method, path, headers=headers, content=content)
        # "The Tus-Resumable header MUST be included in every request and response except for
        # OPTIONS requests."
        assert method == "OPTIONS" or answer.headers.get("tus-resumable") == "1.0.0", answer
        return answer

    async def create(self, **headers: str) -> str:
        length = {} if "Upload_Defer_Length" in headers else {"Upload-Length": str(len(SOUND))}
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        made = await self.ask(
            "POST", ROOT, {**VERSION, "Upload-Metadata": named(), **length, **more}
        )
        assert made.status_code == 201, made.text
        return made.headers["location"]


Requirement = Callable[[Server], Awaitable[None]]
MUST: dict[str, Requirement] = {}
"""A requirement's sentence and its check, in the order of the protocol's text."""


def must(sentence: str) -> Callable[[Requirement], Requirement]:
    def keep(check: Requirement) -> Requirement:
        MUST[sentence] = check
        return check

    return keep


@must("HEAD: the offset, even if it is 0")
async def _(server: Server) -> None:
    answer = await server.ask("HEAD", await server.create(), VERSION)
    assert answer.status_code in (200, 204)
    assert answer.headers["upload-offset"] == "0"


@must("HEAD: the length, if it is known")
async def _(server: Server) -> None:
    answer = await server.ask("HEAD", await server.create(), VERSION)
    assert answer.headers["upload-length"] == str(len(SOUND))


@must("HEAD: no cache keeps the answer")
async def _(server: Server) -> None:
    answer = await server.ask("HEAD", await server.create(), VERSION)
    assert "no-store" in answer.headers["cache-control"]


@must("HEAD: 404, 410 or 403 and no offset for what does not exist")
async def _(server: Server) -> None:
    answer = await server.ask("HEAD", ROOT + "0" * 32, VERSION)
    assert answer.status_code in (403, 404, 410)
    assert "upload-offset" not in answer.headers


@must("HEAD: the metadata as the client gave them")
async def _(server: Server) -> None:
    given = named(language="en", filetype="audio/webm;codecs=opus")
    url = await server.create(Upload_Metadata=given)
    answer = await server.ask("HEAD", url, VERSION)
    assert sorted(answer.headers["upload-metadata"].split(",")) == sorted(given.split(","))


@must("PATCH: 204 and the new offset")
async def _(server: Server) -> None:
    url = await server.create()
    for start, end in ((0, 5000), (5000, len(SOUND))):
        answer = await server.ask(
            "PATCH", url, {**PIECE, "Upload-Offset": str(start)}, SOUND[start:end]
        )
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(end))


@must("PATCH: 409 for another offset, and nothing is written")
async def _(server: Server) -> None:
    url = await server.create()
    await server.ask("PATCH", url, PIECE, SOUND[:5000])
    for offset in ("0", "4999", "5001"):
        answer = await server.ask("PATCH", url, {**PIECE, "Upload-Offset": offset}, SOUND[:10])
        assert answer.status_code == 409, (offset, answer.text)
    answer = await server.ask("HEAD", url, VERSION)
    assert answer.headers["upload-offset"] == "5000"


@must("PATCH: 415 for another type, and nothing is written")
async def _(server: Server) -> None:
    url = await server.create()
    for kind in ("audio/webm", "application/octet-stream", "application/offset", ""):
        answer = await server.ask("PATCH", url, {**PIECE, "Content-Type": kind}, SOUND[:10])
        assert answer.status_code == 415, (kind, answer.text)
    assert (await server.ask("HEAD", url, VERSION)).headers["upload-offset"] == "0"


@must("PATCH: 404, 410 or 403 for what does not exist")
async def _(server: Server) -> None:
    answer = await server.ask("PATCH", ROOT + "0" * 32, PIECE, SOUND)
    assert answer.status_code in (403, 404, 410)


@must("OPTIONS: 204 or 200 with the versions, without a version asked for")
async def _(server: Server) -> None:
    for headers in ({}, {"Tus-Resumable": "0.2.2"}):
        answer = await server.ask("OPTIONS", ROOT, headers)
        assert answer.status_code in (200, 204)
        assert "1.0.0" in answer.headers["tus-version"].split(",")
        assert int(answer.headers["tus-max-size"]) > 0


@must("another version: 412 with the versions, and the request is not done")
async def _(server: Server) -> None:
    url = await server.create()
    for version in ({}, {"Tus-Resumable": "0.2.2"}, {"Tus-Resumable": "2.0.0"}):
        for method in ("POST", "HEAD", "PATCH", "DELETE"):
            headers = {**PIECE, "Upload-Length": "5", "Upload-Metadata": named()}
            del headers["Tus-Resumable"]
            path = ROOT if method == "POST" else url
            answer = await server.ask(method, path, {**headers, **version}, b"")
            assert answer.status_code == 412, (version, method)
            assert "1.0.0" in answer.headers["tus-version"].split(",")
    assert (await server.ask("HEAD", url, VERSION)).headers["upload-offset"] == "0"


@must("X-HTTP-Method-Override: it is the request's method")
async def _(server: Server) -> None:
    url = await server.create()
    answer = await server.ask(
        "POST", url, {**PIECE, "X-HTTP-Method-Override": "PATCH"}, SOUND[:5000]
    )
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, "5000")
    answer = await server.ask("POST", url, {**VERSION, "X-HTTP-Method-Override": "DELETE"})
    assert answer.status_code == 204


@must("creation: 201 and where it is")
async def _(server: Server) -> None:
    assert (await server.create()).startswith(ROOT)


@must("creation: 413 for more than the largest size")
async def _(server: Server) -> None:
    most = int((await server.ask("OPTIONS", ROOT, {})).headers["tus-max-size"])
    headers = {**VERSION, "Upload-Metadata": named(), "Upload-Length": str(most + 1)}
    assert (await server.ask("POST", ROOT, headers)).status_code == 413


@must("creation: a length that is put off is 1, anything else is 400")
async def _(server: Server) -> None:
    for value in ("0", "2", "true", ""):
        headers = {**VERSION, "Upload-Metadata": named(), "Upload-Defer-Length": value}
        assert (await server.ask("POST", ROOT, headers)).status_code == 400, value


@must("creation: HEAD says that the length is put off, until it is known")
async def _(server: Server) -> None:
    url = await server.create(Upload_Defer_Length="1")
    answer = await server.ask("HEAD", url, VERSION)
    assert answer.headers["upload-defer-length"] == "1"
    assert "upload-length" not in answer.headers
    await server.ask("PATCH", url, {**PIECE, "Upload-Length": str(len(SOUND))}, SOUND[:5000])
    answer = await server.ask("HEAD", url, VERSION)
    assert answer.headers["upload-length"] == str(len(SOUND))
    assert "upload-defer-length" not in answer.headers


@must("creation: a length that is known does not change")
async def _(server: Server) -> None:
    url = await server.create(Upload_Defer_Length="1")
    await server.ask("PATCH", url, {**PIECE, "Upload-Length": str(len(SOUND))}, SOUND[:5000])
    later = {**PIECE, "Upload-Offset": "5000", "Upload-Length": str(len(SOUND) + 1)}
    assert (await server.ask("PATCH", url, later, SOUND[5000:6000])).status_code >= 400
    answer = await server.ask("HEAD", url, VERSION)
    assert answer.headers["upload-length"] == str(len(SOUND))
    assert answer.headers["upload-offset"] == "5000"


@must("expiration: an HTTP date, with the creation and with every piece")
async def _(server: Server) -> None:
    headers = {**VERSION, "Upload-Metadata": named(), "Upload-Length": str(len(SOUND))}
    made = await server.ask("POST", ROOT, headers)
    piece = await server.ask("PATCH", made.headers["location"], PIECE, SOUND[:5000])
    for answer in (made, piece):
        said = answer.headers["upload-expires"]
        assert said.endswith(" GMT") and parsedate_to_datetime(said) is not None


@must("termination: 204, and then 404 or 410")
async def _(server: Server) -> None:
    url = await server.create()
    assert (await server.ask("DELETE", url, VERSION)).status_code == 204
    for method, headers in (("HEAD", VERSION), ("PATCH", PIECE), ("DELETE", VERSION)):
        assert (await server.ask(method, url, headers)).status_code in (404, 410), method


@must("no extension is announced that is not there")
async def _(server: Server) -> None:
    answer = await server.ask("OPTIONS", ROOT, {})
    assert set(answer.headers["tus-extension"].split(",")) == {
        "creation",
        "creation-defer-length",
        "expiration",
        "termination",
    }
    headers = {**VERSION, "Upload-Metadata": named(), "Upload-Length": "5"}
    joined = await server.ask("POST", ROOT, {**headers, "Upload-Concat": "partial"})
    assert 400 <= joined.status_code < 500


@pytest.mark.parametrize("requirement", MUST)
async def test_the_door_does_what_the_protocol_demands(
    open_house: Callable[..., Installation], requirement: str
) -> None:
    house = open_house()
    await MUST[requirement](Server(house.client))


async def test_a_households_link_is_told_to_nobody(open_house: Callable[..., Installation]) -> None:
    server = Server(open_house().client)
    url = await server.create(Upload_Metadata=named(household="a-secret"))
    answer = await server.ask("HEAD", url, VERSION)
    assert "household" not in answer.headers["upload-metadata"]
