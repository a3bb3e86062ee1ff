"""The systems around the demo: a property office, a city's Open311 server, a lawyers' mailbox and
a pager for emergencies. Small, but real servers on loopback that check what they are sent.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.http_server import Answer, Asked, HttpServer
from tests.fakes.mail_server import MailServer
from tests.fakes.open311_server import Open311Server
from tests.fakes.webhook_receiver import WebhookReceiver

LOOPBACK = ["127.0.0.0/8"]
SECRET = "demo-property-office"
API_KEY = "demo-city"


class Pager(HttpServer):
    """Takes alarms; ``pages`` holds what it was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: list[dict[str, object]] = []

    async def work(self, asked: Asked) -> Answer:
        self.pages.append(json.loads(asked.body))
        return Answer(200, b"{}")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """All of them, running."""

    office: WebhookReceiver
    city: Open311Server
    mail: MailServer
    pager: Pager


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[Neighbours]:
    """Run them for the length of a block."""
    async with (
        WebhookReceiver([SECRET]) as office,
        Open311Server(API_KEY) as city,
        MailServer(None) as mail,
        Pager() as pager,
    ):
        yield Neighbours(office, city, mail, pager)


def write_settings(folder: Path, neighbours: Neighbours, places: Path) -> Path:
    """Write the demo's settings file with its secrets beside it; its path."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, secret in (("office", SECRET), ("city", API_KEY)):
        path = folder / f"{name}.secret"
        path.write_text(secret)
        path.chmod(0o600)
    networks = json.dumps(LOOPBACK)
    path = folder / "huying.toml"
    path.write_text(
        f"""# Made anew by every `make demo`.
places = "{places}"

# So that the samples show what goes out without a person; a deployment calibrates its own values.
[deciding]
category = 0.6
category_spoken = 0.7

[channels.webchat]

[backends.station]
kind = "station"
title = "志愿者服务站"

[backends.property_office]
kind = "webhook"
title = "物业服务中心"
url = "{neighbours.office.url}/orders"
secret_file = "office.secret"
allow_networks = {networks}

[backends.open311_city]
kind = "open311"
title = "城市服务热线"
url = "{neighbours.city.url}/v2"
api_key_file = "city.secret"
default_service = "REPAIR"
allow_networks = {networks}

[backends.legal_aid_office]
kind = "email"
title = "法律援助中心"
to = ["office@legal.example"]
sender = "huying@community.example"
host = "127.0.0.1"
port = {neighbours.mail.port}
starttls = false
allow_networks = {networks}

[routing]
default = "station"

[[routing.rules]]
backend = "property_office"
category = ["home_repair", "property_mgmt"]

[[routing.rules]]
backend = "open311_city"
category = ["public_facility", "sanitation"]

[[routing.rules]]
backend = "legal_aid_office"
category = ["legal_aid"]

[[alarm.contacts]]
name = "值班员"
webhook = "{neighbours.pager.url}/page"
allow_networks = {networks}
"""
    )
    return path
