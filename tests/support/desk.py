"""Operators at the desk: signed in over HTTP, or in a real browser."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
from playwright.async_api import BrowserContext
from sqlalchemy import select

from intake.accounts import operators
from intake.storage.models import Operator
from intake.web.cookies import COOKIE
from tests.support.browser import browser
from tests.support.installation import Installation
from tests.support.stack import free_ports
from tests.support.webchat import Served


async def signed_in(
    house: Installation, role: str = "operator", name: str | None = None
) -> operators.SignedIn:
    """An operator of this role with a browser session; made if new."""
    name = (
        name
        or {"operator": "李敏", "supervisor": "周立", "admin": "管理员", "station": "小张"}[role]
    )
    async with house.parts.sessions.begin() as session:
        operator = await session.scalar(select(Operator).where(Operator.name == name))
        if operator is None:
            operator = Operator(name=name, role=role)
            session.add(operator)
            await session.flush()
        return await operators.open_session(session, operator, timedelta(hours=1))


async def at_the_desk(
    house: Installation, role: str = "operator", name: str | None = None
) -> httpx.AsyncClient:
    """A client as a signed-in browser: cookie, and the token that writes need."""
    who = await signed_in(house, role, name)
    cookies = httpx.Cookies()
    cookies.set(COOKIE, who.token, domain="127.0.0.1")  # as if our answer had set it
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(house.app),
        base_url="http://127.0.0.1",
        cookies=cookies,
        headers={"X-CSRF-Token": who.csrf},
        timeout=30,
    )


@contextlib.asynccontextmanager
async def desk_browser(
    house: Installation,
    port: int,
    role: str = "operator",
    name: str | None = None,
    **options: object,
) -> AsyncIterator[BrowserContext]:
    """A real browser of a desk's size, the operator signed in; ``port`` serves the installation."""
    who = await signed_in(house, role, name)
    async with browser(width=1280, **options) as context:
        await context.add_cookies(
            [{"name": COOKIE, "value": who.token, "url": f"http://127.0.0.1:{port}"}]
        )
        yield context


@contextlib.asynccontextmanager
async def at_the_screen(
    house: Installation, role: str = "operator", **options: object
) -> AsyncIterator[tuple[BrowserContext, str]]:
    """As `desk_browser`, with the installation served meanwhile; yields its address too."""
    port = free_ports(1)
    async with (
        Served(house.app, port),
        desk_browser(house, port, role, **options) as context,
    ):
        yield context, f"http://127.0.0.1:{port}"
