"""The pages' files as Vite built them: read once, sent compressed, cached by their hashed names."""

from __future__ import annotations

import gzip
import json
import logging
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import Headers

from intake.errors import NotFound

log = logging.getLogger("huying.web")
HASHED = re.compile(r".+-[\w-]{8}\.(js|css)")
FOR_EVER = "public, max-age=31536000, immutable"
A_DAY = "public, max-age=86400"
ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """A built file as it is sent. ``packed``: the same, gzipped, where that is smaller."""

    body: bytes
    packed: bytes | None
    media_type: str


class Built:
    """The built files by name, and the scripts and styles that a page loads first."""

    def __init__(self, folder: Path) -> None:
        self.assets = {path.name: _read(path) for path in folder.glob("*.*") if path.is_file()}
        manifest = self.assets.pop("manifest.json", None)
        entries = json.loads(manifest.body) if manifest else {}
        main: dict[str, Any] = next((e for e in entries.values() if e.get("isEntry")), {})
        self.scripts = [main["file"]] if main else []
        self.styles = [e["file"] for e in entries.values() if e["file"].endswith(".css")]
        if not main:
            log.warning("The %s is not built: run `make setup`.", folder.name)


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = gzip.compress(body, 9, mtime=0)
    return Asset(body, packed if len(packed) < len(body) * 0.9 else None, kind)


def send(files: Built, name: str, request: Request, cache: str | None = None) -> Response:
    """One built file. Without ``cache`` a browser may cache a file with a hash in its name for
    ever.

    Raises `NotFound`.
    """
    cache = cache or (FOR_EVER if HASHED.fullmatch(name) else A_DAY)
    found = files.assets.get(name)
    if found is None:
        raise NotFound("There is no such file.")
    return answer_with(found, request.headers, {"Cache-Control": cache})


def answer_with(
    asset: Asset, asked: Headers, headers: dict[str, str], vary: str = "Accept-Encoding"
) -> Response:
    """The file as an answer, gzipped if the browser accepts that."""
    headers = {**headers, "Vary": vary}
    if asset.packed is not None and "gzip" in asked.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.packed, headers=headers, media_type=asset.media_type)
    return Response(asset.body, headers=headers, media_type=asset.media_type)
