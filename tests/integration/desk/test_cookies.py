"""Over HTTPS the desk's cookie is bound to our host; nobody is signed out by that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from intake.accounts import operators, passwords
from intake.storage.models import OperatorSession
from intake.web.cookies import BOUND, COOKIE
from tests.support.desk import signed_in
from tests.support.installation import Installation
from tests.support.web_process import WebProcess

pytestmark = pytest.mark.asyncio
Open = Callable[..., Installation]
PASSWORD = "三棵梧桐树 七只喜鹊飞"
FORM = {"name": "李敏", "password": PASSWORD}


async def known(house: Installation) -> None:
    kept = await passwords.hash_beside(PASSWORD)
    async with house.parts.sessions.begin() as session:
        await operators.add(session, "李敏", "operator", kept)


def over(house: Installation, scheme: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(house.app), base_url=f"{scheme}://127.0.0.1", timeout=30
    )


async def looks(house: Installation, name: str, token: str) -> int:
    client = over(house, "https")
    return (await client.get("/api/requests", headers={"Cookie": f"{name}={token}"})).status_code


async def test_over_https_the_cookie_is_bound_to_the_host_and_on_loopback_it_is_plain(
    house: Installation,
) -> None:
    await known(house)
    for scheme, name in (("https", BOUND + COOKIE), ("http", COOKIE)):
        client = over(house, scheme)
        opened = await client.post("/desk/sign-in", data=FORM)
        assert opened.status_code == 303, opened.text
        cookie = opened.headers["set-cookie"]
        assert cookie.startswith(f"{name}=") and "Path=/;" in cookie and "Domain" not in cookie
        assert ("Secure" in cookie) is (scheme == "https") and "HttpOnly" in cookie
        assert (await client.get("/api/requests")).status_code == 200
        who = await signed_in_of(house, client.cookies[name])
        out = await client.post("/desk/sign-out", headers={"X-CSRF-Token": who.csrf})
        dropped = out.headers["set-cookie"]
        assert dropped.startswith(f'{name}=""') and ("Secure" in dropped) is (scheme == "https")
        assert name not in client.cookies


async def signed_in_of(house: Installation, token: str) -> operators.SignedIn:
    async with house.parts.sessions() as session:
        found = await operators.session_of(session, token, timedelta(hours=1), bound=True)
    assert found is not None
    return found


async def test_a_session_that_was_opened_over_https_counts_in_its_own_cookie_only(
    house: Installation,
) -> None:
    await known(house)
    client = over(house, "https")
    await client.post("/desk/sign-in", data=FORM)
    token = client.cookies[BOUND + COOKIE]
    assert await looks(house, BOUND + COOKIE, token) == 200
    assert await looks(house, COOKIE, token) == 401


async def test_a_planted_plain_cookie_does_not_hide_the_bound_one(house: Installation) -> None:
    await known(house)
    client = over(house, "https")
    await client.post("/desk/sign-in", data=FORM)
    bound = client.cookies[BOUND + COOKIE]
    other = (await signed_in(house, "station")).token
    sent = {"Cookie": f"{COOKIE}={other}; {BOUND + COOKIE}={bound}"}
    answer = await over(house, "https").get("/api/requests", headers=sent)
    assert answer.status_code == 200, "the station's account may not see this"


async def test_who_signed_in_before_goes_on_and_gets_the_bound_one_next_time(
    open_house: Open,
) -> None:
    house = open_house(public_url="https://huying.example")
    await known(house)
    before = (await signed_in(house)).token
    client = over(house, "https")
    client.cookies.set(COOKIE, before, domain="127.0.0.1")
    assert (await client.get("/api/requests")).status_code == 200
    opened = await client.post("/desk/sign-in", data=FORM)
    assert opened.status_code == 303
    assert BOUND + COOKIE in client.cookies and COOKIE not in client.cookies
    assert await looks(house, COOKIE, before) == 401
    async with house.parts.sessions() as session:
        rows = (await session.scalars(OperatorSession.__table__.select())).all()
    assert len(rows) == 1


async def test_another_password_and_signing_out_everywhere_keep_the_cookie_bound(
    house: Installation,
) -> None:
    await known(house)
    client = over(house, "https")
    await client.post("/desk/sign-in", data=FORM)
    who = await signed_in_of(house, client.cookies[BOUND + COOKIE])
    done = await client.post("/desk/sign-out-everywhere", headers={"X-CSRF-Token": who.csrf})
    assert done.headers["set-cookie"].count(BOUND + COOKIE) >= 1
    assert client.cookies[BOUND + COOKIE] != who.token
    assert (await client.get("/api/requests")).status_code == 200


async def test_behind_a_proxy_that_is_trusted_what_it_says_of_https_is_believed(
    make_settings: Callable[..., Any],
) -> None:
    settings = make_settings()
    house = Installation(settings)
    try:
        await known(house)
    finally:
        await house.close()

    def cookies() -> list[str]:
        found = []
        for trusted in ('["127.0.0.1/32"]', "[]"):
            with WebProcess(settings, HUYING_TRUSTED_PROXIES=trusted) as web:
                answer = httpx.post(
                    f"{web.url}/desk/sign-in", data=FORM, trust_env=False, timeout=60,
                    headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.2.3"},
                )  # fmt: skip
                assert answer.status_code == 303, answer.text
                found.append(answer.headers["set-cookie"])
        return found

    believed, not_believed = await asyncio.to_thread(cookies)
    assert believed.startswith(f"{BOUND}{COOKIE}=") and "Secure" in believed
    assert not_believed.startswith(f"{COOKIE}=") and "Secure" not in not_believed
