"""An Open311 GeoReport v2 server, JSON and XML, after the specification."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from tests.fakes.http_server import Answer, Asked, HttpServer

ITEM = {"services": "service", "service_requests": "request", "errors": "error"}


class Open311Server(HttpServer):
    """``kind``: realtime, batch or blackbox. ``hides``: field names left out of answers."""

    def __init__(self, api_key: str, *, kind: str = "realtime", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.api_key, self.kind = api_key, kind
        self.orders: list[dict[str, Any]] = []
        self.hides: set[str] = set()
        self.shows = True
        self.services = [self._service("REPAIR", False), self._service("ASKS", True)]

    def _service(self, code: str, metadata: bool) -> dict[str, Any]:
        return {
            "service_code": code,
            "service_name": code.title(),
            "description": "",
            "metadata": metadata,
            "type": self.kind,
            "keywords": "",
            "group": "homes",
        }

    async def work(self, asked: Asked) -> Answer:
        path, _, form = asked.path.removeprefix("/v2/").rpartition(".")
        match asked.method, path.split("/"):
            case "GET", ["discovery"]:
                return self._discovery()
            case "GET", ["services"]:
                return _answer(form, "services", self.services)
            case "GET", ["services", code]:
                return self._definition(code)
            case "POST", ["requests"]:
                return self._take(asked.form, form)
            case "GET", ["requests"]:
                return _answer(form, "service_requests", self._list(asked.query))
            case "GET", ["requests", number]:
                found = [o for o in self.orders if o["service_request_id"] == number]
                found = found if self.shows else []
                return _answer(form, "service_requests", found, 200 if found else 404)
            case "GET", ["tokens", token]:
                found = [
                    {"service_request_id": o["service_request_id"], "token": token}
                    for o in self.orders
                    if f"T-{o['service_request_id']}" == token and self.shows
                ]
                return _answer(form, "service_requests", found)
        return _answer(form, "errors", [{"code": "404", "description": "no such page"}], 404)

    def _discovery(self) -> Answer:
        point = {
            "specification": "http://wiki.open311.org/GeoReport_v2",
            "url": f"{self.url}/v2",
            "changeset": "2026-01-01T00:00:00Z",
            "type": "production",
            "formats": ["application/json"],
        }
        other = {**point, "type": "test", "url": "https://test.example/v2"}
        return Answer(body=json.dumps({"endpoints": [other, point]}).encode())

    def _definition(self, code: str) -> Answer:
        attribute = {"variable": True, "code": "FLOOR", "required": True, "datatype": "string"}
        body = {"service_code": code, "attributes": [attribute]}
        return Answer(body=json.dumps(body).encode())

    def _take(self, form: dict[str, str], extension: str) -> Answer:
        if form.get("api_key") != self.api_key:
            return _answer(extension, "errors", [{"code": "403", "description": "api_key"}], 403)
        placed = {"lat", "long"} <= form.keys() or "address_string" in form
        known = any(s["service_code"] == form.get("service_code") for s in self.services)
        if not placed or not known or len(form.get("description", "")) > 4000:
            return _answer(extension, "errors", [{"code": "400", "description": "bad"}], 400)
        number = str(len(self.orders) + 1)
        now = datetime.now(UTC).isoformat()
        self.orders.append(
            {
                "service_request_id": number,
                "status": "open",
                "status_notes": None,
                "service_code": form["service_code"],
                "description": form["description"],
                "agency_responsible": None,
                "requested_datetime": now,
                "updated_datetime": now,
                "address": form.get("address_string"),
                "form": form,
            }
        )
        given: dict[str, Any] = {"service_request_id": number, "service_notice": "thanks"}
        if self.kind == "batch":
            given = {"token": f"T-{number}"}
        return _answer(extension, "service_requests", [] if self.kind == "blackbox" else [given])

    def _list(self, query: dict[str, str]) -> list[dict[str, Any]]:
        def within(order: dict[str, Any]) -> bool:
            at = datetime.fromisoformat(order["requested_datetime"])
            start, end = query.get("start_date"), query.get("end_date")
            return (
                query.get("service_code", order["service_code"]) == order["service_code"]
                and (start is None or at >= datetime.fromisoformat(start))
                and (end is None or at <= datetime.fromisoformat(end))
            )

        hidden = self.hides | {"form"}
        return [
            {k: v for k, v in order.items() if k not in hidden}
            for order in self.orders
            if self.shows and within(order)
        ]


def _answer(extension: str, root: str, rows: list[dict[str, Any]], status: int = 200) -> Answer:
    rows = [{k: v for k, v in row.items() if k != "form"} for row in rows]
    if extension != "xml":
        return Answer(status, json.dumps(rows).encode(), {"Content-Type": "application/json"})
    top = Element(root)
    for row in rows:
        item = SubElement(top, ITEM[root])
        for key, value in row.items():
            text = str(value).lower() if isinstance(value, bool) else value
            SubElement(item, key).text = text
    body = tostring(top, encoding="utf-8", xml_declaration=True)
    return Answer(status, body, {"Content-Type": "text/xml"})
