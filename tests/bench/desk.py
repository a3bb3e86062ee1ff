"""The desk with 100,000 requests: the queue, its filters, the search, opening a request.

Over real HTTP on loopback, one request at a time, each kind with words and numbers that occur.
HUYING_BENCH_DATABASE_URL names a database that is seeded already.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg
from sqlalchemy import select

from intake.accounts import operators
from intake.cli.invent import inventor
from intake.cli.sample_data import insert
from intake.processes import postgres
from intake.service_requests.worklist import Group
from intake.settings import load
from intake.storage import migrations
from intake.storage.db import connect
from intake.storage.models import Operator
from intake.web.cookies import COOKIE
from tests.bench.accepting import serving
from tests.bench.figures import percentile

REQUESTS = 100_000
EACH = 40
GOAL_SECONDS = 0.3
WORDS = ("漏水", "轮椅", "理发", "医院", "冰箱", "楼道", "我家", "师傅", "轮胎", "药片")


def measure(requests: int = REQUESTS, port: int = 8396) -> dict[str, dict[str, float]]:
    """Kind of look → p50 and p95 in seconds, and how many were measured."""
    with tempfile.TemporaryDirectory(prefix="huying-bench-") as name, _seeded(name, requests) as at:
        cookie = asyncio.run(_sign_in(at))
        env = {"HUYING_HOME": name, "HUYING_PORT": str(port), "HUYING_DATABASE_URL": at}
        huying = str(Path(sys.executable).parent / "huying")
        with serving([huying, "serve"], env, port):
            return _look(at, port, cookie)


@contextlib.contextmanager
def _seeded(home: str, requests: int) -> Iterator[str]:
    """The URL of a database with so many invented requests."""
    if given := os.environ.get("HUYING_BENCH_DATABASE_URL"):
        migrations.migrate(given)
        yield given
        return
    with postgres.running(load(env={"HUYING_HOME": home}), keep=False) as url:
        migrations.migrate(url)
        with psycopg.connect(url, autocommit=True) as connection:
            insert.seed(connection, inventor(connection), requests, backend="station")
        yield url


async def _sign_in(url: str) -> str:
    engine, sessions = connect(url, pool_size=1)
    async with sessions.begin() as session:
        operator = await session.scalar(select(Operator).where(Operator.name == "bench"))
        if operator is None:
            operator = Operator(name="bench", role="operator")
            session.add(operator)
            await session.flush()
        signed_in = await operators.open_session(session, operator, timedelta(hours=2))
    await engine.dispose()
    return signed_in.token


def _look(url: str, port: int, cookie: str) -> dict[str, dict[str, float]]:
    with psycopg.connect(url) as connection:
        some = connection.execute(
            "SELECT r.person, h.name, r.phone, r.tracking_number, r.area, r.place, h.id"
            " FROM service_requests AS r JOIN households AS h ON h.id = r.household_id"
            " WHERE r.area IS NOT NULL ORDER BY random() LIMIT %s",
            [EACH],
        ).fetchall()
        categories = [
            row[0] for row in connection.execute("SELECT DISTINCT category FROM service_requests")
        ]
        groups = [
            row[0]
            for row in connection.execute(
                "SELECT DISTINCT resident_group FROM households WHERE resident_group IS NOT NULL"
            )
        ]
    chance = random.Random(1)
    tabs = list(Group)
    kinds: dict[str, list[tuple[str, dict[str, str]]]] = {
        "the queue": [("/desk", {})] * EACH,
        "its other tabs": [("/desk", {"tab": tabs[n % len(tabs)].value}) for n in range(EACH)],
        "one filter": [
            ("/desk", {"tab": "all", **chance.choice((
                {"area": row[4]}, {"field": "care"}, {"channel": "email"},
                {"group": chance.choice(groups)},
            ))})
            for row in some
        ],
        "three filters": [
            ("/desk", {"tab": "all", "area": row[4], "group": chance.choice(groups),
                       "category": chance.choice(categories)})
            for row in some
        ],
        "two characters": [("/desk", {"q": WORDS[n % len(WORDS)]}) for n in range(EACH)],
        "a name": [("/desk", {"q": row[n % 2]}) for n, row in enumerate(some)],
        "a place": [("/desk", {"q": row[5]}) for row in some],
        "a phone's end": [("/desk", {"q": row[2][-5:]}) for row in some],
        "a number": [("/desk", {"q": row[3]}) for row in some],
        "opening one": [(f"/desk/requests/{row[3]}", {}) for row in some],
        "one as JSON": [(f"/api/requests/{row[3]}", {}) for row in some],
        "confirmed, the next": [("/desk/next", {"after": row[3]}) for row in some],
        "a home's": [(f"/desk/households/{row[6]}", {}) for row in some],
        "call-backs": [("/desk/tasks", {})] * EACH,
        "station": [("/desk/station", {})] * EACH,
        "demand": [("/desk/demand", {"by": ("area", "field", "resident_group")[n % 3]})
                   for n in range(EACH)],
    }  # fmt: skip
    found: dict[str, dict[str, float]] = {}
    address = f"http://127.0.0.1:{port}"
    with httpx.Client(
        base_url=address,
        cookies={COOKIE: cookie},
        trust_env=False,
        timeout=60,
        follow_redirects=True,
    ) as client:
        for name, looks in kinds.items():
            client.get(*looks[0][:1], params=looks[0][1]).raise_for_status()
            seconds = []
            for path, query in looks:
                began = time.perf_counter()
                client.get(path, params=query).raise_for_status()
                seconds.append(time.perf_counter() - began)
            found[name] = {
                "p50": percentile(seconds, 0.5),
                "p95": percentile(seconds, 0.95),
                "looks": len(seconds),
            }
    return found
