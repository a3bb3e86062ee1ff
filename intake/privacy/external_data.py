"""Removes what an erased request has outside of the database: recordings, pieces of uploads, and
Rasa's trackers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection, Iterable
from pathlib import Path

import procrastinate
from sqlalchemy import create_engine, delete, inspect, or_
from sqlalchemy.pool import NullPool

from intake.assistant import tracker_store
from intake.channels.page.upload_metadata import Note
from intake.channels.voicemail import key_hash
from intake.privacy.erase_request import JOB
from intake.runtime import Parts
from intake.settings import Settings
from intake.storage.blobs import fsync_folder
from intake.storage.db import Sessions
from intake.storage.jobs import app
from intake.storage.models import Leftover
from intake.storage.retry import Patience

log = logging.getLogger("huying.keeping")
ATTEMPTS = 50  # more than a day with the waits between them


@app.task(
    name=JOB,
    pass_context=True,
    retry=Patience(ATTEMPTS, first_seconds=5, longest_seconds=3600),
)
async def run(context: procrastinate.JobContext, /, leftover_id: int) -> None:
    """The job: remove one `Leftover`, unless that was done right after the erase."""
    parts: Parts = context.additional_context["parts"]
    await remove(parts.settings, parts.sessions, leftover_id)


async def remove(settings: Settings, sessions: Sessions, leftover_id: int) -> None:
    """Remove all that a `Leftover` names, then its row. Does nothing the second time.

    Raises `OSError` and `SQLAlchemyError`; the job (`run`) tries again.
    """
    async with sessions.begin() as session:
        left = await session.get(Leftover, leftover_id, with_for_update=True)
        if left is None:
            return
        await asyncio.to_thread(unlink_blobs, settings.recordings_dir, left.blob_keys)
        await asyncio.to_thread(_unlink_uploads, settings.home / "uploads", left.upload_keys)
        await asyncio.to_thread(_delete_trackers, settings, left.conversation_ids)
        await session.delete(left)


def unlink_blobs(root: Path, keys: Iterable[str]) -> int:
    """Delete the files with these keys under ``root``; returns how many existed. The folders are
    fsynced when it returns."""
    folders, gone = set(), 0
    for key in keys:
        path = root / key
        if path.resolve().is_relative_to(root.resolve()):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                folders.add(path.parent)
                gone += 1
    for folder in folders:
        fsync_folder(folder)
    return gone


def _unlink_uploads(folder: Path, keys: Collection[str]) -> None:
    """Delete the pieces of uploads whose senders' keys have these digests."""
    digests = set(keys)
    if not digests or not folder.is_dir():
        return
    for note_file in folder.glob("*.json"):
        with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
            note = Note.read(note_file.read_bytes())
            if digests & {key_hash(note.metadata.get("key", "")).hex(), note.form_key}:
                note_file.with_suffix(".part").unlink(missing_ok=True)
                note_file.unlink()
    fsync_folder(folder)


def _delete_trackers(settings: Settings, conversation_ids: Collection[int]) -> None:
    """Delete Rasa's trackers of these conversations; each turn may have begun a new one."""
    there = tracker_store.reached(settings) if conversation_ids else None
    if there is None:
        return
    engine = create_engine(there, poolclass=NullPool)
    if not inspect(engine).has_table(tracker_store.EVENTS.name):
        return
    sender = tracker_store.EVENTS.c.sender_id
    theirs = or_(*(sender.startswith(f"{found}.", autoescape=True) for found in conversation_ids))
    with engine.begin() as connection:
        connection.execute(delete(tracker_store.EVENTS).where(theirs))
