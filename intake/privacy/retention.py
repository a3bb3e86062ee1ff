"""Deletes data that is no longer needed: each kind has its time (``[retention]`` in the settings).

Rows are deleted in small transactions, so that others never wait long for a lock. An open request
is never deleted, nor what belongs to it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.errors import MoveNotAllowed
from intake.lifecycle import Actor
from intake.privacy import dead_letters, external_data, plausibility
from intake.privacy.erase_conversation import forget_contact_point
from intake.privacy.erase_request import erase
from intake.service_requests import Author
from intake.settings import Settings
from intake.storage.db import Sessions
from intake.understanding.fields import COLUMNS

log = logging.getLogger("huying.keeping")
AT_ONCE = 200  # rows of one transaction
ORPHAN_AFTER = timedelta(days=1)
DAY_FOLDER = re.compile(r"\d{4}/\d\d/\d\d", re.ASCII)
BY = Author(Actor.TIMER, "retention")

Act = Callable[[AsyncSession, Settings, list[Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of data. ``setting``: its key in ``[retention]``, in days. ``table``: where it is.
    ``find``: SQL that gives the ``id`` of rows that ended before ``:before``, the oldest first.
    ``act``: deletes or empties the rows found."""

    name: str
    setting: str
    table: str
    find: str
    act: Act

    def found(self, *, only_count: bool = False) -> TextClause:
        if only_count:
            return text(f"SELECT count(*) FROM ({self.find}) AS found")  # noqa: S608
        return text(f"{self.find} LIMIT {AT_ONCE}")


_OPEN = """
    SELECT 1 FROM service_requests AS open
    WHERE (open.ended_at IS NULL OR open.ended_at >= :before)
"""
_NEEDED_SOUND = f"""
    EXISTS ({_OPEN} AND open.recording_id = recording.id)
    OR EXISTS (
        {_OPEN} AND open.id IN (
            SELECT message.service_request_id FROM attachments AS attached
            JOIN messages AS message ON message.id = attached.message_id
            WHERE attached.recording_id = recording.id
        )
    )
"""  # noqa: S608 (our own words only)


async def _sound(session: AsyncSession, settings: Settings, ids: list[Any]) -> None:
    gone = text(
        "UPDATE recordings SET forgotten_at = now() WHERE id = ANY(:ids) RETURNING blob_key"
    )
    keys = list(await session.scalars(gone, {"ids": ids}))
    await asyncio.to_thread(external_data.unlink_blobs, settings.recordings_dir, keys)


_WORDS = ", ".join(f"{column.name} = NULL" for column in COLUMNS if column.words)


async def _words(session: AsyncSession, settings: Settings, ids: list[Any]) -> None:
    for statement in (
        "DELETE FROM understandings WHERE service_request_id = ANY(:ids)",
        "UPDATE events SET why = NULL, changes = NULL WHERE service_request_id = ANY(:ids)",
        f"UPDATE service_requests SET {_WORDS}, given = '{{}}', reasons = '[]',"  # noqa: S608
        " rejected_because = NULL, for_other = false,"
        " transcript_id = NULL, understanding_id = NULL WHERE id = ANY(:ids)",
    ):
        await session.execute(text(statement), {"ids": ids})


async def _transcripts(session: AsyncSession, settings: Settings, ids: list[Any]) -> None:
    await session.execute(text("DELETE FROM transcripts WHERE id = ANY(:ids)"), {"ids": ids})


async def _messages(session: AsyncSession, settings: Settings, ids: list[Any]) -> None:
    shown = text(
        "SELECT blob_key FROM attachments WHERE message_id = ANY(:ids) AND blob_key IS NOT NULL"
    )
    keys = list(await session.scalars(shown, {"ids": ids}))
    gone = text("DELETE FROM messages WHERE id = ANY(:ids) RETURNING service_request_id")
    about = {found for found in await session.scalars(gone, {"ids": ids}) if found is not None}
    # Remove the deleted words from the requests' search index; since migration 0013 a trigger on
    # `messages` does so too.
    await session.execute(text("SELECT huying_note_words(:ids)"), {"ids": sorted(about)})
    await asyncio.to_thread(external_data.unlink_blobs, settings.recordings_dir, keys)


async def _conversations(session: AsyncSession, settings: Settings, ids: list[Any]) -> None:
    gone = text("DELETE FROM conversations WHERE id = ANY(:ids) RETURNING contact_point_id")
    for contact_point_id in list(await session.scalars(gone, {"ids": ids})):
        await forget_contact_point(session, contact_point_id)


async def _requests(session: AsyncSession, settings: Settings, ids: list[Any]) -> None:
    for service_request_id in ids:
        try:
            await erase(session, service_request_id, BY, why="retention")
        except MoveNotAllowed as error:  # its alarm is open, or it is being handed over
            log.warning("request %s is not erased: %s", service_request_id, error.code)


def _delete(table: str, key: str = "id") -> Act:
    async def act(session: AsyncSession, settings: Settings, ids: list[Any]) -> None:
        await session.execute(text(f"DELETE FROM {table} WHERE {key} = ANY(:ids)"), {"ids": ids})  # noqa: S608

    return act


KINDS = (
    Kind(
        "requests",
        "requests_days",
        "service_requests",
        "SELECT id FROM service_requests AS request"
        " WHERE ended_at < :before AND erased_at IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM alarms WHERE service_request_id = request.id AND status = 'open')"
        " ORDER BY ended_at",
        _requests,
    ),
    Kind(
        "recordings",
        "recordings_days",
        "recordings",
        "SELECT id FROM recordings AS recording WHERE forgotten_at IS NULL"  # noqa: S608
        f" AND created_at < :before AND NOT ({_NEEDED_SOUND}) ORDER BY id",
        _sound,
    ),
    Kind(
        "words of requests",
        "words_days",
        "service_requests",
        "SELECT id FROM service_requests WHERE ended_at < :before AND erased_at IS NULL"
        " AND (text IS NOT NULL OR transcript_id IS NOT NULL OR understanding_id IS NOT NULL)"
        " ORDER BY ended_at",
        _words,
    ),
    Kind(
        "other transcripts",
        "words_days",
        "transcripts",
        "SELECT transcript.id FROM transcripts AS transcript"  # noqa: S608
        " JOIN recordings AS recording ON recording.id = transcript.recording_id"
        f" WHERE transcript.created_at < :before AND NOT ({_NEEDED_SOUND}) ORDER BY transcript.id",
        _transcripts,
    ),
    Kind(
        "messages",
        "messages_days",
        "messages",
        "SELECT id FROM messages AS message WHERE created_at < :before"  # noqa: S608
        f" AND NOT EXISTS ({_OPEN} AND open.id = message.service_request_id) ORDER BY id",
        _messages,
    ),
    Kind(
        "conversations",
        "messages_days",
        "conversations",
        "SELECT id FROM conversations AS conversation"  # noqa: S608
        " WHERE coalesce(last_in_at, created_at) < :before"
        " AND NOT EXISTS (SELECT 1 FROM messages WHERE conversation_id = conversation.id)"
        f" AND NOT EXISTS ({_OPEN} AND open.conversation_id = conversation.id) ORDER BY id",
        _conversations,
    ),
    Kind(
        "access log",
        "access_log_days",
        "access_log",
        "SELECT id FROM access_log WHERE created_at < :before ORDER BY id",
        _delete("access_log"),
    ),
    Kind(
        "senders' keys",
        "keys_days",
        "idempotency_keys",
        "SELECT key_sha256 AS id FROM idempotency_keys WHERE created_at < :before",
        _delete("idempotency_keys", "key_sha256"),
    ),
    Kind(
        "failed jobs",
        "jobs_days",
        "procrastinate_jobs",
        "SELECT job.id FROM procrastinate_jobs AS job"
        " WHERE job.status NOT IN ('todo', 'doing') AND NOT EXISTS"
        " (SELECT 1 FROM procrastinate_events WHERE job_id = job.id AND at >= :before)"
        " ORDER BY job.id",
        _delete("procrastinate_jobs"),
    ),
)


async def due(settings: Settings, sessions: Sessions) -> Mapping[str, int]:
    """How many of each kind would be deleted now; changes nothing."""
    found: dict[str, int] = {}
    for kind, before in _in_force(settings, datetime.now(UTC)):
        async with sessions() as session:
            count = await session.scalar(kind.found(only_count=True), {"before": before})
        found[kind.name] = int(count or 0)
    found["orphaned files"] = len(await _orphans(settings, sessions))
    found["messages set aside"] = len(await asyncio.to_thread(dead_letters.due, settings))
    found["log files"] = len(_old_logs(settings))
    return found


async def doubts(settings: Settings, sessions: Sessions) -> Doubts:
    """Why a person is asked before anything, or some kinds, are deleted; changes nothing."""
    async with sessions() as session:
        clock = await plausibility.read_clock(session)
        amounts: dict[str, tuple[int, int]] = {}
        for kind, before in _in_force(settings, clock.now):
            count = await session.scalar(kind.found(only_count=True), {"before": before})
            of = await session.scalar(text(f"SELECT count(*) FROM {kind.table}"))  # noqa: S608
            amounts[kind.name] = (int(count or 0), int(of or 0))
    return Doubts(clock, tuple(plausibility.unusual(amounts)))


@dataclass(frozen=True, slots=True)
class Doubts:
    """``clock``: as it was read. ``unusual``: the kinds of which an unusual share is due."""

    clock: plausibility.Clock
    unusual: tuple[str, ...]

    def sentences(self) -> list[str]:
        """What an administrator has to look at; [] where nothing is doubtful."""
        found = [f"The clock is not believed: {self.clock.doubt}."] if self.clock.doubt else []
        if self.unusual:
            kinds = ", ".join(self.unusual)
            found.append(f"More than half of these would be deleted at once: {kinds}.")
        return found


async def forget(
    settings: Settings, sessions: Sessions, *, thorough: bool = False, agreed: bool = False
) -> Mapping[str, int]:
    """Delete what is due; returns how many of each kind.

    ``thorough``: check all files for orphans, not only those of the last nine days. Without
    ``agreed`` (a person has looked) a clock that can't be right deletes nothing, and kinds of which
    an unusual share is due stay.
    """
    found: dict[str, int] = {}
    held: tuple[str, ...] = ()
    if not agreed:
        doubtful = await doubts(settings, sessions)
        for sentence in doubtful.sentences():
            log.error("retention waits: %s See `huying forget --dry-run`", sentence)
        if doubtful.clock.doubt:
            return {}
        held = doubtful.unusual
    for kind, before in _in_force(settings, datetime.now(UTC)):
        if kind.name in held:
            continue
        count, last = 0, [None]
        while True:
            async with sessions.begin() as session:
                ids = list(await session.scalars(kind.found(), {"before": before}))
                if not ids or ids == last:  # rows that can't be deleted are tried again next time
                    break
                await kind.act(session, settings, ids)
            count, last = count + len(ids), ids
        found[kind.name] = count
    keys = await _orphans(settings, sessions, days=None if thorough else 9)
    found["orphaned files"] = await asyncio.to_thread(
        external_data.unlink_blobs, settings.recordings_dir, keys
    )
    found["messages set aside"] = await asyncio.to_thread(dead_letters.forget, settings)
    logs = _old_logs(settings)
    for path in logs:
        path.unlink(missing_ok=True)
    found["log files"] = len(logs)
    if any(found.values()):
        log.info("deleted: %s", ", ".join(f"{n} {name}" for name, n in found.items() if n))
    return found


def _in_force(settings: Settings, now: datetime) -> Iterator[tuple[Kind, datetime]]:
    for kind in KINDS:
        days: float = getattr(settings.retention, kind.setting)
        if days > 0:
            yield kind, now - timedelta(days=days)


async def _orphans(settings: Settings, sessions: Sessions, *, days: int | None = None) -> list[str]:
    """Keys of files older than a day that no row refers to: the process that received them crashed
    before it acknowledged them, or an erase did not get to them. ``days``: check only files of the
    last so many days."""
    files = await asyncio.to_thread(_files, settings.recordings_dir, days)
    found: list[str] = []
    for start in range(0, len(files), 1000):
        keys = files[start : start + 1000]
        async with sessions() as session:
            known = set(await session.scalars(_NAMED, {"keys": keys}))
        found += [key for key in keys if key not in known]
    return found


_NAMED = text(
    "SELECT blob_key FROM recordings WHERE blob_key = ANY(:keys)"
    " UNION SELECT blob_key FROM attachments WHERE blob_key = ANY(:keys)"
)


def _files(root: Path, days: int | None) -> list[str]:
    found, now = [], time.time()
    earliest = "" if days is None else f"{datetime.now(UTC) - timedelta(days=days):%Y/%m/%d}"
    for folder in sorted(root.glob("[0-9]*/[0-9]*/[0-9]*")):
        name = folder.relative_to(root).as_posix()
        if not DAY_FOLDER.fullmatch(name) or name < earliest:
            continue
        for path in folder.iterdir():
            if path.is_file() and path.stat().st_mtime < now - ORPHAN_AFTER.total_seconds():
                found.append(f"{name}/{path.name}")
    return found


def _old_logs(settings: Settings) -> list[Path]:
    """Rotated log files whose time is over; the one that is being written stays."""
    days, folder = settings.retention.log_days, settings.home / "log"
    if days <= 0 or not folder.is_dir():
        return []
    before = time.time() - timedelta(days=days).total_seconds()
    return [path for path in folder.glob("*.log.*") if path.stat().st_mtime < before]
