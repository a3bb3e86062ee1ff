from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher

from intake.accounts import passwords, throttle
from tests.support.chat import Chat
from tests.support.installation import Installation
from tests.support.real_rasa import RealRasa


@pytest.fixture(scope="session")
def rasa(tmp_path_factory: pytest.TempPathFactory, postgres: str) -> Iterator[RealRasa]:
    """The real assistant. It asks one address for everything: tests that use it form the group
    ``rasa``, which one worker runs."""
    with RealRasa(tmp_path_factory.mktemp("rasa"), postgres) as started:
        yield started


@pytest.fixture
async def open_house(
    make_settings: Callable[..., Any],
) -> AsyncIterator[Callable[..., Installation]]:
    """Open an installation with settings of its own; closed after the test."""
    houses: list[Installation] = []

    def start(**tables: Any) -> Installation:
        houses.append(Installation(make_settings(**tables)))
        return houses[-1]

    yield start
    stray = [await house.stray_keys() for house in houses]
    for house in houses:
        await house.close()
    assert not any(stray), f"in `given` stands what no sender filled in: {stray}"


@pytest.fixture
async def house(open_house: Callable[..., Installation]) -> Installation:
    """An installation with the default settings."""
    return open_house()


@pytest.fixture
async def chat(make_settings: Callable[..., Any]) -> AsyncIterator[Chat]:
    """An installation whose residents write, with its gazetteer."""
    opened = Chat(make_settings())
    await opened.places()
    yield opened
    stray = await opened.stray_keys()
    await opened.close()
    assert not stray, f"in `given` stands what no sender filled in: {stray}"


@pytest.fixture
def light_hashes_and_long_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sign-ins whose hashes cost little, and whose waits outlast a busy machine."""
    light = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", light)
    monkeypatch.setattr(throttle, "FIRST_WAIT_SECONDS", 60.0)
    passwords._nobody.cache_clear()
    yield
    passwords._nobody.cache_clear()
