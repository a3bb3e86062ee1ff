"""A guessed link is refused in the same steps, however much of it is right."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from intake.accounts import households
from tests.conftest import wav_of
from tests.support.installation import Installation
from tests.support.resident_page import household

pytestmark = pytest.mark.asyncio


@contextmanager
def steps(house: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The searches for the secret's owner and the comparisons of secrets, in their order."""
    taken: list[str] = []
    real = hmac.compare_digest

    def compare(one: Any, other: Any) -> bool:
        taken.append("compare")
        return real(one, other)

    def statement(_: Any, __: Any, sql: str, *rest: Any) -> None:
        if "FROM households" in sql or "FROM service_requests" in sql:
            taken.append(sql)

    engine = house.parts.engine.sync_engine
    event.listen(engine, "before_cursor_execute", statement)
    with monkeypatch.context() as patch:
        patch.setattr("hmac.compare_digest", compare)
        yield taken
    event.remove(engine, "before_cursor_execute", statement)


def other(letter: str) -> str:
    return "A" if letter != "A" else "B"


async def test_a_guessed_household_link_is_refused_in_the_same_steps(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, token = await household(house, "李奶奶")
    body, _, signature = token.rpartition(".")
    guesses = {
        "first letter wrong": f"{body}.{other(signature[0])}{signature[1:]}",
        "middle letter wrong": f"{body}.{signature[:9]}{other(signature[9])}{signature[10:]}",
        "all wrong": f"{body}.{'A' * len(signature)}",
        "another household": f"{other(body[0])}{body[1:]}.{signature}",
    }
    taken = {}
    for name, guess in guesses.items():
        with steps(house, monkeypatch) as done:
            answer = await house.client.get(f"/api/h/{guess}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), name
        taken[name] = tuple(done)
    assert len(set(taken.values())) == 1, taken
    assert "compare" in taken["all wrong"]
    async with house.parts.sessions.begin() as session:
        await households.end_link(session, await households.lock(session, home))
    with steps(house, monkeypatch) as done:
        answer = await house.client.get(f"/api/h/{token}")
    assert (answer.status_code, answer.json()["code"]) == (404, "link_revoked")
    assert len(done) == len(taken["all wrong"])


async def test_a_guessed_status_key_is_refused_in_the_same_steps(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = wav_of([0.3 * (-1) ** (n // 30) for n in range(16000)])
    made = await house.client.post("/api/voicemails", files={"audio": ("a.wav", sound)})
    key = made.json()["status_url"].rpartition("/")[2]
    guesses = (other(key[0]) + key[1:], key[:-1] + other(key[-1]), "A" * len(key))
    taken = set()
    for guess in guesses:
        with steps(house, monkeypatch) as done:
            assert (await house.client.get(f"/api/s/{guess}")).status_code == 404
        taken.add(tuple(done))
    assert len(taken) == 1 and taken != {()}
