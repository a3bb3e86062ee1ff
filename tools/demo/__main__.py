"""``make demo``: start everything, send the sample voicemails, show what became of each.

With ``--once`` it ends after the table: exit code 0 only if every sample ended as expected.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import select

from intake.accounts import operators, passwords
from intake.app import database_url
from intake.errors import HuyingError
from intake.settings import ROOT, Settings, load
from intake.storage.db import connect
from intake.storage.models import Operator
from tools.demo import neighbours

SAMPLES = ROOT / "data" / "demo"
START_SECONDS = 240
SAMPLE_SECONDS = 180
OPERATOR = "demo"
SETTLED = ("needs_review", "routed")
console = Console()


async def demo(*, once: bool) -> int:
    """Run the demo; the exit code."""
    started = time.monotonic()
    home = load(env={k: v for k, v in os.environ.items() if k != "HUYING_SETTINGS"}).home
    ours = is_demo_home(home)
    async with neighbours.running() as around:
        path = neighbours.write_settings(home / "demo", around, SAMPLES / "places.csv")
        os.environ["HUYING_SETTINGS"] = str(path)
        os.environ["HUYING_HOME"] = str(home)
        settings = load()
        console.print(f"[bold]Starting Huying[/] in {home}, port {settings.port}")
        huying = Path(sys.executable).parent / "huying"
        up = subprocess.Popen([huying, "up", "--quiet"], start_new_session=True)
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        try:
            await until_healthy(settings, up, stopped)
            rows = await send_all(settings, stopped)
            wrong = show(rows, time.monotonic() - started)
            console.print(
                f"Delivered here: {len(around.office.events)} to the property office,"
                f" {len(around.city.orders)} to the city, {len(around.mail.mails)} mails,"
                f" {len(around.pager.pages)} pages to the person on duty."
            )
            if not once and not stopped.is_set():
                where_to_look(settings, await operator() if ours else None)
                await stopped.wait()
            return 1 if wrong else 0
        finally:
            up.send_signal(signal.SIGTERM)
            await asyncio.to_thread(up.wait, 20)


async def until_healthy(
    settings: Settings, up: subprocess.Popen[bytes], stopped: asyncio.Event
) -> None:
    """Wait until every part is up; `HuyingError` when one never gets there."""
    url = f"http://127.0.0.1:{settings.port}/healthz"
    until = time.monotonic() + START_SECONDS
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        while time.monotonic() < until and not stopped.is_set():
            if up.poll() is not None:
                raise HuyingError(f"huying up ended (exit code {up.returncode}); see above.")
            try:
                if all(p["ok"] for p in (await client.get(url)).json()["parts"].values()):
                    return
            except (httpx.HTTPError, ValueError):
                pass
            await asyncio.sleep(0.3)
    raise HuyingError(f"Not everything came up; {settings.home / 'log' / 'huying.log'} says why.")


async def send_all(settings: Settings, stopped: asyncio.Event) -> list[dict[str, Any]]:
    """Send every sample to the public endpoint; one row each, in the samples' order."""
    from intake.cli.token import make

    token = await make("demo", "operator", 1)
    samples = [json.loads(line) for line in (SAMPLES / "voicemails.jsonl").open()]
    run = secrets.token_hex(4)
    base = f"http://127.0.0.1:{settings.port}"
    rows = []
    async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=60) as client:
        headers = {"Authorization": f"Bearer {token}"}
        with console.status("Sending the sample voicemails…") as status:
            for number, sample in enumerate(samples, 1):
                if stopped.is_set():
                    break
                status.update(f"{number} of {len(samples)}: {sample['audio']}")
                rows.append(await send(client, headers, sample, run))
    return rows


async def send(
    client: httpx.AsyncClient, headers: dict[str, str], sample: dict[str, Any], run: str
) -> dict[str, Any]:
    """Send one and wait until it is routed or waits for a person."""
    audio = (SAMPLES / sample["audio"]).read_bytes()
    began = time.monotonic()
    answer = await client.post(
        "/api/voicemails",
        files={"audio": (Path(sample["audio"]).name, audio)},
        data=sample.get("form") or {},
        headers={"Idempotency-Key": f"demo-{run}-{sample['id']}"},
    )
    answer.raise_for_status()
    number = answer.json()["tracking_number"]
    while True:
        found = await client.get(f"/api/requests/{number}", headers=headers)
        state = found.raise_for_status().json()
        late = time.monotonic() - began > SAMPLE_SECONDS
        if settled(state) or late:
            return {"sample": sample, "state": state, "seconds": time.monotonic() - began}
        await asyncio.sleep(0.1)


def settled(state: dict[str, Any]) -> bool:
    """Is this the end of the machine's part? What waits for a busy Rasa is still read again."""
    waits = any(reason["code"] == "assistant_unreachable" for reason in state["reasons"])
    return state["status"] in SETTLED and not waits


def differences(sample: dict[str, Any], state: dict[str, Any]) -> list[str]:
    """What did not end as expected."""
    expect = sample["expect"]
    wrong = [
        f"{key}: {state[key]}, expected {expect[key]}"
        for key in ("status", "backend", "urgency")
        if key in expect and state[key] != expect[key]
    ]
    codes = [reason["code"] for reason in state["reasons"]]
    if "reason" in expect and expect["reason"] not in codes:
        wrong.append(f"reasons: {', '.join(codes) or 'none'}, expected {expect['reason']}")
    if expect.get("alarmed") and state["alarm"] is None:
        wrong.append("nobody was alarmed")
    return wrong


def show(rows: list[dict[str, Any]], seconds: float) -> int:
    """Print what became of each; how many samples did not end as expected."""
    bad = sum(bool(differences(row["sample"], row["state"])) for row in rows)
    if console.width < 120:
        show_narrow_table(rows)
    else:
        show_table(rows)
    console.print(
        f"{len(rows) - bad} of {len(rows)} ended as expected, {seconds:.0f} s from the start."
    )
    return bad


def ending(row: dict[str, Any]) -> str:
    """Where it ended, or why a person has to look, and what is not as it should be."""
    state = row["state"]
    reasons = ", ".join(reason["code"] for reason in state["reasons"])
    ended = f"{state['status']} → {state['backend']}" if state["backend"] else reasons
    if state["alarm"] is not None:
        ended += " [bold red]alarmed[/]"
    return ended + "".join(f"\n[red]{text}[/]" for text in differences(row["sample"], state))


def mark(row: dict[str, Any]) -> str:
    """Did it end as expected?"""
    return "[red]✗[/]" if differences(row["sample"], row["state"]) else "[green]✓[/]"


def shortened(text: str | None) -> str:
    """The first 60 characters of what was heard."""
    heard = (text or "").strip()
    return escape(heard[:60] + ("…" if len(heard) > 60 else "") or "–")


def show_narrow_table(rows: list[dict[str, Any]]) -> None:
    """One row for each voicemail, its facts one under the other, for 80 columns or fewer."""
    table = Table(title="What became of each voicemail", show_lines=True, padding=(0, 0, 0, 0))
    table.add_column("")
    table.add_column("voicemail", no_wrap=True)
    table.add_column("heard", ratio=4, overflow="fold")
    table.add_column("understood", ratio=4, overflow="fold")
    table.add_column("ended", ratio=4, overflow="fold")
    for row in rows:
        state = row["state"]
        facts = (
            *(state["category"], state["urgency"], state["place"], state["unit"]),
            *(window(state).replace("\n", ""), state["person"], state["phone"]),
        )
        table.add_row(
            mark(row),
            f"{Path(row['sample']['audio']).name}\n{row['seconds']:.1f} s",
            shortened(state["text"]),
            escape("\n".join(fact for fact in facts if fact and fact != "–")),
            f"{state['tracking_number']}\n{ending(row)}",
        )
    console.print(table)


def show_table(rows: list[dict[str, Any]]) -> None:
    """One row for each voicemail, a column for each fact."""
    names = ("", "file", "heard", "category", "urgency", "where", "when", "who", "ended", "s")
    table = Table(*names, title="What became of each voicemail", show_lines=True)
    for row in rows:
        sample, state = row["sample"], row["state"]
        table.add_row(
            mark(row),
            f"{Path(sample['audio']).name}\n{state['tracking_number']}",
            shortened(state["text"]),
            state["category"] or "–",
            state["urgency"],
            "\n".join(p for p in (state["place"], state["unit"]) if p) or "–",
            window(state),
            "\n".join(p for p in (state["person"], state["phone"]) if p) or "–",
            ending(row),
            f"{row['seconds']:.1f}",
        )
    console.print(table)


def window(state: dict[str, Any]) -> str:
    """The time window in local short form."""
    if not state["when_start"]:
        return "–"
    from datetime import datetime

    zone = load().zone
    start = datetime.fromisoformat(state["when_start"]).astimezone(zone)
    end = datetime.fromisoformat(state["when_end"]).astimezone(zone)
    return f"{start:%m-%d %H:%M}\n–{end:%H:%M}"


def is_demo_home(home: Path) -> bool:
    """Whether a demo made this home, or makes it now. One that people use gets no demo account."""
    return (home / "demo" / "huying.toml").exists() or not (home / "secrets").exists()


async def operator() -> str:
    """A new password for the operator ``demo``, an administrator, who is created if missing."""
    password = passwords.starting_password()
    engine, sessions = connect(database_url(load()), pool_size=2)
    try:
        async with sessions.begin() as session:
            kept = await passwords.hash_beside(password)
            if await session.scalar(select(Operator.id).where(Operator.name == OPERATOR)):
                found = await operators.find(session, OPERATOR)
                await operators.set_password(session, found, kept, starts=False)
                await operators.set_role(session, found, "admin")
            else:
                await operators.add(session, OPERATOR, "admin", kept)
    finally:
        await engine.dispose()
    return password


def where_to_look(settings: Settings, password: str | None) -> None:
    """What to open and what to do next. ``password``: the demo account's, shown only now."""
    url = f"http://127.0.0.1:{settings.port}"
    account = (
        f"name [bold]{OPERATOR}[/], password [bold]{password}[/]  (shown only now)"
        if password
        else "with your own account: this home was not made by a demo, so none was made for you"
    )
    console.print(
        "\n[bold]Open this in a browser[/]\n"
        f"  the residents' page  [bold]{url}/[/]  (speak into it)\n"
        f"  the chat             [bold]{url}/chat[/]\n"
        f"  the operators' desk  [bold]{url}/desk[/]\n"
        f"                       {account}\n\n"
        "[bold]Or in another terminal[/]\n"
        f"  HUYING_PORT={settings.port} HUYING_HOME={settings.home}"
        " .venv/bin/huying voicemail send FILE --wait\n"
        f"  tail -f {settings.home / 'log' / 'huying.log'}\n\n"
        "Ctrl-C ends everything.",
        soft_wrap=True,
    )


def main() -> int:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the table")
    arguments = parser.parse_args()
    try:
        return asyncio.run(demo(once=arguments.once))
    except HuyingError as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
