"""The language in which a browser is answered."""

from __future__ import annotations

from fastapi import Request

from intake.locale import DEFAULT, languages

COOKIE = "lang"


def language_of(request: Request, asked: str | None) -> str:
    """The language asked for, else the one chosen before, else the browser's, else Chinese."""
    wishes = [asked or "", request.cookies.get(COOKIE, "")]
    wishes += request.headers.get("accept-language", "").split(",")
    for wish in wishes:
        short = wish.split(";")[0].strip().lower().split("-")[0]
        if short in languages():
            return short
    return DEFAULT
