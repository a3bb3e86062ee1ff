"""Every setting, typed and checked before anything starts.

Read in this order, later wins: the defaults below, the TOML file (``--settings``,
``HUYING_SETTINGS`` or ``<home>/huying.toml``), then the environment (``HUYING_PORT``,
``HUYING_HEARING__ENGINE``; two underscores go one table deeper). A secret is never a value:
it is the path of a file (``*_file``), which must exist, be readable and not be empty.
Tables of single adapters (``[backends.NAME]``, ``[channels.NAME]``) stay raw here; their own
registry checks them at start.
"""

from __future__ import annotations

import json
import os
import ssl
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from intake.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def _secret_file(path: Path | None) -> Path | None:
    if path is None:
        return None
    try:
        text = path.read_text().strip()
    except OSError as error:
        raise ValueError(
            f"the file can't be read ({error.strerror}); make it or mend the path"
        ) from None
    if not text:
        raise ValueError("the file is empty; write the secret into it")
    return path


SecretFile = Annotated[Path | None, AfterValidator(_secret_file)]


class Table(BaseModel):
    """A table of settings: unknown keys are errors, values are fixed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Limits(Table):
    """What the doors take."""

    max_bytes: int = Field(25 * 1024 * 1024, ge=1024, description="bytes of one recording")
    max_seconds: float = Field(600, gt=0, description="seconds of one recording")
    recorded_within_days: int = Field(30, ge=1, description="oldest recorded_at that is believed")
    per_address_per_minute: int = Field(
        60, ge=0, description="voicemails from one network address a minute; 0 = no limit"
    )
    min_free_bytes: int = Field(
        512 * 1024 * 1024, ge=0, description="free disk below which doors answer 507"
    )
    warn_free_bytes: int = Field(
        2 * 1024 * 1024 * 1024, ge=0, description="free disk below which /healthz warns"
    )
    upload_seconds: float = Field(120, gt=0, description="longest time one upload may take")


class Hearing(Table):
    """The recogniser."""

    engine: str = Field("auto", description="auto, whisper, vosk or canned")
    language: str | None = Field(None, description="zh, en; empty: told by ear")
    processes: int = Field(1, ge=1, le=64, description="recogniser processes in each worker")
    attempts: int = Field(3, ge=1, le=20, description="tries before a person listens")
    memory_bytes: int = Field(
        4 * 1024**3, ge=256 * 1024**2, description="most memory of one recogniser process"
    )
    models: Path | None = Field(None, description="the model store; default build/models")
    options: dict[str, Any] = Field(default_factory=dict, description="the engine's own options")


class AssistantTable(Table):
    """Rasa."""

    url: str | None = Field(None, description="default http://127.0.0.1:<port+1>")
    timeout_seconds: float = Field(8, gt=0, description="longest wait for one parse")
    attempts: int = Field(
        200, ge=1, le=1000, description="readings before only a person can decide it"
    )
    retry_seconds: float = Field(2, gt=0, description="first wait between tries; doubles")
    token_file: SecretFile = Field(None, description="default <home>/secrets/assistant")


class Chat(Table):
    """Conversations in writing."""

    turn_seconds: float = Field(15, gt=0, description="longest wait for one answer of Rasa")
    turns_at_once: int = Field(16, ge=1, le=256, description="conversations that one worker holds")
    attempts: int = Field(
        12, ge=1, le=100, description="tries of one turn while Rasa is away, 10 s apart at most"
    )
    draft_minutes: float = Field(
        10, gt=0, description="quiet minutes after which a person reads an unfinished request"
    )
    tracker_url_file: SecretFile = Field(
        None, description="Rasa's own database, as a URL; the embedded server has one"
    )


class Deciding(Table):
    """How sure is sure enough. Keys of ``category``: codes of the catalogue."""

    category: float = Field(0.6, ge=0, le=1, description="least confidence of the category")
    category_spoken: float = Field(
        0.7, ge=0, le=1, description="the same for what a recogniser wrote"
    )
    categories: dict[str, float] = Field(
        default_factory=dict, description="the same for single categories"
    )
    fields: dict[Literal["place", "unit", "when", "phone", "person"], float] = Field(
        default_factory=dict, description="least confidence of single fields"
    )
    alarm_from: float = Field(
        0.6, ge=0, le=1, description="learned chance of danger that is an emergency"
    )
    doubt_from: float = Field(
        0.3, ge=0, le=1, description="learned chance of danger that a person must look at"
    )


class Rule(Table):
    """One routing rule; the first whose every named condition holds wins."""

    backend: str
    category: list[str] | None = None
    area: list[str] | None = None
    urgency: list[Literal["emergency", "urgent", "normal"]] | None = None


class Routing(Table):
    """Which backend gets what."""

    default: str = Field("station", description="the backend when no rule fits")
    rules: list[Rule] = Field(default_factory=list)


class Delivering(Table):
    """How hard we try."""

    attempts: int = Field(8, ge=1, le=100, description="tries before the operators take over")
    first_wait_seconds: float = Field(5, gt=0, description="wait after the first failure; doubles")
    longest_wait_seconds: float = Field(3600, gt=0)
    poll_seconds: float = Field(300, gt=0, description="between two looks at a polled backend")


class Contact(Table):
    """One person on duty."""

    name: str
    email: str | None = None
    webhook: str | None = None
    secret_file: SecretFile = None
    allow_networks: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _reachable(self) -> Contact:
        if not (self.email or self.webhook):
            raise ValueError("give email or webhook, else this person can't be reached")
        return self


class Smtp(Table):
    """The mail server for alarms."""

    host: str
    port: int = Field(587, ge=1, le=65535)
    sender: str
    username: str | None = None
    password_file: SecretFile = None
    starttls: bool = True
    allow_networks: list[str] = Field(default_factory=list)
    ca_file: Path | None = None


class Alarm(Table):
    """Whom an emergency wakes, in this order."""

    contacts: list[Contact] = Field(default_factory=list)
    off_duty_contacts: list[Contact] = Field(
        default_factory=list, description="outside duty hours; empty: the same people"
    )
    next_after_seconds: float = Field(120, gt=0, description="no answer: ring the next")
    rounds: int = Field(3, ge=1, le=100, description="how often the whole list is gone through")
    smtp: Smtp | None = None
    duty_hours: dict[str, str] = Field(
        default_factory=lambda: {day: "08:30-18:00" for day in ("mon", "tue", "wed", "thu", "fri")},
        description='weekday → "HH:MM-HH:MM"; a day without hours is off duty',
    )

    @model_validator(mode="after")
    def _mail_needs_server(self) -> Alarm:
        if self.smtp is None and any(c.email for c in (*self.contacts, *self.off_duty_contacts)):
            raise ValueError("a contact has an email, so [alarm.smtp] must be given")
        return self


DeskRole = Literal["station", "operator", "supervisor", "admin"]


class Oidc(Table):
    """Operators sign in with accounts that somebody else keeps (OpenID Connect)."""

    issuer: str = Field(description="its address; /.well-known/openid-configuration lies under it")
    client_id: str = Field(description="our name there")
    client_secret_file: SecretFile = Field(None, description="our secret there, if it gave one")
    label: str = Field("OpenID Connect", description="what the sign-in button names")
    scopes: list[str] = Field(
        default_factory=lambda: ["openid", "profile"], description="what we ask for"
    )
    name_claim: str = Field(
        "name", description="the claim that holds the name that stands in the history"
    )
    role_claim: str | None = Field(
        None, description="the claim that says the role; dots go deeper: realm_access.roles"
    )
    roles: dict[str, DeskRole] = Field(
        default_factory=dict, description="value of role_claim → role; the highest that fits"
    )
    default_role: DeskRole | None = Field(
        None, description="the role where no value fits; empty: not let in"
    )
    allow_networks: list[str] = Field(
        default_factory=list, description="networks where it may lie that are not public"
    )
    ca_file: Path | None = Field(None, description="certificates (PEM) trusted besides the public")

    @model_validator(mode="after")
    def _lets_somebody_in(self) -> Oidc:
        if not (self.default_role or (self.role_claim and self.roles)):
            raise ValueError("give default_role, or role_claim with roles; else nobody gets in")
        if "openid" not in self.scopes:
            raise ValueError('scopes must hold "openid"')
        return self


class Desk(Table):
    """The operators' desk."""

    session_hours: float = Field(12, gt=0, description="signed in for so long at most")
    idle_minutes: float = Field(60, gt=0, description="signed out after so long without a look")
    oidc: Oidc | None = Field(None, description="accounts kept elsewhere; see docs/desk-accounts")

    @property
    def lasts(self) -> timedelta:
        return timedelta(hours=self.session_hours)

    @property
    def idle(self) -> timedelta:
        return timedelta(minutes=self.idle_minutes)


class Retention(Table):
    """After how many days each kind of data is forgotten; 0: never by itself."""

    recordings_days: int = Field(
        90, ge=0, description="sound, counted from the end of the last request that needs it"
    )
    words_days: int = Field(
        180, ge=0, description="transcripts and what was read in them, from the request's end"
    )
    messages_days: int = Field(
        180, ge=0, description="messages, pictures and conversations, when no request needs them"
    )
    requests_days: int = Field(
        730, ge=0, description="ended requests; a tombstone without anything personal stays"
    )
    access_log_days: int = Field(1095, ge=0, description="who looked at what")
    keys_days: int = Field(30, ge=0, description="senders' idempotency keys")
    jobs_days: int = Field(30, ge=0, description="jobs that gave up; their arguments are ids")
    log_days: int = Field(30, ge=0, description="log files")
    backups_days: int = Field(
        30, ge=0, description="archives in the folder that `huying backup` writes to"
    )


class Settings(Table):
    """All of it. ``home`` holds everything that a run writes."""

    home: Path = Field(Path("var"), description="everything that a run writes lies under it")
    host: str = Field("127.0.0.1", description="where the web part listens")
    port: int = Field(
        8300,
        ge=1,
        le=65500,
        description="web; Rasa +1, actions +2, with https web +3 too, on loopback",
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
        """How links begin; without ``public_url`` they work on this machine only."""
        scheme = "https" if self.tls_certificate_file else "http"
        return (self.public_url or f"{scheme}://127.0.0.1:{self.port}").rstrip("/")

    @property
    def local_port(self) -> int:
        """Where our own processes reach the web part, in plain HTTP on loopback: its port, or the
        third after it where that one speaks https."""
        return self.port if self.tls_certificate_file is None else self.port + 3

    @property
    def local_url(self) -> str:
        return f"http://127.0.0.1:{self.local_port}"

    @property
    def assistant_url(self) -> str:
        return self.assistant.url or f"http://127.0.0.1:{self.port + 1}"

    @property
    def actions_url(self) -> str:
        return f"http://127.0.0.1:{self.port + 2}"


def _environment(env: Mapping[str, str]) -> dict[str, Any]:
    """``HUYING_A__B=x`` → ``{"a": {"b": x}}``; JSON where it parses as a list, table or number."""
    known = set(Settings.model_fields)
    out: dict[str, Any] = {}
    for key, raw in env.items():
        if not key.startswith("HUYING_"):
            continue
        path = key.removeprefix("HUYING_").lower().split("__")
        if path[0] not in known:
            continue
        value: Any = raw
        if raw[:1] in "[{":
            try:
                value = json.loads(raw)
            except ValueError:
                raise SettingsError(f"{key}: not valid JSON; quote it as TOML or JSON.") from None
        node = out
        for part in path[:-1]:
            node = node.setdefault(part, {})
        node[path[-1]] = value
    return out


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def settings_file(env: Mapping[str, str] | None = None) -> Path:
    """The file that `load` reads: ``HUYING_SETTINGS`` or ``<home>/huying.toml``."""
    env = os.environ if env is None else env
    named = env.get("HUYING_SETTINGS")
    return Path(named) if named else Path(env.get("HUYING_HOME", "var")) / "huying.toml"


def load(path: Path | None = None, env: Mapping[str, str] | None = None) -> Settings:
    """Read and check all settings; raise `SettingsError` that names every bad key.

    A named file must exist; the default one may be missing. Relative paths in the file
    count from the file's folder.
    """
    env = os.environ if env is None else env
    named = path is not None or "HUYING_SETTINGS" in env
    path = path or settings_file(env)
    table: dict[str, Any] = {}
    if path.exists():
        try:
            table = tomllib.loads(path.read_text())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: not valid TOML: {error}") from None
        table = _anchor(table, path.resolve().parent)
    elif named:
        raise SettingsError(f"{path}: no such file; make it, or leave HUYING_SETTINGS unset.")
    try:
        settings = Settings.model_validate(_merge(table, _environment(env)))
    except ValidationError as error:
        raise SettingsError("\n".join(map(_explain, error.errors()))) from None
    if settings.database_url is None and settings.database_url_file is not None:
        url = settings.database_url_file.read_text().strip()
        settings = settings.model_copy(update={"database_url": url})
    return settings


_PATH_KEYS = {"home", "places", "models", "ca_file"}


def _anchor(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            out[key] = _anchor(value, folder)
        elif isinstance(value, list):
            out[key] = [_anchor(v, folder) if isinstance(v, dict) else v for v in value]
        elif isinstance(value, str) and (key in _PATH_KEYS or key.endswith("_file")):
            out[key] = str(folder / Path(value).expanduser())
        else:
            out[key] = value
    return out


def _explain(error: Any) -> str:
    where = ".".join(map(str, error["loc"])) or "settings"
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key; `huying settings list` shows all that exist."
    return f"{where}: {error['msg'].removeprefix('Value error, ')}."
