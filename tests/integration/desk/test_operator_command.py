"""``huying operator``: the first administrator and password reset from the command line."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from intake.accounts import operators, passwords
from intake.cli.operator import app
from intake.cli.up import desk_notes
from intake.errors import HuyingError
from intake.settings import ROOT, Settings
from intake.storage.models import AccessLog, Operator
from tests.support.desk import at_the_desk
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
GOOD = "三棵梧桐树 七只喜鹊飞"
HUYING = [str(Path(sys.executable).parent / "huying"), "operator"]


def environment(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "HUYING_HOME": str(settings.home),
        "HUYING_DATABASE_URL": str(settings.database_url),
    }


@dataclass
class Done:
    code: int
    told: str


async def run(settings: Settings, *words: str, given: str = "") -> Done:
    """The command in this process; its exit code and all that it said."""
    invoke = partial(CliRunner().invoke, app, list(words), input=given, env=environment(settings))
    result = await asyncio.to_thread(invoke)
    said = result.output
    if isinstance(result.exception, HuyingError):  # as `intake.cli.main` tells it
        said += str(result.exception)
    elif result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, said)


def run_at_a_terminal(settings: Settings, *words: str, typed: list[str]) -> tuple[int, str]:
    """Its exit code and all that stood on the screen; each line is typed when a colon asks."""
    terminal, its = pty.openpty()
    with subprocess.Popen(  # `setsid` makes it its terminal; a fork of this process could hang
        ["setsid", "--ctty", "--wait", *HUYING, *words],
        stdin=its,
        stdout=its,
        stderr=its,
        cwd=ROOT,
        env=environment(settings),
    ) as process:
        os.close(its)
        screen, answers = b"", list(typed)
        while True:
            try:
                seen = os.read(terminal, 1024)
            except OSError:
                break
            if not seen:
                break
            screen += seen
            # The space comes by itself, after all that was typed before was thrown away.
            if screen.endswith(b": ") and answers:
                os.write(terminal, answers.pop(0).encode() + b"\n")
    os.close(terminal)
    return process.returncode, screen.decode(errors="replace")


async def kept(house: Installation, name: str) -> Operator:
    async with house.parts.sessions() as session:
        found = await session.scalar(select(Operator).where(Operator.name == name))
    assert found is not None
    return found


async def test_the_first_administrator_is_made_at_the_terminal_without_showing_the_password(
    house: Installation,
) -> None:
    assert "huying operator add NAME --role admin" in " ".join(await desk_notes(house.settings))
    words = ("add", "王主任", "--role", "admin")
    code, screen = run_at_a_terminal(house.settings, *words, typed=[GOOD, "another", GOOD, GOOD])
    assert code == 0, screen
    assert GOOD not in screen and "another" not in screen
    assert "/desk" in screen
    made = await kept(house, "王主任")
    assert made.role == "admin" and passwords.is_password(made.password_hash, GOOD)
    assert not made.password_starts
    assert await desk_notes(house.settings) == []
    form = {"name": "王主任", "password": GOOD}
    assert (await house.client.post("/desk/sign-in", data=form)).status_code == 303


async def test_an_account_by_script_reset_disabled_and_listed(
    house: Installation, tmp_path: Path
) -> None:
    settings = house.settings
    file = tmp_path / "password"
    file.write_text(f"{GOOD}\nsecond line\n", "utf-8")
    made = await run(settings, "add", "李敏", "--password-file", str(file))
    assert made.code == 0, made.told
    assert passwords.is_password((await kept(house, "李敏")).password_hash, GOOD)
    desk = await at_the_desk(house, name="李敏")
    assert (await desk.get("/api/requests")).status_code == 200
    fresh = "八只喜鹊 飞过两座小桥"
    reset = await run(
        settings, "password", "李敏", "--change", "--password-file", "-", given=f"{fresh}\n"
    )
    assert reset.code == 0, reset.told
    assert (await desk.get("/api/requests")).status_code == 401
    after = await kept(house, "李敏")
    assert after.password_starts and passwords.is_password(after.password_hash, fresh)
    assert (await run(settings, "role", "李敏", "supervisor")).code == 0
    assert (await run(settings, "disable", "李敏")).code == 0
    assert (await kept(house, "李敏")).disabled_at
    listed = (await run(settings, "list")).told
    assert "李敏  supervisor  disabled" in listed
    assert (await run(settings, "enable", "李敏")).code == 0
    assert (await kept(house, "李敏")).disabled_at is None
    async with house.parts.sessions() as session:
        rows = (await session.execute(select(AccessLog.who, AccessLog.action))).all()
    told = [action.partition(": ")[2] for who, action in rows if who == operators.COMMAND_LINE]
    changes = ["add", "new password", "role supervisor", "disable", "", "enable"]
    assert told == changes


CASES: list[tuple[tuple[str, ...], str, str]] = [
    (("add", "李敏", "--password-file", "-"), "short\n", "at least 10 characters"),
    (("add", "李敏", "--password-file", "-"), "", "at least 10 characters"),
    (("add", "李敏", "--password-file", "/none"), "", "can't be read"),
    (("add", "李敏"), "", "no terminal to ask on"),
    (("add", "李敏", "--role", "king", "--password-file", "-"), "", "supervisor"),
    (("password", "王无此人", "--password-file", "-"), f"{GOOD}\n", "no operator"),
    (("disable", "管理员"), "", "only administrator"),
    (("role", "管理员", "station"), "", "only administrator"),
]


async def test_what_can_not_be_done_is_a_sentence(house: Installation) -> None:
    async with house.parts.sessions.begin() as session:
        await operators.add(session, "管理员", "admin", passwords.hash_password(GOOD))
    for words, given, told in CASES:
        done = await run(house.settings, *words, given=given)
        assert done.code != 0, words
        assert told in " ".join(done.told.split()), words
        assert GOOD not in done.told
