"""Names in Latin letters: "Callum Reid here", "my father, Sun Guohai, 83", "Gong Xiuying, No. 51"."""

# ruff: noqa: E501 (a pattern is read best in one line)

import re
from collections.abc import Iterator

from intake.understanding.person.pinyin import is_pinyin_name
from intake.understanding.person.scene import CALLER, NEEDS, OTHER, Candidate, Scene
from intake.understanding.person.words import ENGLISH_NO_NAMES
from intake.understanding.values import Field

_UP = "[A-Z\u00c0-\u00de]"
_LOW = "[a-z\u00df-\u00ff]"
_WORD = f"(?:{_UP}(?:['\u2019]{_UP})?(?:{_LOW}{{1,15}})(?:-{_UP}?{_LOW}{{1,15}})?(?:{_UP}{_LOW}{{1,12}})?)"
_FIRST = f"(?:{_WORD}|{_UP}\\.)"
_NAME = f"{_FIRST}(?: (?:(?:de|la|van|von|der|bin|al) ){{0,2}}{_WORD}){{0,2}}"
_TITLE = "(?:Mr|Mrs|Ms|Miss|Madam|Auntie|Aunty|Uncle|Grandma|Grandpa|Granny|Old)\\.?"
_TITLED = re.compile(f"\\b(?P<name>{_TITLE} {_WORD})")
_CUE = re.compile(
    "(?:\\b(?i:my name is|my name['\u2019]s|this is|i['\u2019]m|i am|it['\u2019]s|call me|name:|under|booked as|ask for|"
    f"in the name of|signed|regards,|yours,|thanks,|cheers,)\\s{{1,3}})(?P<name>(?:{_TITLE} {_WORD}|{_NAME}))"
)
_HERE = re.compile(
    f"(?:^|[.!?,\n]\\s{{0,3}}|\\b(?:Hi|Hello|Hey|Morning|Evening|Afternoon),? )(?P<name>{_NAME})(?:,? (?:here|speaking|again|calling)\\b)"
)
_ELDER = (
    "father|mother|mom|mum|mummy|dad|husband|wife|aunt|auntie|uncle|grandmother|grandma|grandpa|grandfather|gran|nan|"
    "mother-in-law|father-in-law|parent|brother|sister|partner|cousin|patient|granny"
)
_YOUNG = "grandson|granddaughter|son|daughter|nephew|niece|friend|boy|girl"
_KIN = re.compile(
    f"\\b(?i:my|our|his|her)(?: (?:elderly|old|late|dear|poor|younger|elder|older|disabled|blind))?"
    f" (?P<kin>(?i:{_ELDER}|{_YOUNG}|neighbou?r))(?:,| is| is called| called| named| \\(|)[ ]?(?P<name>{_TITLE} {_WORD}|{_NAME})"
)
_SIGNED = re.compile(
    f"(?:^|[.!?—–\n]\\s{{1,3}})(?P<name>{_FIRST} {_WORD}(?: {_WORD})?)"
    "(?:[\\s,.]{1,3}(?=\\(?\\+?\\d{3,})|,\\s(?=(?:No\\b|[Bb]uilding|[Bb]lock|[Ff]lat|[Rr]oom|[Aa]partment|[Uu]nit)\\b)|\\s{0,2}[.]?\\s{0,3}$)"
)
_LOWER = re.compile(
    "\\b(?:i['\u2019]m|i am|my name is|this is|name is)\\s{1,2}(?P<name>[a-z]{2,7} [a-z]{2,12})\\b",
    re.I,
)
_NOISE = re.compile("nois|loud|shout|bark|smok|quarrel|argu|music|drum|rude|park", re.I)
_HIM = re.compile(
    "\\b(?:to|for|with|help|see|fetch|take) (?:her|him|them)\\b|\\b(?:s?he) (?:needs|can|has|is|won)|can['\u2019]t|won['\u2019]t|needs?\\b"
)
_CONTACT = re.compile("(?:call|ring|phone|contact|ask|text)\\s{0,2}$", re.I)


def english_names(scene: Scene) -> Iterator[Candidate]:
    """Every name in Latin letters that somebody gives."""
    text = scene.text
    for match in _KIN.finditer(text):
        yield from _kin(scene, match)
    for pattern, confidence in ((_CUE, 0.87), (_HERE, 0.87), (_SIGNED, 0.75)):
        for match in pattern.finditer(text):
            if pattern is _SIGNED and not (". " in match["name"] or " " in match["name"]):
                continue
            if _is_name(scene, match["name"], match.start("name")):
                yield Candidate(_field(match, confidence), CALLER, " " in match["name"])
    for match in _LOWER.finditer(text):
        if is_pinyin_name(match["name"]) and match["name"].islower():
            yield Candidate(_field(match, 0.7), CALLER, True)
    for match in _TITLED.finditer(text):
        yield from _titled(scene, match)


def _is_name(scene: Scene, name: str, start: int) -> bool:
    words = re.findall(r"[^\W\d_]+", name.lower())
    if not words or any(word in ENGLISH_NO_NAMES for word in words if len(word) > 1):
        return False
    if any(w.endswith("ing") and len(w) > 5 and not is_pinyin_name("li " + w) for w in words):
        return False
    return not any(scene.covered[start : start + len(name)])


def _kin(scene: Scene, match: re.Match[str]) -> Iterator[Candidate]:
    if not _is_name(scene, match["name"], match.start("name")):
        return
    kin = match["kin"].lower()
    if "late" in match.group().split()[:2]:
        return
    rank, confidence = NEEDS, 0.9
    young = re.fullmatch(_YOUNG, kin)
    if young and _CONTACT.search(scene.text[max(0, match.start() - 12) : match.start()]):
        rank, confidence = OTHER, 0.6
    elif kin.startswith("neighbo"):
        rest = scene.text[match.end() : match.end() + 120]
        if _NOISE.search(rest) and not scene.emergency:
            return
        confidence = 0.8
    elif young:
        confidence = 0.8
    yield Candidate(_field(match, confidence), rank, True)


def _titled(scene: Scene, match: re.Match[str]) -> Iterator[Candidate]:
    if match["name"].split()[-1].lower() in ENGLISH_NO_NAMES:
        return
    before = scene.text[max(0, match.start() - 24) : match.start()]
    rest = scene.text[match.end() : match.end() + 160]
    if re.search(
        "(?i:downstairs|upstairs|next door['\u2019]s|nurse|driver|cleaner|dear|thank|tell|told by|is)\\s{0,2}$",
        before,
    ):
        return
    if _NOISE.search(rest[:60]) and not scene.emergency:
        return
    rank = NEEDS if _HIM.search(rest) and match.start() > 8 else CALLER
    yield Candidate(_field(match, 0.8), rank)


def _field(match: re.Match[str], confidence: float) -> Field[str]:
    return Field(match["name"], match.span("name"), confidence)
