"""How the command line calls the running web part, or the database."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from intake.errors import HuyingError
from intake.settings import Settings, load

T = TypeVar("T")


def connect(settings: Settings, url: str | None, *, token: str | None = None) -> httpx.Client:
    """A client for this installation, or for another one at ``url``."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(
        base_url=(url or settings.local_url).rstrip("/"),
        headers=headers,
        timeout=120,
        trust_env=False,
    )


def call(client: httpx.Client, method: str, path: str, **kwargs: Any) -> Any:
    """Send a request; return the JSON of the answer. Raises `HuyingError` with the sentence of a
    problem document, or when nothing answers."""
    try:
        answer = client.request(method, path, **kwargs)
    except httpx.TransportError as error:
        raise HuyingError(
            f"{client.base_url} does not answer ({type(error).__name__}); is `huying up` running?",
            code="not_running",
            retryable=True,
        ) from None
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if answer.is_error:
        title = body.get("title") or answer.reason_phrase
        raise HuyingError(f"{title} ({answer.status_code})", code=body.get("code", "http_error"))
    return body


def operator_token(given: str | None) -> str:
    """The token from the option, ``HUYING_TOKEN`` or the file in ``HUYING_TOKEN_FILE``.

    Raises `HuyingError` when there is none.
    """
    from pathlib import Path

    token = given or os.environ.get("HUYING_TOKEN")
    if not token and (path := os.environ.get("HUYING_TOKEN_FILE")):
        token = Path(path).read_text().strip()
    if not token:
        raise HuyingError(
            "This needs a token: `huying token add NAME` makes one; put it in HUYING_TOKEN_FILE."
        )
    return token


def in_database(work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Run ``work`` in one transaction of the database of the present settings."""
    from intake.app import database_url
    from intake.storage.db import connect as connect_database

    async def run() -> T:
        engine, sessions = connect_database(database_url(load()), pool_size=2)
        try:
            async with sessions.begin() as session:
                return await work(session)
        finally:
            await engine.dispose()

    return asyncio.run(run())
