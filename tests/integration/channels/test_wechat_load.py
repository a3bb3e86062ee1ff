"""A crowd on WeChat while Rasa is slow: nothing is lost, nothing is answered twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.crowd import Crowd, Said, Took, answer_to
from tests.support.stack import START_SECONDS, until

PER_SECOND = 20
RESIDENTS, EACH = 100, 2  # ten seconds of it
WORKERS = 2
DRAIN_SECONDS = 240.0
TOLD = """
SELECT p.address, count(*) FROM messages m
JOIN conversations c ON c.id = m.conversation_id JOIN contact_points p ON p.id = c.contact_point_id
WHERE m.code = 'person_reads' GROUP BY p.address
"""
LEFT = """
SELECT p.address, r.status, r.text, r.reasons FROM service_requests r
JOIN contact_points p ON p.id = r.contact_point_id
"""


@pytest.fixture
def open_crowd(tmp_path: Path, database_url: str) -> Iterator[Callable[..., Crowd]]:
    """An installation with doors and two workers, its account and its residents."""
    crowds: list[Crowd] = []

    def start(turn_takes: float, **tables: Any) -> Crowd:
        crowd = Crowd(tmp_path, turn_takes=turn_takes, database_url=database_url, **tables)
        crowds.append(crowd)
        for command in ("serve", *["worker"] * WORKERS):
            crowd.stack.run(command)
        workers = "SELECT count(*) FROM procrastinate_workers"
        until(lambda: crowd.stack.rows(workers)[0][0] == 4 * WORKERS, START_SECONDS)
        until(crowd.stack.health, START_SECONDS)
        return crowd

    yield start
    for crowd in crowds:
        crowd.__exit__()


def by_resident(messages: Sequence[Said]) -> dict[str, list[Said]]:
    found: dict[str, list[Said]] = defaultdict(list)
    for said in messages:
        found[said.openid].append(said)
    return found


def poured(crowd: Crowd) -> list[Said]:
    """The messages of the crowd; WeChat sends every tenth of them again."""
    messages = crowd.prepare(RESIDENTS, EACH)
    calls = [
        call
        for number, said in enumerate(messages)
        for call in ([said, crowd.again(said)] if number % 10 == 0 else [said])
    ]
    taken: list[Took] = crowd.pour(calls, PER_SECOND)
    assert Counter(took.status for took in taken) == {200: len(calls)}
    until(lambda: len(crowd.heard()) >= len(messages), DRAIN_SECONDS)  # some by way of the spool
    kept = Counter((who, what) for who, what, _ in crowd.heard())
    assert kept == Counter((said.openid, said.text) for said in messages)
    return messages


def test_each_message_is_acted_on_once_and_answered_once_in_its_residents_order(
    open_crowd: Callable[..., Crowd],
) -> None:
    crowd = open_crowd(10)
    messages = poured(crowd)
    assert len(crowd.assistant.turns) < len(messages)  # it is still at it
    crowd.assistant.takes(0)
    crowd.finish(DRAIN_SECONDS)
    assert Counter(crowd.assistant.turns) == Counter(said.text for said in messages)
    for openid, said in by_resident(messages).items():
        mine = [words for words in crowd.assistant.turns if words in {one.text for one in said}]
        assert mine == [one.text for one in said]
        assert crowd.answered(openid) == [answer_to(one) for one in said]
    assert crowd.stack.rows(TOLD) == []


def test_with_a_rasa_that_is_too_slow_each_resident_is_told_once_and_operators_see_every_word(
    open_crowd: Callable[..., Crowd],
) -> None:
    crowd = open_crowd(3600, chat={"turn_seconds": 1, "turns_at_once": 64})
    messages = poured(crowd)
    crowd.finish(DRAIN_SECONDS)
    assert all(handled for _, _, handled in crowd.heard())
    assert crowd.assistant.turns == []
    told = dict(crowd.stack.rows(TOLD))
    seen: dict[str, list[str]] = defaultdict(list)
    for openid, status, text, reasons in crowd.stack.rows(LEFT):
        assert status == "needs_review"
        assert [why["code"] for why in reasons] == ["assistant_unreachable"]
        seen[openid].append(text)
    for openid, said in by_resident(messages).items():
        assert told.pop(openid) == 1
        assert len(crowd.answered(openid)) == 1
        (text,) = seen[openid]
        # What came by way of the spool may stand behind what she wrote after it.
        assert sorted(text.split("\n")) == sorted(one.text for one in said)
    assert told == {}
