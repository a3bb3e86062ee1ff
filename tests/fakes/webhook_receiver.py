"""A system that takes our webhooks as the documentation tells it to: checks the signature and
the schema, and does each Idempotency-Key once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import jsonschema

from intake.backends import _payload
from intake.errors import NotAllowed
from intake.network.signing import verify_body
from tests.fakes.http_server import Answer, Asked, HttpServer


class WebhookReceiver(HttpServer):
    def __init__(self, secrets: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.secrets = secrets
        self.conflicts = False
        self.events: dict[str, dict[str, Any]] = {}

    async def work(self, asked: Asked) -> Answer:
        try:
            verify_body(
                self.secrets, asked.headers["huying-signature"], asked.body, datetime.now(UTC)
            )
        except NotAllowed:
            return Answer(401)
        event = json.loads(asked.body)
        jsonschema.Draft202012Validator(
            _payload.schema(), format_checker=jsonschema.FormatChecker()
        ).validate(event)
        key = asked.headers["idempotency-key"]
        assert key == event["idempotency_key"]
        known = key in self.events
        self.events.setdefault(key, event)
        number = f"A-{list(self.events).index(key) + 1}"
        body = json.dumps({"external_id": number}).encode()
        return Answer(409 if known and self.conflicts else 200, body)
