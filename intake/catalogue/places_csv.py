"""Places as a CSV file: ``name,kind,area,aliases``, aliases joined by ``|``.

Accepted are UTF-8 with or without a byte order mark, and GB18030, which Excel writes in China;
separators are commas, semicolons or tabs. This module does not access the database.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from intake.catalogue.places import MOST_PLACES, Value, Wrong, tidy
from intake.errors import BadField, TooLarge

COLUMNS = ("name", "kind", "area", "aliases")
MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file; ``number`` counts the lines of the file from 1."""

    number: int
    name: str
    value: Value
    wrong: Wrong | None = None


@dataclass(slots=True)
class Preview:
    """What an import would do.

    ``lines``: each line with add, change, same or wrong. ``removed``: places that the file lacks,
    if it is the whole list. ``values``: the argument for `intake.catalogue.edits.change`, without
    the wrong lines.
    """

    lines: list[tuple[Line, str, Value | None]] = field(default_factory=list)
    removed: dict[str, Value] = field(default_factory=dict)
    values: dict[str, Value | None] = field(default_factory=dict)

    def count(self, what: str) -> int:
        """How many lines have this outcome (add, change, same, wrong); for removed, how many
        places."""
        if what == "remove":
            return len(self.removed)
        return sum(kind == what for _, kind, _ in self.lines)


def read(data: bytes) -> list[Line]:
    """The lines of a file, each checked; empty ones are left out.

    Raises `BadField` when it can't be parsed as such a CSV file, `TooLarge` above `MOST_BYTES`
    bytes or `MOST_PLACES` rows.
    """
    if len(data) > MOST_BYTES:
        raise TooLarge(f"The file is larger than {MOST_BYTES // 1024**2} MB.", limit=MOST_BYTES)
    text = _decoded(data)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return list(_lines(reader))
    except csv.Error as error:
        raise _unreadable(f"line {reader.line_num + 1}: {error}") from None


def _lines(reader: csv.DictReader[str]) -> Iterator[Line]:
    reader.fieldnames = [(n or "").strip().casefold() for n in reader.fieldnames or ()]
    missing = [name for name in COLUMNS if name not in reader.fieldnames]
    if missing:
        raise _unreadable(f"no column {', '.join(missing)}; the first line must name them")
    seen: dict[str, int] = {}
    for row in reader:
        cells: dict[str, Any] = {key: row[key] or "" for key in COLUMNS}
        more = [cell for cell in row.get(None) or () if cell.strip()]
        if not more and not any(cell.strip() for cell in cells.values()):
            continue
        if len(seen) >= MOST_PLACES:
            raise TooLarge(f"The file has more than {MOST_PLACES} places.", limit=MOST_PLACES)
        number = reader.line_num
        aliases = cells["aliases"].replace("｜", "|").split("|")
        name, value, wrong = tidy(cells["name"], cells["kind"], cells["area"], aliases)
        if more:
            wrong = Wrong("columns", {"value": more[0][:20]})
        elif wrong is None and name in seen:
            wrong = Wrong("twice", {"value": name, "line": seen[name]})
        seen.setdefault(name, number)
        yield Line(number, name, value, wrong)


def _decoded(data: bytes) -> str:
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise _unreadable("this is a workbook; in Excel choose Save As, CSV UTF-8")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unreadable("this is UTF-16 text; save it as CSV UTF-8")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _unreadable("it is neither UTF-8 nor GB18030 text")


def _unreadable(why: str) -> BadField:
    return BadField(f"The file can't be read: {why}.", code="csv_unreadable", field="file")


def compare(lines: Sequence[Line], known: Mapping[str, Value], *, whole: bool) -> Preview:
    """What an import of `lines` would do to the `known` places.

    ``whole``: the file is the whole list, so that places which it lacks are removed; a place in a
    wrong line does not count as lacking.
    """
    preview = Preview()
    for line in lines:
        before = known.get(line.name)
        if line.wrong is not None:
            what = "wrong"
        elif before is None:
            what = "add"
        else:
            what = "same" if before == line.value else "change"
        if what in ("add", "change"):
            preview.values[line.name] = line.value
        preview.lines.append((line, what, before))
    if whole:
        named = {line.name for line in lines}
        preview.removed = {name: value for name, value in known.items() if name not in named}
        preview.values.update(dict.fromkeys(preview.removed))
    return preview


def written(places: Mapping[str, Value]) -> bytes:
    """The file of these places, as `read` reads it; with a byte order mark, for Excel."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for name, value in places.items():
        writer.writerow((name, value["kind"], value["area"] or "", "|".join(value["aliases"])))
    return out.getvalue().encode("utf-8-sig")
