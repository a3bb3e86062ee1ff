"""The JSON shapes of the operators' API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from intake.locale import say
from intake.storage.models import ServiceRequest
from intake.understanding.fields import COLUMNS, FIELDS
from intake.web.api.field_models import with_columns


def masked(phone: str | None) -> str | None:
    """A phone number for lists: the middle digits hidden (13812345678 → 138****5678)."""
    if phone is None or len(phone) < 5:
        return phone and "*" * len(phone)
    return phone[:3] + "*" * max(2, len(phone) - 7) + phone[-4:]


@with_columns(column for column in COLUMNS if column.listed)
class _Known(BaseModel):
    tracking_number: str
    status: str
    status_text: str
    urgency: str
    category: str | None
    text: str | None


class Line(_Known):
    """One request in a list."""

    backend: str | None
    channel: str
    reasons: list[dict[str, Any]]
    received_at: datetime
    deadline_at: datetime | None
    on_hold_until: datetime | None
    version: int

    @classmethod
    def of(cls, request: ServiceRequest, *, hide_phone: bool = True) -> Line:
        values = {name: getattr(request, name) for name in cls.model_fields if name in _COLUMNS}
        if hide_phone:
            values |= {
                field.column: masked(values[field.column]) for field in FIELDS if field.masked
            }
        return cls(status_text=say(f"status.{request.status}", "zh"), **values)


_COLUMNS = {column.key for column in ServiceRequest.__table__.columns}


class Page(BaseModel):
    """A page of a list; ``next`` is the cursor of the following one."""

    requests: list[Line]
    next: str | None = None


@with_columns(COLUMNS)
class _Whole(Line):
    pass


class Detail(_Whole):
    """One request with all that belongs to it."""

    language: str | None
    external_id: str | None
    assignee: str | None
    decided_by: str | None
    given: dict[str, Any]
    for_other: bool
    rejected_because: str | None
    route_to: str | None
    invented: bool
    corrected: list[str]
    merged_into: str | None = None
    split_from: str | None = None
    related_to: str | None = None
    status_url: str | None = None
    erased_at: datetime | None = None
    recording: dict[str, Any] | None = None
    transcript: dict[str, Any] | None = None
    understanding: dict[str, Any] | None = None
    events: list[dict[str, Any]] = Field(default_factory=list)
    deliveries: list[dict[str, Any]] = Field(default_factory=list)
    messages: list[dict[str, Any]] = Field(default_factory=list)
    alarm: dict[str, Any] | None = None
    tasks: list[dict[str, Any]] = Field(default_factory=list)


class Strict(BaseModel):
    """A body without unknown keys."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


@with_columns(COLUMNS, written=True)
class _Written(Strict):
    pass


class Correction(_Written):
    """The fields to change; those that are left out stay. ``why``: the reason for the history."""

    why: str | None = Field(None, max_length=500)


class Split(Correction):
    """Fields of the second request that differ from the first."""


class Why(Strict):
    """A reason in words."""

    why: str | None = Field(None, max_length=500)


class Reject(Strict):
    """``why``: the reason that the resident is told."""

    why: str = Field(min_length=2, max_length=500)


class Confirm(Why):
    """``backend``: the backend to send it to, in place of the one that the rules choose."""

    backend: str | None = None


class Hold(Why):
    """``until``: when it returns to the list; None ends the hold."""

    until: AwareDatetime | None


class Merge(Why):
    """``into``: the tracking number of the request to merge this one into."""

    into: str


class Order(BaseModel):
    """One order on the station's board."""

    id: int
    tracking_number: str
    status: str
    payload: dict[str, Any]
    accepted_by: str | None
    accepted_at: datetime | None
    comes_at: datetime | None
    done_at: datetime | None
    note: str | None
    version: int
    created_at: datetime


class TakeOrder(Strict):
    """Who comes (``name``), and when."""

    name: str = Field(min_length=1, max_length=40)
    comes_at: AwareDatetime | None = None
    note: str | None = Field(None, max_length=500)


class Update(Strict):
    """A backend's report about a request."""

    tracking_number: str
    status: Literal["accepted", "done", "could_not"]
    external_id: str | None = Field(None, max_length=200)
    who: str | None = Field(None, max_length=80)
    note: str | None = Field(None, max_length=1000)
