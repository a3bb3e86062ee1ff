"""What operators edit, without a database: files of places, rules, the catalogue's texts."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from intake.catalogue import places, places_csv, routing_rules, text_overrides
from intake.catalogue.routing_rules import Listed
from intake.catalogue.services import load_catalogue
from intake.errors import BadField, TooLarge
from intake.settings import ROOT, Rule
from intake.understanding.gazetteer import Gazetteer

FILES = load_catalogue(ROOT / "data" / "services")
DEMO = ROOT / "data" / "demo" / "places.csv"
HEAD = "name,kind,area,aliases\n"


def read(text: str, encoding: str = "utf-8") -> list[places_csv.Line]:
    return places_csv.read(text.encode(encoding))


def codes(lines: list[places_csv.Line]) -> list[str | None]:
    return [line.wrong.code if line.wrong else None for line in lines]


def test_the_demo_file_is_read_as_the_readers_do() -> None:
    lines = places_csv.read(DEMO.read_bytes())
    assert codes(lines) == [None] * len(lines)
    known = Gazetteer.from_csv(DEMO).places
    assert {line.name: line.value for line in lines} == {
        p.name: {"kind": p.kind, "area": p.area, "aliases": list(p.aliases)} for p in known.values()
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_a_file_is_read_however_it_was_saved(encoding: str) -> None:
    (line,) = read(HEAD + "梧桐里,小区,A01,梧桐院|老钢厂\n", encoding)
    wanted = {"kind": "community", "area": "A01", "aliases": ["梧桐院", "老钢厂"]}
    assert (line.name, line.value, line.wrong) == ("梧桐里", wanted, None)


@pytest.mark.parametrize("mark", [";", "\t"])
def test_other_marks_between_columns_are_read_too(mark: str) -> None:
    (line,) = read((HEAD + "梧桐里,community,,\n").replace(",", mark))
    assert line.name == "梧桐里" and line.wrong is None


def test_each_wrong_line_says_what_is_wrong_with_it() -> None:
    lines = read(
        HEAD
        + "梧桐里,community,A01,\n"
        + "\n"
        + ",community,A01,\n"
        + "和顺里,castle,A01,\n"
        + "梧桐里,road,A02,\n"
        + "院,community,A01,\n"
        + "=1+1,community,A01,\n"
        + f"{'长' * 81},community,,\n"
        + "松鹤园,community,A02,松鹤,松园\n"
    )
    assert [line.number for line in lines] == [2, 4, 5, 6, 7, 8, 9, 10]
    wrong = [None, "no_name", "kind", "twice", "too_short", "formula", "too_long", "columns"]
    assert codes(lines) == wrong
    assert lines[3].wrong is not None and "2" in lines[3].wrong.in_language("en")
    assert all(set(line.wrong.to_json()) >= {"zh", "en"} for line in lines if line.wrong)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04....", "workbook"),
        ("name,kind".encode("utf-16"), "UTF-16"),
        (b"\xff\xff\xff", "neither"),
        ("名称,类型\n梧桐里,小区\n".encode(), "no column name"),
        (b"", "no column"),
        (HEAD.encode() + b'"a"b,community,,\n', "line 2"),
    ],
)
def test_what_is_no_such_file_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(BadField, match=why):
        places_csv.read(data)


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge):
        places_csv.read(b"x" * (places_csv.MOST_BYTES + 1))
    monkeypatch.setattr(places_csv, "MOST_PLACES", 2)
    with pytest.raises(TooLarge):
        read(HEAD + "梧桐里,road,,\n和盛里,road,,\n松鹤园,road,,\n")


def test_a_preview_tells_what_is_added_changed_removed_and_left() -> None:
    known = {line.name: line.value for line in places_csv.read(DEMO.read_bytes())}
    text = (
        HEAD
        + "梧桐里,community,A01,梧桐里小区|梧桐院\n长宁里,community,B09,\n新园,road,,\n,road,,\n"
    )
    merged = places_csv.compare(read(text), known, whole=False)
    assert [what for _, what, _ in merged.lines] == ["same", "change", "add", "wrong"]
    assert merged.removed == {} and set(merged.values) == {"长宁里", "新园"}
    whole = places_csv.compare(read(text), known, whole=True)
    assert set(whole.removed) == set(known) - {"梧桐里", "长宁里"}
    assert whole.count("remove") == len(known) - 2
    assert whole.values["松鹤园"] is None


def test_a_place_in_a_wrong_line_is_not_removed() -> None:
    known = {"梧桐里": {"kind": "community", "area": None, "aliases": []}}
    preview = places_csv.compare(read(HEAD + "梧桐里,castle,,\n"), known, whole=True)
    assert preview.removed == {} and preview.values == {}


def test_an_exported_file_changes_nothing_when_it_comes_back() -> None:
    known = {line.name: line.value for line in places_csv.read(DEMO.read_bytes())}
    again = places_csv.compare(places_csv.read(places_csv.written(known)), known, whole=True)
    assert again.values == {} and again.count("same") == len(known)


def test_places_that_sound_the_same_are_told_apart_from_those_that_nearly_do() -> None:
    kind = {"kind": "community", "area": None, "aliases": []}
    found = places.alike_in(
        {
            "兴隆苑": kind,
            "新隆院": kind,
            "和盛里": {**kind, "aliases": ["东方红小区"]},
            "东方虹小区": kind,
            "梧桐里": kind,
        }
    )
    assert found["和盛里"] == [places.Alike("东方虹小区", exactly=True)]
    assert found["兴隆苑"] == [places.Alike("新隆院", exactly=False)]
    assert "梧桐里" not in found


def test_a_rule_names_only_what_is_there() -> None:
    good = Listed(backend="station", category=["meal"], urgency=["urgent"], note="  a \n b ")
    assert good.note == "a b"
    assert routing_rules.wrong([good], {"station"}, FILES.codes) is None
    other = Listed(backend="clinic")
    assert routing_rules.wrong([good, other], {"station"}, FILES.codes)[0] == 2  # type: ignore[index]
    strange = Listed(backend="station", category=["castle"])
    found = routing_rules.wrong([strange], {"station"}, FILES.codes)
    assert found is not None and "castle" in found[1].in_language("zh")
    with pytest.raises(ValidationError):
        Listed(backend="station", urgency=["soon"])  # type: ignore[list-item]


def test_an_empty_condition_is_none_and_hides_what_follows() -> None:
    every = Listed(backend="station", category=[], area=[" "])
    assert (every.category, every.area) == (None, None)
    assert routing_rules.unreached([Rule(backend="a", area=["A01"]), every, Rule(backend="b")]) == [
        2
    ]


def test_only_what_differs_from_the_file_is_kept() -> None:
    meal = FILES.get("meal")
    same = text_overrides.Texts.model_validate(
        {
            "name": meal.name.model_dump(),
            "deadline_minutes": meal.deadline_minutes,
            "questions": {"place": meal.questions["place"].model_dump()},
        }
    )
    assert text_overrides.differing(meal, same) == (None, None)
    other = text_overrides.Texts.model_validate({"deadline_minutes": 30, "at_least": "normal"})
    assert text_overrides.differing(meal, other) == ({"deadline_minutes": 30}, None)


def test_a_text_holds_over_the_file_and_the_rest_follows_the_file() -> None:
    asks = {"zh": "送到哪儿？", "en": "Where to?"}
    over = text_overrides.overlay(
        FILES, {"meal": {"questions": {"place": asks}, "deadline_minutes": 30}, "gone": {}}
    )
    now, file = over.get("meal"), FILES.get("meal")
    assert now.questions["place"].zh == "送到哪儿？"
    assert now.deadline_minutes == 30 and now.deadline_source == text_overrides.SOURCE
    assert list(now.questions) == list(file.questions)
    assert (now.name, now.required, now.code) == (file.name, file.required, file.code)
    assert over.codes == FILES.codes


def test_texts_that_fit_no_more_leave_the_files() -> None:
    over = text_overrides.overlay(FILES, {"meal": {"at_least": "whenever"}})
    assert over.get("meal") == FILES.get("meal")


def test_what_is_not_asked_cannot_be_made_to_be_asked() -> None:
    lacking = next(e for e in FILES.entries.values() if "when" not in e.questions)
    asked = text_overrides.Texts.model_validate(
        {"questions": {"when": {"zh": "何时？", "en": "When?"}}}
    )
    kept, wrong = text_overrides.differing(lacking, asked)
    assert kept is None and wrong is not None and wrong.code == "question"


def test_a_text_in_one_language_alone_is_refused() -> None:
    with pytest.raises(ValidationError):
        text_overrides.Texts.model_validate({"name": {"zh": "送饭"}})
