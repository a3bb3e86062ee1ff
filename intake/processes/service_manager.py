"""What systemd is told of us: that we are up, and again and again that we are alive.

The protocol is sd_notify(3): a datagram to the socket in ``NOTIFY_SOCKET``. Without that variable,
which is to say without systemd, nothing happens.
"""

from __future__ import annotations

import contextlib
import os
import socket

READY = "READY=1"
ALIVE = "WATCHDOG=1"
STOPPING = "STOPPING=1"


def notify(*lines: str) -> None:
    """Send these lines to the service manager; what can't be sent is no error."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # in Linux's abstract namespace
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
        sending.setblocking(False)
        sending.sendto("\n".join(lines).encode(), address)


def status(text: str) -> str:
    """The line that shows ``text`` in ``systemctl status``."""
    return "STATUS=" + " ".join(text.split())
