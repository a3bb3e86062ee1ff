"""Where the web part listens: the actions ask on loopback whatever the address is."""

import socket

import pytest

from intake.cli.serve import sockets
from intake.errors import SettingsError
from tests.support.stack import free_ports


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "127.0.0.2", "localhost", "::"])
def test_loopback_answers_whatever_the_host_is(host: str) -> None:
    port = free_ports(1)
    listening = sockets(host, port)
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as reached:
            assert reached.getpeername()[1] == port
    finally:
        for one in listening:
            one.close()


def test_a_host_that_is_not_ours_is_said_in_one_sentence() -> None:
    with pytest.raises(SettingsError, match="change host or port"):
        sockets("192.0.2.1", free_ports(1))
