"""What people confirmed or corrected becomes labels; nothing else does."""

import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from intake.errors import HuyingError
from intake.evaluation import dataset
from intake.evaluation.confirmed_requests import Checked
from intake.evaluation.dataset_writer import new_set
from intake.evaluation.export import Line, as_phone, as_place, as_unit, line, why_not
from intake.evaluation.metrics import Answer, score
from intake.storage.models import ServiceRequest
from intake.understanding.gazetteer import Gazetteer
from intake.understanding.values import Understanding

ZONE = ZoneInfo("Asia/Shanghai")
PLACES = Gazetteer.from_rows(
    [
        ("梧桐苑", "community", "N1", "梧桐院|老钢厂宿舍"),
        ("杏林里", "community", "N2", "老医院宿舍"),
        ("杏林东里", "community", "N2", "老医院宿舍"),
    ]
)
FIELDS: dict[str, Any] = {
    "tracking_number": "1-0000-9",
    "channel": "voicemail",
    "language": "zh",
    "recording_id": 7,
    "text": "无同院五号楼水管漏了",
    "category": "home_repair",
    "urgency": "normal",
    "place": "梧桐苑",
    "unit": "5",
    "when_start": datetime(2026, 11, 20, 1, 0, tzinfo=UTC),
    "when_end": datetime(2026, 11, 20, 4, 0, tzinfo=UTC),
    "person": None,
    "phone": "13912345678",
    "given": {},
    "corrected": [],
    "received_at": datetime(2026, 11, 19, 2, 15, 40, tzinfo=UTC),
}
LABELS = {
    "category": "home_repair",
    "urgency": "normal",
    "place": "梧桐苑",
    "unit": "5",
    "person": None,
    "phone": "13912345678",
    "when": {"start": "2026-11-20T09:00", "end": "2026-11-20T12:00"},
}


def found(
    *, confirmed: bool = True, audio: str | None = "audio/a.wav", typed: tuple[str, ...] = (),
    merged_in: bool = False, **changes: Any,
) -> Line:  # fmt: skip
    request = ServiceRequest(**{**FIELDS, **changes})
    one = Checked(request, confirmed, merged_in=merged_in, typed=typed)
    return line(one, zone=ZONE, gazetteer=PLACES, audio=audio)


def labels(of: Line) -> dict[str, Any]:
    return {name: value for name, value in of.values.items() if name in LABELS}


def test_a_confirmed_voicemail_is_labelled_whole_in_local_time() -> None:
    exported = found()
    assert exported.file == "labels.jsonl"
    assert labels(exported) == LABELS
    assert exported.values["received_at"] == "2026-11-19T10:15"
    assert exported.values["audio"] == "audio/a.wav"
    assert exported.values["channel"] == "voicemail"
    assert exported.remarks == ()
    item = dataset.Item.model_validate(exported.values)
    assert item.phone == "13912345678"
    assert item.when is not None
    assert item.when.window.end == datetime(2026, 11, 20, 12, 0)


def test_one_that_was_only_corrected_is_labelled_by_what_was_corrected() -> None:
    exported = found(confirmed=False, corrected=["person", "unit", "when_end"])
    assert labels(exported) == {name: LABELS[name] for name in ("person", "unit", "when")}
    assert not dataset.Item.model_validate(exported.values).labelled("urgency")


def test_what_the_recogniser_wrote_is_no_text_unless_a_person_wrote_it() -> None:
    heard = found().values
    assert "text" not in heard
    assert heard["heard"] == FIELDS["text"]
    written = found(text="梧桐苑五号楼水管漏了", corrected=["text"]).values
    assert written["text"] == "梧桐苑五号楼水管漏了"
    assert "heard" not in written


def test_character_errors_are_counted_only_where_a_person_wrote_the_words() -> None:
    def answer(of: Line) -> Answer:
        item = dataset.Item.model_validate(of.values)
        return Answer(item, "无同院五号楼", Understanding(None, 0.0), "normal", False)

    heard = answer(found(text="无同院五号楼"))
    written = answer(found(text="梧桐苑五号楼", corrected=["text"]))
    assert score([heard], frozenset(), spoken=True).figures["cer"] is None
    both = score([heard, written], frozenset(), spoken=True)
    assert both.figures["cer"] == pytest.approx(3 / 6)
    assert [("said:" in miss) for miss in both.misses] == [False, True]


def test_what_the_sender_filled_in_is_a_label_only_where_a_person_wrote_it_again() -> None:
    given = {"phone": "13912345678", "place": "梧桐苑", "unit": ""}
    assert labels(found(given=given)).keys() == LABELS.keys() - {"phone", "place"}
    assert labels(found(given=given, corrected=["phone"])).keys() == LABELS.keys() - {"place"}


def test_the_urgency_of_a_request_that_took_others_in_may_be_theirs() -> None:
    assert "urgency" not in found(merged_in=True).values
    assert "urgency" in found(merged_in=True, corrected=["urgency"]).values


def test_nothing_said_is_null_and_an_unknown_category_is_no_label() -> None:
    nothing = {"category": None, "place": "", "unit": None, "phone": " ", "person": ""}
    exported = found(when_start=None, when_end=None, **nothing)
    silent = ("place", "unit", "person", "phone", "when")
    assert labels(exported) == {"urgency": "normal", **dict.fromkeys(silent)}


def test_what_has_no_label_form_is_left_out_and_named() -> None:
    exported = found(unit="五楼东户", phone="没有", when_end=None)
    assert labels(exported).keys() == LABELS.keys() - {"unit", "phone", "when"}
    names = [remark.split(":")[0] for remark in exported.remarks]
    assert sorted(names) == ["phone", "unit", "when"]
    assert "五楼东户" in "".join(exported.remarks)


def test_a_window_that_ends_before_it_starts_is_left_out() -> None:
    exported = found(when_end=datetime(2026, 11, 19, tzinfo=UTC))
    assert "when" not in exported.values
    assert exported.remarks


def test_typed_messages_go_into_the_chat_and_several_make_a_dialogue() -> None:
    typed: dict[str, Any] = {"recording_id": None, "audio": None}
    one = found(**typed, typed=("水管漏了",), text="上门修水管", corrected=["text"])
    assert (one.file, one.values["text"]) == ("chat.jsonl", "水管漏了")
    assert labels(one) == LABELS
    alone = found(**typed)
    assert (alone.file, alone.values["text"]) == ("chat.jsonl", FIELDS["text"])
    two = found(**typed, typed=("水管漏了", "梧桐苑五号楼"))
    assert (two.file, two.values["turns"]) == ("dialogues.jsonl", ["水管漏了", "梧桐苑五号楼"])
    assert dataset.Dialogue.model_validate(two.values).expect.unit == "5"


def test_without_its_recording_a_voicemail_is_a_typed_message() -> None:
    exported = found(audio=None)
    assert (exported.file, exported.values["text"]) == ("chat.jsonl", FIELDS["text"])
    assert exported.values["channel"] == "voicemail"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"confirmed": False, "corrected": ["area"]}, "nothing that a set labels"),
        ({"audio": None, "text": None}, "without words"),
        ({"confirmed": False, "corrected": ["text"], "audio": None}, "nothing that a set labels"),
    ],
)
def test_nothing_is_exported_on_which_nothing_can_be_measured(
    changes: dict[str, Any], says: str
) -> None:
    assert says in (why_not(found(**changes)) or "")


@pytest.mark.parametrize(
    "changes", [{}, {"text": None}, {"confirmed": False, "corrected": ["text"]}]
)
def test_silence_that_a_person_made_out_and_a_bare_transcript_are_worth_measuring(
    changes: dict[str, Any],
) -> None:
    assert why_not(found(**changes)) is None


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("3-2-501", "3-2-501"),
        ("３－２－５０１", "3-2-501"),
        ("3号楼2单元501室", "3-2-501"),
        ("三号楼二单元五零一", "3-2-501"),
        ("3#2-501", "3-2-501"),
        ("5 – 602", "5-602"),
        ("b座1203", "B-1203"),
        ("5号楼", "5"),
        ("五楼东户", None),
        ("2号楼地下1层", None),
        ("", None),
    ],
)
def test_units_are_brought_into_the_form_of_the_labels(written: str, label: str | None) -> None:
    assert as_unit(written) == label


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("138-1234-5678", "13812345678"),
        ("+86 138 1234 5678", "13812345678"),
        ("0086 13812345678", "13812345678"),
        ("+86 10 6552 9988", "01065529988"),
        ("(010) 6552-9988", "01065529988"),
        ("65529988", "65529988"),
        ("+1 650 253 0000", "16502530000"),
        ("没有", None),
        ("", None),
    ],
)
def test_phones_are_digits_as_dialled_at_home(written: str, label: str | None) -> None:
    assert as_phone(written) == label


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("梧桐苑", "梧桐苑"),
        (" 梧桐院 ", "梧桐苑"),
        ("老医院宿舍", "老医院宿舍"),
        ("河对面", "河对面"),
        ("", None),
    ],
)
def test_places_have_the_gazetteers_name_where_it_is_the_only_one(
    written: str, label: str | None
) -> None:
    assert as_place(written, PLACES) == label


def modes(folder: Path) -> set[tuple[bool, int]]:
    return {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in folder.rglob("*")}


@pytest.mark.parametrize("exists", [True, False])
def test_a_set_appears_whole_and_only_its_owner_may_read_it(tmp_path: Path, exists: bool) -> None:
    if exists:
        (tmp_path / "set").mkdir(mode=0o755)
    source = tmp_path / "recording"
    source.write_bytes(b"RIFF")
    with new_set(tmp_path / "set") as writer:
        writer.places(PLACES)
        audio = writer.recording(source, "a.wav")
        writer.add("labels.jsonl", found(audio=audio).values)
        assert not any((tmp_path / "set").glob("*"))
    folder = tmp_path / "set"
    assert {path.name for path in tmp_path.iterdir()} == {"set", "recording"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes(folder) == {(True, 0o700), (False, 0o600)}
    read = dataset.read(folder, frozenset(("home_repair",)))
    assert not read.remarks
    assert read.gazetteer.places == PLACES.places
    assert (folder / "audio" / "a.wav").read_bytes() == b"RIFF"
    assert [item.id for item in read.voicemail] == ["1-0000-9"]


def test_a_set_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_set(tmp_path / "set") as writer:
        writer.add("chat.jsonl", found(audio=None).values)
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_what_lies_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    mine = tmp_path / "set" / "chat.jsonl"
    mine.write_text("mine")
    with pytest.raises(HuyingError, match="is there already"), new_set(tmp_path / "set"):
        raise AssertionError("must not come so far")
    with pytest.raises(HuyingError, match="is there already"), new_set(mine):
        raise AssertionError("must not come so far")
    mine.unlink()
    with pytest.raises(HuyingError, match="can't be written"), new_set(tmp_path / "set"):
        mine.write_text("somebody else's, meanwhile")
    assert mine.read_text() == "somebody else's, meanwhile"
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_folder_that_can_not_be_made_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(HuyingError, match="can't be written"), new_set(tmp_path / "no" / "set"):
        raise AssertionError("must not come so far")
