"""Slow, silent and many connections of one address do not keep another address out.

Real sockets: each sender binds an address of its own in 127.0.0.0/8.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from intake.settings import Settings
from intake.web.limits.connection_shares import ConnectionShares
from tests.support.stack import until
from tests.support.web_process import WebProcess

ATTACKER, NEIGHBOUR = "127.0.0.9", "127.0.0.10"
HEAD = b"POST /desk/sign-in HTTP/1.1\r\nHost: x\r\n"
UPLOAD = b"POST /api/voicemails HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
HALVES = {
    "nothing": b"",
    "half a line": b"GET / HT",
    "half a head": HEAD + b"X-A: b\r\n",
    "empty lines": b"\r\n\r\n",
    "half a small body": HEAD + b"Content-Length: 100\r\n\r\nname=",
    "half a chunked body": HEAD + CHUNKED + b"5\r\nna",
    "half a recording": UPLOAD + b"Content-Length: 900000\r\n\r\n--b",
    "half a chunked recording": UPLOAD + CHUNKED + b"3\r\n--b\r\n",
    "a promised 100-continue": HEAD + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    "a kept connection": b"GET /no HTTP/1.1\r\nHost: x\r\n\r\n",
    "half a second request": b"GET /no HTTP/1.1\r\nHost: x\r\n\r\nGET / HT",
    "half a web socket": b"GET /chat/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n",
    "a refused body": b"POST /no HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\na",
}


@pytest.fixture(scope="module")
def web(databases: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    settings = Settings(home=tmp_path_factory.mktemp("slow"), database_url=databases.make())
    few = {"CONNECTIONS": "60", "CONNECTIONS_PER_ADDRESS": "20"}
    with WebProcess(settings, **{f"HUYING_LIMITS__{k}": v for k, v in few.items()}) as started:
        yield started


def dial(web: WebProcess, source: str, sends: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", web.port), 10, (source, 0))
    with contextlib.suppress(OSError):  # it may be refused already
        connection.sendall(sends)
    return connection


def ask(web: WebProcess, source: str) -> bytes:
    """The status line of one quick request, empty when the connection was closed."""
    with dial(web, source, b"GET /no HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") as one:
        try:
            return one.recv(4096).partition(b"\r\n")[0]
        except ConnectionResetError:
            return b""


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side closed the connection; what it said before is read."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def test_no_half_request_in_any_number_keeps_others_out(web: WebProcess) -> None:
    for sends in HALVES.values():
        held = [dial(web, ATTACKER, sends) for _ in range(90)]
        assert ask(web, NEIGHBOUR).startswith(b"HTTP/1.1 404"), sends
        for one in held:
            one.close()


@pytest.mark.parametrize("name", ["nothing", "half a line", "half a head", "a kept connection"])
def test_what_does_no_work_makes_room_for_the_same_address_too(web: WebProcess, name: str) -> None:
    held = [dial(web, ATTACKER, HALVES[name]) for _ in range(60)]
    until(lambda: sum(map(is_closed, held)) >= 40, 5, web.log)
    assert ask(web, ATTACKER).startswith(b"HTTP/1.1 404")
    for one in held:
        one.close()


def test_a_crowd_of_addresses_gives_way_to_one_that_holds_nothing(web: WebProcess) -> None:
    held = [
        dial(web, f"127.0.1.{n}", HALVES["half a recording"])
        for n in range(1, 9)
        for _ in range(20)
    ]
    assert ask(web, NEIGHBOUR).startswith(b"HTTP/1.1 404")
    for one in held:
        one.close()


def test_deadlines_end_every_half_request(web: WebProcess) -> None:
    short = {"half a line", "half a head", "nothing", "empty lines", "half a web socket"}
    held = [dial(web, f"127.0.2.{n}", HALVES[name]) for n, name in enumerate(sorted(short), 1)]
    kept = dial(web, "127.0.2.100", HALVES["a kept connection"])
    tickled = dial(web, "127.0.2.101", HALVES["a kept connection"])

    def all_closed() -> bool:
        with contextlib.suppress(OSError):  # keep-alive must not last as long as blank lines come
            tickled.send(b"\r\n")
        return all(map(is_closed, [*held, kept, tickled]))

    until(all_closed, 30, web.log)


def test_a_head_without_end_is_refused(web: WebProcess) -> None:
    for head in (b"GET /" + b"a" * 4096, HEAD + b"X-A: " + b"b" * 4096):
        endless = dial(web, ATTACKER, head)
        with contextlib.suppress(OSError):
            for _ in range(200):
                endless.sendall(b"c" * 65536)
            pytest.fail("13 MB of a head were taken")
        endless.close()
    assert ask(web, ATTACKER).startswith(b"HTTP/1.1 404")


def test_chunks_of_nothing_but_framing_are_refused(web: WebProcess) -> None:
    for waste in (
        b"1;" + b"x" * 4000 + b"\r\na\r\n",
        b"0\r\n" + b"X-T: " + b"t" * 60_000 + b"\r\n",
    ):
        endless = dial(web, ATTACKER, UPLOAD + b"Content-Type: multipart/form-data; boundary=b\r\n")
        with contextlib.suppress(OSError):
            endless.sendall(CHUNKED)
            for _ in range(4000):
                endless.sendall(waste)
                waste = waste.removeprefix(b"0\r\n")
            pytest.fail("megabytes of framing were taken")
        endless.close()


class Line:
    """A connection that works or does not."""

    def __init__(self, host: str, works: bool = False) -> None:
        self.host, self.works, self.is_closed = host, works, False

    def close_for_another(self) -> None:
        self.is_closed = True


def test_a_proxy_of_many_people_has_no_share_and_a_stranger_who_claims_to_be_one_has() -> None:
    shares = ConnectionShares(100, 5, ["10.0.0.0/8"])
    assert all(shares.enter(Line("10.0.0.1", works=True)) for _ in range(50))
    assert [shares.enter(Line("192.0.2.1", works=True)) for _ in range(7)] == [True] * 5 + [
        False
    ] * 2


def test_a_network_of_ipv6_counts_as_one_address() -> None:
    shares = ConnectionShares(100, 3)
    lines = [Line(f"2001:db8::{n}", works=True) for n in range(1, 6)]
    assert [shares.enter(line) for line in lines] == [True] * 3 + [False] * 2
    assert shares.enter(Line("2001:db8:0:1::1", works=True))


def test_a_full_house_closes_the_idle_ones_of_the_noisiest() -> None:
    shares = ConnectionShares(10, 8)
    noisy = [Line("192.0.2.1") for _ in range(7)]
    quiet = [Line(f"192.0.2.{n}") for n in range(2, 5)]
    for line in [*quiet, *noisy]:
        assert shares.enter(line)
    assert shares.enter(Line("192.0.2.9"))
    assert [line.is_closed for line in noisy] == [True] + [False] * 6
    assert not any(line.is_closed for line in quiet)


def test_who_leaves_makes_room_once() -> None:
    shares = ConnectionShares(10, 1)
    first, second = Line("192.0.2.1", works=True), Line("192.0.2.1", works=True)
    assert shares.enter(first) and not shares.enter(second)
    shares.leave(second)
    shares.leave(first)
    shares.leave(first)
    assert shares.enter(second) and not shares.enter(Line("192.0.2.1"))
