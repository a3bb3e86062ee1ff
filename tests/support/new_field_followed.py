"""Run by test_new_field.py on a copy of the packages: follows the new field through all of them.

    python -m tests.support.new_field_followed COPY FOLDER DATABASE_URL

A step that does not find the field ends it with the assertion.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
from playwright.async_api import expect

import intake
from actions.request import FIELDS, ask_action
from intake.assistant import training
from intake.assistant.client import actions_environment
from intake.backends import _payload
from intake.evaluation import confirmed_requests, dataset, export, metrics
from intake.lifecycle import Actor
from intake.privacy import erase_request
from intake.service_requests import Author
from intake.settings import ROOT, Settings
from intake.storage.migrations import migrate
from intake.understanding.gazetteer import Gazetteer
from intake.understanding.readers import understand
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.support import browser
from tests.support.chat import Chat
from tests.support.desk import at_the_desk
from tests.support.desk_request import Desk, desk_of
from tests.support.installation import Installation
from tests.support.new_field import CATEGORY, LABEL, NAME, QUESTION

PATIENT = 60_000  # milliseconds; the machine may be busy
SAID = [("我住", 0.0, 0.5, 0.9), ("望湖苑", 0.5, 1.0, 0.9), ("三号楼二单元五零一，", 1.0, 2.0, 0.9)]
SAID += [("想订饭，", 2.0, 3.0, 0.9), ("我只会说", 3.0, 4.0, 0.9), ("粤语。", 4.0, 5.0, 0.9)]
RANKING = [(CATEGORY, 0.97), ("errand", 0.02)]


async def a_voicemail(house: Installation, folder: Path, office: WebhookReceiver) -> None:
    """Heard, shown, corrected by keys and over the API, handed on, exported, erased."""
    async with desk_of(house, folder) as desk:
        number = await desk.leave(RANKING, SAID)
        request = await desk.until(number, "routed", "needs_review")
        assert request.preferred_language == "粤语", request.reasons
        (event,) = office.events.values()
        assert event["who"][NAME] == "粤语"
        await at_the_screen(desk, number)
        await over_the_api(house, number)
        status = await house.client.get(f"/api/s/{request.status_key}")
        assert "说普通话" in status.json()["understood"]["sentence"]
    await house.work()
    assert [event["who"][NAME] for event in office.events.values()][-1] == "普通话"
    async with house.parts.sessions.begin() as session:
        (checked,) = await confirmed_requests.page(session, None, before_id=None, size=9)
        line = export.line(
            checked,
            zone=house.settings.zone,
            gazetteer=await confirmed_requests.gazetteer(session),
            audio=None,
        )
        assert line.values[NAME] == "普通话", line
        by = Author(Actor.OPERATOR, "Ms Li")
        await erase_request.erase(session, request.id, by, why="test", force=True)
    assert (await house.request(number)).preferred_language is None


async def at_the_screen(desk: Desk, number: str) -> None:
    """An operator corrects it without a mouse: its key, the words, save."""
    async with desk.browser() as at:
        page = await at.open(number)
        row = page.locator(f"[data-field='{NAME}'][data-key='9']")
        await expect(row.locator("label")).to_have_text(f"9 {LABEL['zh']}")
        await expect(row.locator("input")).to_have_value("粤语")
        await expect(row.locator("input")).to_have_attribute("maxlength", "40")
        await at.press("9")
        await page.keyboard.type("上海话")
        await at.press("Enter", "Control+s")
        saved = page.locator(f"#f-{NAME}[data-value='上海话']")
        await expect(saved).to_be_visible(timeout=PATIENT)
        assert not at.errors
    request = await desk.house.request(number)
    assert (request.preferred_language, request.corrected) == ("上海话", [NAME])


async def over_the_api(house: Installation, number: str) -> None:
    """The operators' API shows it, corrects it and refuses what is too long."""
    operator, path = await house.operator(), f"/api/requests/{number}"
    shown = await operator.get(path)
    assert shown.json()[NAME] == "上海话"
    assert (await operator.get("/api/requests")).json()["requests"][0][NAME] == "上海话"
    seen = {"If-Match": shown.headers["etag"]}
    refused = await operator.patch(path, json={NAME: "长" * 41}, headers=seen)
    assert refused.status_code == 422
    corrected = await operator.patch(path, json={NAME: "普通话"}, headers=seen)
    assert corrected.json()[NAME] == "普通话", corrected.text
    assert f"{LABEL['zh']}: 上海话 → 普通话" in (await _desk_page(house, number))


async def _desk_page(house: Installation, number: str) -> str:
    async with await at_the_desk(house) as desk:
        return (await desk.get(f"/desk/requests/{number}", params={"lang": "zh"})).text


async def a_chat(settings: Settings) -> None:
    """The conversation asks for it, takes the answer, reads it back and files it."""
    chat = Chat(settings)
    try:
        assert any("您住在哪个小区" in words for words in await chat.says("想订饭"))
        await chat.says("望湖苑")
        assert await chat.says("3-2-501") == [QUESTION["zh"]]
        (read_back,) = await chat.says("粤语吧")
        assert "说粤语" in read_back
        await chat.says("对")
        request = (await chat.requests())[-1]
        assert request.preferred_language == "粤语"
        assert request.status != "received"
    finally:
        await chat.close()


def the_assistant() -> None:
    """Rasa's form has a slot for it, and the action server is told to have the action that asks."""
    assert NAME in training._form()["forms"]["request_form"]["required_slots"]
    environment = actions_environment(intake_url="http://127.0.0.1", token="t")
    assert NAME in environment[FIELDS].split(",")
    assert ask_action(NAME)().name() in training._form()["actions"]


def evaluated(folder: Path, settings: Settings) -> None:
    """A labelled set counts it: one right, one wrong, and one where nothing was said."""
    folder.mkdir()
    (folder / "places.csv").write_text("name,kind,area,aliases\n望湖苑,estate,B2,\n")
    texts = {"我只会说粤语": "粤语", "我说上海话": "普通话", "想订饭": None}
    with (folder / "chat.jsonl").open("w") as file:
        for number, (text, label) in enumerate(texts.items()):
            item = {"id": str(number), "text": text, "received_at": "2026-11-20T09:00", NAME: label}
            file.write(json.dumps(item) + "\n")
    items = dataset.read(folder, frozenset([CATEGORY])).chat
    answers = [
        metrics.Answer(item, item.text, _understood(item), "normal", False) for item in items
    ]
    score = metrics.score(answers, frozenset(), spoken=False)
    assert score.tally.counts[f"{NAME}_exact"] == (1, 2)
    assert score.tally.counts[f"{NAME}_false"] == (0, 1)
    assert score.to_json()[f"{NAME}_exact"] == 0.5
    assert any(f"{NAME}: 普通话 → 上海话" in miss for miss in score.misses)


def _understood(item: dataset.Item) -> Any:
    places = Gazetteer.from_rows([("望湖苑", "estate", "B2", [])])
    return understand(item.text, received_at=item.received_at, ranking=RANKING, gazetteer=places)


async def follow(folder: Path, database_url: str) -> None:
    (folder / "secret").write_text("s3cret")
    base = {
        "home": folder / "home",
        "database_url": database_url,
        "limits": {"min_free_bytes": 0, "per_address_per_minute": 0},
        "hearing": {"engine": "canned"},
        "deciding": {"category": 0.6, "category_spoken": 0.7},
    }
    async with WebhookReceiver(["s3cret"]) as office:
        table = {
            "kind": "webhook",
            "url": f"{office.url}/hook",
            "secret_file": str(folder / "secret"),
            "allow_networks": ["127.0.0.0/8"],
        }
        told = {"backends": {"office": table}, "routing": {"default": "office"}}
        settings = Settings.model_validate({**base, **told})
        house = Installation(settings)
        try:
            await a_voicemail(house, folder, office)
        finally:
            await house.close()
            await browser.close_shared()
        await a_chat(settings)
    evaluated(folder / "set", settings)


def main() -> None:
    copy, folder, database_url = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    assert Path(intake.__file__).is_relative_to(copy) and copy == ROOT, intake.__file__
    migrate(database_url)
    the_assistant()
    jsonschema.Draft202012Validator.check_schema(_payload.schema())
    asyncio.run(follow(folder, database_url))


if __name__ == "__main__":
    main()
