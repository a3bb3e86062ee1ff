"""Nobody locks an operator out by trying her name elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import update

from intake.accounts import operators, passwords, throttle
from intake.storage.models import KnownSignIn
from intake.web.cookies import COOKIE, KNOWN
from tests.support.installation import Installation

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("light_hashes_and_long_waits")]
GOOD, NAME = "三棵梧桐树 七只喜鹊飞", "李敏"
OFFICE, HOME, ATTACKER = "192.0.2.1", "198.51.100.7", "203.0.113.9"


@pytest.fixture
async def desk(house: Installation) -> Installation:
    """An installation with one operator."""
    kept = await passwords.hash_beside(GOOD)
    async with house.parts.sessions.begin() as session:
        await operators.add(session, NAME, "operator", kept)
    return house


def browser(house: Installation, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(house.app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=30)


async def sign_in(at: httpx.AsyncClient, password: str = GOOD, name: str = NAME) -> int:
    at.cookies.delete(COOKIE)
    form = {"name": name, "password": password}
    return (await at.post("/desk/sign-in", data=form)).status_code


async def attack(house: Installation, *addresses: str) -> None:
    """Wrong passwords for the name, until the last address must wait."""
    for address in addresses:
        at = browser(house, address)
        for _ in range(throttle.FREE_BY_NAME + 1):
            await sign_in(at, "wrong")
        assert await sign_in(at, "wrong") == 429


async def test_a_known_browser_signs_in_from_a_new_network_during_an_attack(
    desk: Installation,
) -> None:
    mine = browser(desk, OFFICE)
    assert await sign_in(mine) == 303
    travelling = browser(desk, HOME)
    travelling.cookies.set(KNOWN, mine.cookies[KNOWN])
    await attack(desk, ATTACKER)
    assert await sign_in(travelling) == 303


async def test_a_new_browser_signs_in_from_a_known_network_during_an_attack(
    desk: Installation,
) -> None:
    assert await sign_in(browser(desk, OFFICE)) == 303
    await attack(desk, ATTACKER)
    assert await sign_in(browser(desk, OFFICE)) == 303


async def test_an_attack_from_her_own_network_does_not_slow_her_known_browser(
    desk: Installation,
) -> None:
    mine = browser(desk, OFFICE)
    assert await sign_in(mine) == 303
    await attack(desk, OFFICE)
    neighbour = browser(desk, OFFICE)
    for n in range(throttle.FREE_BY_NETWORK + 1):
        await sign_in(neighbour, "wrong", f"name {n}")
    assert await sign_in(neighbour, "wrong", "another") == 429
    assert await sign_in(mine) == 303


async def test_her_signing_in_does_not_give_the_attacker_new_tries(desk: Installation) -> None:
    mine = browser(desk, OFFICE)
    assert await sign_in(mine) == 303
    await attack(desk, ATTACKER)
    assert await sign_in(mine) == 303
    assert await sign_in(browser(desk, ATTACKER), "wrong") == 429


async def test_who_tries_from_many_networks_is_slowed_by_the_name(desk: Installation) -> None:
    codes = [await sign_in(browser(desk, f"203.0.113.{n}"), "wrong") for n in range(8)]
    assert codes == [401] * 5 + [429] * 3


async def test_a_known_browser_may_not_guess_without_end(desk: Installation) -> None:
    mine = browser(desk, OFFICE)
    assert await sign_in(mine) == 303
    codes = [await sign_in(mine, "wrong") for _ in range(7)]
    assert codes == [401] * 5 + [429] * 2


async def test_a_browser_is_known_for_the_names_that_were_signed_in_there(
    desk: Installation,
) -> None:
    mine = browser(desk, OFFICE)
    assert await sign_in(mine) == 303
    codes = [await sign_in(mine, "wrong", "王芳") for _ in range(6)]
    assert codes == [401] * 5 + [429]
    assert await sign_in(mine) == 303


@pytest.mark.parametrize("made_up", ["", "x", "a" * 5000, "'; DROP TABLE", "\u00e9"])
async def test_a_cookie_that_was_made_up_opens_nothing(desk: Installation, made_up: str) -> None:
    await attack(desk, ATTACKER)
    guess = browser(desk, HOME)
    cookie = f"{KNOWN}={made_up}".encode()
    form = {"name": NAME, "password": GOOD}
    answer = await guess.post("/desk/sign-in", data=form, headers=[(b"cookie", cookie)])
    assert answer.status_code == 429


async def test_the_cookie_signs_nobody_in(desk: Installation) -> None:
    mine = browser(desk, OFFICE)
    assert await sign_in(mine) == 303
    other = browser(desk, HOME)
    other.cookies.set(KNOWN, mine.cookies[KNOWN])
    assert (await other.get("/api/requests")).status_code == 401


async def test_what_was_not_used_for_half_a_year_is_no_longer_known(desk: Installation) -> None:
    mine = browser(desk, OFFICE)
    assert await sign_in(mine) == 303
    old = datetime.now(UTC) - throttle.KNOWN_FOR
    async with desk.parts.sessions.begin() as session:
        await session.execute(update(KnownSignIn).values(seen_at=old))
    await attack(desk, ATTACKER)
    assert await sign_in(mine) == 429
