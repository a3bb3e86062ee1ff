"""Generates invented households and requests with their histories, for trying and measuring.

Nothing is personal data of real people: names and numbers are put together at random (the phones
begin with 199, then zeros), the sentences are the assistant's training sentences.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from ruamel.yaml import YAML

from intake.catalogue.services import Catalogue
from intake.understanding.values import Field, Understanding

GROUPS = ("独居", "空巢", "残障", "低保", "失能", "孤儿", None, None, None, None)
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓冯韩曹"
GIVEN = "秀英桂兰淑珍建国玉梅凤霞德福文华志强丽娟春生小红长贵金花永康素芬"
TITLES = ("奶奶", "爷爷", "阿姨", "大爷", "师傅", "女士", "先生")
CHANNELS = {"page": 46, "voicemail": 22, "webchat": 14, "wechat": 12, "email": 6}
WRITTEN = ("webchat", "wechat")
OPENINGS = ("", "", "喂，你好，", "您好，", "你好，麻烦一下，", "喂，", "那个，我想说一下，")
ENDINGS = ("", "", "谢谢。", "麻烦你们了。", "越快越好。", "什么时候都行。")
HOURS = (1, 1, 1, 1, 1, 2, 5, 14, 24, 26, 22, 18, 12, 13, 20, 21, 18, 15, 12, 10, 8, 5, 3, 2)
ENDED = {"closed": 870, "cancelled": 60, "rejected": 40, "merged": 30}
LEFT_OVER = {"accepted": 3, "done": 6, "routed": 3}
OPEN = {"needs_review": 46, "accepted": 22, "routed": 18, "done": 14}
_WORD = re.compile(r"[A-Za-z0-9]+|[^，。！？、\s]{1,2}")


@dataclass(frozen=True, slots=True)
class InventedHousehold:
    """A household. ``unit``: building-entrance-room."""

    name: str
    phone: str
    place: str
    unit: str
    area: str
    group: str | None


@dataclass(frozen=True, slots=True)
class InventedRequest:
    """One request and its history.

    ``household``: an index into the households, or None. ``seconds``: length of the recording.
    ``moves``: (status, when, actor) of each change, beginning with the opening.
    """

    household: int | None
    channel: str
    text: str
    seconds: float
    category: str
    urgency: str
    understanding: Understanding
    moves: tuple[tuple[str, datetime, str], ...]
    held_until: datetime | None
    person: str
    phone: str
    place: str | None
    unit: str | None
    area: str | None
    reasons: tuple[dict[str, str], ...]
    rating: int | None

    @property
    def status(self) -> str:
        return self.moves[-1][0]

    @property
    def words(self) -> list[dict[str, object]]:
        """The words as from a recogniser: {text, start, end, confidence}; times in seconds."""
        found = list(_WORD.finditer(self.text))
        each = self.seconds / max(1, len(found))
        doubt = len(self.text) % 7
        return [
            {
                "text": match.group(),
                "start": round(n * each, 2),
                "end": round((n + 0.9) * each, 2),
                "confidence": 0.42 if n % 9 == doubt else 0.93,
            }
            for n, match in enumerate(found)
        ]


class Inventor:
    """Generates invented data, the same for the same ``seed``.

    ``sentences``: the folder of the training sentences. ``places``: (name, area) pairs.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        sentences: Path,
        places: Sequence[tuple[str, str]],
        *,
        seed: int = 1,
    ) -> None:
        self.catalogue = catalogue
        self.sentences = sentences
        self.places = places
        self.chance = random.Random(seed)  # noqa: S311 (nothing secret)

    @cached_property
    def said(self) -> dict[str, list[str]]:
        """Category → sentences."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.sentences.glob("*.yml")):
            for block in YAML(typ="safe").load(path).get("nlu", ()):
                lines = [line[2:].strip() for line in str(block["examples"]).splitlines()]
                found.setdefault(block["intent"], []).extend(filter(None, lines))
        return {
            code: found.get(code) or list(entry.examples) or [entry.description.zh]
            for code, entry in self.catalogue.entries.items()
        } | {"emergency": found.get("emergency", ["快来人，有人晕倒了"])}

    def households(self, count: int) -> list[InventedHousehold]:
        return [self._household(n) for n in range(count)]

    def requests(
        self, households: Sequence[InventedHousehold], count: int, days: int, now: datetime
    ) -> Iterator[InventedRequest]:
        """``count`` requests of the last ``days`` days, in the order of their opening."""
        when = sorted(self._moment(days, now) for _ in range(count))
        for received in when:
            yield self._request(households, received, now)

    def _household(self, number: int) -> InventedHousehold:
        pick = self.chance
        place, area = pick.choice(self.places)
        name = pick.choice(SURNAMES) + "".join(pick.sample(GIVEN, pick.choice((1, 2, 2))))
        unit = (
            f"{pick.randint(1, 24)}-{pick.randint(1, 4)}-{pick.randint(1, 18)}0{pick.randint(1, 4)}"
        )
        return InventedHousehold(name, f"199{number:08d}", place, unit, area, pick.choice(GROUPS))

    def _moment(self, days: int, now: datetime) -> datetime:
        hour = self.chance.choices(range(24), HOURS)[0]
        day = now - timedelta(days=self.chance.random() * days)
        found = day.replace(hour=hour, minute=self.chance.randrange(60))
        return found if found < now else now - timedelta(seconds=self.chance.random() * 3600)

    def _request(
        self, households: Sequence[InventedHousehold], received: datetime, now: datetime
    ) -> InventedRequest:
        pick = self.chance
        danger = pick.random() < 0.006
        category = pick.choice(sorted(self.catalogue.entries))
        entry = self.catalogue.entries[category]
        if danger:
            category = "safety_hazard" if "safety_hazard" in self.catalogue.entries else category
        number = pick.randrange(len(households))
        household = households[number]
        sentence = pick.choice(self.said["emergency" if danger else category]).rstrip("。")
        told = pick.random() < 0.7
        where = f"我住在{household.place}{_spoken(household.unit)}，" if told else ""
        caller = household.name[0] + pick.choice(TITLES)
        who = f"我姓{household.name[0]}，" if pick.random() < 0.4 else ""
        ring = f"电话{household.phone}，" if pick.random() < 0.3 else ""
        text = pick.choice(OPENINGS) + who + where + sentence + "，" + ring + pick.choice(ENDINGS)
        text = text.rstrip("，") + ("" if text.endswith("。") else "。")
        urgency = "emergency" if danger else entry.urgency
        moves = self._moves(received, now, danger)
        held = moves[-1][0] == "needs_review" and not danger and pick.random() < 0.12
        share = round(pick.uniform(0.35, 0.99), 3)
        return InventedRequest(
            household=number if pick.random() < 0.8 else None,
            channel=pick.choices([*CHANNELS], [*CHANNELS.values()])[0],
            text=text,
            seconds=round(len(text) * 0.24 + 0.8, 2),
            category=category,
            urgency=urgency,
            understanding=Understanding(
                category, share, ((category, share),), urgency, area=household.area,
            ).but(
                place=_found(text, household.place), phone=_found(text, household.phone),
            ),
            moves=moves,
            held_until=now + timedelta(hours=pick.randint(2, 72)) if held else None,
            person=caller,
            phone=household.phone,
            place=household.place if told else None,
            unit=household.unit if told else None,
            area=household.area if told else None,
            reasons=self._reasons(moves, danger, told, share),
            rating=pick.choice((1, 3, 5, 5, 5)) if moves[-1][0] == "closed" else None,
        )  # fmt: skip

    def _moves(
        self, received: datetime, now: datetime, danger: bool
    ) -> tuple[tuple[str, datetime, str], ...]:
        pick = self.chance
        recent = now - received < timedelta(days=3)
        table = OPEN if recent and pick.random() < 0.6 else ENDED
        if not recent and pick.random() < 0.02:
            table = LEFT_OVER
        status = pick.choices([*table], [*table.values()])[0]
        reviewed = danger or pick.random() < 0.4
        way = ["received", "transcribed", "understood"]
        if reviewed or status in ("needs_review", "rejected", "merged"):
            way.append("needs_review")
        if status not in ("needs_review", "rejected", "merged", "cancelled"):
            way += ["confirmed", "routed", "accepted", "done", "closed"]
            way = way[: way.index(status) + 1]
        elif way[-1] != status:
            way.append(status)
        moves, at = [], received
        for step in way:
            moves.append((step, min(at, now), _MOVERS.get(step, "worker")))
            at += timedelta(seconds=pick.expovariate(1 / _TAKES.get(step, 5)))
        return tuple(moves)

    def _reasons(
        self, moves: Sequence[tuple[str, datetime, str]], danger: bool, told: bool, share: float
    ) -> tuple[dict[str, str], ...]:
        if moves[-1][0] != "needs_review":
            return ()
        reasons = []
        if danger:
            reasons.append(("emergency", "可能有危险，请马上处理", "Someone may be in danger"))
        if not told:
            reasons.append(("place_missing", "没听到地点", "The place is missing"))
        if share < 0.7 or not reasons:
            reasons.append(("category_unsure", "类别拿不准", "The kind of need is not sure"))
        return tuple({"code": code, "zh": zh, "en": en} for code, zh, en in reasons)


_MOVERS = {
    "received": "door", "needs_review": "worker", "confirmed": "operator", "accepted": "backend",
    "done": "backend", "closed": "resident", "rejected": "operator", "cancelled": "resident",
    "merged": "operator",
}  # fmt: skip
_TAKES = {"needs_review": 900, "routed": 1800, "accepted": 80_000, "done": 40_000}  # seconds


def _spoken(unit: str) -> str:
    building, entrance, room = unit.split("-")
    return f"{building}号楼{entrance}单元{room}"


def _found(text: str, value: str) -> Field[str] | None:
    at = text.find(value)
    return Field(value, (at, at + len(value)), 0.86) if at >= 0 else None
