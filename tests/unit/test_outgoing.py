"""The one way out: addresses, TLS, limits, and what a failure means."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from intake.errors import BackendError
from intake.network.addresses import check_networks, is_public
from intake.network.http import Outgoing
from intake.network.http.responses import retry_after_seconds
from tests.fakes.http_server import Answer, Asked, HttpServer

LOOPBACK = ["127.0.0.0/8"]


class Says(HttpServer):
    def __init__(self, answer: Answer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.answer = answer

    async def work(self, asked: Asked) -> Answer:
        return self.answer


def names(*addresses: str) -> Callable[[str, int], Awaitable[list[str]]]:
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


async def failure(outgoing: Outgoing, url: str, **kwargs: Any) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await outgoing.request("POST", url, **kwargs)
    return caught.value


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
    ],
)
async def test_an_address_that_is_not_of_the_open_internet_is_refused(address: str) -> None:
    assert not is_public(address)
    error = await failure(Outgoing(resolve=names(address)), "https://hooks.example/x")
    assert (error.code, error.retryable, error.sent) == ("address_refused", False, False)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_an_address_of_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost", "[::1]"])
async def test_other_spellings_of_loopback_are_refused(host: str) -> None:
    error = await failure(Outgoing(), f"https://{host}/")
    assert error.code in ("address_refused", "backend_unknown_name", "bad_url")
    assert error.sent is False


async def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    error = await failure(Outgoing(resolve=names("1.1.1.1", "10.0.0.1")), "https://hooks.example/")
    assert error.code == "address_refused"


async def test_a_name_is_resolved_once_and_the_checked_address_is_called() -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    async with Says(Answer(body=b"first")) as server:
        answer = await Outgoing(resolve=rebinding).request(
            "POST", f"http://hooks.example:{server.port}/x?y=1", allow_networks=["127.0.0.1/32"]
        )
        assert answer.content == b"first"
        assert asked == ["hooks.example"]
        assert server.asked[0].headers["host"] == f"hooks.example:{server.port}"
        assert server.asked[0].query == {"y": "1"}


async def test_the_second_address_is_tried_when_the_first_is_closed() -> None:
    async with Says(Answer(body=b"here")) as server:
        answer = await Outgoing(resolve=names("127.0.0.9", "127.0.0.1")).request(
            "GET", f"http://hooks.example:{server.port}/", allow_networks=LOOPBACK
        )
        assert answer.content == b"here"


async def test_the_allowance_of_one_caller_is_not_that_of_another() -> None:
    outgoing = Outgoing()
    async with Says(Answer()) as server:
        await outgoing.request("GET", server.url, allow_networks=LOOPBACK)
        error = await failure(outgoing, server.url, allow_networks=["10.0.0.0/8"])
        assert error.code == "address_refused"
        assert server.connections == 1


async def test_residents_data_do_not_go_unencrypted_to_the_open_internet() -> None:
    error = await failure(Outgoing(resolve=names("1.1.1.1")), "http://hooks.example/")
    assert (error.code, error.retryable) == ("not_encrypted", False)


async def test_the_certificate_must_fit_the_name(tmp_path: Path) -> None:
    authority = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("hooks.example").configure_cert(context)
    seen: list[str | None] = []
    context.sni_callback = lambda sock, name, ctx: seen.append(name)
    outgoing = Outgoing(resolve=names("127.0.0.1"))
    async with Says(Answer(), context=context) as server:
        good, bad = (f"https://{h}.example:{server.port}/" for h in ("hooks", "other"))
        await outgoing.request("POST", good, allow_networks=LOOPBACK, ca_file=ca_file)
        assert seen == ["hooks.example"]
        for url, trusted in ((bad, ca_file), (good, None)):
            error = await failure(outgoing, url, allow_networks=LOOPBACK, ca_file=trusted)
            assert (error.code, error.sent) == ("backend_not_trusted", False)
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "headers", "retryable", "sent", "wait"),
    [
        (400, {}, False, False, None),
        (401, {}, False, False, None),
        (404, {}, False, False, None),
        (408, {}, True, None, None),
        (429, {"Retry-After": "30"}, True, False, 30),
        (500, {}, True, None, None),
        (501, {}, False, False, None),
        (502, {}, True, None, None),
        (503, {"Retry-After": "7"}, True, None, 7),
        (301, {"Location": "http://127.0.0.1/"}, False, False, None),
        (302, {"Location": "http://127.0.0.1/"}, False, None, None),
        (303, {"Location": "/done"}, False, None, None),
    ],
)
async def test_what_an_answer_means_for_the_next_try(
    status: int, headers: dict[str, str], retryable: bool, sent: bool | None, wait: float | None
) -> None:
    async with Says(Answer(status, b"because", headers)) as server:
        error = await failure(Outgoing(), server.url, allow_networks=LOOPBACK)
        assert (error.retryable, error.sent) == (retryable, sent)
        assert error.retry_after_seconds == wait
        assert error.details == {
            "status": status,
            "answer": f"{status} \nbecause",
            "description": "because",
        }
        assert server.connections == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'[{"code":400,"description":"address_id required"}]', "address_id required"),
        (b'{"errors":[{"code":400,"description":"a"},{"description":"b"}]}', "a; b"),
        (b'{"error":{"message":"no such street"}}', "no such street"),
        (b'{"error":"invalid_client","error_description":"unknown key"}', "unknown key"),
        (b'{"title":"Bad Request","detail":"lat is missing","status":400}', "lat is missing"),
        ('{"errcode":40001,"errmsg":"地址不在辖区"}'.encode(), "地址不在辖区"),
        ('{"msg":"地址不对"}'.encode("utf-8-sig"), "地址不对"),
        (b"<errors><error><code>400</code><description>bad</description></error></errors>", "bad"),
        (b'<e:errors xmlns:e="urn:e"><e:description>bad</e:description></e:errors>', "bad"),
        (b"<html><title>Not Found</title><p>x<br></html>", "Not Found"),
        (b"<html><body><h1>Server Error (500)</h1></body></html>", "Server Error (500)"),
        (b"<html><p>unclosed", None),
        (b"no such\r\n\x00street\x1b[2J", "no such street[2J"),
        ("\u202eevil\ufeff words".encode(), "evil words"),
        (rb'{"description":"\ud800 half"}', "half"),
        (b"\xff\xfe\x00", "\ufffd\ufffd"),
        (b"", None),
        (b"{}", None),
        (b"[" * 5000, "[" * 300),
        (b'{"description":' * 400 + b'"deep"' + b"}" * 400, None),
        (b"x" * 5000, "x" * 300),
    ],
)
async def test_the_other_sides_own_description_is_found_and_bounded(
    body: bytes, said: str | None
) -> None:
    async with Says(Answer(400, body)) as server:
        error = await failure(Outgoing(), server.url, allow_networks=LOOPBACK)
    assert error.details["description"] == said
    assert len(error.details["answer"]) <= 2000
    assert "\x00" not in error.details["answer"]


async def test_an_accepted_status_is_an_answer() -> None:
    async with Says(Answer(409, b"known")) as server:
        answer = await Outgoing().request(
            "POST", server.url, allow_networks=LOOPBACK, accept=(409,)
        )
        assert (answer.status_code, answer.content) == (409, b"known")


async def test_a_closed_port_can_be_tried_again_and_surely_has_nothing() -> None:
    async with Says(Answer()) as server:
        url = server.url
    error = await failure(Outgoing(), url, allow_networks=LOOPBACK)
    assert (error.code, error.retryable, error.sent) == ("backend_unreachable", True, False)


async def test_an_unknown_name_can_be_tried_again() -> None:
    async def fails(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    error = await failure(Outgoing(resolve=fails), "https://hooks.example/")
    assert (error.code, error.retryable, error.sent) == ("backend_unknown_name", True, False)


async def test_a_resolver_that_hangs_is_a_time_out_with_nothing_sent() -> None:
    async def hangs(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    error = await failure(Outgoing(resolve=hangs), "https://hooks.example/", timeout_seconds=0.1)
    assert (error.code, error.sent) == ("backend_timeout", False)


async def test_an_answer_that_is_too_long_is_not_read() -> None:
    async with Says(Answer(body=b"x" * 5000)) as server:
        error = await failure(Outgoing(), server.url, allow_networks=LOOPBACK, max_bytes=4999)
        assert (error.code, error.sent) == ("answer_too_large", None)
        kept = await Outgoing().request("GET", server.url, allow_networks=LOOPBACK, max_bytes=5000)
        assert len(kept.content) == 5000


async def test_a_compressed_answer_is_not_unpacked() -> None:
    async with Says(Answer(body=b"x", headers={"Content-Encoding": "gzip"})) as server:
        error = await failure(Outgoing(), server.url, allow_networks=LOOPBACK)
        assert error.code == "answer_compressed"
        assert server.asked[0].headers["accept-encoding"] == "identity"


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with Says(Answer(body=b"direct")) as server:
        answer = await Outgoing().request("GET", server.url, allow_networks=LOOPBACK)
        assert answer.content == b"direct"


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "file:///etc/passwd", "https://u:p@a.example/", "https://", "x"]
)
async def test_only_plain_web_addresses_are_called(url: str) -> None:
    error = await failure(Outgoing(), url)
    assert (error.code, error.retryable) == ("bad_url", False)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("Sat, 21 Nov 2026 08:02:00 GMT", 120),
        ("Sat, 21 Nov 2026 07:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, datetime(2026, 11, 21, 8, tzinfo=UTC)) == seconds


def test_a_network_that_is_none_is_named() -> None:
    assert check_networks(["10.1.2.0/24"]) == ["10.1.2.0/24"]
    with pytest.raises(ValueError, match=r"10\.1\.2\.3/24"):
        check_networks(["10.1.2.3/24"])
