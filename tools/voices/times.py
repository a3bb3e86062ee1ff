"""The prompts of which a time is composed where the resident's page reads it back by prompts.

`page/src/time_prompts.ts` asks for them by name: ``month-11``, ``date-3``, ``weekday-2`` (Monday
is 1), ``clock-14`` and ``clock-14-30``, ``to``, ``or-later``, after ``time``.
"""

import calendar
import re
from collections.abc import Iterator

from intake.locale import say
from intake.locale.times import DAY_PARTS, WEEKDAYS

HOURS, HALF = range(24), 30
NUMERALS = ["零", *"一二三四五六七八九", "十"]
NUMERALS += [f"十{one}" for one in NUMERALS[1:10]]
NUMERALS += [f"{ten}十{one}" for ten in "二三" for one in ["", *NUMERALS[1:10]]]
SMALL = """
    twelve one two three four five six seven eight nine ten eleven twelve first second third
    fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
    fifteenth sixteenth seventeenth eighteenth nineteenth twentieth
    """.split()  # noqa: SIM905
HOURS_IN_WORDS, ORDINALS = SMALL[:13], SMALL[13:]
ORDINALS += [f"twenty-{one}" for one in ORDINALS[:9]] + ["thirtieth", "thirty-first"]


def texts(language: str) -> dict[str, str]:
    """Prompt's name → what it says."""
    made = _mandarin() if language == "zh" else _english()
    joints = {"time": "prompt.time", "to": "prompt.to", "or-later": "prompt.or_later"}
    return {**made, **{name: say(key, language) for name, key in joints.items()}}


def _mandarin() -> dict[str, str]:
    found = {f"month-{n}": f"{NUMERALS[n]}月" for n in range(1, 13)}
    found |= {f"date-{n}": f"{NUMERALS[n]}号" for n in range(1, 32)}
    found |= {f"weekday-{n}": f"星期{day}" for n, day in enumerate(WEEKDAYS, 1)}
    for hour in HOURS:
        part = next(name for until, name in DAY_PARTS if hour < until)
        twelve = hour if hour <= 12 else hour - 12
        said = f"{part}{'两' if twelve == 2 else NUMERALS[twelve]}点"
        found |= {f"clock-{hour}": said, f"clock-{hour}-{HALF}": f"{said}半"}
    found["weekday-7"] = "星期天"
    return found


def _english() -> dict[str, str]:
    found = {f"month-{n}": calendar.month_name[n] for n in range(1, 13)}
    found |= {f"date-{n}": f"the {word} of" for n, word in enumerate(ORDINALS, 1)}
    found |= {f"weekday-{n}": day for n, day in enumerate(calendar.day_name, 1)}
    for hour in HOURS:
        half = "AM" if hour < 12 else "PM"
        word = HOURS_IN_WORDS[hour % 12]
        whole = {0: "midnight", 12: "noon"}.get(hour, f"{word} {half}")
        found |= {f"clock-{hour}": whole, f"clock-{hour}-{HALF}": f"{word} thirty {half}"}
    return found


def sentences(language: str) -> Iterator[list[str]]:
    """Times as lists of prompts, as the page composes them; together they use every part."""
    clocks = [f"clock-{hour}{half}" for hour in HOURS for half in ("", f"-{HALF}")]
    for n in range(31):
        day = [f"month-{n % 12 + 1}", f"date-{n + 1}", f"weekday-{n % 7 + 1}"]
        if language != "zh":
            day = [day[2], day[1], day[0]]
        first, last = clocks[(2 * n) % len(clocks)], clocks[(2 * n + 1) % len(clocks)]
        yield ["time", *day, first, "to", last]


def heard_parts(heard: str, language: str) -> set[str]:
    """The parts of a time (prompts' names) that a transcript contains."""
    return _heard_mandarin(heard) if language == "zh" else _heard_english(heard.lower())


def _heard_mandarin(heard: str) -> set[str]:
    longest_first = sorted(range(len(NUMERALS)), key=lambda n: -len(NUMERALS[n]))
    days = re.findall(r"(?:星期|周|礼拜)([一二三四五六日天1-7])", heard)
    found = {f"weekday-{(WEEKDAYS + '1234567').find(d.replace('天', '日')) % 7 + 1}" for d in days}
    heard = re.sub(r"(?:星期|周|礼拜)[一二三四五六日天1-7]", "，", heard).replace("两", "二")
    for n in longest_first:
        heard = heard.replace(NUMERALS[n], str(n))
    found |= {f"month-{n}" for n in re.findall(r"(\d+)月", heard)}
    found |= {f"date-{n}" for n in re.findall(r"(\d+)[日号]", heard)}
    clock = r"(凌晨|早上|上午|中午|下午|晚上)(\d+)(?:点(半|30)?|:(\d\d))"
    for part, hour, half, minutes in re.findall(clock, heard):
        later = part in ("下午", "晚上") and int(hour) < 12
        name = f"clock-{int(hour) + 12 if later else hour}"
        found.add(f"{name}-{HALF}" if half or minutes == "30" else name)
    return found


def _heard_english(heard: str) -> set[str]:
    found = {f"month-{n}" for n in range(1, 13) if calendar.month_name[n].lower() in heard}
    found |= {f"weekday-{n}" for n, d in enumerate(calendar.day_name, 1) if d.lower() in heard}
    no_clock = r"(?![ :.-]?(?:\d\d|thirty|[ap]\.? ?m))"
    for n, word in enumerate(ORDINALS, 1):
        written = rf"{word}|{word.replace('-', ' ')}|{n}(?:st|nd|rd|th)?"
        if re.search(rf"\b(?:{written})\b{no_clock}", heard):
            found.add(f"date-{n}")
    if "noon" in re.sub("afternoon", "", heard):
        found.add("clock-12")
    if "midnight" in heard:
        found.add("clock-0")
    words = "|".join([*dict.fromkeys(HOURS_IN_WORDS), r"\d+"])
    clock = rf"\b({words})(?:[: .-]?(30|thirty|00))?,? ?(a|p)\.? ?m\b"
    for word, minutes, half in re.findall(clock, heard):
        number = int(word) if word.isdigit() else HOURS_IN_WORDS.index(word)
        hour = number % 12 + (12 if half == "p" else 0)
        found.add(f"clock-{hour}-{HALF}" if minutes in ("30", "thirty") else f"clock-{hour}")
    return found
