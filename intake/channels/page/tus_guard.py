"""Checks every tus request before tuspyserver gets it: version, sizes, numbers and free space.

tuspyserver implements the protocol (tus 1.0: creation, deferred length, expiration, termination).
It checks sizes, versions and types only while or after it writes, trusts forwarded headers from any
client and can concatenate uploads; so all of that is decided here, before a byte is written.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from tuspyserver import create_tus_router

from intake.channels.page.options import Options
from intake.channels.page.store import HEX, Uploads
from intake.channels.page.tus_storage import Pieces
from intake.channels.page.upload_metadata import Note
from intake.channels.voicemail import sender_key_hash
from intake.errors import (
    BadField,
    DiskFull,
    EmptyRecording,
    HuyingError,
    InputError,
    NotFound,
    TooLarge,
    TooMany,
)
from intake.network.addresses import counted_as
from intake.runtime import Parts

PATH = "/api/uploads"
VERSION = "1.0.0"
EXTENSIONS = "creation,creation-defer-length,expiration,termination"
PIECE = "application/offset+octet-stream"
METADATA_BYTES = 4096
UNSOUND_SECONDS = 60
"""After this time an upload without a byte may be removed in favour of a newer one of the same
network; a phone that still has the recording starts it anew."""
logging.getLogger("tuspyserver").setLevel("WARNING")  # at INFO it logs clients' metadata

Complete = Callable[[str], Awaitable[None]]


class NotAPiece(InputError):
    """The type of a piece is another one than the protocol names (tus 1.0, PATCH)."""

    default_code = "not_a_piece"
    http_status = 415


class TusGuard:
    """An ASGI application: ``/api/uploads/`` and ``/api/uploads/<id>``.

    ``complete(id)`` is awaited when the last byte of an upload is on the disk. Refusals are raised
    as `HuyingError`; the application turns them into problem documents.
    """

    def __init__(
        self, parts: Parts, options: Options, uploads: Uploads, complete: Complete
    ) -> None:
        self.parts, self.options, self.uploads = parts, options, uploads
        self._pieces: dict[str, asyncio.Event] = {}

        # tuspyserver calls both factories once for each request; the hook that a factory returns
        # may return an awaitable.
        def completed() -> Callable[[str, dict[str, str]], Any]:
            return lambda path, metadata: complete(path.rpartition("/")[2].partition(".")[0])

        def named() -> Callable[[dict[str, str]], Any]:
            return lambda metadata: (
                {"uid": uploads.id_of(metadata["key"])} if metadata.get("key") else {}
            )

        self._tus = create_tus_router(
            prefix=PATH,
            files_dir=str(uploads.folder),
            max_size=parts.settings.limits.max_bytes,
            days_to_keep=options.keep_days,
            upload_complete_dep=completed,
            file_dep=named,
            storage=Pieces(uploads),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._answer(scope, receive, send)
        except HuyingError as error:  # tus 1.0: every answer names the version, errors as well
            error.headers["Tus-Resumable"] = VERSION
            raise

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(_with_length(scope))
        uid = request.path_params.get("upload", "")
        method = request.method  # what X-HTTP-Method-Override asks for is in it already

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Tus-Resumable"] = VERSION
                if "location" in headers:  # only the path: behind a proxy the host is another
                    headers["Location"] = f"{PATH}/{headers['location'].rpartition('/')[2]}"
                if "upload-metadata" in headers:
                    headers["Upload-Metadata"] = self._metadata(uid)
            await send(message)

        if method == "OPTIONS":
            await self._options()(scope, receive, answer)
        elif request.headers.get("tus-resumable") != VERSION:
            headers = {"Tus-Version": VERSION}
            await Response(status_code=412, headers=headers)(scope, receive, answer)
        elif method == "POST" and not uid:
            await asyncio.to_thread(self._create, request)
            await self._tus(scope, _nothing, answer)
        elif method in ("HEAD", "DELETE") and HEX.fullmatch(uid):
            if method == "DELETE":
                self._may_be_deleted(uid)
            await self._tus(scope, receive, answer)
        elif method == "PATCH" and HEX.fullmatch(uid):
            done = self._check_piece(request, uid)
            if done is not None:
                await done(scope, receive, answer)
            else:
                await self._take_piece(scope, receive, answer, uid)
        else:
            raise NotFound("There is no such upload.")

    def _options(self) -> Response:
        return Response(
            status_code=204,
            headers={
                "Tus-Version": VERSION,
                "Tus-Extension": EXTENSIONS,
                "Tus-Max-Size": str(self.parts.settings.limits.max_bytes),
            },
        )

    def _metadata(self, uid: str) -> str:
        """What HEAD says of the metadata: as the client gave them, without those that are not kept
        and without the household's link, which is a secret."""
        note = self._known(uid)
        return ",".join(
            f"{name} {base64.b64encode(value.encode()).decode()}"
            for name, value in note.metadata.items()
            if name != "household"
        )

    # -- creation -------------------------------------------------------------------------

    def _create(self, request: Request) -> None:
        """Check headers, free space and limits, then make the empty upload."""
        headers = request.headers
        if "upload-concat" in headers:
            raise InputError("Uploads can't be joined here.", code="not_supported")
        metadata = read_metadata(headers.get("upload-metadata", ""))
        key = metadata.get("key", "")
        if not HEX.fullmatch(key):
            raise BadField("Upload-Metadata needs a key of 32 hex digits.", field="key")
        size = _number(headers, "upload-length")
        if (size is None) == (headers.get("upload-defer-length") != "1"):
            raise InputError("Send Upload-Length, or Upload-Defer-Length: 1.")
        if size is not None:
            self._check_size(size)
        uid = self.uploads.id_of(key)
        if self._has_more(uid, size):
            self.uploads.remove(uid, with_note=True)
        elif self.uploads.exists(uid):
            return  # the client repeats a creation whose answer was lost: keep what has arrived
        self._check_free_space()
        sender = self.uploads.network_of(counted_as(request.client.host if request.client else "-"))
        self._make_room(sender)
        self._check_share(sender)
        form_key = sender_key_hash(request, key).hex()
        self.uploads.begin(uid, metadata, size, sender, form_key)

    def _has_more(self, uid: str, size: int | None) -> bool:
        """Whether a client has more bytes than its voicemail; then it uploads all of them anew."""
        note = self.uploads.note(uid)
        arrived = self.uploads.length(uid)
        return note is not None and note.ended == "received" and (size or 0) > arrived

    def _make_room(self, sender: str) -> None:
        """Hold a network to ``uploads_per_address``; raise `TooMany` when it has no room.

        A whole building may share one address, so uploads that are audio are not counted, and after
        `UNSOUND_SECONDS` the oldest of those without a byte is removed to make room. Bytes that
        were acknowledged, whatever they are, stay and become a request.
        """
        unsound = self.uploads.unsound(sender)
        if len(unsound) < self.options.uploads_per_address:
            return
        since = datetime.now(UTC) - timedelta(seconds=UNSOUND_SECONDS)
        oldest = next(
            (uid for begun, uid in unsound if begun <= since and not self.uploads.length(uid)), None
        )
        if oldest is None:
            raise TooMany(
                "Too many unfinished uploads from here; finish one of them first.",
                code="too_many_uploads",
                retry_after_seconds=UNSOUND_SECONDS,
            )
        self.uploads.remove(oldest, with_note=True)

    def _check_share(self, sender: str) -> None:
        """Hold a network to ``sounding_per_address``, and once there are ``uploads`` in all, to an
        even share of them; a network with less is let in, up to twice as many in all.

        Raises `TooMany`.
        """
        numbers = self.uploads.by_network()
        total, mine = numbers.total(), numbers[sender]
        even = total / (len(numbers.keys() | {sender}))
        crowded = total >= self.options.uploads and mine >= even
        if (
            mine >= self.options.sounding_per_address
            or crowded
            or total >= 2 * self.options.uploads
        ):
            raise TooMany(
                "Too many uploads are unfinished; try again in a minute.",
                code="too_many_uploads",
                retry_after_seconds=60,
            )

    def _check_size(self, size: int) -> None:
        limit = self.parts.settings.limits.max_bytes
        if size > limit:
            raise TooLarge(
                f"The recording is larger than {limit / 2**20:.0f} MB; send a shorter one.",
                limit=limit,
            )
        if size == 0:
            raise EmptyRecording("The recording is empty.")

    def _check_free_space(self) -> None:
        if self.parts.blobs.free_bytes() < self.parts.settings.limits.min_free_bytes:
            raise DiskFull("There is no room for more recordings; ring a person instead.")

    # -- a piece --------------------------------------------------------------------------

    def _check_piece(self, request: Request, uid: str) -> Response | None:
        """Refuse a bad piece before its body is read.

        Returns the answer to an empty piece of an ended upload, None for a piece to be written.
        """
        headers = request.headers
        if headers.get("content-type") != PIECE:
            raise NotAPiece(f"Send pieces as {PIECE}.")
        offset, length = _number(headers, "upload-offset"), _number(headers, "content-length")
        if offset is None or length is None:
            raise InputError("A piece needs Upload-Offset and Content-Length.")
        note = self._known(uid)
        arrived = self.uploads.length(uid)
        if note.ended:
            if offset == arrived and length == 0:
                return Response(status_code=204, headers={"Upload-Offset": str(arrived)})
            raise InputError("This upload has ended.", code="upload_ended")
        whole = _number(headers, "upload-length")
        if whole is not None and note.size is not None and whole != note.size:
            raise InputError(f"Upload-Length was {note.size} before.")
        whole = whole if whole is not None else note.size
        if whole is not None:
            if whole > 0 or arrived > 0:
                self._check_size(whole)
            if offset + length > whole or arrived > whole:
                raise InputError(f"More than the {whole} bytes of Upload-Length.")
        self._check_size(max(offset + length, 1))
        self._check_free_space()
        return None

    def _may_be_deleted(self, uid: str) -> None:
        if self._known(uid).taken:
            raise InputError("This upload has become a voicemail.", code="upload_ended")

    def _known(self, uid: str) -> Note:
        note = self.uploads.note(uid)
        if note is None:
            raise NotFound("There is no such upload.")
        return note

    async def _take_piece(self, scope: Scope, receive: Receive, send: Send, uid: str) -> None:
        """Let tuspyserver write the piece.

        A newer piece of the same upload, no byte for ``piece_idle_seconds`` or more than
        ``upload_seconds`` in all end it as a lost connection would: what has arrived is kept.
        """
        if running := self._pieces.get(uid):
            running.set()
        ended = self._pieces[uid] = asyncio.Event()
        loop = asyncio.get_running_loop()
        until = loop.time() + self.parts.settings.limits.upload_seconds

        async def receive_in_time() -> Message:
            wait = min(self.options.piece_idle_seconds, until - loop.time())
            coming = asyncio.ensure_future(receive())
            newer = asyncio.ensure_future(ended.wait())
            try:
                done, _ = await asyncio.wait(
                    {coming, newer}, timeout=wait, return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                newer.cancel()
                if not coming.done():
                    coming.cancel()
            return coming.result() if coming in done else {"type": "http.disconnect"}

        try:
            await self._tus(scope, receive_in_time, send)
        finally:
            if self._pieces.get(uid) is ended:
                del self._pieces[uid]


def read_metadata(header: str) -> dict[str, str]:
    """The header ``Upload-Metadata`` as name and text; values that are not UTF-8 in base64 are
    left out.

    Raises `BadField` when it is longer than `METADATA_BYTES`.
    """
    if len(header) > METADATA_BYTES:
        raise BadField(f"Upload-Metadata is longer than {METADATA_BYTES} bytes.")
    found: dict[str, str] = {}
    for pair in header.split(","):
        name, _, value = pair.strip().partition(" ")
        try:
            text = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        if name and "\x00" not in text:
            found[name] = text
    return found


def _number(headers: Mapping[str, str], name: str) -> int | None:
    """A header's number; None without the header. Raises `BadField` for anything but digits."""
    text = headers.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise BadField(f"{name} must be a number.", field=name)
    return int(text)


def _with_length(scope: Scope) -> Scope:
    """Add ``Content-Length: 0`` to an empty piece: WebKit omits it, as RFC 9112 (6.3) allows, but
    tuspyserver requires it."""
    names = {name for name, _ in scope["headers"]}
    if scope["method"] == "PATCH" and not names & {b"content-length", b"transfer-encoding"}:
        scope["headers"] = [*scope["headers"], (b"content-length", b"0")]
    return scope


async def _nothing() -> Message:
    """An empty body: the body of a creation is not read."""
    return {"type": "http.request", "body": b"", "more_body": False}
