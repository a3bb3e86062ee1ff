"""The yardstick for the voicemail door: fsync the same file, insert four rows, answer.

Nothing else: no checks, no probe, no key, no job. Run by uvicorn, as the door is.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg_pool
from fastapi import FastAPI, File, UploadFile

FOLDER = Path(os.environ["MINIMAL_FOLDER"])
POOL = psycopg_pool.AsyncConnectionPool(os.environ["MINIMAL_DATABASE"], open=False, max_size=20)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    await POOL.open()
    async with POOL.connection() as connection:
        for table in "abcd":
            await connection.execute(
                f"CREATE TABLE IF NOT EXISTS minimal_{table}"
                " (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, word text)"
            )
    yield
    await POOL.close()


app = FastAPI(lifespan=lifespan)


def keep(content: bytes) -> str:
    path = FOLDER / secrets.token_hex(16)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return path.name


@app.post("/api/voicemails", status_code=202)
async def accept(audio: UploadFile = File()) -> dict[str, str]:  # noqa: B008
    name = await asyncio.to_thread(keep, await audio.read())
    async with POOL.connection() as connection:
        for table in "abcd":
            await connection.execute(f"INSERT INTO minimal_{table} (word) VALUES (%s)", [name])
    return {"name": name}
