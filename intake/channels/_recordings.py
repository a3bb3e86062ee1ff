"""What every channel that takes recordings does with one: check its format, open a request for it.

Shared by `voicemail`, `page`, `webchat` and `email`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.accounts import households
from intake.errors import EmptyRecording, NotAudio, TooLong
from intake.lifecycle import Actor
from intake.service_requests import Author, Opened, Opening
from intake.storage.blobs import BlobWriter
from intake.storage.models import Household, Recording
from speech import UNKNOWN, AudioInfo, decoders
from speech import errors as speech_errors
from speech.containers import HEAD_BYTES, sniff

FUTURE = timedelta(minutes=10)  # phones' clocks run ahead


def examine(path: Path, max_seconds: float) -> AudioInfo:
    """Format, codec and length (seconds) of an audio file, told by its content, not its name.

    For files that nobody has been told are safe yet; see `accept`. Raises `EmptyRecording`,
    `NotAudio`, or `TooLong` for more than ``max_seconds``.
    """
    try:
        info = decoders.probe(path)
    except speech_errors.EmptyAudio:
        raise EmptyRecording("The recording holds no sound at all.") from None
    except speech_errors.NotAudio:
        raise NotAudio("This is no sound recording that we know; send the phone's own.") from None
    if info.duration_seconds is not None and info.duration_seconds > max_seconds + 1:
        raise TooLong(
            f"The recording is longer than {max_seconds / 60:.0f} minutes; send it in two.",
            limit=max_seconds,
        )
    return info


def accept(path: Path) -> AudioInfo:
    """Format, codec and length of what somebody has sent us, whatever it is.

    What nothing here can decode is kept as "unknown" and goes to a person, and so does what is
    longer than a recogniser hears (`transcription`): nothing that was acknowledged is thrown away.
    The first part of an MP4 file, which lacks its index (the ``moov`` box), is told by its first
    bytes.
    """
    try:
        return decoders.probe(path)
    except speech_errors.NotAudio:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    try:
        return AudioInfo(sniff(head), UNKNOWN, None, None, decodable=False)
    except speech_errors.NotAudio:
        return AudioInfo(UNKNOWN, UNKNOWN, None, None, decodable=False)


def believed(moment: datetime, within_days: int) -> datetime | None:
    """A time that a client's clock gave, in UTC and never after now.

    None when it is more than ``within_days`` days old or more than `FUTURE` ahead of our clock.
    """
    now = datetime.now(UTC)
    try:
        moment = moment.astimezone(UTC)
        if moment < now - timedelta(days=within_days) or moment > now + FUTURE:
            return None
    except OverflowError:
        return None
    return min(moment, now)


def row(writer: BlobWriter, info: AudioInfo, recorded_at: datetime | None) -> Recording:
    """The database row, not yet added, of a recording whose bytes are on the disk."""
    return Recording(
        blob_key=writer.key,
        sha256=writer.sha256,
        size_bytes=writer.size,
        format=info.format,
        codec=info.codec,
        duration_seconds=info.duration_seconds,
        recorded_at=recorded_at,
    )


async def open_voicemail(
    session: AsyncSession,
    channel: str,
    recording: Recording,
    given: Mapping[str, Any],
    *,
    received_at: datetime | None = None,
    household: Household | None = None,
) -> Opened:
    """Recording, request, contact point and first job in the caller's transaction.

    ``given``: language, phone, place, unit, person as the sender gave them. Relative times in the
    recording ("tomorrow") count from ``recorded_at``, else from ``received_at``, else from now.
    ``household``: the household whose link the resident used; it fills in what the resident does
    not say.
    """
    point = None
    of_household = households.facts(household)
    if phone := given.get("phone") or of_household.get("phone"):
        point = await service_requests.contact_point(session, "phone", phone)
    if household is not None:
        given = {**given, "household": of_household}
    opening = Opening(
        channel=channel,
        language=given.get("language") or (household.language if household else None),
        household_id=household.id if household else None,
        contact_point_id=point,
        given=given,
        received_at=recording.recorded_at or received_at,
    )
    return await service_requests.open_request(
        session, opening, by=Author(Actor.DOOR), recording=recording
    )


async def one_at_a_time(session: AsyncSession, *hashes: bytes) -> None:
    """Lock these keys for the caller's transaction (PostgreSQL advisory locks).

    Of two senders of one key, the second waits here until the first has committed.
    """
    for number in sorted(int.from_bytes(h[:8], "big", signed=True) for h in hashes):
        await session.execute(select(func.pg_advisory_xact_lock(number)))
