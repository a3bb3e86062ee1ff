"""Twenty thousand requests: no look at the desk reads a large table from end to end."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, text

from intake.cli.invent import invent as invent_command
from intake.cli.invent import inventor
from intake.cli.sample_data import insert
from intake.errors import InputError
from intake.service_requests.worklist import Group
from tests.support.desk import at_the_desk
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
COUNT = 20_000
LARGE = {
    "service_requests", "request_words", "transcripts", "understandings", "recordings", "events",
    "messages", "deliveries",
}  # fmt: skip
Asked = list[tuple[str, Any]]


def invent(house: Installation, count: int) -> None:
    url = house.settings.database_url
    assert url is not None
    with psycopg.connect(url, autocommit=True) as connection:
        insert.seed(connection, inventor(connection), count, backend="station")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


async def plans(house: Installation, asked: Asked) -> list[tuple[str, dict[str, Any]]]:
    """(statement, node) of all that was read, as it was really run."""
    found = []
    async with house.parts.engine.connect() as connection:
        await connection.execute(text("SET plan_cache_mode = force_custom_plan"))
        for statement, values in asked:
            if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                explain = "EXPLAIN (ANALYZE, FORMAT JSON) " + statement
                plan = (await connection.exec_driver_sql(explain, values)).scalar()
                plan = json.loads(plan) if isinstance(plan, str) else plan
                found += [(statement, node) for node in nodes(plan[0]["Plan"])]
    return found


async def test_no_look_at_the_desk_reads_a_whole_table(house: Installation) -> None:
    invent(house, COUNT)
    async with house.parts.sessions() as session:
        totals = {
            table: await session.scalar(text(f"SELECT count(*) FROM {table}")) for table in LARGE
        }
        rows = (
            await session.execute(
                text(
                    "SELECT r.tracking_number, r.phone, r.person, r.place, r.area, r.category"
                    " FROM service_requests AS r WHERE area IS NOT NULL"
                    " ORDER BY id % 997, id LIMIT 4"
                )
            )
        ).all()
        waiting = await session.scalar(
            text("SELECT tracking_number FROM service_requests WHERE status = 'needs_review'")
        )
    assert totals["service_requests"] == COUNT and totals["messages"] and totals["events"]
    desk = await at_the_desk(house)
    asked: Asked = []
    looks: list[tuple[str, dict[str, str]]] = [
        *(("/desk", {"tab": group.value}) for group in Group),
        ("/desk", {"q": "漏水"}),
        ("/desk", {"q": "我家"}),
        ("/desk", {"q": "没有的话"}),
        ("/desk", {"q": "wifi", "tab": "waiting"}),
        ("/desk", {"tab": "all", "field": "care"}),
        ("/desk", {"tab": "all", "urgency": "emergency"}),
        ("/desk", {"tab": "ended", "group": "孤儿", "channel": "email"}),
        ("/api/requests", {"status": "needs_review", "text": "漏水"}),
        (f"/api/requests/{waiting}", {}),
        (f"/desk/requests/{waiting}", {}),
    ]
    for number, phone, person, place, area, category in rows:
        looks += [
            ("/desk", {"q": number}),
            ("/desk", {"q": phone[-4:]}),
            ("/desk", {"q": person}),
            ("/desk", {"q": f"{place} {person}"}),
            ("/desk", {"tab": "all", "area": area, "category": category}),
            (f"/desk/requests/{number}", {}),
        ]

    @event.listens_for(house.parts.engine.sync_engine, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, values: Any, _x: Any, _many: bool) -> None:
        asked.append((statement, values))

    whole: list[Any] = []
    for path, query in looks:
        asked.clear()
        answer = await desk.get(path, params=query)
        assert answer.status_code == 200, (path, query, answer.text[:300])
        for statement, node in await plans(house, list(asked)):
            table = node.get("Relation Name")
            if table not in LARGE:
                continue
            visited = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node[
                "Actual Loops"
            ]
            # A walk in the order of an index stops at fifty lines; with rare filters it goes far.
            if node["Node Type"] == "Seq Scan" or visited > totals[table] * 0.9:
                whole.append((path, query, table, node["Node Type"], visited, statement[:300]))
    assert whole == []


async def test_invented_requests_hang_together(house: Installation) -> None:
    """What was written past the triggers is what they would have written, and can be read."""
    invent(house, 1000)
    desk = await at_the_desk(house)
    async with house.parts.sessions() as session:
        wrong = await session.scalar(
            text(
                "SELECT count(*) FROM huying_words_of(ARRAY("
                "  SELECT id FROM service_requests WHERE id % 20 = 0)) AS now"
                " LEFT JOIN request_words AS kept USING (service_request_id)"
                " WHERE kept.terms IS DISTINCT FROM now.terms"
            )
        )
        assert wrong == 0
        ends = await session.scalar(
            text(
                "SELECT count(*) FROM service_requests AS r WHERE r.status IS DISTINCT FROM ("
                " SELECT e.to_status FROM events AS e WHERE e.service_request_id = r.id"
                " ORDER BY e.id DESC LIMIT 1)"
            )
        )
        assert ends == 0
        known = (await session.execute(text("SELECT tracking_number FROM service_requests"))).all()
        enabled = await session.scalar(
            text("SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D' AND NOT tgisinternal")
        )
        assert enabled == 0
    for (number,) in random.Random(3).sample(known, 10):
        read = await desk.get(f"/api/requests/{number}")
        assert read.status_code == 200, read.text
        assert (read.json()["given"], read.json()["invented"]) == ({}, True)


async def test_nothing_is_invented_beside_real_requests_unless_asked_for(
    house: Installation,
) -> None:
    url = house.settings.database_url
    assert url is not None
    await house.leave("一位真正的住户")
    with pytest.raises(InputError, match="real people"):
        await asyncio.to_thread(invent_command, url, 5, 30, even_so=False)
    await asyncio.to_thread(invent_command, url, 5, 30, even_so=True)
    async with house.parts.sessions() as session:
        assert await session.scalar(text("SELECT count(*) FROM service_requests")) == 6
