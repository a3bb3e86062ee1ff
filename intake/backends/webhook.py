"""A system that accepts our signed JSON over HTTP; it makes at most one order for each key.

The body is `intake/backends/schemas/service_request.v1.json`. Headers: ``Huying-Signature``
(`intake.network.signing.sign_body`), ``Idempotency-Key`` and ``Huying-Event``. The other side
answers 2xx, at best with ``{"external_id": "…"}``; 409 with an external_id means that it has the
order already (`_receipts` defines what counts as received). It reports back to the ``update_url``
in the body.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

import httpx
from pydantic import Field

from intake.backends import Dispatch, Pending, Receipt, Report, _payload, _receipts
from intake.network.http import Outgoing
from intake.network.options import NetworkOptions, Secret, Url, read_secret
from intake.network.signing import sign_body, unix_seconds

EVENTS = {
    "submit": "service_request.submitted",
    "changed": "service_request.changed",
    "cancelled": "service_request.cancelled",
}


class Options(NetworkOptions):
    """``secret_file`` signs what we send; reports are accepted with either secret."""

    url: Url
    secret_file: Secret = Field(description="the shared secret")
    previous_secret_file: Secret | None = Field(None, description="the secret before it")
    receipt: Literal["answer", "number"] = Field(
        "answer", description="number: only an answer with external_id counts as received"
    )


class WebhookBackend:
    """A backend that receives webhooks."""

    polls = False
    can_update = True

    def __init__(self, name: str, options: Options, outgoing: Outgoing) -> None:
        self.name = name
        self._options = options
        self._outgoing = outgoing

    async def submit(self, dispatch: Dispatch) -> Receipt:
        answer = await self._post(dispatch, accept=(409,))
        number_required = self._options.receipt == "number"
        return _receipts.of_webhook(self.name, answer, number_required=number_required)

    async def status(self, pending: Pending) -> Report:
        """Always an empty report: receivers of webhooks report by themselves."""
        return Report()

    async def update(self, dispatch: Dispatch) -> str | None:
        # Its number was told with the order: an answer to a change need not repeat it.
        answer = await self._post(dispatch)
        return _receipts.of_webhook(self.name, answer, number_required=False).answer

    def secrets(self) -> list[str]:
        """The secrets with which the other side may sign its reports, the current one first."""
        files = (self._options.secret_file, self._options.previous_secret_file)
        return [read_secret(path) for path in files if path is not None]

    async def close(self) -> None:
        """Nothing is held."""

    async def _post(self, dispatch: Dispatch, accept: Sequence[int] = ()) -> httpx.Response:
        body = json.dumps(_payload.build(dispatch), ensure_ascii=False).encode()
        return await self._outgoing.request(
            "POST",
            self._options.url,
            content=body,
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": dispatch.idempotency_key,
                "Huying-Event": EVENTS[dispatch.kind],
                "Huying-Signature": sign_body(self.secrets()[0], unix_seconds(), body),
            },
            accept=accept,
            **self._options.ways(),
        )


def create(name: str, options: Options, outgoing: Outgoing) -> WebhookBackend:
    """Make the receiver ``name``."""
    return WebhookBackend(name, options, outgoing)
