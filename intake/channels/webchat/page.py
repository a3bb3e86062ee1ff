"""The chat's page and its scripts: plain files, served with a strict content security policy."""

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
UNBROKEN = str.maketrans({" ": "\u00a0", "-": "\u2011"})  # keeps a phone number on one line
SCRIPTS_SAY = "chat.js."
_templates = Environment(
    loader=FileSystemLoader(WEB / "templates"), autoescape=True, trim_blocks=True
)


def render(
    request: Request, settings: Settings, options: Options, asked: str | None
) -> HTMLResponse:
    """The page in one language, with the sentences that its scripts show.

    ``asked``: the language that the URL names; one that does not exist is ignored.
    """
    language = asked if asked in languages() else _preferred(request)
    phone = settings.human_phone
    shown = phone.translate(UNBROKEN) if phone else say("phone.unset", language)
    values = {
        "human": say("chat.human", language, phone=shown),
        "limit": settings.limits.max_seconds,
    }
    # The placeholders stay: the script fills in the seconds and the transcript.
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
    """The Content-Security-Policy: only our own files, framed only by ``allowed_origins``."""
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
    """The file names of the page's scripts, styles and icons, sorted."""
    return sorted(path.name for path in ASSETS.iterdir() if path.suffix in TYPES)


def asset(name: str) -> FileResponse:
    """The file of this name; ``name`` must be one of `assets`."""
    return _file(ASSETS / name)


def embed_script() -> FileResponse:
    """The script that another site's script tag loads.

    Any site may load it; the page's own policy decides which sites may frame the chat.
    """
    answer = _file(ASSETS / "embed.js")
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


def _file(path: Path) -> FileResponse:
    # no-cache: the browser revalidates its copy each time it uses it.
    return FileResponse(path, media_type=TYPES[path.suffix], headers={"Cache-Control": "no-cache"})


def _preferred(request: Request) -> str:
    for wish in request.headers.get("accept-language", "").split(","):
        short = wish.split(";")[0].strip().lower().split("-")[0]
        if short in languages():
            return short
    return DEFAULT
