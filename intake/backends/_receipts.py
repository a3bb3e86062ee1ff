"""What proves that the other side has a request. Anything else may have been sent.

| backend | proof of receipt |
|---|---|
| station | the order's row is committed in our own database |
| webhook | 2xx (or 409) with ``external_id``; with ``receipt = "answer"`` also a 2xx without a body, with a JSON object that reports no error, or with one of `_WORDS` |
| Open311 | 2xx with JSON or XML in which an object has a ``service_request_id`` or ``token``; a "blackbox" service gives neither: an empty list or an object of a request. Before a second post: our mark in the server's list |
| e-mail | 250 to the whole message (`intake.network.smtp`): the mail server has it; whether anybody reads it stays unknown |

An unproven answer raises `BackendError` with ``sent`` None: the request is not told as handed over,
and the next attempt knows that the other side may have it.
"""  # noqa: E501

from __future__ import annotations

from typing import Any

import httpx

from intake.backends import Receipt
from intake.backends import _georeport as georeport
from intake.errors import BackendError
from intake.network import content
from intake.network.denial import denies, says_no

ID_CHARACTERS = 200
NO_IDS = frozenset(
    ("", "0", "-1", "-", "--", "null", "none", "nil", "undefined", "n/a", "na", "nan", "false",
     "true", "[]", "{}")
)  # fmt: skip
"""What servers write where they have no number, in lower case."""
_WORDS = frozenset(("ok", "accepted", "received", "success"))


def identifier(value: Any) -> str | None:
    """A number of the other side as text of 1 to `ID_CHARACTERS` characters; None for what is
    none."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = content.storable(str(value), ID_CHARACTERS)
    return None if text.lower() in NO_IDS else text


def unproven(name: str, answer: httpx.Response) -> BackendError:
    """The error for an answer that does not prove that ``name`` has the request."""
    return BackendError(
        f"{name} answered {answer.status_code}, but not as one who has received it.",
        code="answer_unreadable",
        sent=None,
        answer=content.excerpt(answer),
        description=content.description(answer),
    )


def of_open311(name: str, answer: httpx.Response, kind: str) -> Receipt:
    """The receipt in the answer to a posted request; ``kind``: the service's (`Service.kind`)."""
    try:
        found = georeport.requests(answer)
    except BackendError:
        raise unproven(name, answer) from None
    receipts = [of_record(record, answer) for record in found]
    for receipt in receipts:
        if receipt.external_id or receipt.token:
            return receipt
    if kind != "blackbox":
        raise unproven(name, answer)
    return receipts[0] if receipts else Receipt(answer=content.excerpt(answer))


def of_record(record: georeport.Record, answer: httpx.Response) -> Receipt:
    """The receipt in one record of ``answer``."""
    return Receipt(
        external_id=identifier(record.get("service_request_id")),
        token=identifier(record.get("token")),
        note=record.get("service_notice"),
        answer=content.excerpt(answer),
    )


def of_webhook(name: str, answer: httpx.Response, *, number_required: bool) -> Receipt:
    """The receipt in the answer to a signed order: 2xx, or 409 for an order that is known."""
    raw = content.excerpt(answer)
    try:
        found = content.tree(answer)
    except content.Unreadable:
        found = answer.text.strip().rstrip(".!") if answer.content else None
    given = content.carriers(found, ("external_id",))
    numbers = (identifier(each["external_id"]) for each in given)
    external_id = next((number for number in numbers if number), None)
    known = answer.status_code == 409
    if external_id is not None and (known or not denies(found)):
        return Receipt(external_id=external_id, answer=raw)
    if known:
        raise BackendError(
            f"{name} says it has another order under this key and does not say which; ask them.",
            code="backend_conflict",
            retryable=False,
            sent=None,
            answer=raw,
            description=content.description(answer),
        )
    if isinstance(found, dict):
        markup = answer.content.lstrip().startswith(b"<")
        plain = not (markup or says_no(answer))
    else:
        plain = not answer.content.strip() or str(found).lower() in _WORDS
    if number_required or not plain:
        raise unproven(name, answer)
    return Receipt(answer=raw)
