"""The web part alone in a process of its own, for tests that kill it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Self

import httpx

from intake.settings import Settings
from tests.support.stack import HUYING, START_SECONDS, free_ports, until


class WebProcess:
    """``huying serve`` with a home and a database; `kill` is ``kill -9``."""

    def __init__(self, settings: Settings, **environment: str) -> None:
        self.port = free_ports(4)
        self.home = Path(settings.home)
        self.scheme = "http"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("HUYING_")},
            "HUYING_HOME": str(settings.home),
            "HUYING_PORT": str(self.port),
            "HUYING_DATABASE_URL": str(settings.database_url),
            "HUYING_LIMITS__MIN_FREE_BYTES": "0",
            "HUYING_LIMITS__PER_ADDRESS_PER_MINUTE": "0",
            "HUYING_LIMITS__BYTES_PER_ADDRESS_PER_MINUTE": "0",
            "HUYING_LIMITS__CONNECTIONS_PER_ADDRESS": "1000",
            "HUYING_CHANNELS__PAGE__LOOK_SECONDS": "0.2",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self, **environment: str) -> None:
        self.environment |= environment
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "web.log").open("ab") as log:
            self.process = subprocess.Popen(
                [HUYING, "serve"], env=self.environment, stdout=log, stderr=log
            )
        until(self._answers, START_SECONDS, self.log)

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{self.url}/healthz", trust_env=False, verify=False, timeout=2)
            return True
        return False

    def log(self) -> str:
        return (self.home / "web.log").read_text()

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(20)

    def __exit__(self, *_: Any) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
