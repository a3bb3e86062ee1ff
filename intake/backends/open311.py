"""A city's hotline with an Open311 GeoReport v2 server.

What is posted is often published, so by default only the summary is sent: no transcript, no
recording, no name or phone number. The protocol has no idempotency key: the description begins
with our tracking number and a mark of the delivery, and before anything is posted again the
server's list is searched for them. The protocol can't change or cancel a request either: operators
get a task to ring.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
from pydantic import Field, model_validator

from intake.backends import Dispatch, Pending, Receipt, Report, _receipts
from intake.backends import _georeport as georeport
from intake.errors import BackendError
from intake.lifecycle import Status
from intake.network.http import Outgoing
from intake.network.options import NetworkOptions, Secret, Url, Zone, read_secret

DESCRIPTION_CHARACTERS = 4000
LONGEST_SEARCH = timedelta(days=89)
LIST_LIMIT = 1000
_CLOCK_SLACK = timedelta(hours=1)
_LONG_NUMBER = re.compile(r"\d(?:[\s-]?\d){6,}")
_MAX_LIST_BYTES = 32 * 1024 * 1024


class Options(NetworkOptions):
    """The endpoint, and the service codes of our categories there."""

    url: Url | None = Field(None, description="the endpoint, up to /v2")
    discovery_url: Url | None = Field(None, description="instead: its discovery document")
    endpoint_type: Literal["production", "test"] = "production"
    format: Literal["json", "xml"] = "json"
    api_key_file: Secret = Field(description="the key for posting")
    jurisdiction_id: str | None = None
    services: dict[str, str] = Field(default_factory=dict, description="category → service_code")
    default_service: str | None = Field(None, description="service_code of all other categories")
    attributes: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="service_code → attribute code → what to answer"
    )
    send_contact: bool = Field(False, description="give the resident's name and phone")
    send_transcript: bool = Field(False, description="give the resident's words, may be published")
    timezone: Zone = Field(
        "Asia/Shanghai", description="zone of the times that the server writes without one"
    )
    service_list_seconds: float = Field(3600, gt=0, description="how long the list is cached")
    settle_seconds: float = Field(
        5, ge=0, le=60, description="before posting again: wait, then search a second time"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.url is None) == (self.discovery_url is None):
            raise ValueError("give either url or discovery_url")
        if not self.services and self.default_service is None:
            raise ValueError("give services, default_service or both, else nothing can be sent")
        return self


class Open311Backend:
    """One endpoint and jurisdiction."""

    polls = True
    can_update = False

    def __init__(self, name: str, options: Options, outgoing: Outgoing) -> None:
        self.name = name
        self._options = options
        self._outgoing = outgoing
        self._services: tuple[float, dict[str, georeport.Service]] | None = None
        self._endpoint = options.url

    async def submit(self, dispatch: Dispatch) -> Receipt:
        try:
            service = await self._service(self._service_code(dispatch))
            form = await self._form(dispatch, service)
            there = None
            if dispatch.attempt > 1 or dispatch.maybe_sent:
                there = await self._find_sent(dispatch, service)
        except BackendError as error:
            error.sent = None if dispatch.maybe_sent else False
            raise
        if there is not None:
            return there
        answer = await self._call("POST", "requests", data=form)
        return _receipts.of_open311(self.name, answer, service.kind)

    async def status(self, pending: Pending) -> Report:
        external_id = pending.external_id
        if external_id is None and pending.token is not None:
            path = f"tokens/{quote(pending.token, safe='')}"
            found = georeport.requests(await self._call("GET", path))
            numbers = (_receipts.identifier(r.get("service_request_id")) for r in found)
            external_id = next((number for number in numbers if number), None)
        if external_id is None:
            return Report()
        path = f"requests/{quote(external_id, safe='')}"
        answer = await self._call("GET", path, accept=(404,))
        # A number that was just assigned may not be shown yet.
        found = georeport.requests(answer) if answer.is_success else []
        # A server that does not read the number in the path shows the requests of others.
        same = [r for r in found if r.get("service_request_id", external_id) == external_id]
        return self._report(external_id, same[0]) if same else Report(external_id=external_id)

    async def update(self, dispatch: Dispatch) -> str | None:
        raise BackendError(
            f"{self.name} can't be told of changes by Open311; ring them.",
            code="update_not_supported",
            retryable=False,
        )

    async def close(self) -> None:
        """Nothing is held."""

    def _service_code(self, dispatch: Dispatch) -> str:
        code = self._options.services.get(dispatch.category, self._options.default_service)
        if code is None:
            raise BackendError(
                f"{self.name} has no service for {dispatch.category}; add it to services, or"
                " set default_service.",
                code="no_service",
                retryable=False,
            )
        return code

    async def _service(self, code: str) -> georeport.Service:
        """The service of a code, from the cached list; if it is missing, the list is fetched again.

        Raises `BackendError` when the server offers no such service.
        """
        known = self._services
        if known is not None and time.monotonic() - known[0] > self._options.service_list_seconds:
            known = None
        if known is None or code not in known[1]:
            try:
                fresh = georeport.services(await self._call("GET", "services"))
            except BackendError as error:
                if self._services is None or code not in self._services[1] or not error.retryable:
                    raise
                return self._services[1][code]
            known = self._services = (time.monotonic(), fresh)
        if code not in known[1]:
            raise BackendError(
                f"{self.name} offers no service {code}; compare services with its list.",
                code="service_unknown",
                retryable=False,
            )
        return known[1][code]

    async def _form(self, dispatch: Dispatch, service: georeport.Service) -> dict[str, str]:
        options = self._options
        form = {"service_code": service.code, "description": self._description(dispatch)}
        parts = map(dispatch.text, ("area", "place", "unit"))
        address = dispatch.address or " ".join(part for part in parts if part)
        if dispatch.latitude is not None and dispatch.longitude is not None:
            form |= {"lat": f"{dispatch.latitude:.6f}", "long": f"{dispatch.longitude:.6f}"}
        elif not address:
            raise BackendError(
                f"{self.name} requires a place; fill it in.",
                code="no_location",
                retryable=False,
            )
        if address:
            form["address_string"] = address
        if options.send_contact:
            contact = {"first_name": dispatch.text("person"), "phone": dispatch.text("phone")}
            form |= {key: value for key, value in contact.items() if value}
        answers = options.attributes.get(service.code, {})
        if service.has_attributes:
            await self._check_attributes(service.code, answers)
        form |= {f"attribute[{code}]": value for code, value in answers.items()}
        return {"api_key": read_secret(options.api_key_file), **form}

    async def _check_attributes(self, code: str, answers: Mapping[str, str]) -> None:
        answer = await self._call("GET", f"services/{quote(code, safe='')}")
        missing = sorted(georeport.required_attributes(answer) - answers.keys())
        if missing:
            raise BackendError(
                f"{self.name} demands {', '.join(missing)} for service {code}; add them to"
                f" attributes.{code}.",
                code="attributes_missing",
                retryable=False,
            )

    def _description(self, dispatch: Dispatch) -> str:
        language = "zh" if dispatch.language.startswith("zh") else "en"
        kind = dispatch.category_name.get(language, dispatch.category)
        text = f"{_mark(dispatch)} {kind}: {dispatch.summary}"
        if self._options.send_transcript and dispatch.transcript:
            text += f"\n{dispatch.transcript}"
        if not self._options.send_contact:
            head, _, rest = text.partition(": ")
            text = f"{head}: {_LONG_NUMBER.sub('***', rest)}"
        return text[:DESCRIPTION_CHARACTERS]

    async def _find_sent(self, dispatch: Dispatch, service: georeport.Service) -> Receipt | None:
        """The receipt of a request that the server has already; None if it certainly has not.

        Raises `BackendError` when that can't be told.
        """
        receipt, sure = await self._search(dispatch, service)
        if receipt is None and sure and dispatch.maybe_sent:
            # The server may still be processing the request whose answer was lost.
            await asyncio.sleep(self._options.settle_seconds)
            receipt, sure = await self._search(dispatch, service)
        if receipt is None and not sure and dispatch.maybe_sent:
            raise BackendError(
                f"{self.name} may have {dispatch.tracking_number} already, and its list does not"
                " show it; ask them before sending it again.",
                code="may_have_been_sent_twice",
                retryable=False,
            )
        return receipt

    async def _search(
        self, dispatch: Dispatch, service: georeport.Service
    ) -> tuple[Receipt | None, bool]:
        now = datetime.now(UTC)
        start = max(dispatch.received_at - _CLOCK_SLACK, now - LONGEST_SEARCH)
        answer = await self._call(
            "GET",
            "requests",
            params={
                "service_code": service.code,
                "start_date": _w3c(start),
                "end_date": _w3c(now + _CLOCK_SLACK),
            },
        )
        found = georeport.requests(answer)
        mark = re.compile(rf"(?<![\w-]){re.escape(_mark(dispatch))}")
        ours = [record for record in found if mark.search(record.get("description", ""))]
        if ours:
            first = min(ours, key=lambda record: record.get("requested_datetime", ""))
            return _receipts.of_record(first, answer), True
        shows_descriptions = not found or any("description" in record for record in found)
        complete = service.kind == "realtime" and len(found) < LIST_LIMIT
        covered = dispatch.received_at - _CLOCK_SLACK >= now - LONGEST_SEARCH
        return None, shows_descriptions and complete and covered

    def _report(self, external_id: str, record: georeport.Record) -> Report:
        """The report in a record: "closed" is done; "open" is accepted once a named agency has
        updated the request after it was made, before that there is nothing new."""
        zone = ZoneInfo(self._options.timezone)
        came = georeport.moment(record.get("requested_datetime"), zone)
        touched = georeport.moment(record.get("updated_datetime"), zone)
        agency = record.get("agency_responsible")
        status = None
        if record.get("status", "").lower() == "closed":
            status = Status.DONE
        elif agency and came is not None and touched is not None and touched > came:
            status = Status.ACCEPTED
        return Report(
            status=status,
            external_id=external_id,
            note=record.get("status_notes"),
            who=agency,
            updated_at=touched,
        )

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        data: dict[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> httpx.Response:
        jurisdiction = self._options.jurisdiction_id
        extra = {} if jurisdiction is None else {"jurisdiction_id": jurisdiction}
        try:
            return await self._outgoing.request(
                method,
                f"{await self._root()}/{path}.{self._options.format}",
                params=None if method == "POST" else {**(params or {}), **extra},
                data=None if data is None else {**data, **extra},
                accept=accept,
                max_bytes=_MAX_LIST_BYTES,
                **self._options.ways(),
            )
        except BackendError as error:
            if method == "GET":
                error.sent = False
            raise

    async def _root(self) -> str:
        if self._endpoint is None:
            url: Any = self._options.discovery_url
            answer = await self._outgoing.request("GET", url, **self._options.ways())
            self._endpoint = georeport.endpoint(answer, self._options.endpoint_type)
        if self._endpoint is None:
            raise BackendError(
                f"{self.name}: the discovery document names no {self._options.endpoint_type}"
                " endpoint of GeoReport v2; set url.",
                code="no_endpoint",
                retryable=False,
            )
        return self._endpoint


def create(name: str, options: Options, outgoing: Outgoing) -> Open311Backend:
    """Make the endpoint ``name``."""
    return Open311Backend(name, options, outgoing)


def _mark(dispatch: Dispatch) -> str:
    """Tracking number and a mark of this delivery: a request may be sent there a second time."""
    digest = hashlib.sha256(dispatch.idempotency_key.encode()).hexdigest()[:6]
    return f"{dispatch.tracking_number} ({digest})"


def _w3c(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
