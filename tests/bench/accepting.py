"""Voicemails accepted a second, beside the minimal endpoint, in one run."""

from __future__ import annotations

import asyncio
import io
import math
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from intake.processes import postgres
from intake.settings import ROOT, Settings, load
from intake.storage import migrations

CLIENTS = (1, 8, 32)
GOAL = 0.6
ROUNDS = 3
SECONDS = 4.0


def recording(seconds: float = 3.0) -> bytes:
    """About 96 KB of WAV."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        tone = (int(9000 * math.sin(n / 7)) for n in range(int(seconds * 16000)))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in tone))
    return out.getvalue()


def request_bytes(port: int, audio: bytes) -> bytes:
    """A whole HTTP request, made once: the client must cost next to nothing."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n'
        b"Content-Type: audio/wav\r\n\r\n" + audio + b"\r\n--b--\r\n"
    )
    head = (
        f"POST /api/voicemails HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def hammer(port: int, clients: int, seconds: float, audio: bytes) -> tuple[float, int]:
    """(accepted a second, errors) with so many clients on kept-alive connections."""
    payload = request_bytes(port, audio)
    accepted = errors = 0
    until = time.monotonic() + seconds

    async def one() -> None:
        nonlocal accepted, errors
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < until:
            writer.write(payload)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            if b" 202 " in head.split(b"\r\n", 1)[0]:
                accepted += 1
            else:
                errors += 1
        writer.close()

    started = time.monotonic()
    await asyncio.gather(*(one() for _ in range(clients)))
    return accepted / (time.monotonic() - started), errors


@contextmanager
def serving(argv: list[str], env: dict[str, str], port: int) -> Iterator[psutil.Process]:
    """Run a server until the block ends; its log goes nowhere."""
    process = subprocess.Popen(
        argv, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/openapi.json", trust_env=False)
                break
            except httpx.HTTPError:
                if time.monotonic() > until or process.poll() is not None:
                    raise
                time.sleep(0.1)
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def measure(port: int = 8390) -> dict[str, Any]:
    """For each number of clients: ours and minimal a second (medians), their ratio, errors, and
    the growth of our process's memory in MB over the whole run."""
    audio = recording()
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="huying-bench-") as name:
        home = Path(name)
        settings: Settings = load(env={"HUYING_HOME": name})
        with postgres.running(settings) as url:
            migrations.migrate(url)
            env = {
                "HUYING_HOME": name,
                "HUYING_PORT": str(port),
                "HUYING_DATABASE_URL": url,
                "HUYING_LIMITS__PER_ADDRESS_PER_MINUTE": "0",
                "MINIMAL_FOLDER": name,
                "MINIMAL_DATABASE": url,
            }
            huying = str(Path(sys.executable).parent / "huying")
            other = port + 1
            uvicorn = [
                sys.executable,
                "-m",
                "uvicorn",
                "tests.bench.minimal:app",
                "--no-access-log",
            ]
            with (
                serving([huying, "serve"], env, port) as ours,
                serving([*uvicorn, "--port", str(other)], env | {"PYTHONPATH": str(ROOT)}, other),
            ):
                for at in (port, other):
                    asyncio.run(hammer(at, 8, 1.0, audio))
                before = ours.memory_info().rss
                for clients in CLIENTS:
                    rates: dict[int, list[float]] = {port: [], other: []}
                    failed = 0
                    for _ in range(ROUNDS):
                        for at in (port, other):
                            rate, errors = asyncio.run(hammer(at, clients, SECONDS, audio))
                            rates[at].append(rate)
                            failed += errors
                    mine, minimal = (sorted(rates[at])[ROUNDS // 2] for at in (port, other))
                    result[str(clients)] = {
                        "ours": mine,
                        "minimal": minimal,
                        "ratio": mine / minimal,
                        "errors": failed,
                    }
                result["memory_growth_mb"] = (ours.memory_info().rss - before) / 2**20
        assert home.exists()
    return result


if __name__ == "__main__":
    for key, value in measure().items():
        print(key, value)
