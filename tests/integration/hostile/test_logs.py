"""Whatever fails, no log holds a word that a resident said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from intake.assistant.training import QUIET, bot_python
from intake.processes import postgres
from intake.settings import ROOT, Settings, load
from tests.support.stack import until

MARK = "紫罗兰花盆"

# Ways in which words reach a log: code that fails with the marked words in `words`.
FAILURES = {
    "logged with arguments": "log.error('turn of %s', words)",
    "logged as the template": "log.error(f'Failed for {words}')",
    "logged as an object": "log.warning({'tracker': {'events': [words]}})",
    "logged with an exception": (
        "\ntry:\n    int(words)\nexcept ValueError:\n    log.exception('x')"
    ),
    "logged with arguments that don't fit": "log.error('%d of %d', words)",
    "logged by a logger that hides its parents": (
        "own = logging.getLogger('sanic.error'); own.propagate = True; own.error(words)"
    ),
    "printed": "print(words); print(words, file=sys.stderr)",
    "written to where standard output goes": "os.write(1, words.encode())",
    "warned of": "warnings.warn(words)",
    "raised in a thread": (
        "\ndef fail(): raise RuntimeError(words)\n"
        "t = threading.Thread(target=fail); t.start(); t.join()"
    ),
    "raised in a task that nobody awaits": (
        "\nasync def fail(): raise RuntimeError(words)\n"
        "async def main():\n    asyncio.create_task(fail())\n    await asyncio.sleep(0.05)\n"
        "asyncio.run(main()); gc.collect()"
    ),
    "raised where it can't be": (
        "\nclass Bad:\n    def __del__(self): raise RuntimeError(words)\nBad(); gc.collect()"
    ),
    "raised from another": (
        "\ntry:\n    try:\n        int(words)\n    except ValueError as e:\n"
        "        raise KeyError(words) from e\nexcept KeyError:\n    log.exception('x')"
    ),
    "raised with a note": (
        "\ne = ValueError(words); e.__notes__ = [words]\nlog.error('x', exc_info=e)"
    ),
    "the name of a key": "\ntry:\n    {}[words]\nexcept KeyError:\n    log.exception('x')",
}
RUN = """
import asyncio, gc, logging, os, sys, threading, warnings
handled = logging.getLogger("sanic.error")
handled.addHandler(logging.StreamHandler(sys.stdout))
logging.basicConfig(format="%(message)s")
from intake.processes.wordless_log import write_wordless
write_wordless(logging.DEBUG, ("huying",), mute_prints={mute})
warnings.resetwarnings()
log = logging.getLogger("rasa.core.processor")
words = os.environ["WORDS"]
logging.getLogger("huying").info("request %s", 7)
exec(sys.argv[1])
"""


ALL = "\n".join(
    f"try:\n    exec({code!r})\nexcept Exception:\n    pass" for code in FAILURES.values()
)


@pytest.mark.parametrize("python", [sys.executable, str(bot_python(ROOT))], ids=["ours", "rasa's"])
def test_nothing_that_fails_in_a_process_writes_words(python: str) -> None:
    said = output(python, ALL, mute=True)
    assert MARK not in said
    assert "INFO huying: request 7" in said
    assert said.count("ERROR ") >= 9
    assert "ERROR rasa.core.processor: at <string>:" in said
    assert "ERROR sanic.error: at <string>:" in said
    assert "caused by: builtins.ValueError" in said
    assert "WARNING py.warnings: at " in said


def test_what_ends_a_process_is_told_by_its_class_and_place() -> None:
    said = output(sys.executable, "def fail():\n    raise RuntimeError(words)\nfail()", mute=False)
    assert MARK not in said
    assert "CRITICAL uncaught: at " in said
    assert "builtins.RuntimeError" in said and "<string>:2 in fail" in said


def output(python: str, failure: str, *, mute: bool) -> str:
    """Everything that the failing process writes."""
    done = subprocess.run(
        [python, "-c", RUN.format(mute=mute), failure],
        env={**os.environ, **QUIET, "PYTHONPATH": str(ROOT), "WORDS": MARK, "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


# The web part as it serves, with routes that fail.
SERVE = """
import os, sys, asyncio, uvicorn
from urllib.parse import quote
from intake.cli.serve import set_up_logs
set_up_logs("debug")
words = os.environ["WORDS"]
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    if scope["path"] == "/value":
        int(words)
    if scope["path"] == "/group":
        raise ExceptionGroup(words, [ValueError(words)])
    if scope["path"] == "/returns":
        return words
    raise RuntimeError(words)
async def main():
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    for path in ("/value", "/group", "/returns", "/other"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST {path}?q={quote(words)} HTTP/1.1\\r\\nHost: x\\r\\nX-Said: {words}"
        writer.write(f"{head}\\r\\nContent-Length: 15\\r\\n\\r\\n{words}".encode())
        await reader.readline()
        writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\\x00" + words.encode() + b"\\r\\n\\r\\n")
    await reader.read()
    server.should_exit = True
    await serving
asyncio.run(main())
"""


def test_the_web_part_fails_without_words() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVE],
        env={**os.environ, "WORDS": MARK, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert MARK not in said
    assert "builtins.ValueError" in said and "builtins.ExceptionGroup" in said


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    settings = load(env={"HUYING_HOME": str(tmp_path_factory.mktemp("logs") / "home")})
    with postgres.running(settings, keep=False):
        cluster = postgres.cluster(settings)
        for url in (cluster.url(), cluster.rasa_url()):
            with psycopg.connect(url) as connection:
                connection.execute(
                    "CREATE TABLE said (words text PRIMARY KEY CHECK (length(words) < 9),"
                    " n int NOT NULL DEFAULT 0, small varchar(3))"
                )
                connection.execute("INSERT INTO said VALUES (%s)", [MARK])
        yield settings


STATEMENTS = {
    "a key that is there": f"INSERT INTO said VALUES ('{MARK}')",
    "nothing where something must be": f"INSERT INTO said VALUES ('{MARK}2', NULL)",
    "a check": f"INSERT INTO said VALUES ('{MARK}{MARK}')",
    "too long": f"INSERT INTO said VALUES ('a', 1, '{MARK}')",
    "no number": f"SELECT '{MARK}'::int",
    "no JSON": f"SELECT '{{\"a\": {MARK}'::jsonb",
    "no date": f"SELECT '{MARK}'::timestamptz",
    "no such column": f'SELECT "{MARK}" FROM said',
    "no syntax": f"SELEC '{MARK}'",
    "a bad pattern": f"SELECT 'a' ~ '({MARK}'",
    "a bad cast in a row": "SELECT words::int FROM said",
    "a warning": f"DO $$ BEGIN RAISE WARNING '{MARK}'; END $$",
    "an error with a detail": (
        f"DO $$ BEGIN RAISE 'x' USING DETAIL = '{MARK}', HINT = '{MARK}'; END $$"
    ),
    "an error within a function": f"DO $$ BEGIN PERFORM '{MARK}'::int; END $$",
    "a division": f"SELECT 1 / (length('{MARK}') - 5)",
    "a wrong encoding": f"SELECT convert_to('{MARK}', 'LATIN1')",
    "a cancelled statement": (
        f"SET statement_timeout = 50; SELECT pg_sleep(9), '{MARK}'; RESET statement_timeout"
    ),
}


@pytest.mark.parametrize("role", ["huying", "rasa"])
def test_the_database_refuses_statements_without_words(server: Settings, role: str) -> None:
    cluster = postgres.cluster(server)
    with psycopg.connect(
        cluster.url() if role == "huying" else cluster.rasa_url(), autocommit=True
    ) as connection:
        for name, statement in STATEMENTS.items():
            try:
                connection.execute(statement.encode())
            except psycopg.Error:
                continue
            assert name == "a warning", name
    assert MARK not in log_of(server)


def test_the_database_still_logs_what_is_wrong_with_itself(server: Settings) -> None:
    cluster = postgres.cluster(server)
    wrong = cluster.url().replace(f"{postgres.ROLE}:", f"{postgres.ROLE}:x")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(wrong)
    assert "password authentication failed" in log_of(server)
    with psycopg.connect(cluster.admin_url()) as connection:
        shown = connection.execute("SHOW log_min_messages").fetchone()
    assert shown == ("warning",)


def test_a_process_of_the_database_that_crashes_does_not_leave_its_statement(
    server: Settings,
) -> None:
    cluster = postgres.cluster(server)
    connection = psycopg.connect(cluster.url(), autocommit=True)
    other = psycopg.connect(cluster.admin_url(), autocommit=True)
    pid = connection.info.backend_pid
    connection.pgconn.send_query(f"SELECT pg_sleep(60), '{MARK}'".encode())
    runs = "SELECT true FROM pg_stat_activity WHERE pid = %s AND query LIKE %s"
    until(lambda: other.execute(runs, [pid, f"%{MARK}%"]).fetchone(), 60)
    os.kill(pid, signal.SIGABRT)
    until(lambda: "was terminated by signal 6" in log_of(server), 60)
    connection.close()
    other.close()
    assert MARK not in log_of(server)


def log_of(server: Settings) -> str:
    path: Path = server.home / "log" / "postgres.log"
    return path.read_text(encoding="utf-8", errors="replace")
