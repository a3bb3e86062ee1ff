"""The e-mail channel alone in a process, for tests that kill it: settings as JSON in argv."""

from __future__ import annotations

import asyncio
import json
import sys

from intake.app import build
from intake.channels.email import create
from intake.settings import Settings


async def main() -> None:
    channel = create(build(Settings.model_validate(json.loads(sys.argv[1]))))
    await channel.run()


if __name__ == "__main__":
    asyncio.run(main())
