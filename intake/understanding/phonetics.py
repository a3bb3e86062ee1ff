"""How a text sounds: Mandarin syllables with their place in the text, and how near two of them are.

A recogniser that mishears writes a word that *sounds* alike, so what is compared here is
pinyin, folded where accents and telephone lines blur it. Depends on the standard library and
pypinyin only and keeps to Python 3.10, because the Rasa components import it too.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from pypinyin import Style, lazy_pinyin, pinyin

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_TOKEN = re.compile(f"[{HAN}]+|[A-Za-z]+|[0-9]")
_HAN_RUN = re.compile(f"[{HAN}]+")
_DIGIT_WORDS = dict(zip("0123456789", "零一二三四五六七八九"))  # noqa: B905 (3.10 in bot/)
# pypinyin's phrase segmentation copies the rest of its input for every word it cuts off.
_CHUNK = 64

_INITIALS = [
    "zh",
    "ch",
    "sh",
    "b",
    "p",
    "m",
    "f",
    "d",
    "t",
    "n",
    "l",
    "g",
    "k",
    "h",
    "j",
    "q",
    "x",
    "r",
    "z",
    "c",
    "s",
]
# final -> (medial, nucleus, coda)
_FINALS: dict[str, tuple[str, str, str]] = {
    "a": ("", "a", ""),
    "o": ("", "o", ""),
    "e": ("", "e", ""),
    "er": ("", "e", "r"),
    "ai": ("", "a", "i"),
    "ei": ("", "e", "i"),
    "ao": ("", "a", "u"),
    "ou": ("", "o", "u"),
    "an": ("", "a", "n"),
    "en": ("", "e", "n"),
    "ang": ("", "a", "ng"),
    "eng": ("", "e", "ng"),
    "ong": ("u", "e", "ng"),
    "i": ("i", "i", ""),
    "ia": ("i", "a", ""),
    "ie": ("i", "e", ""),
    "iao": ("i", "a", "u"),
    "iou": ("i", "o", "u"),
    "ian": ("i", "a", "n"),
    "in": ("i", "i", "n"),
    "iang": ("i", "a", "ng"),
    "ing": ("i", "i", "ng"),
    "iong": ("v", "e", "ng"),
    "u": ("u", "u", ""),
    "ua": ("u", "a", ""),
    "uo": ("u", "o", ""),
    "uai": ("u", "a", "i"),
    "uei": ("u", "e", "i"),
    "uan": ("u", "a", "n"),
    "uen": ("u", "e", "n"),
    "uang": ("u", "a", "ng"),
    "ueng": ("u", "e", "ng"),
    "v": ("v", "v", ""),
    "ve": ("v", "e", ""),
    "van": ("v", "a", "n"),
    "vn": ("v", "v", "n"),
    "-i": ("", "-", ""),
    "m": ("", "m", ""),
    "n": ("", "n", ""),
    "ng": ("", "n", "ng"),
}
_ZERO_INITIAL = {
    "yi": "i",
    "ya": "ia",
    "ye": "ie",
    "yao": "iao",
    "you": "iou",
    "yan": "ian",
    "yin": "in",
    "yang": "iang",
    "ying": "ing",
    "yong": "iong",
    "yu": "v",
    "yue": "ve",
    "yuan": "van",
    "yun": "vn",
    "yo": "o",
    "yai": "ai",
    "wu": "u",
    "wa": "ua",
    "wo": "uo",
    "wai": "uai",
    "wei": "uei",
    "wan": "uan",
    "wen": "uen",
    "wang": "uang",
    "weng": "ueng",
}
_SHORTENED = {"iu": "iou", "ui": "uei", "un": "uen"}
_FOLD_INITIAL = {"zh": "z", "ch": "c", "sh": "s", "n": "l", "f": "h"}
_BLURRED = {frozenset(pair.split("/")) for pair in ["zh/z", "ch/c", "sh/s", "n/l", "f/h"]}
_RELATED = (
    frozenset("jqx"),
    frozenset(("zh", "ch", "sh", "r")),
    frozenset("zcs"),
    frozenset("bp"),
    frozenset("dt"),
    frozenset("gkh"),
    frozenset("lr"),
    frozenset("mn"),
    frozenset(("q", "ch")),
    frozenset(("x", "sh", "s")),
    frozenset(("j", "zh", "z")),
    frozenset("hf"),
    frozenset("fp"),
)


class Syllable(NamedTuple):
    """One spoken syllable: `text[start:end]` wrote it."""

    sound: str  # pinyin without tone, "v" for ü; letters and other scripts as themselves
    tone: int  # 1..5, 0 where there is none
    start: int
    end: int


def syllables(text: str) -> list[Syllable]:
    """Return the syllables of `text` in order, with offsets in code points.

    Han characters are read in context; digits are read one by one ("3" as "san"); a run of
    Latin letters is one item, in lower case; punctuation and other symbols are left out.
    """
    found: list[Syllable] = []
    for token in _TOKEN.finditer(text):
        start, word = token.start(), token.group()
        if word.isdigit():
            sound, tone = _read(_DIGIT_WORDS.get(word, word))[0]
            found.append(Syllable(sound, tone, start, token.end()))
        elif word[0].isascii():
            found.append(Syllable(word.lower(), 0, start, token.end()))
        else:
            for begin in range(0, len(word), _CHUNK):
                for index, (sound, tone) in enumerate(_read(word[begin : begin + _CHUNK])):
                    at = start + begin + index
                    found.append(Syllable(sound, tone, at, at + 1))
    return found


@lru_cache(maxsize=8192)
def _read(run: str) -> tuple[tuple[str, int], ...]:
    spoken = lazy_pinyin(run, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=False)
    if len(spoken) != len(run):
        spoken = [_read_one(character) for character in run]
    return tuple(_tone(item) for item in spoken)


def _read_one(character: str) -> str:
    spoken = lazy_pinyin(character, style=Style.TONE3, neutral_tone_with_five=True)
    return str(spoken[0]) if spoken else character


def _tone(item: str) -> tuple[str, int]:
    if item and item[-1] in "12345":
        return item[:-1].replace("ü", "v"), int(item[-1])
    return item, 0


@lru_cache(maxsize=8192)
def readings(character: str) -> tuple[str, ...]:
    """Return every toneless reading of one Han character, the commonest first; () for others."""
    if not _HAN_RUN.fullmatch(character):
        return ()
    spoken = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    return tuple(dict.fromkeys(spoken[0])) if spoken else ()


@lru_cache(maxsize=4096)
def split(sound: str) -> tuple[str, str]:
    """Split a toneless syllable into initial and full final: "zhun" into ("zh", "uen").

    What is no Mandarin syllable comes back as ("", sound).
    """
    if sound in _ZERO_INITIAL:
        return "", _ZERO_INITIAL[sound]
    for initial in _INITIALS:
        if sound.startswith(initial) and len(sound) > len(initial):
            final = sound[len(initial) :]
            if initial in ("j", "q", "x") and final.startswith("u"):
                final = "v" + final[1:]
            if initial in ("zh", "ch", "sh", "r", "z", "c", "s") and final == "i":
                final = "-i"
            final = _SHORTENED.get(final, final)
            return (initial, final) if final in _FINALS else ("", sound)
    return "", sound


@lru_cache(maxsize=4096)
def fuzzy(sound: str) -> str:
    """Fold a toneless syllable over the confusions of accents and telephone lines.

    zh/z, ch/c, sh/s, n/l, f/h at the front; an/ang, en/eng, in/ing, ian/iang, uan/uang at the
    end. "zhang" and "zan" both give "zan". Anything that is no syllable is returned as it is.
    """
    initial, final = split(sound)
    if final not in _FINALS:
        return sound
    initial = _FOLD_INITIAL.get(initial, initial)
    if final.endswith("ng") and final not in ("ong", "iong", "ng"):
        final = final[:-1]
    return initial + final


def fuzzy_syllables(text: str) -> list[str]:
    """Return the folded syllables of `text` in order: what a classifier should see."""
    return [fuzzy(item.sound) for item in syllables(text)]


@lru_cache(maxsize=65536)
def distance(one: str, other: str) -> float:
    """Return how differently two toneless syllables sound: 0.0 the same, 1.0 nothing alike.

    About 0.1 for a pair that accents merge (sheng/sen), 0.3 for a related consonant (jin/qin).
    """
    if one == other:
        return 0.0
    (initial, final), (initial2, final2) = split(one), split(other)
    if final not in _FINALS or final2 not in _FINALS:
        return 1.0
    return 0.45 * _initial_distance(initial, initial2) + 0.55 * _final_distance(final, final2)


def _initial_distance(one: str, other: str) -> float:
    if one == other:
        return 0.0
    if frozenset((one, other)) in _BLURRED:
        return 0.2
    if any(one in family and other in family for family in _RELATED):
        return 0.55
    return 1.0


def _final_distance(one: str, other: str) -> float:
    if one == other:
        return 0.0
    (medial, nucleus, coda), (medial2, nucleus2, coda2) = _FINALS[one], _FINALS[other]
    ending = 0.3 if {coda, coda2} == {"n", "ng"} else 0.0 if coda == coda2 else 1.0
    return 0.25 * (medial != medial2) + 0.45 * (nucleus != nucleus2) + 0.3 * ending
