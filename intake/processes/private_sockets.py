"""Unix sockets by which our own processes reach each other, in a folder that only we can enter.

A port on loopback can be asked by every user of the machine, and taken by any of them while its
process is down. Addresses are written as ``unix:<path>``.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

from intake.errors import SettingsError

SCHEME = "unix:"


def make_folder(folder: Path) -> None:
    """Make the folder of the sockets, which only our user can enter.

    Raises `SettingsError` when it belongs to somebody else, or is a link.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir(parents=True, mode=0o700)
    found = folder.lstat()  # in the temporary folder anybody can make folders and links
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise SettingsError(f"{folder} belongs to somebody else; remove it.")
    folder.chmod(0o700)


def listen(path: str, *, backlog: int = 100) -> socket.socket:
    """A socket that listens at ``path``, in place of what an earlier process left there."""
    Path(path).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(path)
    listening.listen(backlog)
    return listening


def path_of(address: str) -> str | None:
    """The socket's path in an address ``unix:<path>``; None for a URL."""
    return address.removeprefix(SCHEME) if address.startswith(SCHEME) else None
