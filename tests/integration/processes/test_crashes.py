"""kill -9, at every step of a voicemail's way, of every process that takes part in it.

For each victim ten voicemails are brought to ten different moments and held there; then the
victim is killed, started again if it is ours to start, and everything is let go. Each pair of
victim and moment is a test of its own; what holds for all is counted at the end.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from intake.pipeline import sweep
from tests.support.stack import ERRAND, MEAL, Stack, until

LOCKS = 4711  # the first half of our advisory locks' keys
RECOVERED_SECONDS = 150.0
SALT = "麻烦帮我去药店买一袋盐送来"  # an errand that the assistant holds
STACKS = {
    "work": ("worker", "recogniser", "assistant"),
    "database": ("postgres", "database connection"),
    "web": ("web", "up", "everything"),
}
"""Victims that die in one installation, one after the other; each has a worker of the run."""
VICTIMS = tuple(victim for victims in STACKS.values() for victim in victims)


def of_stack(name: str, *more: str, id: str | None = None) -> Any:
    """The parameters of a test on this installation."""
    group = pytest.mark.xdist_group(f"crashes: {name}")
    return pytest.param(name, *more, marks=group, id=id or name)


each_victim = pytest.mark.parametrize(
    ("stack", "victim"),
    [of_stack(name, victim, id=victim) for name, victims in STACKS.items() for victim in victims],
    indirect=["stack"],
    scope="module",
)
each_stack = pytest.mark.parametrize(
    "stack", [of_stack(name) for name in STACKS], indirect=True, scope="module"
)


def only(name: str) -> Any:
    """Mark a test that needs one of them."""
    return pytest.mark.parametrize("stack", [of_stack(name)], indirect=True, scope="module")


@dataclass(frozen=True)
class Moment:
    """Where one voicemail stands when the victim dies.

    ``table``, ``status``: the row whose writing is held in the database. ``text``: what is said.
    """

    name: str
    backend: str
    table: str | None = None
    status: str | None = None
    text: str | None = None


# In the order in which they are brought there; the last one is still being heard.
MOMENTS = (
    Moment("its orders are asked for, not taken yet", "hook"),
    Moment("the order is taken, the answer not given", "hook"),
    Moment(
        "the order is taken, that is not written down yet", "hook", "service_requests", "routed"
    ),
    Moment("the station's order is being written", "station", "station_orders"),
    Moment("the resident is being told", "station", "messages"),
    Moment("the backend is being chosen", "hook", "deliveries"),
    Moment("it is being confirmed", "station", "service_requests", "confirmed"),
    Moment("the assistant reads it", "hook", text=SALT),
    Moment("the transcript is being written", "hook", "service_requests", "transcribed"),
    Moment("a recogniser hears it", "station"),
)

SCHEMA = """
CREATE TABLE test_holds (unit text, point text, key int);
CREATE FUNCTION test_hold() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE its_unit text; its_key int;
BEGIN
    IF TG_TABLE_NAME = 'service_requests' THEN
        its_unit := to_jsonb(NEW) -> 'given' ->> 'unit';
    ELSE
        SELECT given ->> 'unit' INTO its_unit FROM service_requests
        WHERE id = (to_jsonb(NEW) ->> 'service_request_id')::bigint;
    END IF;
    SELECT key INTO its_key FROM test_holds
    WHERE unit = its_unit AND point = TG_TABLE_NAME || coalesce(to_jsonb(NEW) ->> TG_ARGV[0], '');
    IF its_key IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock_shared(4711, its_key);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER test_hold BEFORE UPDATE OF status ON service_requests FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION test_hold('status');
CREATE TRIGGER test_hold BEFORE INSERT ON deliveries FOR EACH ROW EXECUTE FUNCTION test_hold('-');
CREATE TRIGGER test_hold BEFORE INSERT ON station_orders FOR EACH ROW
    EXECUTE FUNCTION test_hold('-');
CREATE TRIGGER test_hold BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION test_hold('-');
"""

WAITING = """
SELECT 1 FROM pg_locks
WHERE locktype = 'advisory' AND classid = 4711 AND objid = %s AND NOT granted
"""
HEARING = """
SELECT job.attempts FROM procrastinate_jobs AS job
JOIN service_requests AS request ON request.id = (job.args ->> 'service_request_id')::bigint
WHERE job.task_name = 'transcribe' AND job.status = 'doing' AND request.given ->> 'unit' = %s
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("crashes")) as stack:
        stack.start_rasa()
        stack.start()
        with stack.connect() as connection:
            connection.execute(SCHEMA)
        yield stack


class Run:
    """One victim's death, and what became of the ten voicemails."""

    def __init__(self, stack: Stack, victim: str) -> None:
        self.stack, self.victim = stack, victim
        self.numbers: dict[str, str] = {}
        building = VICTIMS.index(victim) + 1
        self.units = {m.name: f"{building}-1-{101 + n}" for n, m in enumerate(MOMENTS)}
        self.holding = stack.connect()
        self.receiver = stack.receiver
        self.receiver.release = threading.Event()
        self.receiver.before = self.units[MOMENTS[0].name]
        self.receiver.after = self.units[MOMENTS[1].name]
        self.hold = stack.rasa_folder / "hold"
        self.held = stack.rasa_folder / "held"

    def bring(self, moment: Moment) -> None:
        """Send a voicemail and wait until it stands where it shall."""
        unit = self.units[moment.name]
        key = int(unit.replace("-", ""))
        if moment.table:
            self.holding.execute("SELECT pg_advisory_lock(%s, %s)", [LOCKS, key])
            point = moment.table + (moment.status or "")
            self.holding.execute("INSERT INTO test_holds VALUES (%s, %s, %s)", [unit, point, key])
        if moment.text:
            self.held.unlink(missing_ok=True)
            self.hold.write_text("盐", "utf-8")
        text = moment.text or (ERRAND if moment.backend == "hook" else MEAL)
        self.numbers[moment.name] = self.stack.leave(text, unit)

        def there() -> bool:
            if moment.table:
                return bool(self.holding.execute(WAITING, [key]).fetchone())
            if moment.text:
                return self.held.exists()
            if unit in (self.receiver.before, self.receiver.after):
                return unit in self.receiver.reached
            return bool(self.holding.execute(HEARING, [unit]).fetchone())

        until(there, 60, lambda: f"{moment.name}: {self.stack.describe()}")

    def kill(self) -> None:
        """Kill the victim, and do what its owner would do then."""
        if self.victim == "database connection":
            self._kill_one_server_process()
        else:
            self.stack.kill(self.victim)
        if self.victim in ("up", "everything"):
            self.stack.start()
        if self.victim == "assistant":
            self.stack.start_rasa()

    def _kill_one_server_process(self) -> None:
        """The server then ends all its connections and recovers, while it keeps running."""
        server = self.stack.part("postgres")
        asked = self.holding.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'huying' LIMIT 1"
        )
        pid = asked.fetchone()[0]  # type: ignore[index]
        next(child for child in server.children() if child.pid == pid).kill()

    def release(self) -> None:
        """Let go of everything."""
        with contextlib.suppress(psycopg.Error):
            self.holding.close()
        self.hold.unlink(missing_ok=True)
        self.receiver.release.set()


@cache
def aftermath(stack: Stack, victim: str) -> Run:
    """Do it once for each victim; the tests then look at what came of it."""
    run = Run(stack, victim)
    try:
        for moment in MOMENTS:
            run.bring(moment)
        run.kill()
    finally:
        run.release()
    stack.wait_for(list(run.numbers.values()), "routed", RECOVERED_SECONDS)
    until(stack.healthy, RECOVERED_SECONDS, stack.describe)
    until(lambda: not unfinished(stack), RECOVERED_SECONDS, stack.describe)
    return run


def unfinished(stack: Stack) -> list[Any]:
    """Jobs that are not over, but for those that come again by the clock."""
    return stack.rows(
        "SELECT id, task_name, status::text FROM procrastinate_jobs"
        " WHERE status IN ('todo', 'doing') AND task_name NOT IN ('sweep', 'poll')"
    )


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda m: m.name)
@each_victim
def test_whoever_dies_whenever_each_voicemail_gets_exactly_one_order(
    stack: Stack, victim: str, moment: Moment
) -> None:
    number = aftermath(stack, victim).numbers[moment.name]
    orders = stack.rows("SELECT 1 FROM station_orders WHERE tracking_number = %s", number)
    taken = stack.receiver.keys(number)
    assert (len(orders), len(taken)) == ((1, 0) if moment.backend == "station" else (0, 1))


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda m: m.name)
@each_victim
def test_whoever_dies_whenever_no_step_is_written_twice(
    stack: Stack, victim: str, moment: Moment
) -> None:
    number = aftermath(stack, victim).numbers[moment.name]
    found = stack.rows(
        "SELECT event.to_status FROM events AS event JOIN service_requests AS request"
        " ON request.id = event.service_request_id"
        " WHERE tracking_number = %s AND to_status IS NOT NULL ORDER BY event.id",
        number,
    )
    moves = [row[0] for row in found]
    if victim == "assistant" and "needs_review" in moves:  # people saw it while Rasa was away
        assert moves == ["received", "transcribed", "needs_review", "confirmed", "routed"]
    else:
        assert moves == ["received", "transcribed", "understood", "confirmed", "routed"]
    told = stack.rows(
        "SELECT message.code FROM messages AS message JOIN service_requests AS request"
        " ON request.id = message.service_request_id"
        " WHERE tracking_number = %s AND code = 'routed'",
        number,
    )
    assert len(told) == 1


@only("work")
def test_a_recording_that_kills_every_recogniser_ends_in_review_and_others_are_served(
    stack: Stack,
) -> None:
    poison = stack.leave(ERRAND, "20-1-101", do="crash")
    others = [stack.leave(ERRAND, f"20-1-{n}") for n in range(102, 106)]
    stack.wait_for(others, "routed", RECOVERED_SECONDS)
    stack.wait_for([poison], "needs_review", RECOVERED_SECONDS)
    [(reasons,)] = stack.rows(
        "SELECT reasons FROM service_requests WHERE tracking_number = %s", poison
    )
    assert [reason["code"] for reason in reasons] == ["recognition_failed"]


@only("work")
def test_a_recording_whose_worker_dies_every_time_ends_in_review(stack: Stack) -> None:
    poison = stack.leave(ERRAND, "21-1-101", do="hang")
    deaths: set[int] = set()  # the runs of the job that a worker died of

    def killed_or_given_up() -> bool:
        for (run,) in stack.rows(HEARING, "21-1-101"):
            if run not in deaths:
                stack.kill("worker")
                deaths.add(run)
        return stack.statuses()[poison] != "received"

    until(killed_or_given_up, 2 * RECOVERED_SECONDS, stack.describe)
    [(status, reasons)] = stack.rows(
        "SELECT status, reasons FROM service_requests WHERE tracking_number = %s", poison
    )
    assert (status, [r["code"] for r in reasons]) == ("needs_review", ["step_failed"])
    assert "worker_died" in reasons[0]["en"]
    assert len(deaths) == sweep.RUNS_OF_A_JOB
    until(stack.healthy, RECOVERED_SECONDS, stack.describe)
    other = stack.leave(ERRAND, "21-1-102")
    stack.wait_for([other], "routed", RECOVERED_SECONDS)


@only("web")
def test_whoever_dies_while_voicemails_come_in_each_promise_is_kept(stack: Stack) -> None:
    """Callers try again with their key until they hear 202, as the page does."""
    promised: dict[str, str] = {}
    failures: list[str] = []
    over = threading.Event()

    def call(caller: int) -> None:
        turn = 0
        while not over.is_set():
            turn += 1
            key, audio = f"caller-{caller}-{turn}", stack.record(ERRAND)
            while True:
                try:
                    got = stack.post(audio, f"{30 + caller}-1-{100 + turn}", key)
                except httpx.HTTPError as error:
                    failures.append(type(error).__name__)
                else:
                    if got.status_code == 202:
                        promised[key] = got.json()["tracking_number"]
                        break
                    assert got.status_code == 503, got.text
                    failures.append("503")
                time.sleep(0.2)
            time.sleep(0.3)

    callers = [threading.Thread(target=call, args=(n,)) for n in range(3)]
    for caller in callers:
        caller.start()
    try:
        for victim in ("web", "postgres", "up"):
            so_far = len(promised)
            until(lambda n=so_far: len(promised) >= n + 4, RECOVERED_SECONDS, stack.log)  # type: ignore[misc]
            stack.kill(victim)
            if victim == "up":
                stack.start()
        so_far = len(promised)
        until(lambda: len(promised) >= so_far + 4, RECOVERED_SECONDS, stack.log)
    finally:
        over.set()
        for thread in callers:
            thread.join()
    assert failures, "nobody noticed anything: nothing was tested"
    numbers = list(promised.values())
    assert len(set(numbers)) == len(numbers)
    stack.wait_for(numbers, "routed", RECOVERED_SECONDS)
    assert all(len(stack.receiver.keys(number)) == 1 for number in numbers)
    given = stack.rows("SELECT count(*) FROM service_requests WHERE given ->> 'unit' ~ '^3[0-2]-'")
    assert given == [(len(numbers),)]


@each_stack
def test_accepted_is_stored_is_open_or_ended(stack: Stack) -> None:
    """Counted over everything that the tests before this one left behind."""
    requests = stack.rows("SELECT count(*), count(DISTINCT recording_id) FROM service_requests")
    recordings = stack.rows("SELECT blob_key, sha256, size_bytes FROM recordings")
    assert requests == [(len(recordings), len(recordings))]
    folder: Path = stack.settings.recordings_dir
    for key, digest, size in recordings:
        content = (folder / key).read_bytes()
        assert (len(content), hashlib.sha256(content).digest()) == (size, bytes(digest))
    open_ones = sum(status in ("routed", "needs_review") for status in stack.statuses().values())
    assert open_ones == len(recordings)
    keys = {event["tracking_number"] for event in stack.receiver.events.values()}
    assert len(keys) == len(stack.receiver.events)
    assert keys <= set(stack.statuses())


@each_stack
def test_after_all_this_one_signal_ends_everything(stack: Stack) -> None:
    assert stack.end() == []
    assert stack.up is not None
    assert stack.up.returncode == 0
