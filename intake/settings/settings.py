"""All settings together, and values that are derived from them."""

from __future__ import annotations

import hashlib
import os
import ssl
import tempfile
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from intake.settings.alarm import Alarm
from intake.settings.backup import Backup
from intake.settings.desk import Desk
from intake.settings.hearing import AssistantTable, Chat, Deciding, Hearing, Limits
from intake.settings.retention import Retention
from intake.settings.routing import Delivering, Routing
from intake.settings.table import ROOT, SecretFile, Table

LONGEST_SOCKETS_DIR = 99  # sun_path holds 107 bytes (unix(7)), the longest name is /actions


class Settings(Table):
    """All settings. ``home`` is the data folder: everything that a run writes is in it."""

    home: Path = Field(Path("var"), description="the data folder: everything that a run writes")
    host: str = Field("127.0.0.1", description="where the web part listens")
    port: int = Field(
        8300,
        ge=1,
        le=65500,
        description="the web part; with https +3 too, on loopback",
    )
    public_url: str | None = Field(None, description="how residents and backends reach us")
    database_url: str | None = Field(
        None, description="postgresql://…; empty: the embedded server under home"
    )
    database_url_file: SecretFile = Field(None, description="the same, from a file")
    database_pool: int = Field(20, ge=2, le=500, description="connections of one process")
    timezone: str = Field("Asia/Shanghai", description="the residents' clock")
    places: Path | None = Field(None, description="the gazetteer: CSV name,kind,area,aliases")
    tls_certificate_file: SecretFile = Field(
        None, description="certificate chain (PEM) for https without a proxy"
    )
    tls_key_file: SecretFile = Field(None, description="its private key (PEM)")
    trusted_proxies: list[str] = Field(
        default_factory=list, description="networks whose X-Forwarded-For is believed"
    )
    human_phone: str | None = Field(None, description="the number of a person, always shown")
    worker_concurrency: int = Field(4, ge=1, le=64, description="jobs at once in a worker")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    spawn_assistant: bool = Field(True, description="`huying up` starts Rasa and the actions")
    limits: Limits = Limits()
    hearing: Hearing = Hearing()
    assistant: AssistantTable = AssistantTable()
    chat: Chat = Chat()
    deciding: Deciding = Deciding()
    routing: Routing = Routing()
    delivering: Delivering = Delivering()
    alarm: Alarm = Alarm()
    desk: Desk = Desk()
    retention: Retention = Retention()
    backup: Backup = Backup()
    backends: dict[str, dict[str, Any]] = Field(
        default_factory=lambda: {"station": {"kind": "station"}}
    )
    channels: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{value!r} is no time zone; try Asia/Shanghai") from None
        return value

    @field_validator("home", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> Settings:
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            raise ValueError("tls_certificate_file and tls_key_file belong together; give both")
        if self.tls_certificate_file is not None:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                    self.tls_certificate_file, self.tls_key_file, password=""
                )
            except (OSError, ValueError):  # SSLError is an OSError
                raise ValueError(
                    "tls_certificate_file and tls_key_file can't be used: both must be PEM, the key"
                    " without a passphrase, and the certificate must be the key's"
                ) from None
        return self

    @model_validator(mode="after")
    def _rules_name_backends(self) -> Settings:
        wanted = {rule.backend for rule in self.routing.rules} | {self.routing.default}
        unknown = sorted(wanted - self.backends.keys())
        if unknown:
            raise ValueError(
                f"routing names {', '.join(unknown)}, but there is no [backends.…] table of that"
                f" name; there are {', '.join(sorted(self.backends)) or 'none'}"
            )
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def models_dir(self) -> Path:
        return self.hearing.models or ROOT / "build" / "models"

    @property
    def recordings_dir(self) -> Path:
        return self.home / "recordings"

    @property
    def secrets_dir(self) -> Path:
        return self.home / "secrets"

    @property
    def base_url(self) -> str:
        """The start of every link; without ``public_url`` links work on this machine only."""
        scheme = "https" if self.tls_certificate_file else "http"
        return (self.public_url or f"{scheme}://127.0.0.1:{self.port}").rstrip("/")

    @property
    def local_port(self) -> int:
        """The port on loopback where our own processes reach the web part in plain HTTP: ``port``,
        or ``port`` + 3 where ``port`` speaks https."""
        return self.port if self.tls_certificate_file is None else self.port + 3

    @property
    def local_url(self) -> str:
        return f"http://127.0.0.1:{self.local_port}"

    @property
    def sockets_dir(self) -> Path:
        """The folder of the sockets by which our processes reach each other: in the data folder, or
        in the temporary folder where its path is too long for a socket."""
        inside = self.home.absolute() / "run" / "sockets"
        if len(os.fsencode(inside)) <= LONGEST_SOCKETS_DIR:
            return inside
        digest = hashlib.sha256(os.fsencode(self.home.absolute())).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"huying-sockets-{os.geteuid()}-{digest}"

    @property
    def assistant_url(self) -> str:
        """Where Rasa answers: the URL that is set, else our socket."""
        return self.assistant.url or self.own_assistant_url

    @property
    def own_assistant_url(self) -> str:
        """The socket of the Rasa that `huying up` starts, as ``unix:<path>``."""
        return f"unix:{self.sockets_dir / 'rasa'}"

    @property
    def actions_url(self) -> str:
        """The socket of the action server, as ``unix:<path>``."""
        return f"unix:{self.sockets_dir / 'actions'}"
