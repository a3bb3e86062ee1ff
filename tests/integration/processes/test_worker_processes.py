"""Several ``huying worker`` processes on one database, beside one ``huying serve``."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.stack import END_SECONDS, ERRAND, MEAL, START_SECONDS, Stack, until

DONE_SECONDS = 150.0
DOING = "SELECT DISTINCT worker_id FROM procrastinate_jobs WHERE status = 'doing'"
HEARD = "SELECT count(*), count(DISTINCT recording_id) FROM transcripts"
TOLD = "SELECT count(*), count(DISTINCT service_request_id) FROM messages WHERE code = 'routed'"
MOVED = """
SELECT count(*) FROM events WHERE to_status IS NOT NULL
GROUP BY service_request_id, to_status HAVING count(*) > 1
"""
HEART_STOPS = """
CREATE FUNCTION heart_stops() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id = (SELECT min(id) FROM procrastinate_workers) THEN
        RAISE EXCEPTION 'one of two lanes is not heard';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER heart_stops BEFORE UPDATE ON procrastinate_workers
    FOR EACH ROW EXECUTE FUNCTION heart_stops();
"""
Workers = Callable[..., list[subprocess.Popen[bytes]]]


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[Stack]:
    """Doors and neighbours, no worker yet."""
    with Stack(tmp_path, database_url=database_url) as stack:
        stack.start_rasa()
        stack.run("serve")
        until(lambda: stack.health().get("parts", {}).get("database", {}).get("ok"), START_SECONDS)
        yield stack


@pytest.fixture
def workers(house: Stack) -> Iterator[Workers]:
    """Start so many workers and wait until all of them look for work."""
    started: list[subprocess.Popen[bytes]] = []

    def start(count: int) -> list[subprocess.Popen[bytes]]:
        started.extend(house.run("worker") for _ in range(count))
        lanes = 2 * count
        found = lambda: house.rows("SELECT count(*) FROM procrastinate_workers")[0][0]  # noqa: E731
        until(lambda: found() >= lanes, START_SECONDS, lambda: output(house))
        return started

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def output(house: Stack) -> str:
    return (house.folder / "worker.out").read_text("utf-8", "replace")


def leave_many(house: Stack, count: int, **answer: Any) -> list[str]:
    texts = [ERRAND, MEAL] * count
    units = [f"{n}-1-101" for n in range(1, count + 1)]
    with ThreadPoolExecutor(4) as callers:
        return list(callers.map(lambda t, u: house.leave(t, u, **answer), texts, units))


def orders(house: Stack, numbers: list[str]) -> list[int]:
    """How many orders each of these requests got, wherever."""
    placed = [row[0] for row in house.rows("SELECT tracking_number FROM station_orders")]
    return [placed.count(number) + len(house.receiver.keys(number)) for number in numbers]


def test_thirty_voicemails_through_two_workers_are_each_served_once(
    house: Stack, workers: Workers
) -> None:
    workers(2)
    numbers = leave_many(house, 30)
    busy: set[int] = set()

    def all_routed() -> bool:
        busy.update(row[0] for row in house.rows(DOING))
        return set(house.statuses().values()) == {"routed"}

    until(all_routed, DONE_SECONDS, house.describe)
    until(lambda: house.rows(TOLD) == [(30, 30)], DONE_SECONDS, house.describe)
    assert len(set(numbers)) == 30
    assert orders(house, numbers) == [1] * 30
    assert house.rows(HEARD) == [(30, 30)]
    assert house.rows(MOVED) == []
    assert len(busy) > 2, "one worker (two lanes) did it all: nothing was tested"


def test_when_one_of_two_workers_is_killed_the_other_does_its_work_too(
    house: Stack, workers: Workers
) -> None:
    first, second = workers(2)
    numbers = leave_many(house, 12)
    until(lambda: "transcribed" in house.statuses().values(), DONE_SECONDS, house.describe)
    first.kill()
    house.wait_for(numbers, "routed", DONE_SECONDS)
    assert second.poll() is None
    assert orders(house, numbers) == [1] * 12
    assert house.rows(MOVED) == []


def test_a_worker_told_to_stop_lets_go_of_what_it_does_and_leaves_nobody(
    house: Stack, workers: Workers, tmp_path: Path
) -> None:
    (first,) = workers(1)
    number = house.leave(ERRAND, "1-1-101", do="hang", unless=str(tmp_path / "heard before"))
    until((tmp_path / "heard before").exists, DONE_SECONDS, house.describe)
    first.send_signal(signal.SIGTERM)
    assert first.wait(END_SECONDS) == 0
    assert [p for p in house.processes() if "speech.worker_process" in " ".join(p.cmdline())] == []
    workers(1)
    house.wait_for([number], "routed", DONE_SECONDS)
    assert orders(house, [number]) == [1]


def test_a_worker_that_lost_one_of_its_queues_ends_whole_and_says_why(
    house: Stack, workers: Workers
) -> None:
    (worker,) = workers(1)
    with house.connect() as connection:
        connection.execute(HEART_STOPS)
    assert worker.wait(START_SECONDS) == 1
    assert output(house).rstrip().rsplit("\n", 1)[-1].startswith("huying: ")


def test_a_worker_whose_connections_are_cut_goes_on_or_is_replaced_but_loses_nothing(
    house: Stack, workers: Workers
) -> None:
    started = list(workers(2))
    numbers = leave_many(house, 6)
    house.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    def routed() -> bool:
        if all(process.poll() is not None for process in started):
            started[:] = [house.run("worker")]  # as the supervisor would
        return set(house.statuses().values()) == {"routed"}

    try:
        until(routed, DONE_SECONDS, lambda: house.describe() + output(house))
    finally:
        for process in started:
            process.kill()
            process.wait()
    assert orders(house, numbers) == [1] * 6


def test_what_arrives_while_no_worker_runs_is_served_when_one_comes(
    house: Stack, workers: Workers
) -> None:
    numbers = leave_many(house, 3)
    assert house.health()["parts"]["worker"]["ok"] is False
    workers(1)
    house.wait_for(numbers, "routed", DONE_SECONDS)
