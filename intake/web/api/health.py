"""``/healthz``: which parts are up, which are down, and what the administrator should look at."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import func, select, text

from intake.processes.supervisor import read_state
from intake.runtime import Parts
from intake.storage.models import Alarm
from intake.web.auth import CurrentParts

router = APIRouter()
WORKERS = text(
    "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '20 s'"
)
WAITING_AT_MOST = 100
WAITING = text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")


@router.get("/healthz", tags=["running it"])
async def healthz(parts: CurrentParts) -> JSONResponse:
    """200 while voicemails can be taken; 503 while they can't.

    ``parts``: each with ``ok`` and details. ``spool``: for each channel how many messages wait for
    the database and how many the database refused. ``warnings``: sentences for the administrator.
    The answer holds no personal data.
    """
    warnings: list[str] = []
    database, assistant = await asyncio.gather(_database(parts, warnings), _assistant(parts))
    free = parts.blobs.free_bytes()
    limits = parts.settings.limits
    room = free >= limits.min_free_bytes
    if free < limits.warn_free_bytes:
        warnings.append(f"Only {free / 2**30:.1f} GB free for recordings; make room.")
    found: dict[str, dict[str, Any]] = {
        "database": database,
        "disk": {"ok": room, "free_bytes": free},
        "assistant": assistant,
    }
    if spools := await asyncio.to_thread(_spools, parts, warnings):
        found["spool"] = {"ok": True, **spools}
    if (page := parts.channels.get("page")) is not None and hasattr(page, "unfinished"):
        found["uploads"] = {"ok": True, "unfinished": await asyncio.to_thread(page.unfinished)}
    if "workers" in database:
        found["worker"] = {"ok": database["workers"] > 0, "count": database["workers"]}
    for state in read_state(parts.settings.home):
        entry = found.setdefault(state.name, {"ok": True})
        entry["state"], entry["restarts"] = state.state, state.restarts
        entry["ok"] = bool(entry["ok"]) and state.state in ("running", "done")
    for name, part in found.items():
        if not part["ok"]:
            warnings.append(f"{name} is down.")
    takes = database["ok"] and room
    status = "ok" if not warnings else "degraded" if takes else "down"
    body = {"status": status, "parts": found, "warnings": warnings}
    return JSONResponse(body, 200 if takes else 503, headers={"Cache-Control": "no-store"})


async def _database(parts: Parts, warnings: list[str]) -> dict[str, Any]:
    try:
        async with asyncio.timeout(3), parts.sessions() as session:
            workers = await session.scalar(WORKERS)
            waiting = await session.scalar(WAITING)
            alarms = await session.scalar(
                select(func.count()).select_from(Alarm).where(Alarm.status != "acknowledged")
            )
    except Exception as error:  # any error means that the database does not answer
        return {"ok": False, "error": type(error).__name__}
    if alarms:
        warnings.append(f"{alarms} emergency alarm(s) that nobody has taken yet.")
    return {"ok": True, "workers": workers, "jobs_waiting": waiting, "open_alarms": alarms}


def _spools(parts: Parts, warnings: list[str]) -> dict[str, Any]:
    """What channels keep on disk until the database has it; empty where no channel has a spool."""
    spools = {
        name: spool
        for name, channel in parts.channels.items()
        if (spool := getattr(channel, "spool", None)) is not None
    }
    found = {}
    for name, spool in spools.items():
        waiting, aside = len(spool.waiting()), spool.set_aside()
        found[name] = {"waiting": waiting, "set_aside": aside}
        if waiting > WAITING_AT_MOST:
            warnings.append(f"{waiting} messages of {name} wait in its spool for the database.")
        if aside:
            warnings.append(
                f"{aside} message(s) of {name} could not be taken; they lie in {spool.aside}."
            )
    return found


async def _assistant(parts: Parts) -> dict[str, Any]:
    if parts.assistant is None:
        return {"ok": True, "word": "not asked"}
    return {"ok": await parts.assistant.alive()}
