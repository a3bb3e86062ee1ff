"""The text of a mail's header, however it was written: encoded words (RFC 2047), raw bytes, wrong
labels. Pure; never raises."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from contextlib import suppress

MAX_CHARACTERS = 2_000
_LENIENT = ("utf-8", "gb18030")
# Mails that declare GB2312 are usually GBK, of which GB 18030 is a superset.
_CHINESE = frozenset(
    ("gb2312", "gb_2312-80", "csgb2312", "gbk", "x-gbk", "cp936", "x-cp936", "ms936", "euc-cn",
     "chinese", "gb18030", "gb-18030")
)  # fmt: skip
_WORD = re.compile(
    r"=\?(?P<charset>[^?*\s]{1,40})(?:\*[^?\s]{0,40})?\?(?P<how>[bBqQ])\?(?P<said>[^?\s]*)\?="
)
_BETWEEN = re.compile(r"\s{0,10}")


def codec(charset: str) -> str:
    """Python's codec for a declared charset; the name itself where there is no other."""
    name = charset.strip().strip("\"'").lower()
    return "gb18030" if name in _CHINESE else name


def decoded(content: bytes, charset: str = "") -> str:
    """Bytes as text: in the declared charset, else in UTF-8, else in GB 18030, else as far as
    possible in UTF-8."""
    for name in (codec(charset), *_LENIENT):
        with suppress(LookupError, ValueError):
            return content.decode(name)
    return content.decode("utf-8", "replace")


def header_text(value: str) -> str:
    """A header's text: unfolded, 8-bit bytes and encoded words decoded.

    ``value``: as `email` keeps it, with raw bytes as lone surrogates. Neighbouring encoded words of
    one charset are decoded together, because mail programs split characters between them.
    """
    value = " ".join(value.split())[:MAX_CHARACTERS]
    if any("\udc80" <= character <= "\udcff" for character in value):
        value = decoded(value.encode("utf-8", "surrogateescape"))
    return _without_words(value)


def _without_words(value: str) -> str:
    text: list[str] = []
    waiting, charset, end = b"", "", 0
    for word in _WORD.finditer(value):
        content = _content(word["how"], word["said"])
        if content is None:
            continue
        between = value[end : word.start()]
        joined = bool(waiting) and _BETWEEN.fullmatch(between) is not None
        if not (joined and codec(word["charset"]) == codec(charset)):
            if waiting:
                text.append(decoded(waiting, charset))
            text.append("" if joined else between)
            waiting = b""
        waiting, charset, end = waiting + content, word["charset"], word.end()
    if waiting:
        text.append(decoded(waiting, charset))
    return "".join(text) + value[end:]


def _content(how: str, said: str) -> bytes | None:
    try:
        raw = said.encode("ascii")
        if how in "bB":
            return base64.b64decode(raw + b"=" * (-len(raw) % 4), validate=True)
        return quopri.decodestring(raw.replace(b"_", b" "), header=True)
    except (binascii.Error, ValueError):
        return None
