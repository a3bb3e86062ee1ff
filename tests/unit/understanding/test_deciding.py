"""Sure enough goes on, anything else goes to a person with a reason in words."""

from datetime import datetime

import pytest

from intake.understanding.confidence import NON_SERVICE, Thresholds, decide
from intake.understanding.values import Field, Reason, Understanding, Window

SURE = Understanding(
    category="home_repair",
    category_confidence=0.95,
    category_ranking=(("home_repair", 0.95), ("outage", 0.03)),
).but(
    place=Field("幸福里", (0, 3), 0.98),
    unit=Field("3-2-501", (3, 12), 0.95),
    when=Field(Window(datetime(2026, 11, 20, 9), datetime(2026, 11, 20, 12)), (13, 17), 0.9),
    phone=Field("13912345678", (20, 31), 0.97),
)


def codes(understanding: Understanding, required: tuple[str, ...] = ()) -> list[str]:
    return [reason.code for reason in decide(understanding, required).reasons]


def test_a_clear_request_is_confirmed() -> None:
    decision = decide(SURE, ("place", "unit"))
    assert decision.confirmed
    assert decision.reasons == ()


def test_an_emergency_is_never_decided_without_a_person() -> None:
    urgent = SURE.but(urgency="emergency", urgency_evidence=(0, 3), safety_kind="fire")
    assert not decide(urgent, ()).confirmed
    assert codes(urgent)[0] == "life_safety"


@pytest.mark.parametrize("intent", sorted(NON_SERVICE))
def test_an_intent_that_is_no_service_goes_to_a_person(intent: str) -> None:
    assert codes(SURE.but(category=intent)) == ["not_a_service"]


def test_two_near_places_are_named_in_the_reason() -> None:
    place = Field("幸福里", (0, 3), 0.6, ("兴福里",), ambiguous=True)
    (reason,) = decide(SURE.but(place=place), ()).reasons
    assert reason.code == "place_ambiguous"
    assert "幸福里 或 兴福里" in reason.zh
    assert "幸福里 or 兴福里" in reason.en


def test_a_phone_number_with_odd_digits_is_never_decided() -> None:
    phone = Field("139123456", (0, 9), 0.2, note="odd_length")
    generous = Thresholds(fields={"phone": 0.0})
    assert not decide(SURE.but(phone=phone), (), generous).confirmed


def test_what_the_category_needs_must_be_known() -> None:
    assert codes(SURE.but(place=None), ("place",)) == ["place_missing"]
    assert codes(SURE.but(place=None)) == []


def test_an_unsure_category_is_named_with_its_rival() -> None:
    unsure = SURE.but(category_confidence=0.4)
    (reason,) = decide(unsure, ()).reasons
    assert reason.code == "category_unsure"
    assert "outage" in reason.en


def test_thresholds_can_be_set_for_one_category() -> None:
    limits = Thresholds(by_category={"home_repair": 0.99})
    assert not decide(SURE, (), limits).confirmed
    assert decide(SURE.but(category="outage"), (), limits).confirmed


def test_an_unknown_category_goes_to_a_person() -> None:
    assert codes(SURE.but(category=None, category_confidence=0.0)) == ["category_unknown"]


def test_an_understanding_comes_back_unchanged_from_json() -> None:
    full = SURE.but(
        urgency="urgent",
        urgency_evidence=(1, 2),
        area="N1",
        person=Field("老李", None, 0.5, ("老黎",), note="by_sound"),
        reasons=(Reason("a", "甲", "A"),),
    )
    assert Understanding.from_json(full.to_json()) == full


def test_what_a_recogniser_wrote_must_be_surer_of_its_category() -> None:
    understanding = SURE.but(category_confidence=0.65)
    assert decide(understanding, ()).confirmed
    (found,) = decide(understanding, (), spoken=True).reasons
    assert found.code == "category_unsure"
