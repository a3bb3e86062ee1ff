"""What the access log's codes mean, in words."""

from __future__ import annotations

import re

from intake.locale import DEFAULT, catalog, say

PREFIX = "desk.action."
# Codes with a word in them that is not ours to translate, or one that has words already:
# → the key, and what its values are found under.
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
    """(code, its words) of all codes that hold no number or name, by their words."""
    plain = (
        key.removeprefix(PREFIX)
        for key, words in catalog(DEFAULT).items()
        if key.startswith(PREFIX) and "{" not in words
    )
    return sorted(((code, say(PREFIX + code, language)) for code in plain), key=lambda c: c[1])
