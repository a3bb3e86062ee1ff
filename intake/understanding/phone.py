"""The telephone number to call back: a mobile or landline number in any spoken form.

Corrections are followed: "不对" and the digits after it replace those before.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import phonenumbers

from intake.understanding.denial import CORRECTION, GONE, stances
from intake.understanding.phone_english import read_english
from intake.understanding.phonetics import fuzzy
from intake.understanding.spoken_text import Heard, Lexicon
from intake.understanding.values import Field

_ARABIC = frozenset("0123456789")
_SPOKEN = {
    **dict(zip("零一二三四五六七八九", "0123456789", strict=True)),
    "幺": "1", "两": "2", "洞": "0", "拐": "7",
}  # fmt: skip
_TO_ARABIC = str.maketrans(_SPOKEN)
_SOUNDS = {
    "yao": "1", "ling": "0", "er": "2", "san": "3", "si": "4", "wu": "5", "liu": "6", "qi": "7",
    "ba": "8", "jiu": "9", "yi": "1",
}  # fmt: skip
_WORDS = Lexicon(("不对", "错了", "说错", "电话", "手机", "号码", "座机"))
_SEPARATORS = frozenset(" -,，.。、·—–~()（）:：")
_FILLERS = frozenset("的那个嗯呃啊哎唉埃诶哦噢就是然后再杠")
_NOT = re.compile("不是[\\s“]{0,2}$")
_TAIL = re.compile("(?:末尾|尾数|后面|最后|后三位|后四位|后两位|尾号)[^\\d]{0,4}$")
_CUE = re.compile("电话|手机|号码|座机|打给?我?|联系|回电|回拨|拨|call|phone|number|ring|mobile")
_OTHER_NUMBER = re.compile(
    "(?:取件码|单号|编号|尾号|身份证|社保号?|卡号|验证码|工单|户号|账号)[^,，。]{0,4}$"
)
_REPEAT = re.compile("([一二两三四五六七八九2-4])个([零一二三四五六七八九幺0-9])")
_FIXED_LINE = re.compile("座机|固话|家里?(?:的)?电话|坐机|做机")
_FOLDED = {fuzzy(sound): digit for sound, digit in _SOUNDS.items()} | {"s-i": "4"}
# These sound like digits but are mostly meant as written, unless a digit follows.
_OWN_WORDS = frozenset("的就是把吧以已而有无我")
_MOBILE = re.compile(r"1[3-9]\d{9}(?!\d)")
_SPACED = re.compile(r"1[3-9]\d(?:\d{8}|[\s-]\d{4}[\s-]\d{4})(?!\d)")
_LONGEST_GAP = 6
_REACH = 24
_FEWEST_CORRECTED = 5
_MOST_DIGITS = 26
_SHORTEST_WORDS = 2
_SERVICE = frozenset(("110", "119", "120", "122", "12345", "12348", "12320", "10086", "95598"))


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive digits, at `start`..`end` (code points) of the text.

    `guessed` has a character for each digit: "1" if it was written as a word that sounds like the
    digit, else "0". `corrected`: the words before it take the previous run back. `cue`: a word
    like 电话 stands before it.
    """

    start: int
    end: int
    digits: str
    guessed: str
    corrected: bool
    cue: bool


def read_phone(heard: Heard) -> Field[str] | None:
    """Return the number to call back, as digits; None when the text holds none.

    A number with an impossible count of digits is returned as it was recognised, with a confidence
    below 0.3 and the note "odd_length": nobody should dial it before an operator has listened.
    """
    runs = find_runs(heard)
    candidates = list(_candidates(heard, runs))
    good = [field for field in candidates if field.note is None]
    if not good and heard.spoken and (stitched := _stitched(runs)):
        return stitched
    if not candidates:
        return read_english(heard.text)
    good = _held(heard, good)
    chosen = good[0] if good else max(candidates, key=lambda field: field.confidence)
    rivals = tuple(dict.fromkeys(f.value for f in good if f.value != chosen.value))
    if rivals:
        return Field(chosen.value, chosen.evidence, 0.6, rivals, ambiguous=True, note="two_numbers")
    return chosen


def _held(heard: Heard, good: Sequence[Field[str]]) -> list[Field[str]]:
    """The numbers that are neither denied nor taken back; all of them where none is left."""
    spans = [field.evidence or (0, 0) for field in good]
    meant = stances(_WORDS.respell(heard), spans)
    return [f for f, stance in zip(good, meant, strict=True) if stance not in GONE] or list(good)


def takes_back(heard: Heard, start: int, end: int) -> bool:
    """Say whether 不对 or a similar correction, also one misspelled by sound, stands between
    `start` and `end`."""
    said = _WORDS.respell(heard)[start:end]
    return bool(CORRECTION.search(said) or "不是" in said)


def find_runs(heard: Heard) -> list[Run]:
    """Return the stretches of digits that may be (part of) a phone number, in order."""
    view = _WORDS.respell(heard)
    arabic = view.translate(_TO_ARABIC)
    runs: list[Run] = []
    index, previous_end = 0, 0
    while index < len(view):
        if _digit(heard, view, index, 0) is None:
            index += 1
            continue
        start, end, digits, guessed = index, index, "", ""
        while index < len(view):
            if digits and index > end and _SPACED.match(arabic, index):
                break
            repeat = _REPEAT.match(view, index) if digits else None
            digit = _digit(heard, view, index, len(digits))
            if repeat:
                times, one = int(_SPOKEN.get(repeat[1], repeat[1])), repeat[2]
                digits += times * _SPOKEN.get(one, one)
                guessed += times * "0"
                index = end = repeat.end()
            elif digit is not None:
                digits += digit
                guessed += "0" if _is_digit(view[index]) else "1"
                index = end = index + 1
            elif view[index] in _SEPARATORS and index - end < 2:
                index += 1
            else:
                break
        index = max(end, start + 1)
        between = view[previous_end:start]
        corrected = (
            bool(runs)
            and len(between) < 24
            and (bool(CORRECTION.search(between)) or "不是" in between)
        )
        cue = bool(_CUE.search(view[max(0, start - 10) : start]))
        if "0" in guessed:
            runs.append(Run(start, end, digits, guessed, corrected, cue))
            previous_end = end
    return runs


def _is_digit(character: str) -> bool:
    return character in _ARABIC or character in _SPOKEN


def _digit(heard: Heard, view: str, index: int, so_far: int) -> str | None:
    """Return the digit that a character stands for after `so_far` digits of the same run."""
    character = view[index]
    if _is_digit(character):
        if not so_far and view[index + 1 : index + 2] == "位":
            return None  # 最后四位
        return _SPOKEN.get(character, character)
    # Among digits, a word that only sounds like a digit counts as one: 要八六 is 186.
    if not heard.spoken or index not in heard.at:
        return None
    at = heard.at[index]
    sound = _SOUNDS.get(heard.syllables[at].sound)
    if sound is None and so_far >= 3:
        sound = _FOLDED.get(heard.folded[at])
    if sound is None:
        return None
    before, after = view[index - 1 : index], view[index + 1 : index + 2]
    digit_after = bool(after) and _is_digit(after)
    if character in _OWN_WORDS:
        return sound if so_far and digit_after else None
    if so_far:
        return sound if so_far >= 2 or digit_after else None
    cue = _CUE.search(view[max(0, index - 5) : index])
    return sound if digit_after and (cue or not before.strip()) else None


def _candidates(heard: Heard, runs: Sequence[Run]) -> Iterable[Field[str]]:
    group: list[Run] = []
    for run in runs:
        gap = heard.text[group[-1].end : run.start] if group else ""
        whole = bool(_MOBILE.fullmatch(run.digits))
        said = sum(len(part.digits) for part in group)
        denied = whole and _NOT.search(heard.text[max(0, run.start - 5) : run.start])
        # A whole number corrects nothing as short as a house's: 14号，送错了。139…
        tail = len(gap) < _REACH and _TAIL.search(heard.text[max(0, run.start - 10) : run.start])
        corrects = (run.corrected or tail) and (said >= _FEWEST_CORRECTED or not whole)
        if (
            group
            and said < _MOST_DIGITS
            and not denied
            and (corrects or (_is_filler(gap) and not whole))
        ):
            group.append(run)
            continue
        yield from _number(heard, group)
        group = [run]
    yield from _number(heard, group)


def _stitched(runs: Sequence[Run]) -> Field[str] | None:
    """A mobile number whose parts have other words between them.

    电话一七零，和二零八六能八八二三: the recogniser wrote a 呃 between the parts as another word.
    """
    for first in range(len(runs)):
        digits, last = "", first
        while last < len(runs) and len(digits) < 11:
            if last > first and not 0 < runs[last].start - runs[last - 1].end <= _SHORTEST_WORDS:
                break
            digits += runs[last].digits
            last += 1
        cue = any(run.cue for run in runs[first:last])
        if cue and last - first > 1 and _MOBILE.fullmatch(digits):
            return Field(digits, (runs[first].start, runs[last - 1].end), 0.4)
    return None


def _is_filler(gap: str) -> bool:
    return len(gap) <= _LONGEST_GAP and all(c in _SEPARATORS or c in _FILLERS for c in gap)


def _number(heard: Heard, group: Sequence[Run]) -> Iterable[Field[str]]:
    if not group:
        return
    start, end = group[0].start, group[-1].end
    if _OTHER_NUMBER.search(heard.text[max(0, start - 10) : start]):
        return
    kept, guessed, corrected = "", "", False
    for run in group:
        if kept and _NOT.search(heard.text[max(0, run.start - 5) : run.start]) and corrected:
            continue  # 末尾是88不是78
        tail = _TAIL.search(heard.text[max(0, run.start - 10) : run.start])
        if run.corrected or (tail and kept):
            kept, corrected = _correct(kept, run.digits), True
            guessed = ("0" * len(kept) + run.guessed)[-len(kept) :]
        else:
            kept, guessed = kept + run.digits, guessed + run.guessed
    kept, guesses = _trimmed(_once(kept), guessed)
    if len(kept) > _MOST_DIGITS or kept in _SERVICE:
        return
    cue = any(run.cue for run in group)
    if plausible(kept):
        confidence = 0.97 - 0.08 * min(guesses, 4) - (0.12 if corrected else 0.0)
        if len(kept) < 10:
            if not cue and not heard.text[start:end].isdigit():
                return
            # In a transcript, eight digits may also be the rest of eleven.
            fixed_line = _FIXED_LINE.search(heard.text[max(0, start - 12) : start])
            confidence -= 0.25 if heard.spoken and not fixed_line else 0.0
        yield Field(kept, (start, end), round(confidence, 2))
    elif heard.spoken and cue and (whole := _with_neighbours(heard, kept, start, end)):
        yield Field(whole, (start, end), 0.45, (kept,))
    elif heard.spoken and cue and len(kept) == 9 and kept[0] == "1" and plausible(kept[1:]):
        # 电话是八八二三…: the recogniser took 是 for a 1.
        yield Field(kept[1:], (start, end), 0.5, (kept,))
    elif (cue and len(kept) >= 6) or (len(kept) >= 9 and kept[0] in "01"):
        yield Field(kept, (start, end), 0.2, note="odd_length")


def _with_neighbours(heard: Heard, kept: str, start: int, end: int) -> str | None:
    """A mobile number that the words before and after complete by sound: 以三七六零二五九四四吧."""
    first = last = ""
    if heard.at.get(start):
        first = _SOUNDS.get(heard.syllables[heard.at[start] - 1].sound, "")
    if end in heard.at:
        last = _SOUNDS.get(heard.syllables[heard.at[end]].sound, "")
    for whole in (first + kept + last, first + kept, kept + last):
        if len(whole) == 11 and len(kept) >= 9 and _MOBILE.match(whole):
            return whole
    return None


def _trimmed(kept: str, guessed: str) -> tuple[str, int]:
    """Drop digits at the end that were guessed from words, if the number is too long with them."""
    if len(guessed) != len(kept):
        return kept, guessed.count("1")
    solid = len(guessed.rstrip("1"))
    if not plausible(kept):
        for length in range(len(kept) - 1, solid - 1, -1):
            if plausible(kept[:length]) and length >= 10:
                return kept[:length], guessed[:length].count("1")
        return kept[:solid], guessed[:solid].count("1")
    return kept, guessed.count("1")


def _correct(kept: str, said: str) -> str:
    """Put `said` in place of the digits that it corrects: a whole number, or its last part."""
    if plausible(said) and len(said) >= 10:
        return said
    if kept.startswith("1"):
        missing = 11 - len(said)
        if 0 < missing <= len(kept) or missing == len(kept):
            return kept[:missing] + said
    at = kept.rfind(said[:3]) if len(said) > 3 else -1
    if at > 0:
        return kept[:at] + said
    if plausible(kept) and len(said) < len(kept):
        return kept[: len(kept) - len(said)] + said
    return said if plausible(said) else kept + said


def _once(kept: str) -> str:
    half = len(kept) // 2
    if len(kept) in (14, 16, 22, 24) and kept[:half] == kept[half:]:
        return kept[:half]
    if kept.startswith("86") and len(kept) == 13:
        return kept[2:]
    return kept


def plausible(number: str) -> bool:
    """Say whether `number` has a count of digits that can be dialled in China.

    Mobile numbers and landlines with area code are checked against the numbering plan; a local
    number has 7 or 8 digits and starts with 2 to 8.
    """
    if len(number) in (7, 8):
        return number[0] in "2345678"
    if not 10 <= len(number) <= 12:
        return False
    if number.startswith("1") and len(number) == 11:
        return number[1] in "3456789"
    try:
        parsed = phonenumbers.parse(number, "CN")
    except phonenumbers.NumberParseException:
        return False
    return number[0] in "04" and phonenumbers.is_valid_number(parsed)
