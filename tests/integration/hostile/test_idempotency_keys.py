"""A key belongs to its sender: nobody reads or blocks a voicemail by somebody else's key."""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path

import httpx
import pytest

from tests.integration.channels.test_uploads import SOUND, Phone
from tests.support.installation import Installation

ROOT = Path(__file__).parents[3]
HERS, ANOTHER = "198.51.100.7", "203.0.113.9"
KEYS = [
    "7f1c",
    "1",
    "k",
    "test",
    "null",
    "0" * 32,
    hashlib.md5(b"13812345678").hexdigest(),
    "00000000-0000-0000-0000-000000000000",
    "1-0000-9:property_office:1",
    "Ünïcode".encode().decode("latin-1"),
    "a\\0b",
    "x" * 255,
]


def at(house: Installation, host: str) -> httpx.AsyncClient:
    """A client whose connections come from this address."""
    transport = httpx.ASGITransport(house.app, client=(host, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=30)


async def leave(
    house: Installation, host: str, key: str, sound: bytes = SOUND, **form: str
) -> httpx.Response:
    async with at(house, host) as client:
        return await client.post(
            "/api/voicemails",
            files={"audio": ("a.wav", sound)},
            data=form,
            headers={b"Idempotency-Key": key.encode("latin-1")},
        )


async def test_a_key_that_another_used_first_finds_and_blocks_nothing(
    house: Installation,
) -> None:
    for number, key in enumerate(KEYS):
        squatter, she = f"203.0.113.{number}", f"198.51.100.{number}"
        squatted = await leave(house, squatter, key)
        hers = await leave(house, she, key)
        assert (squatted.status_code, hers.status_code) == (202, 202), key
        for name in ("status_url", "tracking_number"):
            assert hers.json()[name] != squatted.json()[name], key
        assert (await leave(house, she, key)).json() == hers.json()


async def test_another_body_of_another_sender_is_another_voicemail(house: Installation) -> None:
    for number, key in enumerate(KEYS[::3]):
        squatted = await leave(house, f"203.0.113.{number}", key)
        hers = await leave(house, f"198.51.100.{number}", key, phone="13812345678")
        assert (squatted.status_code, hers.status_code) == (202, 202), key
        assert squatted.json()["tracking_number"] != hers.json()["tracking_number"]


async def test_only_a_senders_own_key_is_refused_for_another_body(house: Installation) -> None:
    await leave(house, HERS, "k")
    again = await leave(house, HERS, "k", phone="13812345678")
    assert (again.status_code, again.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("198.51.100.7", "198.51.100.8", False),
        ("2001:db8::1", "2001:db8::2", True),  # one home has a whole /64
        ("2001:db8::1", "2001:db8:1::1", False),
        ("198.51.100.7", "::ffff:198.51.100.7", True),
    ],
)
async def test_a_sender_is_what_the_allowances_count_as_one(
    house: Installation, one: str, two: str, same: bool
) -> None:
    first, second = await leave(house, one, "k"), await leave(house, two, "k")
    assert (first.json() == second.json()) == same


async def test_a_sender_can_not_be_forged_by_what_the_key_holds(house: Installation) -> None:
    first = await leave(house, HERS, "k")
    for key in (f'"{HERS}", "k"', f'["{HERS}", "k"]', f'k", "{HERS}', f"{HERS}k"):
        other = await leave(house, ANOTHER, key)
        assert other.json()["status_url"] != first.json()["status_url"]


async def test_many_at_once_under_one_key_get_one_voicemail_for_each_sender(
    house: Installation,
) -> None:
    hosts = [HERS, ANOTHER] * 4
    answers = await asyncio.gather(*(leave(house, host, "7f1c") for host in hosts))
    assert {answer.status_code for answer in answers} == {202}
    numbers = [answer.json()["tracking_number"] for answer in answers]
    assert len(set(numbers[::2])) == len(set(numbers[1::2])) == 1
    assert len(set(numbers)) == 2


async def test_a_form_under_a_guessable_key_is_not_read_by_asking_for_its_upload(
    house: Installation,
) -> None:
    key = hashlib.md5(b"13812345678").hexdigest()
    hers = await leave(house, HERS, key)
    async with at(house, ANOTHER) as stranger, at(house, HERS) as she:
        asked = await stranger.get(f"/api/uploads/by-key/{key}")
        assert asked.status_code == 404
        assert hers.json()["status_url"] not in asked.text
        own = (await she.get(f"/api/uploads/by-key/{key}")).json()
        assert own["status_url"] == hers.json()["status_url"]


async def test_an_upload_under_somebody_elses_form_key_is_a_voicemail_of_its_own(
    house: Installation,
) -> None:
    phone = Phone(house)
    theirs = await leave(house, ANOTHER, phone.key)
    state = await phone.leave()
    assert state["tracking_number"] != theirs.json()["tracking_number"]
    assert state["status_url"] != theirs.json()["status_url"]


def test_an_example_that_is_copied_makes_a_new_key_each_time() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    header = re.compile(r"-H \"Idempotency-Key: ([^\"]+)\"")
    keys = [key for page in pages for key in header.findall(page.read_text())]
    assert keys
    assert all(re.fullmatch(r"\$\([^)]+\)", key) for key in keys)
