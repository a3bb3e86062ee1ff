"""A plain page in large print, for links in mails and messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from intake.errors import HuyingError
from intake.locale import emergency_numbers, say
from intake.locale.visible_text import finalize
from intake.network import signing

templates = Jinja2Templates(Path(__file__).parent / "templates")
templates.env.finalize = finalize


def page(
    request: Request, key: str, language: str | None, status: int = 200, **values: Any
) -> HTMLResponse:
    """A plain page in large print: a title, sentences, at most a few buttons."""

    def text(name: str, **more: Any) -> str:
        return say(name, language, **{**values, **more})

    context = {
        "say": text,
        "language": language or "zh",
        "title": text(key),
        "dial": emergency_numbers.labelled(language),
        **values,
    }
    return templates.TemplateResponse(request, "plain.html", context, status_code=status)


def bad_link(request: Request, error: HuyingError) -> HTMLResponse:
    key = "link.expired" if isinstance(error, signing.LinkExpired) else "link.forged"
    return page(request, key, None, 410 if key == "link.expired" else 404)
