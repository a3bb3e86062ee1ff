"""Names in Latin letters: "Callum Reid here", "my father, Sun Guohai, 83", "Gong Xiuying, No. 51"."""

# ruff: noqa: E501 (a pattern is read best in one line)

import re
from collections.abc import Iterator

from intake.understanding.person.pinyin import is_pinyin_name, may_be_person
from intake.understanding.person.scene import CALLER, NEEDS, OTHER, Candidate, Scene
from intake.understanding.person.words import ENGLISH_NO_NAMES
from intake.understanding.values import Field

_UP = "[A-Z\u00c0-\u00de]"
_LOW = "[a-z\u00df-\u00ff]"
_WORD = f"(?:{_UP}(?:['\u2019]{_UP})?(?:{_LOW}{{1,15}})(?:-{_UP}?{_LOW}{{1,15}})?(?:{_UP}{_LOW}{{1,12}})?)"
_FIRST = f"(?:{_WORD}|{_UP}\\.)"
_NAME = f"{_FIRST}(?: (?:(?:de|la|van|von|der|den|ten|bin|al|da|dos|di|el) ){{0,2}}{_WORD}){{0,2}}"
_TITLE = "(?:Mr|Mrs|Ms|Miss|Madam|Auntie|Aunty|Uncle|Grandma|Grandpa|Granny|Old)\\.?"
_TITLED = re.compile(f"\\b(?P<name>{_TITLE} {_WORD}(?: {_UP}{_LOW}{{1,12}}-{_LOW}{{1,12}})?)")
_CUE = re.compile(
    "(?:\\b(?i:my name is|(?<=and )the name is|my name['\u2019]s|this is|i['\u2019]m|i am|it['\u2019]s|call me|name:|under|booked as|ask for|"
    f"in the name of|signed|regards,|yours,|thanks,|cheers,)\\s{{1,3}})(?P<name>(?:{_TITLE} {_WORD}|{_NAME}))"
)
_HERE = re.compile(
    f"(?:^|[.!?,\n]\\s{{0,3}}|\\b(?:Hi|Hello|Hey|Morning|Evening|Afternoon),? )(?P<name>{_NAME})(?:,? (?:here|speaking|again|calling)\\b)"
)
_ELDER = (
    "father|mother|mom|mum|mummy|dad|husband|wife|aunt|auntie|uncle|grandmother|grandma|grandpa|grandfather|gran|nan|"
    "mother-in-law|father-in-law|grandaunt|granduncle|great-aunt|great-uncle|great aunt|great uncle|grand-aunt|grand-uncle|"
    "stepfather|stepmother|stepdad|stepmum|stepmom|godmother|godfather|sister-in-law|brother-in-law|parent|brother|sister|partner|cousin|patient|granny"
)
_YOUNG = "grandson|granddaughter|son|daughter|nephew|niece|friend|boy|girl|roommate|flatmate|housemate|classmate|colleague|tenant"
_KIN = re.compile(
    f"\\b(?i:my|our|his|her)(?: (?:elderly|old|late|dear|poor|younger|elder|older|disabled|blind))?"
    "(?: [a-z]{3,12}['\u2019]s)?"
    f" (?P<kin>(?i:{_ELDER}|{_YOUNG}|neighbou?r))(?:,| is| is called| called| named| \\(|)[ ]?(?P<name>{_TITLE} {_WORD}|{_NAME})"
)
_SIGNED = re.compile(
    f"(?:^|[.!?—–\n]\\s{{1,3}})(?P<name>{_FIRST}(?: (?:(?:de|van|von|der|den|bin|da|di) ){{0,2}}{_WORD}){{1,2}})"
    "(?:[\\s,.]{1,3}(?=\\(?\\+?\\d{3,})|,\\s(?=(?:No\\b|[Bb]uilding|[Bb]lock|[Ff]lat|[Rr]oom|[Aa]partment|[Uu]nit)\\b)|\\s{0,2}[.]?\\s{0,3}$)"
)
_GREETED = re.compile(
    f"(?:^|[.!?\\n]\\s?)(?i:hi|hello|hey|good (?:morning|evening|afternoon|day)|morning|evening)(?: there)?[,!.]?\\s(?:[Ii]t['\u2019]s )?"
    f"(?P<name>{_NAME}),? (?:from|of|at|in|over|with|writing|calling)\\b"
)
_HIS_NAME = re.compile(f"(?P<name>{_FIRST} {_WORD}) is (?:his|her|my) name")
_LAST_ONE = re.compile(
    f"\\d{{2,4}}[a-zA-Z]?,\\s{{1,3}}(?P<name>{_WORD}(?: {_WORD})?)\\s{{0,2}}[.!]?\\s{{0,3}}$"
)
_SIGNED_ONE = re.compile(
    f"(?:[.!?\\n]|\\s[-—–])\\s{{1,3}}(?P<name>{_WORD})"
    "(?:\\s{0,2}(?:\\([^()]{2,20}\\))?[\\s,.:]{1,3}(?=\\(?\\+?\\d{6,})|,\\s(?=[Bb]uilding|[Bb]lock|[Ff]lat|[Uu]nit|[Rr]oom)|\\s{0,2}[.!]?\\s{0,3}$)"
)
_CLOSED = re.compile(
    f"(?i:best|love|sincerely|faithfully|many thanks|kind regards|from),?\\s{{1,3}}(?P<name>{_NAME})\\s{{0,2}}[.!]?\\s{{0,3}}$"
)
_FULL = f"{_FIRST} {_WORD}(?: {_WORD})?"
_BEGIN = "(?:^|[.!?—–\\n]\\s{1,3}|\\s-\\s)"
_AGED = re.compile(
    f"{_BEGIN}(?P<name>{_FULL})(?:,? ?\\(|, )(?:aged? |now )?(?:1[0-1]\\d|[1-9]\\d)(?=\\s?(?:[,.;)]|$| and\\b| years?\\b))"
)
_AT_HOME = re.compile(
    f"{_BEGIN}(?P<name>{_FULL})(?:, | \\()(?=(?P<home>[\\d\u4e00-\u9fff]|[Bb]uilding|[Bb]lock|[Ff]lat|[Uu]nit|[Rr]oom|[Aa]partment|No\\b)|{_UP})"
)
_NAMED = re.compile(
    f"\\b(?:(?:[Hh]er|[Hh]is|(?:{_ELDER}|{_YOUNG}|patient)['\u2019]s) (?:full |Chinese )?name(?: is|['\u2019]s)|(?:[Ss]?[Hh]e)(?: is|['\u2019]s) (?:called|named)|"
    "(?i:on behalf of|for the patient|the patient is|patient:|(?:booking|request|appointment|order|visit) (?:is )?for))"
    f"\\s(?:(?:my|our) [a-z-]{{3,14}},? )?(?P<name>{_TITLE} {_WORD}|{_NAME})"
)
_IS = re.compile(f"\\b[Ss]?[Hh]e(?: is|['\u2019]s) (?P<name>{_WORD} {_WORD})")
_WORKER = re.compile(
    "\\b(?i:driver|doctor|nurse|repairman|plumber|electrician|guard|worker|teacher|cleaner|landlord|agent|manager|dog|cat|technician)\\b"
)
_RELATIVE = re.compile(
    f"\\b(?i:{_ELDER})\\b|\\b(?:for|to|with) (?:him|her)\\b|\\b(?:[Ss]?[Hh]e|[Hh]er|[Hh]is)\\b"
)
_LOWER = re.compile(
    "\\b(?:i['\u2019]m|i am|my name is|this is|name is)\\s{1,2}(?P<name>[a-z]{2,7} [a-z]{2,12})\\b",
    re.I,
)
_NOISE = re.compile("nois|loud|shout|bark|smok|quarrel|argu|music|drum|rude|park", re.I)
_HIM = re.compile(
    "\\b(?:to|for|with|help|see|fetch|take) (?:her|him|them)\\b|\\b(?:s?he) (?:needs|can|has|is|won)|\\b(?:her|his) [a-z]{2,12} (?:is|has|won|shows?|does|keeps|needs)\\b|can['\u2019]t|won['\u2019]t|needs?\\b"
)
_CONTACT = re.compile("(?:call|ring|phone|contact|ask|text)\\s{0,2}$", re.I)


def english_names(scene: Scene) -> Iterator[Candidate]:
    """Every name in Latin letters that somebody gives."""
    text = scene.text
    for match in _KIN.finditer(text):
        yield from _kin(scene, match)
    yield from _of_home(scene)
    for pattern, confidence in (
        (_CUE, 0.87),
        (_HERE, 0.87),
        (_GREETED, 0.85),
        (_CLOSED, 0.8),
        (_SIGNED, 0.75),
        (_HIS_NAME, 0.9),
        (_LAST_ONE, 0.75),
        (_SIGNED_ONE, 0.7),
    ):
        for match in pattern.finditer(text):
            if pattern is _SIGNED and not may_be_person(match["name"]):
                continue
            if _is_name(scene, match["name"], match.start("name")):
                yield Candidate(_field(match, confidence), CALLER, " " in match["name"])
    for match in _LOWER.finditer(text):
        if is_pinyin_name(match["name"]) and match["name"].islower():
            yield Candidate(_field(match, 0.7), CALLER, True)
    for match in _TITLED.finditer(text):
        yield from _titled(scene, match)


def _of_home(scene: Scene) -> Iterator[Candidate]:
    """Whose home or age is told: "Lim Kok Beng, A-1105", "Cao Deshun, 81", "Her name is …"."""
    relative = bool(_RELATIVE.search(scene.text))
    for pattern in (_AGED, _AT_HOME):
        for match in pattern.finditer(scene.text):
            name = match["name"]
            if not (_is_name(scene, name, match.start("name")) and may_be_person(name)):
                continue
            first = match.start("name") == 0
            if pattern is _AT_HOME and not (match["home"] or first or is_pinyin_name(name)):
                continue
            yield Candidate(_field(match, 0.85), NEEDS if relative else CALLER, True)
    for match in _IS.finditer(scene.text):
        if is_pinyin_name(match["name"]) and _is_name(scene, match["name"], match.start("name")):
            yield Candidate(_field(match, 0.85), NEEDS, True)
    for match in _NAMED.finditer(scene.text):
        told = scene.text[max(0, match.start() - 60) : match.start()]
        if _is_name(scene, match["name"], match.start("name")) and not _WORKER.search(told):
            yield Candidate(_field(match, 0.92), NEEDS, " " in match["name"])


def _is_name(scene: Scene, name: str, start: int) -> bool:
    words = re.findall(r"[^\W\d_]+", name.lower())
    if len(words) == 2 and len(words[1]) > 4 and is_pinyin_name(name):
        words = words[1:]  # He Xiulan, Ma Hongbin
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
