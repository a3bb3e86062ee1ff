"""What the settings tables of the backends have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
from pydantic import AfterValidator, Field

from intake.errors import BackendError
from intake.network.addresses import check_networks
from intake.settings import Table


def _url(value: str) -> str:
    try:
        parsed = httpx.URL(value)
    except (httpx.InvalidURL, UnicodeError):
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
        raise ValueError("write http(s)://host/…, without user and password")
    return value.rstrip("/")


def _pem(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise ValueError("no such file; name a PEM file of certificates, or leave it out")
    return path


def _secret(path: Path) -> Path:
    try:
        read_secret(path)
    except BackendError as error:
        raise ValueError(error.sentence) from None
    return path


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{value!r} is no time zone; try Asia/Shanghai") from None
    return value


Url = Annotated[str, AfterValidator(_url)]
Networks = Annotated[list[str], AfterValidator(check_networks)]
Secret = Annotated[Path, AfterValidator(_secret)]
Zone = Annotated[str, AfterValidator(_zone)]
CaFile = Annotated[Path | None, AfterValidator(_pem)]


class NetworkOptions(Table):
    """The settings keys by which a backend is reached."""

    timeout_seconds: float = Field(30, gt=0, le=600, description="longest time one call may take")
    allow_networks: Networks = Field(
        default_factory=list,
        description="non-public networks that it may be in; only there unencrypted",
    )
    ca_file: CaFile = Field(None, description="PEM certificates trusted besides the public ones")

    def ways(self) -> dict[str, Any]:
        """The arguments of `Outgoing.request` that come from the settings."""
        return {
            "timeout_seconds": self.timeout_seconds,
            "allow_networks": self.allow_networks,
            "ca_file": self.ca_file,
        }


def read_secret(path: Path) -> str:
    """The secret in a file, read at each use, so that it can be changed without a restart.

    Raises `BackendError` (``no_secret``) when it can't be read or is empty.
    """
    try:
        secret = path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        secret = ""
    if not secret:
        raise BackendError(
            f"{path.name} can't be read as text, or is empty; write the secret into it.",
            code="no_secret",
            retryable=False,
        )
    return secret
