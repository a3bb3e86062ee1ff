"""A multipart upload, parsed while it arrives: the recording goes to disk, the fields to memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from intake.errors import BadField, InputError, TooLarge
from intake.storage.blobs import Blobs, BlobWriter

FIELD_BYTES = 4096
FIELDS = 20


@dataclass(slots=True)
class Upload:
    """What arrived: the file's writer (not yet finished) and the other fields as text."""

    writer: BlobWriter | None = None
    fields: dict[str, str] = field(default_factory=dict)


class _Reader:
    """Callbacks for python-multipart's parser; a part is either the one file or a small field."""

    def __init__(self, blobs: Blobs, file_field: str, max_bytes: int) -> None:
        self.blobs, self.file_field, self.max_bytes = blobs, file_field, max_bytes
        self.upload = Upload()
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._name: str | None = None
        self._value = bytearray()
        self._parts = 0

    def begin(self) -> None:
        self._disposition, self._name, self._value = b"", None, bytearray()
        self._parts += 1
        if self._parts > FIELDS:
            raise InputError(f"More than {FIELDS} fields in the form.", code="too_many_fields")

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])
        self._check_header()

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])
        self._check_header()

    def _check_header(self) -> None:
        if len(self._header[0]) + len(self._header[1]) > FIELD_BYTES:
            raise InputError("A header inside the form is too long.")

    def header_end(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._disposition = bytes(self._header[1])
        self._header = (bytearray(), bytearray())

    def headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._name == self.file_field:
            if self.upload.writer is not None:
                raise BadField(f"There are two {self.file_field} parts; send one.")
            self.upload.writer = self.blobs.writer()

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._name == self.file_field:
            writer = self.upload.writer
            assert writer is not None
            writer.write(data[start:end])
            if writer.size > self.max_bytes:
                raise TooLarge(
                    f"The recording is larger than {self.max_bytes / 2**20:.0f} MB; "
                    "send a shorter one.",
                    limit=self.max_bytes,
                )
        else:
            self._value.extend(data[start:end])
            if len(self._value) > FIELD_BYTES:
                raise BadField(f"The field {self._name!r} is longer than {FIELD_BYTES} bytes.")

    def end(self) -> None:
        if self._name and self._name != self.file_field:
            try:
                text = self._value.decode("utf-8").strip()
            except UnicodeDecodeError:
                raise BadField(f"The field {self._name!r} is not UTF-8.") from None
            if "\x00" in text:
                raise BadField(f"The field {self._name!r} holds a NUL byte.")
            self.upload.fields[self._name] = text


async def receive(
    request: Request, blobs: Blobs, *, file_field: str, max_bytes: int, seconds: float
) -> Upload:
    """Read a multipart body; the caller finishes or aborts ``Upload.writer``.

    Raises `TooLarge` as soon as more than ``max_bytes`` are announced or have arrived, `BadField`
    for a field that can't be used, and `InputError` for a body that is no multipart form
    (``not_multipart``), ends early (``cut``) or takes longer than ``seconds`` (``too_slow``).
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise InputError(
            f"Send multipart/form-data with the recording in the field {file_field!r}.",
            code="not_multipart",
        )
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > max_bytes + FIELDS * FIELD_BYTES * 2:
        raise TooLarge(
            f"The recording is larger than {max_bytes / 2**20:.0f} MB; send a shorter one.",
            limit=max_bytes,
        )
    reader = _Reader(blobs, file_field, max_bytes)
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": reader.begin,
            "on_header_field": reader.header_field,
            "on_header_value": reader.header_value,
            "on_header_end": reader.header_end,
            "on_headers_finished": reader.headers_finished,
            "on_part_data": reader.data,
            "on_part_end": reader.end,
        },
    )
    done = False
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                parser.write(chunk)
        parser.finalize()
        done = True
    except (MultipartParseError, ClientDisconnect):
        raise InputError("The form stopped in the middle; send it again.", code="cut") from None
    except TimeoutError:
        raise InputError(
            f"The upload took longer than {seconds:.0f} s; send it again.", code="too_slow"
        ) from None
    finally:
        if not done and reader.upload.writer is not None:
            reader.upload.writer.abort()
    return reader.upload
