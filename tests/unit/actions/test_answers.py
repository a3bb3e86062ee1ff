"""What the action server says, in the resident's language, over its real HTTP interface."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from actions.small_talk import SMALL_TALK, language_of

ROOT = Path(__file__).parents[3]
NOTHING: dict[str, Any] = {
    "say": [],
    "plan": [],
    "asked": None,
    "question": None,
    "outcome": None,
    "talk": None,
    "slots": {},
}


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
    latest = {
        "text": text,
        "intent": {"name": intent},
        "intent_ranking": [{"name": intent, "confidence": 0.8}],
        "danger": 0.1,
        "metadata": {"message_id": 7},
    }
    tracker = {"sender_id": "3", "slots": {"question": "在哪里？"}, "latest_message": latest}
    return {
        "next_action": action,
        "sender_id": "3",
        "tracker": {**tracker, "events": []},
        "domain": {},
        "version": "3.6.21",
    }


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


async def test_every_action_asks_intake_with_the_token_and_says_what_it_is_told(
    sockets: Path,
) -> None:
    asked: list[tuple[str, str, Any]] = []
    answers: dict[str, dict[str, Any]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, self.headers["Authorization"], body))
            found = json.dumps({**NOTHING, **answers[self.path]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    intake = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=intake.serve_forever, daemon=True).start()
    env = os.environ | {
        "HUYING_INTAKE_URL": f"http://127.0.0.1:{intake.server_port}",
        "HUYING_INTERNAL_TOKEN": "between us",
        "HUYING_FIELDS": "place,preferred_language",
    }
    command = [sys.executable, "-m", "actions", "--socket", str(sockets / "actions")]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=env)
    try:
        async with httpx.AsyncClient(
            base_url="http://actions",
            transport=httpx.AsyncHTTPTransport(uds=str(sockets / "actions")),
            timeout=20,
        ) as client:
            assert await _healthy(client)
            answers["/internal/small_talk"] = {"talk": "greet"}
            assert (await _run(client, call("action_small_talk", "greet", "您好")))[0] == [
                (SMALL_TALK["greet"][0], {})
            ]
            _, token, body = asked[-1]
            assert token == "Bearer between us"
            assert body == {
                "conversation_id": 3,
                "message_id": 7,
                "ranking": [["greet", 0.8]],
                "danger": 0.1,
                "clauses": [],
                "reading": None,
            }
            plan = [{"do": "hand_over"}]
            answers["/internal/hand_over"] = {"say": ["Moment"], "plan": plan}
            said, _ = await _run(client, call("action_hand_over", "handoff", "a person"))
            assert said == [("Moment", {}), (None, {"plan": plan})]
            said, events = await _run(client, call("action_fallback", "meal", "送饭"))
            assert said == [("Moment", {}), (None, {"plan": plan})]
            assert [event["event"] for event in events] == ["rewind"]
            answers["/internal/understand"] = {
                "asked": "unit",
                "question": "几号楼？",
                "slots": {"place": "幸福里"},
            }
            said, events = await _run(client, call("validate_request_form", "meal", "幸福里"))
            slots = {event["name"]: event["value"] for event in events}
            assert said == []
            assert slots == {
                "place": "幸福里",
                "question": "几号楼？",
                "outcome": None,
                "requested_slot": "unit",
            }
            said, _ = await _run(client, call("action_ask_place", "meal", "送饭"))
            assert said == [("在哪里？", {})]
            for action in ("action_ask_preferred_language", "action_ask_read_back"):
                assert (await _run(client, call(action, "meal", "送饭")))[0] == [("在哪里？", {})]
            unknown = await client.post("/webhook", json=call("action_nothing", "greet", "喂"))
            assert unknown.status_code == 404
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) is not None
        intake.shutdown()


async def _healthy(client: httpx.AsyncClient) -> bool:
    for _ in range(300):
        try:
            if (await client.get("/health")).status_code == 200:
                return True
        except httpx.TransportError:
            await asyncio.sleep(0.1)
    return False


async def _run(client: httpx.AsyncClient, body: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    answer = (await client.post("/webhook", json=body)).json()
    said = [(r.get("text"), r.get("custom") or {}) for r in answer["responses"]]
    return said, answer["events"]
