"""A new category is one new file: catalogue, deciding, routing, telling and the API know it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from intake import app
from intake.catalogue.services import load_catalogue
from intake.settings import ROOT
from intake.storage.models import Message, StationOrder
from tests.integration.pipeline.test_pipeline import rows
from tests.support import new_category
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
CODE = new_category.CODE
SETTINGS = {
    "deciding": {"category": 0.9, "categories": {CODE: 0.5}},
    "backends": {"station": {"kind": "station"}, "animals": {"kind": "station", "title": "爱宠队"}},
    "routing": {"rules": [{"backend": "animals", "category": [CODE]}]},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the catalogue with one more file."""
    shutil.copytree(ROOT / "data" / "services", tmp_path / "copy" / "data" / "services")
    new_category.add_to(tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def house(
    root: Path, open_house: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch
) -> Installation:
    """An installation whose catalogue is that copy."""
    monkeypatch.setattr(app, "ROOT", root)
    opened = open_house(**SETTINGS)
    opened.ranking = [(CODE, 0.6), ("errand", 0.2)]
    return opened


async def left(house: Installation, **form: str) -> str:
    number = await house.leave(new_category.UNSEEN[0], **form)
    await house.work()
    return number


async def correct_category(house: Installation, number: str) -> httpx.Response:
    desk = await house.operator()
    version = (await desk.get(f"/api/requests/{number}")).headers["etag"]
    return await desk.patch(
        f"/api/requests/{number}", json={"category": CODE}, headers={"If-Match": version}
    )


async def test_one_file_is_all_the_difference(root: Path) -> None:
    ours = load_catalogue(ROOT / "data" / "services")
    theirs = load_catalogue(root / "data" / "services")
    assert set(theirs.codes) - set(ours.codes) == {CODE}
    assert theirs.intents == ours.intents
    assert theirs.get(CODE).deadline_minutes == 720


async def test_it_is_decided_by_its_own_threshold_and_routed_by_its_own_rule(
    house: Installation,
) -> None:
    number = await left(house, place="幸福里")
    request = await house.request(number)
    assert (request.status, request.category, request.backend) == ("routed", CODE, "animals")
    assert request.decided_by == "rule"
    assert request.deadline_at == request.received_at + timedelta(minutes=720)
    (order,) = await rows(house, StationOrder)
    assert order.payload["category"] == {
        "code": CODE,
        "name": {"zh": "宠物照看", "en": "Pet care"},
        "service_hint": "animal friends",
    }


async def test_what_it_requires_is_asked_of_a_person_when_nobody_said_it(
    house: Installation,
) -> None:
    number = await left(house)
    request = await house.request(number)
    assert request.status == "needs_review"
    assert [reason["code"] for reason in request.reasons] == ["place_missing"]


@pytest.mark.parametrize(("language", "name"), [("zh", "宠物照看"), ("en", "Pet care")])
async def test_residents_hear_its_name_in_their_language(
    house: Installation, language: str, name: str
) -> None:
    await left(house, place="幸福里", language=language)
    told = [m for m in await rows(house, Message) if m.direction == "out"]
    assert any(name in (message.text or "") for message in told)


async def test_operators_list_it_and_may_correct_to_it(house: Installation) -> None:
    house.ranking = [("errand", 0.4), ("meal", 0.3)]
    number = await left(house)
    desk = await house.operator()
    found = (await desk.get("/api/requests", params={"category": CODE})).json()["requests"]
    assert found == []
    assert (await correct_category(house, number)).status_code == 200
    found = (await desk.get("/api/requests", params={"category": CODE})).json()["requests"]
    assert [line["tracking_number"] for line in found] == [number]


async def test_without_the_file_nothing_of_this_holds(
    open_house: Callable[..., Installation],
) -> None:
    house = open_house(**SETTINGS)
    house.ranking = [(CODE, 0.6), ("errand", 0.2)]
    number = await left(house, place="幸福里")
    request = await house.request(number)
    assert request.status == "needs_review"
    assert request.deadline_at is None
    refused = await correct_category(house, number)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_field")
