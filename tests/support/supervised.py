"""A small installation for the supervisor's tests: its parts are real processes of a few lines.

``python supervised.py HOME PLAN``: PLAN is JSON, a list of `Process` fields; ``code`` stands for
the Python that the process runs, ``ready`` for a file that it makes when it is ready, ``port`` for
a file with the port on which it answers over HTTP.

``TEST_ASK_SECONDS`` in the environment is how often living processes are asked.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from intake.errors import HuyingError
from intake.processes.http_check import answers
from intake.processes.supervisor import (
    Log,
    Process,
    Supervisor,
    end_leftovers,
    liveness,
    only_one,
)


def part(home: Path, plan: dict[str, Any]) -> Process:
    ready = plan.pop("ready", None)
    port = plan.pop("port", None)
    code = plan.pop("code")

    async def answered() -> bool:
        return await answers(f"http://127.0.0.1:{(home / port).read_text()}/", any_status=True)

    async def there() -> bool:
        return (home / ready).exists()

    return Process(
        argv=[sys.executable, "-c", code],
        env={**os.environ, "TEST_HOME": str(home)},
        ready=there if ready else answered if port else None,
        **plan,
    )


async def main(home: Path, plans: list[dict[str, Any]]) -> None:
    log = Log(home / "log" / "huying.log")
    end_leftovers(home, lambda text: log.line("up", text))
    parts = [part(home, plan) for plan in plans]
    supervisor = Supervisor(home, parts, log=log, say=lambda text: log.line("up", text))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, supervisor.stop)
    await supervisor.run()


if __name__ == "__main__":
    asked = float(os.environ.get("TEST_ASK_SECONDS", "5"))
    liveness.ASK_EVERY_SECONDS = asked
    liveness.ANSWER_SECONDS = 5 * asked
    place = Path(sys.argv[1])
    try:
        with only_one(place):
            asyncio.run(main(place, json.loads(sys.argv[2])))
    except HuyingError as error:
        sys.exit(str(error))
