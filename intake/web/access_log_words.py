"""The actions of the access log in words."""

from __future__ import annotations

import re

from intake.locale import DEFAULT, catalog, say

PREFIX = "desk.action."
# (action, locale key, prefix of the locale keys that translate the values within the action)
_SPECIAL = (
    (re.compile(r"catalogue: (?P<code>\S+)"), "catalogue_text", ""),
    (re.compile(r"catalogue: (?P<code>\S+) reset"), "catalogue_text_reset", ""),
    (re.compile(r"failures (?P<kind>\w+): retry"), "failures_retry", "desk.failures.title."),
    (re.compile(r"failure (?P<kind>\w+): retry"), "failure_retry", "desk.failures.title."),
    (re.compile(r"failure (?P<kind>\w+): give_up"), "failure_give_up", "desk.failures.title."),
)
_NUMBER = re.compile(r" (\d+)")


def told(action: str, language: str) -> str | None:
    """An action in words; None for one that this version does not know."""
    for pattern, key, under in _SPECIAL:
        if (found := pattern.fullmatch(action)) is not None:
            values = {
                name: say(under + value, language) if under + value in catalog(DEFAULT) else value
                for name, value in found.groupdict().items()
            }
            return say(PREFIX + key, language, **values)
    key = PREFIX + _NUMBER.sub("", action)
    if key not in catalog(DEFAULT):
        return None
    first, second = (*_NUMBER.findall(action), "", "")[:2]
    return say(key, language, n=first, more=second)


def known(language: str) -> list[tuple[str, str]]:
    """(action, its words) of all actions without a number or a name in them, sorted by their
    words."""
    plain = (
        key.removeprefix(PREFIX)
        for key, words in catalog(DEFAULT).items()
        if key.startswith(PREFIX) and "{" not in words
    )
    return sorted(((code, say(PREFIX + code, language)) for code in plain), key=lambda c: c[1])
