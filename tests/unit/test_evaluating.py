"""Labels are read strictly, answers are counted as the labelled set's format says."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from intake import cli
from intake.evaluation.dataset import Dialogue, Item, LabelError, read
from intake.evaluation.dialogues import Held
from intake.evaluation.metrics import (
    FIGURES,
    OF_DIALOGUES,
    SHARES,
    Answer,
    bare,
    character_error_rate,
    kind_of_miss,
    score,
    score_dialogues,
    wilson,
)
from intake.understanding.values import Field, Reason, Understanding, Window

OWN = Path(__file__).parents[1] / "model" / "data"
ITEM: dict[str, Any] = {
    "id": "a1",
    "text": "梧桐苑五号楼水管漏了",
    "language": "zh",
    "category": "home_repair",
    "urgency": "normal",
    "place": "梧桐苑",
    "unit": "5",
    "when": None,
    "received_at": "2026-11-19T10:15",
    "phone": None,
    "person": None,
}
MORNING = {"start": "2026-11-20T09:00", "end": "2026-11-20T12:00"}
Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Write:
    def write(*lines: dict[str, Any] | str, name: str = "chat.jsonl") -> Path:
        (tmp_path / "places.csv").write_text("name,kind,area,aliases\n梧桐苑,community,N1,\n")
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        (tmp_path / name).write_text("\n".join(texts))
        return tmp_path

    return write


def item(**changes: Any) -> Item:
    return Item.model_validate({**ITEM, **changes})


def sure(value: Any) -> Field[Any]:
    return Field(value, None, 0.9)


def answer(labels: Item, *, confirmed: bool = False, urgency: str = "normal", **got: Any) -> Answer:
    known = {"category": "home_repair", "category_confidence": 0.9, **got}
    ranking = known.pop("ranking", ((known["category"], known["category_confidence"]),))
    share = known.pop("category_confidence")
    read = Understanding(known.pop("category"), share, ranking).but(**known)
    return Answer(labels, labels.text, read, urgency, confirmed)


def counts(*answers: Answer, near: frozenset[str] = frozenset()) -> dict[str, tuple[int, int]]:
    return score(answers, near, spoken=False).tally.counts


def test_our_own_labelled_set_is_read_whole_and_without_a_remark() -> None:
    categories = frozenset(
        json.loads(line)["category"]
        for name in ("labels.jsonl", "chat.jsonl")
        for line in (OWN / name).read_text("utf-8").splitlines()
    )
    found = read(OWN, categories)
    assert len(found.voicemail) > 20
    assert len(found.chat) > 50
    assert found.dialogues
    assert found.gazetteer.places
    assert found.subsets["chat"]["near_miss"]
    assert not found.remarks


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{not json", "not JSON"),
        ("[]", "the line"),
        ({**ITEM, "urgency": "high"}, "urgency: "),
        ({**ITEM, "received_at": "yesterday"}, "received_at: "),
        ({**ITEM, "received_at": "2026-11-19T10:15+08:00"}, "received_at: .*without a zone"),
        ({**ITEM, "when": {"start": MORNING["start"]}}, r"when\.end: "),
        ({**ITEM, "when": {"start": MORNING["end"], "end": MORNING["start"]}}, "when: .*ends"),
        ({**ITEM, "unit": ""}, "unit: "),
        ({k: v for k, v in ITEM.items() if k != "text"}, "text: "),
        ({**ITEM, "id": "a0"}, "id: a0 stands in line 1 too"),
    ],
)
def test_a_bad_label_is_named_with_its_file_and_line(
    folder: Write, line: dict[str, Any] | str, complaint: str
) -> None:
    good = {**ITEM, "id": "a0"}
    with pytest.raises(LabelError, match=rf"chat\.jsonl:3: {complaint}"):
        read(folder(good, "", line), frozenset(("home_repair",)))


def test_a_recording_that_is_not_there_is_named_with_its_line(folder: Write) -> None:
    path = folder({**ITEM, "audio": "audio/none.wav"}, name="labels.jsonl")
    with pytest.raises(LabelError, match=r"labels\.jsonl:1: audio: no such file: audio/none\.wav"):
        read(path, frozenset())


def test_a_folder_without_a_set_or_without_places_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="no labelled set"):
        read(tmp_path, frozenset())
    (tmp_path / "chat.jsonl").write_text(json.dumps(ITEM))
    with pytest.raises(LabelError, match=r"places\.csv"):
        read(tmp_path, frozenset())
    (tmp_path / "places.csv").write_text("name,area\n梧桐苑,N1\n")
    with pytest.raises(LabelError, match="no column aliases, kind"):
        read(tmp_path, frozenset())


def test_subsets_of_another_shape_are_an_error(folder: Write) -> None:
    path = folder(ITEM)
    (path / "subsets.json").write_text('{"chat": ["a1"]}')
    with pytest.raises(LabelError, match=r"subsets\.json: chat"):
        read(path, frozenset())


def test_labels_that_nothing_can_match_are_remarked_on(folder: Write) -> None:
    found = read(folder({**ITEM, "category": "home_repiar", "place": "梧童苑"}), frozenset())
    assert [remark.split(": ", 1)[1] for remark in found.remarks] == [
        "category: home_repiar is not in the catalogue",
        "place: 梧童苑 is not in places.csv",
    ]


def test_a_field_that_is_not_labelled_is_not_counted() -> None:
    bare_item = Item.model_validate({"id": "b", "text": "喂", "received_at": "2026-11-19T10:15"})
    result = score([answer(bare_item, place=sure("梧桐苑"))], frozenset(), spoken=False)
    assert not result.tally.counts
    values = result.to_json()
    assert values.pop("n") == 1
    assert set(values) == {*SHARES, *FIGURES, *OF_DIALOGUES}
    assert set(values.values()) == {None}


def test_fields_are_exact_when_said_and_false_when_not() -> None:
    found = counts(
        answer(item(), place=sure("梧桐苑"), unit=sure("5")),
        answer(item(id="a2"), place=sure("杏林里"), phone=sure("13912345678")),
    )
    assert found["place_exact"] == (1, 2)
    assert found["unit_exact"] == (1, 2)
    assert found["phone_false"] == (1, 2)
    assert found["person_false"] == (0, 2)
    assert found["when_false"] == (0, 2)
    assert "phone_exact" not in found


@pytest.mark.parametrize(("end", "right"), [("12:00", 1), ("10:30", 1), ("10:29", 0)])
def test_a_window_is_right_when_half_of_the_union_is_shared(end: str, right: int) -> None:
    heard = Window(*(datetime.fromisoformat(f"2026-11-20T{hour}") for hour in ("09:00", end)))
    assert counts(answer(item(when=MORNING), when=sure(heard)))["when_right"] == (right, 1)


def test_the_category_of_an_emergency_is_not_scored() -> None:
    found = counts(
        answer(item(urgency="emergency"), urgency="emergency"),
        answer(item(id="a2"), ranking=(("meal", 0.5), ("errand", 0.3), ("home_repair", 0.1)),
               category="meal"),
        answer(item(id="a3")),
    )  # fmt: skip
    assert found["category_top1"] == (1, 2)
    assert found["category_top3"] == (2, 2)
    assert found["emergency_recall"] == (1, 1)


def test_false_alarms_are_counted_of_all_that_are_none_and_of_near_misses() -> None:
    found = counts(
        answer(item(), urgency="emergency"),
        answer(item(id="a2")),
        answer(item(id="a3"), urgency="emergency"),
        answer(item(id="a4", urgency="emergency"), urgency="urgent"),
        near=frozenset(("a1", "a2")),
    )
    assert found["emergency_false"] == (2, 3)
    assert found["emergency_false_near"] == (1, 2)
    assert found["emergency_recall"] == (0, 1)
    assert found["urgency_right"] == (1, 4)


def test_what_is_decided_without_a_person_counts_as_wrong_with_any_field_but_the_person() -> None:
    right: dict[str, Any] = {"place": sure("梧桐苑"), "unit": sure("5"), "confirmed": True}
    found = counts(
        answer(item(), **right),
        answer(item(id="a2", person="王阿姨"), **right),
        answer(item(id="a3", phone="13912345678"), **right),
        answer(item(id="a4"), category="meal", **right),
        answer(item(id="a5", urgency="emergency"), **right),
        answer(item(id="a6")),
        answer(item(id="a7", category="greet")),
    )
    assert found["auto_share"] == (5, 6)
    assert found["auto_error"] == (3, 5)


def test_a_greeting_that_was_sent_out_as_a_request_is_an_error() -> None:
    found = counts(answer(item(category="greet", place=None, unit=None), confirmed=True))
    assert found["auto_error"] == (1, 1)
    assert "auto_share" not in found


def test_confidence_that_means_what_it_says_has_no_calibration_error() -> None:
    said = [answer(item(id=str(n)), category_confidence=0.75) for n in range(3)]
    wrong = answer(item(id="x"), category="meal", category_confidence=0.75)
    honest = score([*said, wrong], frozenset(), spoken=False).figures["ece"]
    assert honest == pytest.approx(0)
    boastful = score([said[0], wrong], frozenset(), spoken=False).figures["ece"]
    assert boastful == pytest.approx(0.25)


def test_misses_show_what_was_heard_and_what_was_said() -> None:
    heard = Answer(
        item(), "无同院", Understanding("meal", 0.4, (("meal", 0.4),)), "normal", True, 2.5
    )
    result = score([heard], frozenset(), spoken=True)
    assert result.figures["seconds_median"] == 2.5
    (miss,) = result.misses
    for words in ("a1", "DECIDED", "无同院", "梧桐苑五号楼", "home_repair → meal 0.40", "unit: 5"):
        assert words in miss


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("幺三九，四四零七", "139-4407"),
        ("五号楼二单元三零一。", "5號樓 2單元 301"),
        ("十二号", "12号"),
        ("At five o'clock!", "at 5 oclock"),
        ("两点", "2点"),
    ],
)
def test_spelling_script_and_punctuation_are_no_character_errors(one: str, other: str) -> None:
    assert bare(one) == bare(other)
    assert character_error_rate([(one, other)]) == 0


def test_the_character_error_rate_is_that_of_all_recordings_together() -> None:
    pairs = [("水管漏", "水管漏"), ("梧桐苑水管漏水", "无同院水管漏")]
    assert character_error_rate(pairs) == pytest.approx(4 / 10)
    assert character_error_rate([]) is None


def test_wilson_intervals_are_those_of_the_literature() -> None:
    # Newcombe 1998, table I: 81 of 263, and 0 of 20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(0, 0) == (0, 1)
    assert all(math.isfinite(edge) for edge in wilson(5, 5))


def test_json_stands_alone_on_standard_output(folder: Write) -> None:
    path = folder({"id": "c1"}, name="chat.jsonl")
    (path / "chat.jsonl").write_text("")
    found = CliRunner().invoke(cli.app, ["evaluate", str(path), "--json"])
    assert found.exit_code == 0, found.output
    parts = json.loads(found.stdout)
    assert {part: values["n"] for part, values in parts.items()} == {
        "voicemail": 0,
        "chat": 0,
        "dialogues": 0,
    }


def test_a_dialogue_is_right_when_every_labelled_field_is() -> None:
    def one(place: str | None, questions: dict[str, int]) -> Held:
        expect = {"category": "meal", "place": "幸福里", "phone": None}
        dialogue = Dialogue.model_validate({"id": "d", "turns": ["送饭"], "expect": expect})
        found = {"category": "meal", "place": place, "phone": None}
        return Held(dialogue, found, questions, (("送饭", ("在哪里？",)),))

    result = score_dialogues([one("幸福里", {"place": 1}), one("安康里", {"place": 2, "unit": 1})])
    assert result.figures == {"all_fields_right": 0.5, "questions_per_missing_field": 4 / 3}
    assert result.n == 2
    assert "place: 幸福里 → 安康里" in result.misses[0]


def test_danger_in_doubt_is_counted_apart_from_alarms() -> None:
    doubt = (Reason("danger_possible", "说不定", "perhaps"),)
    emergency = item(urgency="emergency")
    found = counts(
        answer(emergency, urgency="emergency"),
        replace(
            answer(emergency, urgency="urgent"),
            understanding=Understanding("meal", 0.9, reasons=doubt),
        ),
        answer(emergency),
        replace(answer(item()), understanding=Understanding("meal", 0.9, reasons=doubt)),
        answer(item()),
    )
    assert found["emergency_recall"] == (1, 3)
    assert found["emergency_noticed"] == (2, 3)
    assert found["emergency_false"] == (0, 2)
    assert found["listen_first"] == (1, 2)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("place: 梧桐苑 → null", "place missed"),
        ("place: 梧桐苑 → 杏林里 (0.90)", "place other"),
        ("place: null → 杏林里 (0.90)", "place invented"),
        ("category: meal → errand 0.60 meal 0.30", "category meal → errand"),
        ("urgency: emergency → normal “喘”", "urgency emergency → normal"),
    ],
)
def test_misses_are_counted_by_kind(line: str, kind: str) -> None:
    assert kind_of_miss(line) == kind


def test_of_each_kind_of_miss_it_is_told_how_many_were_decided_alone() -> None:
    one = answer(item(place="梧桐苑"), place=sure("杏林里"))
    result = score([one, replace(one, confirmed=True)], frozenset(), spoken=False)
    assert {"kind": "place other", "count": 2, "decided": 1} in result.kinds_to_json()
