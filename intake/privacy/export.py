"""Exports all data about one household: a ZIP with a page to read, the data and the recordings.

``index.html`` shows it in plain words, ``household.json`` holds every row. Members of staff appear
without their names, which are their own personal data; secret links are left out.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.accounts import households
from intake.errors import NotFound
from intake.lifecycle import Actor
from intake.locale import DEFAULT, languages, say
from intake.locale.visible_text import finalize
from intake.storage.models import (
    AccessLog,
    Alarm,
    Attachment,
    Base,
    ContactPoint,
    Conversation,
    Delivery,
    Event,
    Message,
    OperatorTask,
    Recording,
    ServiceRequest,
    StationOrder,
    Transcript,
    Understanding,
)
from intake.understanding.fields import READ

SECRETS = frozenset(
    ("status_key", "status_key_hash", "blob_key", "sha256", "token", "link_version")
)
STAFF = frozenset(("acknowledged_by", "done_by", "erased_by", "accepted_by", "erasing"))
PICTURES = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp"}
Row = dict[str, Any]
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    trim_blocks=True,
    finalize=finalize,
)


async def gather(session: AsyncSession, household_id: int) -> Row:
    """Every row about a household, as plain values. Raises `NotFound`.

    ``files`` in the result: name in the archive → key of the file.
    """
    household = await households.lock(session, household_id)
    requests = list(
        await session.scalars(
            select(ServiceRequest)
            .where(ServiceRequest.household_id == household.id)
            .order_by(ServiceRequest.received_at, ServiceRequest.id)
        )
    )
    files: dict[str, str] = {}
    told = [await _request(session, request, files) for request in requests]
    talks = {request.conversation_id for request in requests} - {None}
    points = {request.contact_point_id for request in requests} - {None}
    return {
        "made_at": datetime.now(UTC),
        "household": _row(household),
        "requests": told,
        "conversations": [
            await _conversation(session, found, files)
            for found in await session.scalars(
                select(Conversation).where(Conversation.id.in_(talks)).order_by(Conversation.id)
            )
        ],
        "contact_points": [
            _row(point)
            for point in await session.scalars(
                select(ContactPoint).where(ContactPoint.id.in_(points)).order_by(ContactPoint.id)
            )
        ],
        "looked_at": [
            {"action": action, "at": at}
            for action, at in await session.execute(
                select(AccessLog.action, AccessLog.created_at)
                .where(
                    AccessLog.service_request_id.in_([request.id for request in requests])
                    | AccessLog.action.startswith(f"household {household.id}:", autoescape=True)
                )
                .order_by(AccessLog.id)
            )
        ],
        "files": files,
    }


async def _request(session: AsyncSession, request: ServiceRequest, files: dict[str, str]) -> Row:
    """One request with all rows that belong to it; adds its files to ``files`` (name in the
    archive → key)."""
    told = _row(request)
    told["decided_by"] = request.decided_by if request.decided_by in (None, "rule") else "staff"
    related: dict[str, Any] = {
        "events": Event,
        "understandings": Understanding,
        "deliveries": Delivery,
        "orders": StationOrder,
        "alarms": Alarm,
        "tasks": OperatorTask,
    }
    for name, table in related.items():
        told[name] = await _rows(session, table, table.service_request_id == request.id)
    for event in told["events"]:
        if event["actor"] == Actor.OPERATOR.value:
            event["who"] = "staff"
    told["transcripts"] = await _rows(
        session, Transcript, Transcript.recording_id == request.recording_id
    )
    recording = await session.get(Recording, request.recording_id or 0)
    if recording is not None and recording.forgotten_at is None:
        told["sound"] = f"recordings/{request.tracking_number}.{recording.suffix}"
        files[told["sound"]] = recording.blob_key
    loose = Message.conversation_id.is_(None) & (Message.service_request_id == request.id)
    told["messages"] = await _messages(session, loose, files)
    return told


async def _conversation(
    session: AsyncSession, conversation: Conversation, files: dict[str, str]
) -> Row:
    whole = Message.conversation_id == conversation.id
    return {**_row(conversation), "messages": await _messages(session, whole, files)}


async def _messages(session: AsyncSession, which: Any, files: dict[str, str]) -> list[Row]:
    told = []
    for message in await session.scalars(select(Message).where(which).order_by(Message.id)):
        row = _row(message)
        row["who"] = message.who and "staff"
        row["files"] = []
        for attachment in await session.scalars(
            select(Attachment).where(Attachment.message_id == message.id).order_by(Attachment.id)
        ):
            recording = await session.get(Recording, attachment.recording_id or 0)
            key = recording.blob_key if recording is not None else attachment.blob_key
            if key is None or (recording is not None and recording.forgotten_at is not None):
                continue
            ending = recording.suffix if recording else PICTURES.get(attachment.media_type, "bin")
            name = f"messages/{message.id}-{attachment.id}.{ending}"
            files[name] = key
            row["files"].append(name)
        told.append(row)
    return told


async def _rows(session: AsyncSession, table: Any, which: Any) -> list[Row]:
    found = await session.scalars(select(table).where(which).order_by(table.id))
    return [_row(row) for row in found]


def _row(row: Base) -> Row:
    return {
        column.key: ("staff" if value and column.key in STAFF else value)
        for column in row.__table__.columns
        if column.key not in SECRETS
        for value in [getattr(row, column.key)]
    }


def write(
    path: Path,
    told: Mapping[str, Any],
    recordings: Path,
    *,
    zone: ZoneInfo,
    category: Callable[[str, str], str],
) -> None:
    """Write the archive to ``path``, readable by its owner only.

    ``told``: from `gather`. ``recordings``: the folder of the files. ``zone``: the residents'.
    ``category(code, language)``: a category's name. A recording without its file is left out.
    Raises `NotFound` if the folder of ``path`` does not exist.
    """
    if not path.parent.is_dir():
        raise NotFound(f"There is no folder {path.parent}.")
    language = told["household"]["language"]
    language = language if language in languages() else DEFAULT
    path.touch(mode=0o600)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        there = dict(_put(archive, told["files"], recordings))
        page = _templates.get_template("household.html").render(
            told=told,
            there=there,
            language=language,
            fields=READ,
            say=lambda key, **values: say(f"export.{key}", language, **values),
            status=lambda code: say(f"status.{code}", language),
            category=lambda code: category(code, language) if code else "–",
            at=lambda moment: moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") if moment else "–",
        )
        archive.writestr("index.html", page)
        body = {name: value for name, value in told.items() if name != "files"}
        archive.writestr(
            "household.json", json.dumps(body, ensure_ascii=False, indent=1, default=_plain)
        )


def _put(
    archive: zipfile.ZipFile, files: Mapping[str, str], recordings: Path
) -> Iterable[tuple[str, bool]]:
    for name, key in files.items():
        if (recordings / key).is_file():
            archive.write(recordings / key, name, zipfile.ZIP_STORED)
            yield name, True


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)
