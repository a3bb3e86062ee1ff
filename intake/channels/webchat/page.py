"""The chat's page and its scripts, as plain files under a strict content security policy."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader

from intake.channels.webchat.options import Options
from intake.channels.webchat.visitors import plain_host
from intake.locale import DEFAULT, FALLBACK, catalog, emergency_numbers, languages, say
from intake.settings import Settings

WEB = Path(__file__).resolve().parent.parent.parent / "web"
ASSETS = WEB / "assets" / "chat"
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
UNBROKEN = str.maketrans({" ": "\u00a0", "-": "\u2011"})  # a number stays on one line
SCRIPTS_SAY = "chat.js."
_templates = Environment(
    loader=FileSystemLoader(WEB / "templates"), autoescape=True, trim_blocks=True
)


def render(
    request: Request, settings: Settings, options: Options, asked: str | None
) -> HTMLResponse:
    """The page in one language; what its scripts say comes with it."""
    language = asked if asked in languages() else _preferred(request)
    phone = settings.human_phone
    shown = phone.translate(UNBROKEN) if phone else say("phone.unset", language)
    values = {
        "human": say("chat.human", language, phone=shown),
        "limit": settings.limits.max_seconds,
    }
    # Not filled in here: the script knows the seconds and the words heard.
    words = {
        key.removeprefix(SCRIPTS_SAY): catalog(language).get(key, text)
        for key, text in catalog(FALLBACK).items()
        if key.startswith(SCRIPTS_SAY)
    }
    context = {
        "say": lambda key: say(key, language),
        "language": language,
        "other": "en" if language == "zh" else "zh",
        "phone": phone,
        "dial": emergency_numbers.labelled(language),
        "words": words,
        "text_characters": options.text_characters,
        **values,
    }
    return HTMLResponse(
        _templates.get_template("chat.html").render(context),
        headers={
            "Content-Security-Policy": policy(request, settings, options),
            "Cache-Control": "no-cache",
            "Permissions-Policy": "microphone=(self)",
        },
    )


def policy(request: Request, settings: Settings, options: Options) -> str:
    """Only our own files; framed only by the sites that the settings name."""
    hosts = {plain_host(request.headers.get("host")), urlsplit(settings.base_url).netloc}
    # Older Safari does not take a WebSocket to the same host for 'self'.
    sockets = [f"{s}://{host}" for host in sorted(filter(None, hosts)) for s in ("ws", "wss")]
    rules = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "media-src": ["'self'", "blob:"],
        "connect-src": ["'self'", *sockets],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'self'", *options.allowed_origins],
    }
    return "; ".join(" ".join([name, *values]) for name, values in rules.items())


def assets() -> list[str]:
    """The names of the page's own files."""
    return sorted(path.name for path in ASSETS.iterdir() if path.suffix in TYPES)


def asset(name: str) -> FileResponse:
    """One of the page's own files."""
    return _file(ASSETS / name)


def embed_script() -> FileResponse:
    """What another site's script tag loads; any site may load it, the page decides who frames."""
    answer = _file(ASSETS / "embed.js")
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


def _file(path: Path) -> FileResponse:
    # no-cache: asked again each time, answered from the browser's copy unless it changed.
    return FileResponse(path, media_type=TYPES[path.suffix], headers={"Cache-Control": "no-cache"})


def _preferred(request: Request) -> str:
    for wish in request.headers.get("accept-language", "").split(","):
        short = wish.split(";")[0].strip().lower().split("-")[0]
        if short in languages():
            return short
    return DEFAULT
