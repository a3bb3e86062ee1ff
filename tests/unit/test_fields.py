"""The one declaration of a request's fields, and what must agree with it."""

from __future__ import annotations

import json

from intake import locale
from intake.backends import _payload
from intake.settings import ROOT
from intake.storage.models import ServiceRequest
from intake.understanding.fields import COLUMNS, FIELDS, READ, label_keys
from intake.understanding.readers import READERS


def test_every_field_that_is_read_has_a_reader_and_no_other() -> None:
    assert READERS.keys() == {row.name for row in READ}


def test_every_label_stands_in_every_language() -> None:
    for language in locale.languages():
        assert not set(label_keys()) - locale.catalog(language).keys()


def test_names_columns_keys_and_places_in_the_payload_are_told_apart() -> None:
    for values in (
        [row.name for row in FIELDS],
        [column.name for column in COLUMNS],
        [row.key for row in FIELDS if row.key],
        [column.payload for column in COLUMNS if column.payload],
    ):
        assert len(values) == len(set(values))
    assert all(row.key is None or row.key in "123456789" for row in FIELDS)


def test_every_column_is_a_column_of_the_request() -> None:
    assert {column.name for column in COLUMNS} <= set(ServiceRequest.__table__.columns.keys())


def test_the_published_schema_describes_every_field_of_the_payload() -> None:
    path = ROOT / "intake" / "backends" / "schemas" / "service_request.v1.json"
    published = json.loads(path.read_text("utf-8"))
    assert published == _payload.schema()
    for column in COLUMNS:
        if column.payload:
            part, key = column.payload
            assert "description" in published["properties"][part]["properties"][key]
