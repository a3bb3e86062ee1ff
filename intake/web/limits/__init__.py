"""Limits on what a client may send, applied before a request reaches a route."""

from __future__ import annotations

from starlette.applications import Starlette

from intake.settings import Settings
from intake.web.limits.body_limit import BodyLimit
from intake.web.limits.byte_allowance import ByteAllowance
from intake.web.limits.method_override import MethodOverride
from intake.web.limits.rate_limit import RateLimit
from intake.web.limits.request_share import RequestShare


def install(app: Starlette, settings: Settings) -> None:
    """Put the limits before every route of the app. A request meets the last one added first."""
    app.add_middleware(BodyLimit)
    if settings.limits.bytes_per_address_per_minute:
        least = settings.limits.max_bytes * 2  # one recording and its form always fit
        per_minute = max(settings.limits.bytes_per_address_per_minute, least)
        app.add_middleware(ByteAllowance, per_minute=per_minute)
    if settings.limits.per_address_per_minute:
        app.add_middleware(RateLimit, per_minute=settings.limits.per_address_per_minute)
    app.add_middleware(MethodOverride)
    app.add_middleware(
        RequestShare,
        most=settings.limits.connections,
        per_address=settings.limits.connections_per_address,
    )
