"""The exceptions of Huying, in one tree.

    HuyingError
    ├── InputError            the sender can correct it         400
    │   ├── TooLarge                                            413
    │   ├── TooLong                                             413
    │   ├── EmptyRecording                                      422
    │   ├── NotAudio                                            415
    │   ├── BadField                                            422
    │   └── KeyReused         same key, other body              422
    ├── NotAllowed            the caller is not authenticated   401
    │   └── Forbidden         not for this role                 403
    ├── NotFound                                                404
    ├── StaleVersion          If-Match names an old version     412
    ├── MissingVersion        a write without If-Match          428
    ├── MoveNotAllowed        the life cycle has no such move   409
    ├── TooMany               too many requests                 429
    ├── Unavailable           try again later                   503
    │   └── DiskFull                                            507
    ├── SettingsError         the administrator must correct the settings
    ├── AssistantError        Rasa is down, slow or silent
    ├── CannotSend            a channel could not deliver a message
    └── BackendError          a backend refused, or was not reached

The right-hand column is the HTTP status (500 where it is empty). Each error carries a stable
``code``, whether a retry may help (``retryable``), and a sentence that tells an operator or a
sender what to do.
"""

from __future__ import annotations

from typing import Any


class HuyingError(Exception):
    """Base of all. ``str(error)`` is a sentence for a person, without personal data.

    ``code``: stable snake_case name. ``retryable``: may the same call succeed later?
    ``retry_after_seconds``: the least wait that the other side asked for, if it did.
    ``details``: whatever else the raiser adds; the API shows ``field``, ``limit`` and ``state``.
    ``headers``: of the answer, where the door's protocol demands some.
    """

    default_code = "error"
    default_retryable = False
    http_status = 500

    def __init__(
        self,
        sentence: str,
        *,
        code: str | None = None,
        retryable: bool | None = None,
        retry_after_seconds: float | None = None,
        **details: Any,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code or self.default_code
        self.retryable = self.default_retryable if retryable is None else retryable
        self.retry_after_seconds = retry_after_seconds
        self.headers: dict[str, str] = {}
        self.details = details


class InputError(HuyingError):
    """The sender's data can't be used as they are."""

    default_code = "bad_input"
    http_status = 400


class TooLarge(InputError):
    """More bytes than are accepted."""

    default_code = "too_large"
    http_status = 413


class TooLong(InputError):
    """More seconds of sound than are accepted."""

    default_code = "too_long"
    http_status = 413


class EmptyRecording(InputError):
    """No bytes, or no sound at all."""

    default_code = "empty"
    http_status = 422


class NotAudio(InputError):
    """The bytes are no known sound format."""

    default_code = "not_audio"
    http_status = 415


class BadField(InputError):
    """One field of a form or a body is wrong; the sentence names it."""

    default_code = "bad_field"
    http_status = 422


class KeyReused(InputError):
    """The Idempotency-Key was used before with another body."""

    default_code = "idempotency_key_reused"
    http_status = 422


class NotAllowed(HuyingError):
    """The token is missing, unknown or revoked, or the signature is wrong."""

    default_code = "not_allowed"
    http_status = 401


class Forbidden(NotAllowed):
    """The caller is authenticated, but their role may not do this."""

    default_code = "forbidden"
    http_status = 403


class NotFound(HuyingError):
    """It does not exist, or the caller may not see it."""

    default_code = "not_found"
    http_status = 404


class StaleVersion(HuyingError):
    """Somebody changed it in between; ``details["current"]`` holds the present state."""

    default_code = "stale_version"
    http_status = 412


class MissingVersion(HuyingError):
    """A write without the version that the caller saw."""

    default_code = "if_match_required"
    http_status = 428


class MoveNotAllowed(HuyingError):
    """The life cycle has no such move."""

    default_code = "move_not_allowed"
    http_status = 409


class TooMany(HuyingError):
    """The sender has reached a rate limit."""

    default_code = "too_many_requests"
    default_retryable = True
    http_status = 429


class Unavailable(HuyingError):
    """A process or the database is unreachable for the moment; nothing was stored."""

    default_code = "unavailable"
    default_retryable = True
    http_status = 503


class DiskFull(Unavailable):
    """The disk is full, or nearly; nothing was stored."""

    default_code = "disk_full"
    http_status = 507


class SettingsError(HuyingError):
    """The settings can't be used; the sentence names the keys and how to correct them."""

    default_code = "settings"


class AssistantError(HuyingError):
    """Rasa is down, too slow, or gave an empty answer."""

    default_code = "assistant_unreachable"
    default_retryable = True


class CannotSend(HuyingError):
    """A channel could not deliver a message to the resident.

    Not retryable: the channel can't reach the resident before their next message, or ever, so the
    message waits.
    """

    default_code = "cannot_send"


class BackendError(HuyingError):
    """A backend refused, or could not be reached.

    ``sent``: ``False`` when the other side certainly did not get the request, ``None`` when that is
    unknown (the answer was lost). After ``None`` nothing is posted again before the backend has
    checked whether it was received.
    """

    default_code = "backend_failed"
    default_retryable = True

    def __init__(self, sentence: str, *, sent: bool | None = False, **kwargs: Any) -> None:
        super().__init__(sentence, **kwargs)
        self.sent = sent
