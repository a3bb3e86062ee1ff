"""A labelled set: a folder with recordings or messages and what should be understood of them.

``labels.jsonl`` (recordings), ``chat.jsonl`` (typed), ``dialogues.jsonl``, one JSON object a line;
``places.csv``, the gazetteer; optionally ``subsets.json``. Each file but the gazetteer may be
missing. A field that is null was not said; a field that is absent is not labelled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    create_model,
    model_validator,
)

from intake.errors import HuyingError
from intake.understanding.fields import READ, Urgency
from intake.understanding.gazetteer import Gazetteer
from intake.understanding.values import Window

SPOKEN, TYPED, DIALOGUES = "labels.jsonl", "chat.jsonl", "dialogues.jsonl"


class LabelError(HuyingError):
    """A labelled set that can't be used; the sentence names the file and the line."""

    default_code = "bad_labels"


def _naive(value: datetime) -> datetime:
    if value.tzinfo is not None:
        raise ValueError("must be local time, without a zone")
    return value


Local = Annotated[datetime, AfterValidator(_naive)]
Said = Annotated[str, Field(min_length=1)] | None


class Span(BaseModel):
    """When help is wanted: local time, `end` not before `start`."""

    start: Local
    end: Local

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        if self.end < self.start:
            raise ValueError("ends before it starts")
        return self

    @property
    def window(self) -> Window:
        """The same in the form that the readers return."""
        return Window(self.start, self.end)


class _Kind(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    category: Said = None
    urgency: Urgency = "normal"


_READ: dict[str, Any] = {row.name: (Span | None if row.is_window else Said, None) for row in READ}
_KindAndFields: type[_Kind] = create_model("_KindAndFields", __base__=_Kind, **_READ)


class Labels(_KindAndFields):
    """What should be understood; only the fields in `model_fields_set` are labelled."""

    def labelled(self, name: str) -> bool:
        """Is this field labelled, be it with null?"""
        return name in self.model_fields_set

    def label(self, name: str) -> Any:
        """What is right here: a text or a `Span`, None for what was not said."""
        return getattr(self, name)


class Item(Labels):
    """One recording or one typed message.

    `audio` is a path relative to the folder. For a recording without `text` understanding is
    measured, transcription is not.
    """

    id: Annotated[str, Field(min_length=1)]
    text: str = ""
    received_at: Local
    language: str = "zh"
    audio: str | None = None


class Dialogue(BaseModel):
    """What a resident says, turn by turn, and what should be known at its end."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Annotated[str, Field(min_length=1)]
    turns: Annotated[tuple[str, ...], Field(min_length=1)]
    expect: Labels
    received_at: Local | None = None


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """A checked set. `subsets`: part → group → ids. `remarks`: labels that can't be right."""

    folder: Path
    voicemail: tuple[Item, ...]
    chat: tuple[Item, ...]
    dialogues: tuple[Dialogue, ...]
    gazetteer: Gazetteer
    subsets: Mapping[str, Mapping[str, frozenset[str]]]
    remarks: tuple[str, ...] = field(default=())


def read(folder: Path, known_categories: frozenset[str]) -> LabelledSet:
    """Read and check a folder. Raises LabelError, which names the file and the line."""
    files = [folder / name for name in (SPOKEN, TYPED, DIALOGUES)]
    if not any(path.is_file() for path in files):
        names = ", ".join((SPOKEN, TYPED, DIALOGUES))
        raise LabelError(f"{folder}: no labelled set; one of {names} must be there.")
    try:
        gazetteer = Gazetteer.from_csv(folder / "places.csv")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelError(f"{folder / 'places.csv'}: can't be read ({error}).") from None
    except ValueError as error:
        raise LabelError(str(error)) from None
    voicemail, chat, dialogues = (
        dict(_objects(files[0], Item)),
        dict(_objects(files[1], Item)),
        dict(_objects(files[2], Dialogue)),
    )
    for line, item in voicemail.items():
        if not item.audio or not (folder / item.audio).is_file():
            raise LabelError(f"{files[0]}:{line}: audio: no such file: {item.audio}")
    for line, item in chat.items():
        if not item.labelled("text"):
            raise LabelError(f"{files[1]}:{line}: text: Field required")
    remarks = [
        *_remarks(files[0], voicemail, gazetteer, known_categories),
        *_remarks(files[1], chat, gazetteer, known_categories),
    ]
    return LabelledSet(
        folder,
        tuple(voicemail.values()),
        tuple(chat.values()),
        tuple(dialogues.values()),
        gazetteer,
        _subsets(folder / "subsets.json"),
        tuple(remarks),
    )


_Row = TypeVar("_Row", Item, Dialogue)


def objects(path: Path) -> Iterator[tuple[int, Any]]:
    """The JSON object of each line with its number from 1; empty lines are left out."""
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelError(f"{path}: can't be read ({error}).") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise LabelError(f"{path}:{number}: not JSON: {error}") from None


def _objects(path: Path, model: type[_Row]) -> Iterator[tuple[int, _Row]]:
    seen: dict[str, int] = {}
    for number, found in objects(path) if path.is_file() else ():
        try:
            row = model.model_validate(found)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(map(str, first["loc"])) or "the line"
            raise LabelError(f"{path}:{number}: {key}: {first['msg']}") from None
        if row.id in seen:
            raise LabelError(f"{path}:{number}: id: {row.id} stands in line {seen[row.id]} too")
        seen[row.id] = number
        yield number, row


def _remarks(
    path: Path, items: Mapping[int, Item], gazetteer: Gazetteer, categories: frozenset[str]
) -> Iterator[str]:
    for number, item in items.items():
        scored = item.category and item.urgency != "emergency"
        if scored and item.category not in categories:
            yield f"{path}:{number}: category: {item.category} is not in the catalogue"
        place = item.label("place")
        if place and place not in gazetteer.places:
            yield f"{path}:{number}: place: {place} is not in places.csv"


def _subsets(path: Path) -> Mapping[str, Mapping[str, frozenset[str]]]:
    if not path.is_file():
        return {}
    shape = TypeAdapter(dict[str, dict[str, frozenset[str]]])
    try:
        return shape.validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise LabelError(f"{path}: {key}: {first['msg']}") from None
