"""Servers that all workers of a test run share: started by the first test that needs one.

Each server is held by a process of its own (``python -m tests.support.shared NAME FOLDER``).
Every worker keeps a connection to that process as long as it runs; when the last connection has
gone, however a worker ended, the server ends too.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SERVERS = {
    "postgres": "tests.support.database_server:running",
}
START_SECONDS = 600.0


def folder_of_run(factory: pytest.TempPathFactory) -> Path:
    """The folder that all workers of this run have in common."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextlib.contextmanager
def shared(name: str, folder: Path) -> Iterator[Any]:
    """Have the server ``name`` for the length of a block; yields what its holder says of it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        connection, value = _connect(name, folder) or _start(name, folder)
    with connection:
        yield value


def _connect(name: str, folder: Path) -> tuple[socket.socket, Any] | None:
    try:
        port = int((folder / f"{name}.port").read_text())
        connection = socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS)
    except (OSError, ValueError):
        return None
    with contextlib.suppress(OSError), connection.makefile("r") as lines:
        if line := lines.readline():
            return connection, json.loads(line)
    connection.close()
    return None


def _start(name: str, folder: Path) -> tuple[socket.socket, Any]:
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        holder = subprocess.Popen(
            [sys.executable, "-m", "tests.support.shared", name, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
        )
    assert holder.stdout is not None
    with holder.stdout:
        ready = holder.stdout.readline()
    found = _connect(name, folder) if ready else None
    assert found is not None, log.read_text(errors="replace")[-3000:]
    return found


def main() -> None:
    """Hold one server until nobody is connected any more."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    module, function = SERVERS[name].split(":")
    running = getattr(importlib.import_module(module), function)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with running(folder / name) as value, socket.create_server(("127.0.0.1", 0)) as door:
        (folder / f"{name}.port").write_text(str(door.getsockname()[1]))
        print("ready", flush=True)
        with selectors.DefaultSelector() as selector:
            selector.register(door, selectors.EVENT_READ)
            selector.select(START_SECONDS)
            while _serve(door, selector, value):
                selector.select()


def _serve(door: socket.socket, selector: selectors.BaseSelector, value: Any) -> bool:
    """Greet who came, forget who went; whether anybody is still there."""
    for key, _ in selector.select(0):
        if key.fileobj is door:
            connection, _ = door.accept()
            connection.sendall(json.dumps(value).encode() + b"\n")
            selector.register(connection, selectors.EVENT_READ)
        elif isinstance(key.fileobj, socket.socket):
            with contextlib.suppress(OSError):
                if key.fileobj.recv(1):
                    continue
            selector.unregister(key.fileobj)
            key.fileobj.close()
    return len(selector.get_map()) > 1


if __name__ == "__main__":
    main()
