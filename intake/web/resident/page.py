"""The resident's page with its one button, at the root and behind a household's link.

The scripts come from ``page/`` (TypeScript), built by Vite into ``assets/page``. Without them,
and in a browser without scripts, the page is a form with the phone's own recorder.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.templating import Jinja2Templates

from intake.errors import NotFound
from intake.locale import FALLBACK, catalog, emergency_numbers, languages, say
from intake.locale.visible_text import finalize
from intake.settings import Settings
from intake.web.assets_manifest import ASK_AGAIN, Asset, Built, answer_with, send
from intake.web.auth import CurrentParts
from intake.web.language import COOKIE, language_of

WEB = Path(__file__).parent.parent
BUILT = WEB / "assets" / "page"
PROMPTS = WEB / "assets" / "prompts"
SCRIPTS_SAY = "resident.js."
YEAR_SECONDS = 365 * 24 * 3600
UNBROKEN = str.maketrans({" ": "\u00a0", "-": "\u2011"})  # a phone number stays on one line
PROMPT = re.compile(r"[a-z0-9-]{1,64}\.(mp3|json)")
TOKEN = re.compile(r"[A-Za-z0-9._~-]{1,512}")
POLICY = (
    "default-src 'self'; media-src 'self' blob:; style-src 'self' 'unsafe-inline';"
    " base-uri 'none'; frame-ancestors 'none'"
)
templates = Jinja2Templates(WEB / "templates")
templates.env.finalize = finalize


def routes(built: Built | None = None) -> APIRouter:
    """The page and everything that it loads."""
    files = built or Built(BUILT)
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    @router.get("/h/{token}")
    async def page(
        parts: CurrentParts, request: Request, token: str | None = None, lang: str | None = None
    ) -> Response:
        """The page in the language asked for, else chosen before, else the browser's."""
        language = language_of(request, lang)
        known = token if token and TOKEN.fullmatch(token) else None
        context = _context(parts.settings, language, known, files)
        answer = _packed(request, templates.get_template("resident.html"), context)
        if lang in languages():
            answer.set_cookie(COOKIE, language, max_age=YEAR_SECONDS, samesite="lax")
        return answer

    @router.get("/page/prompts/{language}/{name}")
    async def prompt(language: str, name: str) -> FileResponse:
        """A recorded sentence, for phones without speech output."""
        path = PROMPTS / language / name
        if language not in languages() or not PROMPT.fullmatch(name) or not path.is_file():
            raise NotFound("There is no such prompt.")
        return FileResponse(path, headers={"Cache-Control": ASK_AGAIN})

    @router.get("/page/{name}")
    async def asset(request: Request, name: str) -> Response:
        """A file of the page; its name changes with its content."""
        return send(files, name, request)

    @router.get("/sw.js")
    async def worker(request: Request) -> Response:
        """The service worker; at the root, because it may only serve what lies below its own
        path."""
        return send(files, "sw.js", request, ASK_AGAIN)

    @router.get("/manifest.webmanifest")
    async def manifest(request: Request, h: str = "", lang: str | None = None) -> JSONResponse:
        """The web app manifest; with a household's link the installed page opens that link."""
        language = language_of(request, lang)
        start = f"/h/{h}" if TOKEN.fullmatch(h) else "/"
        sizes = (("icon.svg", "any"), ("icon-192.png", "192x192"), ("icon-512.png", "512x512"))
        return JSONResponse(
            {
                "id": start,
                "name": say("resident.title", language),
                "short_name": say("resident.brand", language),
                "lang": language,
                "start_url": start,
                "scope": "/",
                "display": "standalone",
                "background_color": "#ffffff",
                "theme_color": "#0b4f8a",
                "icons": [{"src": f"/page/{name}", "sizes": size} for name, size in sizes],
            },
            headers={"Cache-Control": ASK_AGAIN},
            media_type="application/manifest+json",
        )

    return router


def _context(
    settings: Settings, language: str, household: str | None, files: Built
) -> dict[str, Any]:
    phone = settings.human_phone
    # Not filled in here: the script fills in seconds and names.
    words = {
        key.removeprefix(SCRIPTS_SAY): catalog(language).get(key, text)
        for key, text in catalog(FALLBACK).items()
        if key.startswith(SCRIPTS_SAY)
    }
    query = f"?lang={language}" + (f"&h={household}" if household else "")
    return {
        "say": lambda key: say(key, language),
        "language": language,
        "others": [
            (code, say("resident.language", code)) for code in sorted(languages() - {language})
        ],
        "household": household,
        "phone": phone,
        "phone_shown": phone.translate(UNBROKEN) if phone else None,
        "dial": emergency_numbers.labelled(language),
        "limit": settings.limits.max_seconds,
        "words": words,
        "scripts": files.scripts,
        "styles": files.styles,
        "manifest": f"/manifest.webmanifest{query}",
    }


def _packed(request: Request, template: Any, context: dict[str, Any]) -> Response:
    body = template.render(context).encode()
    page = Asset(body, gzip.compress(body, 6, mtime=0), "text/html; charset=utf-8")
    headers = {
        "Content-Security-Policy": POLICY,
        "Permissions-Policy": "microphone=(self)",
        "Cache-Control": ASK_AGAIN,
        "Content-Language": context["language"],
    }
    return answer_with(
        page, request.headers, headers, vary="Accept-Encoding, Accept-Language, Cookie"
    )
