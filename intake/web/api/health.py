"""``/healthz``: which parts are up, which are down, and what the administrator should look at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from intake.accounts import operators
from intake.errors import HuyingError
from intake.processes.supervisor import read_state
from intake.runtime import Parts
from intake.storage.models import Alarm
from intake.web.auth import CurrentParts, signed_in_of

router = APIRouter()
WORKERS = text(
    "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '20 s'"
)
WAITING_AT_MOST = 100
ANSWER_SECONDS = 0.7
WAITING = text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")


@router.get("/healthz", tags=["running it"])
async def healthz(request: Request, parts: CurrentParts) -> JSONResponse:
    """200 while voicemails can be taken; 503 while they can't; within a second, whatever hangs.

    ``status`` for everybody. For this machine itself, and with the token of an administrator,
    ``parts``: each with ``ok`` and details; ``spool``: for each channel how many messages wait for
    the database and how many the database refused; ``warnings``: sentences for the administrator.
    The answer holds no personal data.
    """
    warnings: list[str] = []
    database, assistant, disk, spools, uploads = await asyncio.gather(
        _in_time(_database(parts, warnings)),
        _in_time(_assistant(parts)),
        _in_time(_beside(request, "disk", lambda: {"free_bytes": parts.blobs.free_bytes()})),
        _in_time(_beside(request, "spool", lambda: _told_spools(parts))),
        _in_time(_beside(request, "uploads", lambda: _uploads(parts))),
    )
    warnings += spools.get("warnings", [])
    spools = {name: value for name, value in spools.items() if name != "warnings"}
    limits = parts.settings.limits
    if (free := disk.get("free_bytes")) is not None:
        disk = {"ok": free >= limits.min_free_bytes, **disk}
        if free < limits.warn_free_bytes:
            warnings.append(f"Only {free / 2**30:.1f} GB free for recordings; make room.")
    found: dict[str, dict[str, Any]] = {
        "database": database,
        "disk": disk,
        "assistant": assistant,
    }
    found |= {
        name: {"ok": True, **part}
        for name, part in (("spool", spools), ("uploads", uploads))
        if part
    }
    if "workers" in database:
        found["worker"] = {"ok": database["workers"] > 0, "count": database["workers"]}
    for state in read_state(parts.settings.home):
        entry = found.setdefault(state.name, {"ok": True})
        entry["state"], entry["restarts"] = state.state, state.restarts
        entry["ok"] = bool(entry["ok"]) and state.state in ("running", "done")
    for name, part in found.items():
        if not part["ok"]:
            warnings.append(f"{name} is down.")
    takes = database["ok"] and disk["ok"]
    status = "ok" if not warnings else "degraded" if takes else "down"
    body: dict[str, Any] = {"status": status}
    if _is_own(request) or (database["ok"] and await _is_admin(request, parts)):
        body |= {"parts": found, "warnings": warnings}
    return JSONResponse(body, 200 if takes else 503, headers={"Cache-Control": "no-store"})


async def _in_time(part: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    try:
        return await asyncio.wait_for(part, ANSWER_SECONDS)
    except TimeoutError:
        return {"ok": False, "error": "TimeoutError"}


async def _beside(
    request: Request, name: str, look: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """What ``look`` returns, in a thread. While one hangs (a disk of the network that is away), its
    thread is waited for instead of another."""
    running: dict[str, asyncio.Future[dict[str, Any]]] = request.app.state.looking
    if name not in running or running[name].done():
        running[name] = asyncio.ensure_future(asyncio.to_thread(look))
    return await asyncio.shield(running[name])


def _is_own(request: Request) -> bool:
    """Does a process of this machine ask, and not a proxy on it for somebody else?"""
    passed_on = {"forwarded", "x-forwarded-for", "via"} & set(request.headers.keys())
    try:
        address = ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    return address.is_loopback and not passed_on


async def _is_admin(request: Request, parts: Parts) -> bool:
    if "authorization" not in request.headers:
        return False
    try:
        async with asyncio.timeout(ANSWER_SECONDS / 4):
            who = await signed_in_of(request, parts, request.headers["authorization"])
    except (HuyingError, SQLAlchemyError, OSError):  # TimeoutError is an OSError
        return False
    return operators.may(who.operator, "admin")


async def _database(parts: Parts, warnings: list[str]) -> dict[str, Any]:
    try:
        async with parts.sessions() as session:
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


def _uploads(parts: Parts) -> dict[str, Any]:
    """How many uploads are unfinished; empty without the resident's page."""
    page = parts.channels.get("page")
    if page is None or not hasattr(page, "unfinished"):
        return {}
    return {"unfinished": page.unfinished()}


def _told_spools(parts: Parts) -> dict[str, Any]:
    warnings: list[str] = []
    found = _spools(parts, warnings)
    return {**found, "warnings": warnings} if found else {}


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
