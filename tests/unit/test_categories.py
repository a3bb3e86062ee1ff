"""The catalogue: one file a category, and errors that name file and key."""

import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from intake.assistant.training import DANGER
from intake.catalogue.services import Catalogue, load_catalogue
from intake.errors import SettingsError

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "data" / "services"

NEW = """\
code: piano_tuning
name: {zh: 钢琴调音, en: Piano tuning}
description: {zh: 上门调音, en: A tuner comes to the house}
field: daily_life
urgency: normal
deadline_minutes: 2880
deadline_source: nobody waits in need
required: [place]
questions:
  place: {zh: 琴在哪里？, en: Where is the piano?}
routing_hint: volunteers
examples:
  - 我家的钢琴好几个键不响了
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SERVICES, tmp_path / "services"))


def test_the_catalogue_holds_every_service_and_every_other_intent() -> None:
    catalogue = load_catalogue(SERVICES)
    services = (
        "home_repair housekeeping meal haircut errand companionship transport medical_escort"
        " medication health_check personal_care counselling legal_aid digital_help benefits"
        " tutoring sanitation noise public_facility outage property_mgmt dispute safety_hazard"
        " volunteer_signup general"
    )
    others = (
        "query_status cancel_request feedback handoff greet thanks affirm deny inform out_of_scope"
    )
    assert set(catalogue.codes) == set(services.split())
    assert set(catalogue.intents) == set(others.split())
    assert catalogue.is_service("meal")
    assert not catalogue.is_service("greet")
    assert not catalogue.is_service("nothing")
    assert catalogue.name("noise", "en") == "Noise"
    assert catalogue.name("greet", "zh") == "打招呼"


def test_a_new_category_is_one_file(folder: Path) -> None:
    before = load_catalogue(folder)
    (folder / "piano_tuning.yml").write_text(NEW, "utf-8")
    after = load_catalogue(folder)
    assert set(after.codes) - set(before.codes) == {"piano_tuning"}
    entry = after.get("piano_tuning")
    assert entry.required == ("place",)
    assert entry.questions["place"].in_language("zh") == "琴在哪里？"
    assert entry.examples == ("我家的钢琴好几个键不响了",)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("code: piano_tuning", "code: piano", "code: is 'piano'"),
        ("code: piano_tuning", "code: Piano-1", "code: "),
        ("urgency: normal", "urgency: soon", "urgency: "),
        ("deadline_minutes: 2880", "deadline_minutes: 0", "deadline_minutes: "),
        ("field: daily_life", "feild: daily_life", "field: "),
        ("required: [place]", "required: [place, unit]", "'unit'"),
        ("required: [place]", "required: [address]", "required.0: "),
        ("zh: 钢琴调音, en: Piano tuning", "zh: 钢琴调音", "name.en: "),
        ("questions:", "questions: {", "is not YAML"),
        ("routing_hint: volunteers", "routing_hint: ' '", "routing_hint: "),
        ("routing_hint: volunteers", "routing_hint: a\nrouting_hint: b", "is not YAML"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_the_key(
    folder: Path, old: str, new: str, says: str
) -> None:
    assert old in NEW
    (folder / "piano_tuning.yml").write_text(NEW.replace(old, new), "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_catalogue(folder)
    assert "piano_tuning.yml: " in str(caught.value)
    assert says in str(caught.value)


def test_a_code_is_a_service_or_an_intent_but_not_both(folder: Path) -> None:
    (folder / "greet.yml").write_text(NEW.replace("piano_tuning", "greet"), "utf-8")
    with pytest.raises(SettingsError, match=r"_intents\.yml: intents\.greet"):
        load_catalogue(folder)


def test_a_folder_without_categories_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no service category"):
        load_catalogue(tmp_path)


def test_every_code_has_training_sentences_and_no_sentence_has_two_meanings() -> None:
    catalogue: Catalogue = load_catalogue(SERVICES)
    meaning: dict[str, str] = {}
    for code in (*catalogue.codes, *catalogue.intents, DANGER):
        (found,) = YAML(typ="safe").load((ROOT / "data" / "nlu" / f"{code}.yml").read_text())["nlu"]
        assert found["intent"] == code
        lines = [line[2:].strip() for line in found["examples"].splitlines()]
        assert len(lines) == len(set(lines)) >= 12
        for line in lines:
            assert meaning.setdefault(line, code) == code, line
    assert {p.stem for p in (ROOT / "data" / "nlu").glob("*.yml")} == {*meaning.values()}
