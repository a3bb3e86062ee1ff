"""Places, routing rules and texts: edited at the desk of one process, taken up by another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from intake.cli import database
from intake.storage.db import connect
from intake.storage.models import AccessLog, Edit, Place
from tests.integration.pipeline.test_pipeline import FORM
from tests.support.chat import Chat
from tests.support.desk import at_the_desk
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
CLINIC = {"backends": {"station": {"kind": "station"}, "clinic": {"kind": "station"}}}
HEAD = "name,kind,area,aliases\n"
HERS = {"unit": "3-2-501", "phone": "13812345678", "name": "王阿姨"}
HOME = {"name": "松鹤园", "kind": "community", "area": "A02", "aliases": ["松鹤小区"]}


async def version(desk: httpx.AsyncClient, path: str) -> dict[str, str]:
    answer = await desk.get(path)
    assert answer.status_code == 200, answer.text
    return {"If-Match": answer.headers["etag"]}


async def add(desk: httpx.AsyncClient, **place: Any) -> None:
    seen = await version(desk, "/api/places")
    answer = await desk.post("/api/places", json={**HOME, **place}, headers=seen)
    assert answer.status_code == 201, answer.text


async def names(desk: httpx.AsyncClient, **query: Any) -> list[str]:
    found = (await desk.get("/api/places", params=query)).json()["places"]
    return [place["name"] for place in found]


async def rule(desk: httpx.AsyncClient, *rules: dict[str, Any]) -> httpx.Response:
    seen = await version(desk, "/api/routing-rules")
    return await desk.put("/api/routing-rules", json={"rules": rules}, headers=seen)


@pytest.fixture
def worker(open_house: Callable[..., Installation]) -> Installation:
    """Another process on the same database."""
    return open_house(**CLINIC)


@pytest.fixture
async def desk(open_house: Callable[..., Installation]) -> httpx.AsyncClient:
    """A supervisor at the web process."""
    return await at_the_desk(open_house(**CLINIC), "supervisor")


async def test_the_next_voicemail_finds_a_new_place(
    desk: httpx.AsyncClient, worker: Installation
) -> None:
    says = "我住在松鹤园，麻烦帮我去药店买一瓶酱油送来"
    before = await worker.leave(says, **HERS)
    await worker.work()
    assert (await worker.request(before)).place is None
    await add(desk)
    after = await worker.leave(says, **HERS)
    await worker.work()
    request = await worker.request(after)
    assert (request.place, request.area, request.status) == ("松鹤园", "A02", "routed")


async def test_the_next_request_goes_where_the_new_rule_says(
    desk: httpx.AsyncClient, worker: Installation
) -> None:
    await add(desk)
    says = "我住在松鹤园，麻烦帮我去药店买一瓶酱油送来"
    first = await worker.leave(says, **HERS)
    await worker.work()
    assert (await worker.request(first)).backend == "station"
    saved = await rule(desk, {"backend": "clinic", "category": ["errand"], "area": ["A02"]})
    assert saved.status_code == 200 and saved.json()["own"]
    second = await worker.leave(says, **HERS)
    await worker.work()
    assert (await worker.request(second)).backend == "clinic"


async def test_the_next_turn_asks_with_the_new_words(
    desk: httpx.AsyncClient, make_settings: Callable[..., Any]
) -> None:
    chat = Chat(make_settings())
    try:
        await chat.places()
        assert await chat.says("家里水管漏了") == ["您住在哪个小区、哪条街？"]
        asks = {"zh": "师傅到哪个小区去？", "en": "Which estate shall the repairer come to?"}
        seen = await version(desk, "/api/catalogue")
        changed = {"questions": {"place": asks}, "name": {"zh": "上门修理", "en": "Repairs"}}
        answer = await desk.put("/api/catalogue/home_repair", json=changed, headers=seen)
        assert answer.status_code == 200, answer.text
        assert await chat.says("家里水管漏了", "bert") == [asks["zh"]]
        assert "上门修理" in (await chat.says("幸福里三号楼二单元501", "bert"))[-1]
        seen = {"If-Match": f'"{answer.json()["version"]}"'}
        assert (await desk.delete("/api/catalogue/home_repair", headers=seen)).status_code == 200
        assert await chat.says("家里水管漏了", "carl") == ["您住在哪个小区、哪条街？"]
    finally:
        await chat.close()


async def test_what_counts_as_urgent_is_urgent_and_routed_so(
    desk: httpx.AsyncClient, worker: Installation
) -> None:
    await rule(desk, {"backend": "clinic", "urgency": ["urgent"]})
    says = "麻烦帮我去药店买一瓶酱油送来"
    before = await worker.leave(says, **FORM)
    await worker.work()
    seen = await version(desk, "/api/catalogue")
    changed = {"at_least": "urgent", "deadline_minutes": 30}
    answer = await desk.put("/api/catalogue/errand", json=changed, headers=seen)
    assert answer.json()["own"] == changed
    after = await worker.leave(says, **FORM)
    await worker.work()
    first, second = await worker.request(before), await worker.request(after)
    assert (first.urgency, first.backend) == ("normal", "station")
    assert (second.urgency, second.backend) == ("urgent", "clinic")
    assert second.deadline_at is not None
    assert (second.deadline_at - second.received_at).total_seconds() == 1800


async def test_a_place_is_added_changed_and_removed_and_it_all_stands_in_the_history(
    desk: httpx.AsyncClient, worker: Installation
) -> None:
    await add(desk)
    [place] = (await desk.get("/api/places")).json()["places"]
    path = f"/api/places/{place['id']}"
    seen = await version(desk, "/api/places")
    renamed = {**HOME, "name": "松鹤苑", "kind": "小区", "aliases": []}
    assert (await desk.put(path, json=renamed, headers=seen)).status_code == 200
    assert (await desk.put(path, json=renamed, headers=seen)).status_code == 412
    assert await names(desk) == ["松鹤苑"]
    [place] = (await desk.get("/api/places")).json()["places"]
    seen = await version(desk, "/api/places")
    gone = await desk.delete(f"/api/places/{place['id']}", headers=seen)
    assert gone.status_code == 200 and await names(desk) == []
    edits = (await desk.get("/api/edits?kind=places")).json()["edits"]
    assert [(e["action"], e["who"]) for e in edits] == [
        ("remove", "周立"),
        ("change", "周立"),
        ("add", "周立"),
    ]
    assert edits[1]["before"]["松鹤园"]["aliases"] == ["松鹤小区"]
    assert edits[1]["after"]["松鹤园"] is None
    async with worker.parts.sessions() as session:
        logged = list(await session.scalars(select(AccessLog.action)))
    assert {"places: add", "places: change", "places: remove"} <= set(logged)


async def test_a_change_is_undone_unless_it_was_changed_again(desk: httpx.AsyncClient) -> None:
    await add(desk)
    [place] = (await desk.get("/api/places")).json()["places"]
    seen = await version(desk, "/api/places")
    moved = {**HOME, "area": "A09"}
    await desk.put(f"/api/places/{place['id']}", json=moved, headers=seen)
    found = (await desk.get("/api/edits")).json()
    change, added = found["edits"]
    seen = {"If-Match": f'"{found["versions"]["places"]}"'}
    refused = await desk.post(f"/api/edits/{added['id']}/undo", json={}, headers=seen)
    assert (refused.status_code, refused.json()["code"]) == (409, "changed_since")
    undone = await desk.post(f"/api/edits/{change['id']}/undo", json={}, headers=seen)
    assert undone.status_code == 200
    [place] = (await desk.get("/api/places")).json()["places"]
    assert place["area"] == "A02"


async def test_rules_are_written_whole_checked_and_undone(desk: httpx.AsyncClient) -> None:
    assert not (await desk.get("/api/routing-rules")).json()["own"]
    first = {"backend": "clinic", "urgency": ["urgent"], "note": "夜里"}
    assert (await rule(desk, first)).status_code == 200
    assert (await rule(desk, {"backend": "station"}, first)).json()["unreached"] == [2]
    for wrong, code in (
        ({"backend": "castle"}, "backend"),
        ({"backend": "clinic", "category": ["castle"]}, "category"),
        ({"backend": "clinic", "urgency": ["soon"]}, "bad_field"),
    ):
        refused = await rule(desk, first, wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    found = (await desk.get("/api/edits?kind=routing_rules")).json()
    seen = {"If-Match": f'"{found["versions"]["routing_rules"]}"'}
    newest = found["edits"][0]["id"]
    assert (await desk.post(f"/api/edits/{newest}/undo", headers=seen)).status_code == 200
    standing = (await desk.get("/api/routing-rules")).json()
    assert [r["note"] for r in standing["rules"]] == ["夜里"]
    seen = await version(desk, "/api/routing-rules")
    assert not (await desk.delete("/api/routing-rules", headers=seen)).json()["own"]


async def test_no_rules_at_all_are_rules_too(open_house: Callable[..., Installation]) -> None:
    routing = {"rules": [{"backend": "clinic", "category": ["errand"]}]}
    desk = await at_the_desk(open_house(**CLINIC, routing=routing), "supervisor")
    kind = {"category": "errand"}
    assert (await desk.post("/api/routing-rules/try", json=kind)).json()["backend"] == "clinic"
    assert (await rule(desk)).json()["rules"] == []
    assert (await desk.post("/api/routing-rules/try", json=kind)).json()["backend"] == "station"


async def test_the_box_says_which_rule_and_why(
    desk: httpx.AsyncClient, worker: Installation
) -> None:
    await rule(
        desk,
        {"backend": "clinic", "category": ["medication"]},
        {"backend": "clinic", "area": ["A02"], "urgency": ["urgent"]},
    )

    async def tried(**question: Any) -> dict[str, Any]:
        answer = await desk.post("/api/routing-rules/try", json=question)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    found = await tried(category="errand", area="A02", urgency="urgent")
    assert (found["rule"], found["backend"]) == (2, "clinic")
    assert [step["fails"] for step in found["steps"]] == [["category"], []]
    found = await tried(category="errand", area="A02")
    assert (found["rule"], found["backend"]) == (None, "station")
    assert [step["fails"] for step in found["steps"]] == [["category"], ["urgency"]]
    found = await tried(category="errand", rules=[{"backend": "clinic"}])
    assert (found["rule"], found["backend"]) == (1, "clinic")
    number = await worker.leave("帮我买点菜", **FORM)
    await worker.work()
    assert (await tried(number=number))["category"] == "errand"


async def test_the_box_reads_a_sentence_as_a_voicemail_is_read(
    open_house: Callable[..., Installation],
) -> None:
    house = open_house(**CLINIC)
    desk = await at_the_desk(house, "supervisor")
    await add(desk)
    await rule(desk, {"backend": "clinic", "category": ["errand"], "area": ["A02"]})
    said = {"text": "我住松鹤园3号楼2单元501，帮我买点菜，我姓王，电话13800123456"}
    found = (await desk.post("/api/routing-rules/try", json=said)).json()
    wanted = ("errand", "A02", "clinic", [])
    assert (found["category"], found["area"], found["backend"], found["review"]) == wanted
    fallen = {"text": "我在松鹤园摔倒了起不来，快救命"}
    found = (await desk.post("/api/routing-rules/try", json=fallen)).json()
    assert found["urgency"] == "emergency" and found["review"]
    house.assistant_up = False
    found = (await desk.post("/api/routing-rules/try", json=said)).json()
    assert (found["assistant"], found["category"], found["area"]) == (False, None, "A02")


async def test_an_import_saves_nothing_before_it_is_confirmed(desk: httpx.AsyncClient) -> None:
    await add(desk)
    await add(desk, name="和盛里", aliases=[])
    file = (HEAD + "松鹤园,community,B01,\n河胜里,community,,\n,road,,\n").encode("gb18030")
    shown = (await desk.post("/api/places/preview?mode=whole", content=file)).json()
    assert shown["counts"] == {"add": 1, "change": 1, "same": 0, "wrong": 1, "remove": 1}
    lines = {line["line"]: line for line in shown["lines"]}
    assert lines[2]["before"]["area"] == "A02" and lines[2]["after"]["area"] == "B01"
    assert lines[4]["wrong"]["code"] == "no_name" and lines[4]["wrong"]["zh"]
    assert [gone["name"] for gone in shown["removed"]] == ["和盛里"]
    assert await names(desk) == ["松鹤园", "和盛里"]
    seen = {"If-Match": f'"{shown["version"]}"'}
    path = "/api/places/import?mode=whole"
    refused = await desk.post(path, content=file, headers=seen)
    assert (refused.status_code, refused.json()["code"]) == (422, "lines")
    done = await desk.post(path + "&leave_out_wrong=true", content=file, headers=seen)
    assert done.status_code == 200, done.text
    assert await names(desk) == ["松鹤园", "河胜里"]
    assert (await desk.post(path, content=file, headers=seen)).status_code == 412
    found = (await desk.get("/api/edits")).json()
    seen = {"If-Match": f'"{found["versions"]["places"]}"'}
    await desk.post(f"/api/edits/{found['edits'][0]['id']}/undo", headers=seen)
    assert sorted(await names(desk)) == sorted(["松鹤园", "和盛里"])


async def test_a_preview_warns_of_places_that_sound_the_same(desk: httpx.AsyncClient) -> None:
    await add(desk, name="和盛里", aliases=[])
    file = (HEAD + "河胜里,community,,\n").encode()
    [line] = (await desk.post("/api/places/preview", content=file)).json()["lines"]
    assert line["sounds_like"] == [{"name": "和盛里", "exactly": True}]


async def test_an_export_comes_back_unchanged(desk: httpx.AsyncClient) -> None:
    await add(desk)
    await add(desk, name="和盛里", area=None, aliases=["老钢厂", "和盛院"])
    file = (await desk.get("/api/places.csv")).content
    shown = (await desk.post("/api/places/preview?mode=whole", content=file)).json()
    assert shown["counts"] == {"add": 0, "change": 0, "same": 2, "wrong": 0, "remove": 0}


async def test_places_are_searched_by_name_alias_and_area(desk: httpx.AsyncClient) -> None:
    await add(desk)
    await add(desk, name="和盛里", area="B01", aliases=["老钢厂"])
    assert await names(desk, text="松鹤") == ["松鹤园"]
    assert await names(desk, text="老钢") == ["和盛里"]
    assert await names(desk, text="b01") == ["和盛里"]
    assert await names(desk, limit=1) == ["松鹤园"]


async def test_a_wrong_place_is_refused_in_the_language_of_the_page(
    desk: httpx.AsyncClient,
) -> None:
    await add(desk)
    seen = await version(desk, "/api/places")
    for place, code in (({}, "known"), ({"name": "城", "kind": "road"}, "too_short")):
        refused = await desk.post(
            "/api/places",
            json={**HOME, **place},
            headers={**seen, "Accept-Language": "zh"},
        )
        assert (refused.status_code, refused.json()["code"]) == (422, code)
        assert "“" in refused.json()["title"]


@pytest.mark.parametrize("role", ["operator", "station"])
async def test_only_supervisors_edit(house: Installation, role: str) -> None:
    desk = await at_the_desk(house, role)
    for method, path in (
        ("GET", "/api/places"),
        ("POST", "/api/places/import"),
        ("PUT", "/api/routing-rules"),
        ("POST", "/api/routing-rules/try"),
        ("PUT", "/api/catalogue/meal"),
        ("GET", "/api/edits"),
        ("GET", "/desk/settings"),
        ("GET", "/desk/settings/history"),
    ):
        answer = await desk.request(method, path, json={})
        assert answer.status_code == 403, path


async def test_the_file_seeds_a_new_installation_and_nothing_that_operators_keep(
    desk: httpx.AsyncClient,
    worker: Installation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "places.csv"
    file.write_text(HEAD + "松鹤园,community,A02,\n和盛里,community,A01,\n坏,castle,,\n")
    settings = worker.settings.model_copy(update={"places": file})
    monkeypatch.setattr(database, "load", lambda: settings)

    async def run(command: Callable[..., None], *arguments: Any, **options: Any) -> str:
        await asyncio.to_thread(command, *arguments, **options)
        return capsys.readouterr().out

    assert "Places: 2 new." in await run(database.migrate)
    assert "Places: unchanged." in await run(database.migrate)
    for _ in range(2):
        [place, *_] = (await desk.get("/api/places")).json()["places"]
        seen = await version(desk, "/api/places")
        await desk.delete(f"/api/places/{place['id']}", headers=seen)
    await run(database.migrate)
    assert await names(desk) == []
    await add(desk, area="Z09")
    assert "1 places new." in await run(database.seed, file)
    assert (await desk.get("/api/places?text=松鹤园")).json()["places"][0]["area"] == "Z09"
    assert "1 places loaded." in await run(database.seed, file, replace=True)
    assert (await desk.get("/api/places?text=松鹤园")).json()["places"][0]["area"] == "A02"


async def test_what_is_written_past_the_desk_is_taken_up_too(worker: Installation) -> None:
    parts = worker.parts
    async with parts.sessions() as session:
        assert not (await parts.gazetteer(session)).places
    engine, sessions = connect(worker.settings.database_url or "", pool_size=2)
    async with sessions.begin() as session:
        session.add(Place(name="松鹤园", kind="community", area=None, aliases=[]))
        await session.execute(
            text("INSERT INTO catalogue_texts VALUES ('meal', '{\"deadline_minutes\": 7}')")
        )
    await engine.dispose()
    async with parts.sessions() as session:
        await parts.reload(session)
        assert set((await parts.gazetteer(session)).places) == {"松鹤园"}
        assert (await session.scalars(select(Edit))).all() == []
    assert parts.catalogue.get("meal").deadline_minutes == 7
    assert parts.files.get("meal").deadline_minutes == 120
