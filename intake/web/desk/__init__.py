"""The operators' desk: its pages are rendered here, its changes go through the operators' API.

Every page is rendered on the server; scripts (``desk/``, built by Vite) update it live, handle the
keyboard, and send an operator's decisions to ``/api/…`` with the version that the operator saw.
A page is one module of this folder with a ``router``, listed below; `pages.NAV` is the menu.
"""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response

from intake.errors import Forbidden
from intake.web.assets_manifest import send
from intake.web.auth import PasswordFirst
from intake.web.desk import (
    access_log,
    accounts,
    conversations,
    demand,
    events,
    failures,
    households,
    oidc,
    password,
    queue,
    request,
    settings,
    sign_in,
    station,
    tasks,
)
from intake.web.desk.pages import FILES, SignInFirst, not_for_you, password_first, sign_in_first

MODULES = (
    sign_in,
    queue,
    events,
    conversations,
    oidc,
    password,
    accounts,
    access_log,
    request,
    settings,
    demand,
    tasks,
    station,
    failures,
    households,
)


def install(app: FastAPI) -> None:
    """Add the desk's pages to the application."""
    for module in MODULES:
        app.include_router(module.router, include_in_schema=False)
    app.include_router(_assets)
    app.add_exception_handler(SignInFirst, sign_in_first)
    app.add_exception_handler(PasswordFirst, password_first)
    app.add_exception_handler(Forbidden, not_for_you)


_assets = APIRouter(include_in_schema=False)


@_assets.get("/desk/assets/{name}")
async def asset(request: Request, name: str) -> Response:
    """A built file of the desk; its name changes with its content."""
    return send(FILES, name, request)
