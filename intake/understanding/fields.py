"""The fields of a request, each declared once.

The readers' result, the columns, the conversation's questions, the operators' API and desk, the
JSON for backends, evaluation and export follow from the rows of `FIELDS`. To add a field:

1. a row here,
2. its reader in `readers.READERS`,
3. a migration that adds its columns to ``service_requests``,
4. its labels in ``locale/*.po``: the keys of `label_keys`,
5. where the conversation shall ask for it, ``questions`` in ``data/services/<category>.yml``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

Urgency = Literal["emergency", "urgent", "normal"]


class StatusPage(StrEnum):
    """What whoever has the link of a request's status page may see of a field."""

    WHOLE = "whole"
    LAST_DIGITS = "last_digits"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of ``service_requests``.

    ``type``: str, datetime (aware) or `Urgency`. ``length``: most characters that a person may
    write into it. ``payload``: (object, key) in the JSON for backends; None for a column that is
    elsewhere in it or not at all. ``listed``: shown in lists of requests, not only in the request's
    own detail. ``words``: the resident's own words, which are deleted after
    ``[retention] words_days``.
    """

    name: str
    type: object = str
    length: int | None = None
    payload: tuple[str, str] | None = None
    listed: bool = True
    words: bool = False


@dataclass(frozen=True, slots=True)
class RequestField:
    """One field of a request.

    ``key``: the digit with which an operator edits it; None for a field that is not edited so.
    ``read``: a reader finds it, with evidence and confidence, and evaluation counts it.
    ``noun``: its name in a reason for review, in Chinese and in English.
    ``least``: the confidence (0..1) below which an operator must check it, unless settings say
    otherwise.
    ``asked``: a category may require it, and the conversation asks for it.
    ``shared``: two needs of one message have it in common, whatever is said later.
    ``sent_as``: its name in the form of ``POST /api/voicemails``; None if senders can't give it.
    ``masked``: its middle is hidden in lists.
    ``kept``: it stays when the request is erased, because it says nothing about the resident.
    ``decisive``: the help goes wrong when it is wrong, so that evaluation counts it as an error.
    ``status_page``: how much of it the resident's status page shows.
    ``keyboard``: which keyboard a phone or tablet shows for it (HTML's ``inputmode``).
    """

    name: str
    columns: tuple[Column, ...]
    key: str | None = None
    read: bool = False
    noun: tuple[str, str] = ("", "")
    least: float = 0.0
    asked: bool = False
    shared: bool = True
    sent_as: str | None = None
    masked: bool = False
    kept: bool = False
    decisive: bool = True
    status_page: StatusPage = StatusPage.WHOLE
    keyboard: str | None = None

    @property
    def is_window(self) -> bool:
        """Whether its value is a window of time (`values.Window`); all others are text."""
        return any(column.type is datetime for column in self.columns)

    @property
    def column(self) -> str:
        """The column that is null while the field is unknown."""
        return self.columns[0].name

    @property
    def text_column(self) -> str:
        """The column that holds it as text: for a window of time, the resident's words for it."""
        return self.columns[-1].name

    @property
    def length(self) -> int | None:
        """The most characters of its value; None for a window of time."""
        return self.columns[0].length


FIELDS = (
    RequestField("category", (Column("category", length=64),), key="1", kept=True),
    RequestField(
        "place",
        (Column("place", length=80, payload=("where", "place")),),
        key="2",
        read=True,
        noun=("地点", "the place"),
        least=0.65,
        asked=True,
        sent_as="place",
    ),
    RequestField("area", (Column("area", length=80, payload=("where", "area")),), kept=True),
    RequestField(
        "unit",
        (Column("unit", length=40, payload=("where", "unit")),),
        key="3",
        read=True,
        noun=("门牌", "the unit"),
        least=0.55,
        asked=True,
        sent_as="unit",
    ),
    RequestField(
        "when",
        (
            Column("when_start", datetime, payload=("when", "start")),
            Column("when_end", datetime, payload=("when", "end")),
            Column("when_text", length=200, payload=("when", "text"), listed=False, words=True),
        ),
        key="4",
        read=True,
        noun=("时间", "the time"),
        least=0.65,
        asked=True,
        shared=False,
    ),
    RequestField(
        "person",
        (Column("person", length=40, payload=("who", "person")),),
        key="5",
        read=True,
        noun=("姓名", "the name"),
        asked=True,
        sent_as="name",
        decisive=False,
        status_page=StatusPage.HIDDEN,
    ),
    RequestField(
        "phone",
        (Column("phone", length=32, payload=("who", "phone")),),
        key="6",
        read=True,
        noun=("电话", "the phone number"),
        least=0.75,
        asked=True,
        sent_as="phone",
        masked=True,
        status_page=StatusPage.LAST_DIGITS,
        keyboard="tel",
    ),
    RequestField("urgency", (Column("urgency", Urgency),), key="7", kept=True, decisive=False),
    RequestField("text", (Column("text", length=20_000, words=True),), key="8"),
)
"""In the order in which they are shown, asked and read back."""

BY_NAME = {field.name: field for field in FIELDS}
READ = tuple(field for field in FIELDS if field.read)
READ_NAMES = tuple(field.name for field in READ)
READ_TEXTS = tuple(field.name for field in READ if not field.is_window)
"""Fields whose value is a text: their column has their name."""
ASKED_NAMES = tuple(field.name for field in FIELDS if field.asked)
COLUMNS = tuple(column for field in FIELDS for column in field.columns)

if TYPE_CHECKING:
    ReadName = str
    AskedName = str
else:  # made from the rows, so that validation refuses a wrong name and lists all valid ones
    ReadName = Literal[READ_NAMES]
    AskedName = Literal[ASKED_NAMES]


def label_keys() -> Iterator[str]:
    """The keys of the fields' labels, which every file of ``locale`` must have."""
    for field in FIELDS:
        yield f"desk.field.{field.name}"
        for column in field.columns:
            yield f"desk.field.{column.name}"
            yield f"desk.demand.what.{column.name}"
        if field.read:
            yield f"export.{field.name}"
        if field.asked:
            yield f"chat.field.{field.name}"
            yield f"chat.part.{field.name}"
