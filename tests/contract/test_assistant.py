"""The Rasa client against an HTTP server that answers as Rasa 3.6 does."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from intake.assistant.client import Assistant, Reply, rasa_command
from intake.errors import AssistantError

Answer = Callable[[httpx.Request], httpx.Response]


def client(answer: Answer, token: str | None = "secret") -> Assistant:
    return Assistant(
        "http://rasa", timeout_seconds=1, token=token, transport=httpx.MockTransport(answer)
    )


def always(status: int, body: Any) -> Answer:
    return lambda request: httpx.Response(status, json=body)


async def test_parse_sends_the_token_and_gives_the_ranking_in_order() -> None:
    seen: list[httpx.Request] = []

    def rasa(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        ranking = [{"name": "meal", "confidence": 0.9}, {"name": "errand", "confidence": 0.1}]
        return httpx.Response(200, json={"intent_ranking": ranking})

    found = await client(rasa).parse("送饭")
    assert found.ranking == (("meal", 0.9), ("errand", 0.1))
    assert found.best == ("meal", 0.9)
    assert (seen[0].url.path, seen[0].url.params["token"]) == ("/model/parse", "secret")
    assert json.loads(seen[0].content) == {"text": "送饭"}


async def test_talk_carries_sender_and_metadata_and_gives_every_reply() -> None:
    seen: list[Any] = []

    def rasa(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        return httpx.Response(
            200,
            json=[
                {"recipient_id": "x", "text": "您好"},
                {"recipient_id": "x", "custom": {"hand_over": "greet"}},
            ],
        )

    replies = await client(rasa).talk("x", "喂", {"received_at": "2026-01-01T08:00"})
    assert replies == [Reply("您好", {}), Reply("", {"hand_over": "greet"})]
    assert seen == [
        {"sender": "x", "message": "喂", "metadata": {"received_at": "2026-01-01T08:00"}}
    ]


@pytest.mark.parametrize(
    ("answer", "code", "retryable"),
    [
        (always(200, []), "assistant_silent", True),
        (always(200, [{"recipient_id": "x"}]), "assistant_silent", True),
        (always(200, 7), "assistant_unclear", True),
        (always(200, ["text"]), "assistant_unclear", True),
        (always(401, {}), "assistant_refused", False),
        (always(409, {}), "assistant_failed", True),
        (always(500, {}), "assistant_failed", True),
        (lambda r: httpx.Response(200, text="<html>"), "assistant_unclear", True),
    ],
)
async def test_a_bad_answer_to_talk_is_an_error_that_says_whether_to_try_again(
    answer: Answer, code: str, retryable: bool
) -> None:
    with pytest.raises(AssistantError) as caught:
        await client(answer).talk("x", "喂")
    assert (caught.value.code, caught.value.retryable) == (code, retryable)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"intent_ranking": []}, "assistant_no_model"),
        ({}, "assistant_unclear"),
        ([], "assistant_unclear"),
        ({"intent_ranking": [{"name": "meal"}]}, "assistant_unclear"),
        ({"intent_ranking": [{"name": "meal", "confidence": None}]}, "assistant_unclear"),
    ],
)
async def test_a_ranking_that_is_none_is_an_error(body: Any, code: str) -> None:
    with pytest.raises(AssistantError) as caught:
        await client(always(200, body)).parse("送饭")
    assert caught.value.code == code


async def test_nobody_there_and_too_slow_are_told_apart_on_real_sockets() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    slow = Assistant(f"http://127.0.0.1:{port}", timeout_seconds=0.2, token=None)
    for call in (slow.parse("喂"), slow.talk("x", "喂")):
        await _raises(call, "assistant_slow")
    assert not await slow.alive()
    await slow.close()
    server.close()
    await server.wait_closed()
    gone = Assistant(f"http://127.0.0.1:{port}", timeout_seconds=1, token=None)
    await _raises(gone.parse("喂"), "assistant_unreachable")
    assert not await gone.alive()
    await gone.close()


async def _raises(call: Awaitable[Any], code: str) -> None:
    with pytest.raises(AssistantError) as caught:
        await call
    assert (caught.value.code, caught.value.retryable) == (code, True)


async def test_alive_means_that_a_model_is_loaded() -> None:
    assert await client(always(200, {"model_file": "a.tar.gz"})).alive()
    assert not await client(always(200, {"model_file": None})).alive()
    assert not await client(always(409, {})).alive()
    assert not await client(lambda r: httpx.Response(200, text="no")).alive()


def test_the_token_is_not_in_the_arguments_and_no_port_is_opened(tmp_path: Path) -> None:
    start = rasa_command(
        python=Path("/py"),
        root=tmp_path,
        model=tmp_path / "m.tar.gz",
        url="unix:/run/ours/rasa",
        home=tmp_path,
        token="very-secret",
        actions_url="unix:/run/ours/actions",
    )
    assert "very-secret" not in " ".join(start.argv)
    assert start.env["HUYING_ASSISTANT_TOKEN"] == "very-secret"
    assert not {"--interface", "--port"} & set(start.argv)
    assert start.env["HUYING_ASSISTANT_SOCKET"] == "/run/ours/rasa"
    assert start.env["HUYING_ACTIONS_SOCKET"] == "/run/ours/actions"
    assert start.env["RASA_TELEMETRY_ENABLED"] == "false"
    assert start.cwd.is_dir()


async def test_danger_in_one_of_the_texts_that_were_heard_is_not_lost() -> None:
    chances = {"调到合理了": 0.2, "掉到河里了": 0.95, "调到河里了": 0.8}

    def rasa(request: httpx.Request) -> httpx.Response:
        ranking = [{"name": "general", "confidence": 0.9}]
        danger = chances[json.loads(request.content)["text"]]
        return httpx.Response(200, json={"intent_ranking": ranking, "danger": danger})

    first, *others = chances
    found = await client(rasa).parse_heard(first, others)
    assert found.danger == pytest.approx(0.65)
    assert (await client(rasa).parse_heard("掉到河里了", ["调到合理了"])).danger == 0.95
