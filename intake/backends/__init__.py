"""The systems that do the work, one file each; this folder is the registry.

A backend module defines ``Options`` (a pydantic model of its own settings table) and
``create(name, options, outgoing) -> Backend``. It is imported only when the settings name it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from intake.errors import SettingsError
from intake.lifecycle import Status

ATTEMPT_SECONDS = 240.0
"""The longest time of one attempt; backends have shorter limits, this one stops a hanging one."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What a backend is told about one service request.

    ``kind``: "submit", "changed" or "cancelled". ``idempotency_key`` is the same at every attempt
    of one delivery. ``fields`` holds the columns of the request's fields that have a place in the
    payload (`understanding.fields.COLUMNS`), by name. All datetimes are aware. ``recording_url`` is
    a signed link that expires; ``recording_path`` is a local file, for backends that attach it. The
    other side reports back to ``update_url``, or by ``update_links`` (action → signed link).
    ``attempt`` counts from 1; ``maybe_sent``: an earlier attempt may have arrived.
    """

    delivery_id: str
    idempotency_key: str
    kind: str
    tracking_number: str
    version: int
    category: str
    category_name: Mapping[str, str]
    service_hint: str | None
    urgency: str
    summary: str
    transcript: str
    language: str
    fields: Mapping[str, str | datetime | None]
    address: str | None
    latitude: float | None
    longitude: float | None
    received_at: datetime
    deadline_at: datetime | None
    external_id: str | None = None
    recording_url: str | None = None
    recording_path: Path | None = None
    recording_name: str | None = None
    update_url: str | None = None
    update_links: Mapping[str, str] = field(default_factory=dict)
    attempt: int = 1
    maybe_sent: bool = False
    reason: str | None = None

    def text(self, name: str) -> str | None:
        """A text of `fields`; None where it is not known."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else None

    def moment(self, name: str) -> datetime | None:
        """A time of `fields`; None where it is not known."""
        value = self.fields.get(name)
        return value if isinstance(value, datetime) else None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The other side has accepted the request; what proves it is defined in `_receipts`.

    ``external_id``: the other side's number, if it gives one. ``token``: stands for a number that
    is assigned later (Open311). ``answer``: the other side's own words, bounded, kept with the
    attempt.
    """

    external_id: str | None = None
    token: str | None = None
    note: str | None = None
    answer: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Report:
    """The other side's report about a request. ``status`` None: nothing new."""

    status: Status | None = None
    external_id: str | None = None
    note: str | None = None
    who: str | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A delivery whose status is polled."""

    external_id: str | None
    token: str | None
    tracking_number: str
    submitted_at: datetime


class Backend(Protocol):
    """A system that does the work.

    Every method raises `BackendError` (its ``retryable`` and ``sent`` decide what follows).
    ``polls``: `status` is called from time to time. ``can_update``: `update` reaches the other
    side; otherwise operators get a task to ring them.
    """

    name: str
    polls: bool
    can_update: bool

    async def submit(self, dispatch: Dispatch) -> Receipt:
        """Hand the request over; a `Receipt` only where receipt is proven, else `BackendError` with
        ``sent`` None. Called again with the same key after a failure."""
        ...

    async def status(self, pending: Pending) -> Report:
        """Ask for the present status of a delivery."""
        ...

    async def update(self, dispatch: Dispatch) -> str | None:
        """Tell the other side that the request was changed or cancelled; return its own words,
        bounded. Proven as `submit` is."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


def kinds() -> list[str]:
    """The kinds of backend that exist: the modules in this folder."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def create(name: str, table: Mapping[str, Any], outgoing: Any) -> Backend:
    """Make the backend ``name`` from its raw settings table (``kind`` selects the module).

    ``outgoing`` is the `intake.network.http.Outgoing` that all backends share.
    Raises `SettingsError` that names each bad key.
    """
    module, options = check(name, table)
    backend: Backend = module.create(name, options, outgoing)
    return backend


def check(name: str, table: Mapping[str, Any]) -> tuple[Any, BaseModel]:
    """Validate one backend's table; return its module and its options. Raises `SettingsError`."""
    raw = dict(table)
    kind = raw.pop("kind", None)
    raw.pop("title", None)  # its name for residents
    if kind not in kinds():
        raise SettingsError(
            f"[backends.{name}] kind: {kind!r} is unknown; choose one of {', '.join(kinds())}."
        )
    module = importlib.import_module(f"{__name__}.{kind}")
    try:
        return module, module.Options.model_validate(raw)
    except ValidationError as error:
        lines = [
            f"[backends.{name}] {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()
        ]
        raise SettingsError("; ".join(lines)) from None
