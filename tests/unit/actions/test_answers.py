"""What the action server says, in the resident's language, over its real HTTP interface."""

import asyncio
import socket
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from actions.answers import HAND_OVER, SMALL_TALK, language_of

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("message", "language"),
    [
        ({"text": "您好"}, "zh"),
        ({"text": "hello"}, "en"),
        ({"text": "wifi 连不上"}, "zh"),
        ({"text": "8"}, "zh"),
        ({"text": "hello", "metadata": {"language": "zh"}}, "zh"),
        ({"text": "您好", "metadata": {"language": "en"}}, "en"),
        ({"text": None, "metadata": None}, "zh"),
    ],
)
def test_the_language_is_the_channels_else_the_scripts(
    message: dict[str, Any], language: str
) -> None:
    assert language_of(message) == language


def call(action: str, intent: str, text: str) -> dict[str, Any]:
    latest = {"text": text, "intent": {"name": intent}, "metadata": {}}
    return {
        "next_action": action,
        "sender_id": "x",
        "tracker": {"sender_id": "x", "slots": {}, "latest_message": latest, "events": []},
        "domain": {},
        "version": "3.6.21",
    }


async def test_the_server_is_on_loopback_healthy_and_answers_every_action(port: int) -> None:
    command = [sys.executable, "-m", "actions", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10
        ) as client:
            assert await _healthy(client)
            greeted = await _say(client, call("action_small_talk", "greet", "您好"))
            assert greeted == [(SMALL_TALK["greet"][0], {})]
            handed = await _say(client, call("action_hand_over", "legal_aid", "I need a lawyer"))
            assert handed == [(HAND_OVER[1], {}), (None, {"hand_over": "legal_aid"})]
            lost = call("action_fallback", "meal", "送饭")
            assert await _say(client, lost) == [(HAND_OVER[0], {}), (None, {"hand_over": "meal"})]
            events = (await client.post("/webhook", json=lost)).json()["events"]
            assert [event["event"] for event in events] == ["rewind"]
            unknown = await client.post("/webhook", json=call("action_nothing", "greet", "喂"))
            assert unknown.status_code == 404
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) is not None


async def _healthy(client: httpx.AsyncClient) -> bool:
    for _ in range(300):
        try:
            if (await client.get("/health")).status_code == 200:
                return True
        except httpx.TransportError:
            await asyncio.sleep(0.1)
    return False


async def _say(client: httpx.AsyncClient, body: dict[str, Any]) -> list[tuple[str | None, Any]]:
    answer = (await client.post("/webhook", json=body)).json()
    return [(r.get("text"), r.get("custom") or {}) for r in answer["responses"]]
