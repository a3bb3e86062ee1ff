"""Recordings for operators: the bytes as the resident left them, or WAV, which every browser
plays."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Literal

from fastapi import Header, Query, Response

from intake.errors import NotAudio, NotFound
from intake.runtime import Parts
from intake.storage.models import Recording
from intake.web.api.request_detail import recording_response
from speech import SpeechError, decoders

Form = Annotated[Literal["wav"] | None, Query(alias="as")]
"""``?as=wav``, or nothing."""
Part = Annotated[str | None, Header(alias="range", include_in_schema=False)]
"""The ``Range`` header; without it a browser can't jump to another second."""
# A quarter of an hour of sound, the longest that is decoded, takes 29 MB twice.
_threads = ThreadPoolExecutor(2, thread_name_prefix="as-wav")


async def response(
    parts: Parts,
    recording: Recording,
    name: str,
    form: Literal["wav"] | None,
    part: str | None = None,
) -> Response:
    """A stored recording as it was left, or as WAV: no browser plays AMR and SILK, and none can
    jump within a phone's WebM, which has no index. ``name``: of the file, without its ending.

    Raises `NotFound` when the recording was deleted at the end of its retention time, `NotAudio`
    when nothing can decode it.
    """
    if recording.forgotten_at is not None:
        raise NotFound("The recording was deleted; its retention time was over.", code="forgotten")
    if form is None:
        return recording_response(parts, recording, name)
    path = parts.blobs.path(recording.blob_key)
    try:
        body = await asyncio.get_running_loop().run_in_executor(_threads, decoders.wav, path)
    except SpeechError as error:
        raise NotAudio(str(error), code="undecodable") from None
    return _of(
        body,
        part,
        {
            "Content-Type": "audio/wav",
            "Content-Disposition": f'inline; filename="{name}.wav"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _of(body: bytes, part: str | None, headers: dict[str, str]) -> Response:
    """The whole body, or the one range that is asked for (RFC 9110, 14.2). Other kinds of range are
    answered with the whole body."""
    headers["Accept-Ranges"] = "bytes"
    wanted = re.fullmatch(r"bytes=(\d{1,18})-(\d{0,18})", part or "")
    if wanted is None:
        return Response(body, headers=headers)
    first, last = int(wanted[1]), min(int(wanted[2] or len(body)), len(body) - 1)
    if first > last:
        headers["Content-Range"] = f"bytes */{len(body)}"
        return Response(b"", 416, headers=headers)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
    return Response(body[first : last + 1], 206, headers=headers)
