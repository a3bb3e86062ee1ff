"""The content of another system's answer: JSON or XML as one tree, and what it says went wrong.

Told by the content, not by the media type: a server may ignore the format that was asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import httpx
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

DEPTH = 12
"""The deepest nesting that is looked through."""
ANSWER_CHARACTERS = 2000
DESCRIPTION_CHARACTERS = 300
_PAGE_CHARACTERS = 65_536
_SAID_IN = (
    "description", "error_description", "detail", "message", "msg", "errmsg", "error_message",
    "reason", "title", "error", "errors",
)  # fmt: skip
_TITLE = re.compile(r"<(title|h1)\b[^>]*>([^<]+)</\1", re.IGNORECASE)
# C0 and C1 but tab and line feed, surrogates, zero-width and bidi controls: PostgreSQL takes no
# NUL and no surrogate, and the others would change what a person reads.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


class Unreadable(ValueError):
    """The answer is neither JSON nor XML."""


def tree(answer: httpx.Response) -> Any:
    """The content as dicts, lists and scalars.

    An XML element with children is a dict by the children's names without namespace (a list where a
    name stands more than once), one without is its text; the root is the only key of the whole.
    Raises `Unreadable`, for DTDs and entities too.
    """
    body = answer.content.strip()
    try:
        if body.startswith(b"<"):
            root = fromstring(body, forbid_dtd=True)
            return {_name(root): _element(root)}
        try:
            return json.loads(body)
        except UnicodeDecodeError:  # the header names its character set
            return json.loads(answer.text)
    except (ValueError, ParseError, DefusedXmlException, LookupError, RecursionError):
        raise Unreadable from None


def key_of(name: str) -> str:
    """A key in snake_case: ``serviceRequestId`` and ``Service-Request-ID`` are one name."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").strip().lower()


def carriers(found: Any, keys: Collection[str], depth: int = DEPTH) -> Iterator[Mapping[str, Any]]:
    """The outermost objects that have one of ``keys``, in order; their keys in snake_case.

    An object that has them empty, around others that fill them, is left out.
    """
    if depth < 0:
        return
    if isinstance(found, dict):
        named = {key_of(str(key)): value for key, value in found.items()}
        has = [named[key] for key in keys if key in named]
        within = [] if any(has) else list(carriers([*found.values()], keys, depth - 1))
        if has and not within:
            yield named
        yield from within
    elif isinstance(found, list):
        for each in found:
            yield from carriers(each, keys, depth - 1)


def storable(text: str, most: int) -> str:
    """At most ``most`` characters of a text, without those that can't be stored or seen."""
    return _HIDDEN.sub("", text).strip()[:most]


def excerpt(answer: httpx.Response) -> str:
    """Status, media type and the beginning of the text, to be kept with an attempt."""
    kind = answer.headers.get("content-type", "")
    return storable(f"{answer.status_code} {kind}\n{answer.text}", ANSWER_CHARACTERS)


def description(answer: httpx.Response) -> str | None:
    """What the other side says went wrong, in its own words on one line; None if it says nothing.

    It may repeat what was sent, so it is not for logs.
    """
    page = answer.text[:_PAGE_CHARACTERS].lstrip()
    title = _TITLE.search(page)
    said = title[2] if title else "" if page.startswith("<") else page
    if len(answer.content) <= _PAGE_CHARACTERS:
        with suppress(Unreadable):
            said = _said(tree(answer), DEPTH) or (title[2] if title else "")
    line = " ".join(storable(said, ANSWER_CHARACTERS).split())
    return line[:DESCRIPTION_CHARACTERS] or None


def _said(found: Any, depth: int) -> str | None:
    if depth < 0:
        return None
    if isinstance(found, str):
        return found.strip() or None
    if isinstance(found, list):
        parts = [said for each in found[:10] if (said := _said(each, depth - 1))]
        return "; ".join(dict.fromkeys(parts)) or None
    if not isinstance(found, dict):
        return None
    named = {key_of(str(key)): value for key, value in found.items()}
    for key in _SAID_IN:
        if said := _said(named.get(key), depth - 1):
            return said
    nested = (value for value in named.values() if isinstance(value, dict | list))
    return next((said for value in nested if (said := _said(value, depth - 1))), None)


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _element(element: Element, depth: int = DEPTH) -> Any:
    children = list(element)
    if not children or depth < 0:
        return element.text
    out: dict[str, Any] = {}
    for child in children:
        name, value = _name(child), _element(child, depth - 1)
        if name not in out:
            out[name] = value
        elif isinstance(out[name], list):
            out[name].append(value)
        else:
            out[name] = [out[name], value]
    return out
