"""Does a process answer over HTTP?"""

from __future__ import annotations

import httpx

SECONDS = 2.0


async def answers(url: str, *, any_status: bool = False, socket: str | None = None) -> bool:
    """Does it answer within `SECONDS`? ``any_status``: an error that it tells is an answer too.
    ``socket``: the path of the Unix socket by which it is reached."""
    transport = httpx.AsyncHTTPTransport(uds=socket) if socket else None
    try:
        async with httpx.AsyncClient(
            trust_env=False, timeout=SECONDS, transport=transport
        ) as client:
            status = (await client.get(url)).status_code
    except httpx.HTTPError:
        return False
    return any_status or status < 400
