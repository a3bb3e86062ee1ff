"""A home's link: who opens it needn't say who she is; operators can take it back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
import zxingcpp
from sqlalchemy import select
from typer.testing import CliRunner

from intake.cli import app as cli
from intake.storage.models import AccessLog, Place
from tests.integration.channels.test_uploads import SOUND, Phone
from tests.support.browser import browser
from tests.support.installation import Installation
from tests.support.stack import free_ports
from tests.support.webchat import Served

pytestmark = pytest.mark.asyncio
HOME = {"name": "王秀英", "place": "幸福里", "unit": "3-2-501", "phone": "13812345678"}


async def home(house: Installation, **details: str) -> tuple[int, str]:
    """(id, token) of a household with a link."""
    operator = await house.operator()
    made = await operator.post("/api/households", json={**HOME, **details})
    assert made.status_code == 201, made.text
    link = await operator.post(f"/api/households/{made.json()['id']}/link", json={})
    assert link.json()["url"].endswith("/h/" + link.json()["token"])
    await operator.aclose()
    return made.json()["id"], link.json()["token"]


async def places(house: Installation, *names: str) -> None:
    async with house.parts.sessions.begin() as session:
        session.add_all(Place(name=name, kind="community", area=f"A-{name}") for name in names)


async def test_the_page_of_a_link_shows_whose_it_is_but_not_the_whole_number(
    house: Installation,
) -> None:
    _, token = await home(house, language="en")
    answer = await house.client.get(f"/api/h/{token}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "name": "王秀英", "place": "幸福里", "unit": "3-2-501", "phone": "5678", "language": "en",
        "requests": [],
    }  # fmt: skip


async def test_what_she_does_not_say_is_filled_in(house: Installation) -> None:
    await places(house, "幸福里")
    house.ranking = [("haircut", 0.99), ("meal", 0.01)]
    house.ears.says = "我想理个发"
    number, token = await home(house)
    state = await Phone(house).leave(household=token)
    await house.work()
    request = await house.request(state["tracking_number"])
    assert request.household_id == number
    assert (request.person, request.place, request.unit) == ("王秀英", "幸福里", "3-2-501")
    assert (request.phone, request.area, request.language) == ("13812345678", "A-幸福里", "zh")
    assert request.status == "routed"


async def test_what_the_resident_says_of_another_home_counts(house: Installation) -> None:
    await places(house, "幸福里", "梧桐里")
    house.ranking = [("haircut", 0.99), ("meal", 0.01)]
    house.ears.says = "我帮邻居说一声，梧桐里的老李要理发，电话13987654321"
    _, token = await home(house)
    state = await Phone(house).leave(household=token)
    await house.work()
    request = await house.request(state["tracking_number"])
    assert (request.place, request.unit, request.phone) == ("梧桐里", None, "13987654321")
    assert request.area == "A-梧桐里"


async def test_what_sounds_like_her_own_number_but_is_not_sure_is_her_own(
    house: Installation,
) -> None:
    house.ears.says = "我想理个发，电话一三八一二三四五六八"  # one digit was lost
    _, token = await home(house)
    state = await Phone(house).leave(household=token)
    await house.work()
    assert (await house.request(state["tracking_number"])).phone == "13812345678"


async def test_silence_from_a_known_household_says_whom_to_ring_back(house: Installation) -> None:
    house.ears.says = ""
    _, token = await home(house)
    state = await Phone(house).leave(household=token)
    await house.work()
    request = await house.request(state["tracking_number"])
    assert (request.status, request.phone, request.unit) == (
        "needs_review", "13812345678", "3-2-501",
    )  # fmt: skip


async def test_the_form_without_scripts_takes_the_link_too(house: Installation) -> None:
    number, token = await home(house)
    answer = await house.client.post(
        "/api/voicemails", files={"audio": ("a.wav", SOUND)}, data={"household": token}
    )
    assert (await house.request(answer.json()["tracking_number"])).household_id == number


async def test_the_family_sees_the_last_five_requests_of_this_household_only(
    house: Installation,
) -> None:
    _, token = await home(house)
    _, other = await home(house, name="李大爷")
    await Phone(house).leave(household=other)
    numbers = []
    for _ in range(6):
        state = await Phone(house).leave(household=token)
        numbers.append(state["tracking_number"])
    shown = (await house.client.get(f"/api/h/{token}")).json()["requests"]
    assert [line["tracking_number"] for line in shown] == numbers[:0:-1]
    key = shown[0]["status_url"].rpartition("/")[2]
    assert (await house.client.get(f"/api/s/{key}")).json()["tracking_number"] == numbers[-1]
    assert numbers[-1] in shown[0]["sentence"]


async def test_a_link_that_was_taken_back_says_so_and_costs_no_recording(
    house: Installation,
) -> None:
    number, token = await home(house)
    operator = await house.operator()
    assert (await operator.delete(f"/api/households/{number}/link")).status_code == 204
    answer = await house.client.get(f"/api/h/{token}")
    assert (answer.status_code, answer.json()["code"]) == (404, "link_revoked")
    state = await Phone(house).leave(household=token)
    request = await house.request(state["tracking_number"])
    assert (request.household_id, request.phone) == (None, None)
    again = (await operator.post(f"/api/households/{number}/link", json={})).json()["token"]
    assert (await house.client.get(f"/api/h/{token}")).json()["code"] == "link_revoked"
    assert (await house.client.get(f"/api/h/{again}")).status_code == 200


async def test_a_new_link_ends_the_earlier_ones_only_when_asked(house: Installation) -> None:
    number, first = await home(house)
    operator = await house.operator()
    path = f"/api/households/{number}/link"
    second = (await operator.post(path, json={})).json()["token"]
    for token in (first, second):
        assert (await house.client.get(f"/api/h/{token}")).status_code == 200
    third = (await operator.post(path, json={"revoke": True})).json()["token"]
    for token in (first, second):
        assert (await house.client.get(f"/api/h/{token}")).json()["code"] == "link_revoked"
    assert (await house.client.get(f"/api/h/{third}")).status_code == 200


@pytest.mark.parametrize("change", ["", "x", "A" * 5000, "cut", "flip", "other purpose"])
async def test_a_forged_link_finds_nothing(house: Installation, change: str) -> None:
    from datetime import UTC, datetime, timedelta

    from intake.network.signing import sign_link

    number, token = await home(house)
    later = datetime.now(UTC) + timedelta(days=1)
    forged = {
        "cut": token[:-1],
        "flip": ("X" if token[0] != "X" else "Y") + token[1:],
        "other purpose": sign_link(house.parts.link_secrets[0], "alarm", f"{number}:1", later),
    }.get(change, change or "-")
    answer = await house.client.get(f"/api/h/{forged}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_expired_link_is_one_that_works_no_more(house: Installation) -> None:
    from datetime import UTC, datetime, timedelta

    from intake.network.signing import sign_link

    number, _ = await home(house)
    ended = datetime.now(UTC) - timedelta(days=1)
    token = sign_link(house.parts.link_secrets[0], "household", f"{number}:1", ended)
    answer = await house.client.get(f"/api/h/{token}")
    assert (answer.status_code, answer.json()["code"]) == (404, "link_revoked")


async def test_only_operators_keep_households_and_all_they_do_is_written_down(
    house: Installation,
) -> None:
    number, _ = await home(house)
    paths = [
        ("GET", ""), ("POST", ""), ("GET", f"/{number}"), ("PATCH", f"/{number}"),
        ("POST", f"/{number}/link"), ("DELETE", f"/{number}/link"), ("GET", f"/{number}/sheet"),
    ]  # fmt: skip
    operator = await house.operator()
    for method, path in paths:
        body = {} if method in ("POST", "PATCH") else None
        refused = await house.client.request(method, f"/api/households{path}", json=body)
        assert refused.status_code == 401
        answer = await operator.request(method, f"/api/households{path}", json=body)
        if not (method == "GET" and path.endswith("sheet")):
            assert answer.is_success, (method, path, answer.text)
    async with house.parts.sessions() as session:
        actions = list(await session.scalars(select(AccessLog.action)))
    assert "households" in actions
    for action in ("make", "read", "change", "link", "end link"):
        assert f"household {number}: {action}" in actions


async def test_details_are_changed_one_by_one_and_checked(house: Installation) -> None:
    number, _ = await home(house)
    operator = await house.operator()
    path = f"/api/households/{number}"
    changed = (await operator.patch(path, json={"unit": "4-1-101"})).json()
    assert (changed["unit"], changed["name"], changed["has_link"]) == ("4-1-101", "王秀英", True)
    for body in ({"language": "tlh"}, {"phone": "abc"}, {"name": "长" * 50}, {"colour": "red"},
                 {"name": "a\x00b"}):  # fmt: skip
        assert (await operator.patch(path, json=body)).status_code == 422, body
    assert (await operator.get("/api/households/999999")).status_code == 404
    (line,) = (await operator.get("/api/households", params={"text": "秀英"})).json()
    assert line["phone"] == "138****5678"
    assert (await operator.get("/api/households", params={"text": "%"})).json() == []


async def test_the_sheet_holds_the_code_of_the_link_and_no_script(
    open_house: Callable[..., Installation],
) -> None:
    house = open_house(public_url="https://huying.example", human_phone="010 1234")
    number, _ = await home(house, name="<script>alert(1)</script>")
    operator = await house.operator()
    answer = await operator.get(f"/api/households/{number}/sheet")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    assert "<script" not in answer.text
    assert "010 1234" in answer.text
    drawn = re.search(r"<svg.*?</svg>", answer.text, re.S)
    assert drawn and "<path" in drawn[0]
    await operator.delete(f"/api/households/{number}/link")
    assert (await operator.get(f"/api/households/{number}/sheet")).status_code == 409


async def test_a_phone_reads_the_printed_code(
    open_house: Callable[..., Installation], tmp_path: Path
) -> None:
    house = open_house(public_url="https://huying.example", human_phone="010 1234")
    number, _ = await home(house)
    operator = await house.operator()
    headers = {"Authorization": operator.headers["authorization"]}
    port = free_ports(1)
    async with (
        Served(house.app, port),
        browser(width=560, extra_http_headers=headers) as context,
    ):
        page = await context.new_page()
        await page.goto(f"http://127.0.0.1:{port}/api/households/{number}/sheet")
        picture, printed = tmp_path / "sheet.png", tmp_path / "sheet.pdf"
        await page.screenshot(path=picture, full_page=True)
        await page.pdf(path=printed, prefer_css_page_size=True)
    with av.open(str(picture)) as file:
        pixels = next(file.decode(video=0)).to_ndarray(format="gray")
    (code,) = zxingcpp.read_barcodes(pixels)
    assert code.text.startswith("https://huying.example/h/")
    shown = await house.client.get(f"/api/h/{code.text.rpartition('/')[2]}")
    assert shown.json()["name"] == "王秀英"
    assert len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes())) == 1


async def test_the_command_line_keeps_households(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUYING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HUYING_DATABASE_URL", database_url)
    monkeypatch.setenv("HUYING_PUBLIC_URL", "https://huying.example")
    sheet = tmp_path / "sheet.html"

    def invoke(*words: str) -> str:
        done = CliRunner().invoke(cli, ["household", *words])
        assert done.exit_code == 0, done.output
        return str(done.stdout.strip())

    async def run(*words: str) -> str:
        return await asyncio.to_thread(invoke, *words)  # a command has a loop of its own

    number = await run("add", "王秀英", "--place", "幸福里", "--phone", "13812345678")
    assert await run("list") == f"{number}  王秀英  幸福里  138****5678  no link"
    url = await run("link", number, "--sheet", str(sheet))
    assert url.startswith("https://huying.example/h/")
    assert "王秀英" in sheet.read_text()
    assert (await run("list")).endswith("  link")
    await run("link", number, "--new")
    assert await run("revoke", number) == "Revoked."
    assert (await run("list")).endswith("no link")


async def test_nothing_of_a_household_stands_in_the_queue(house: Installation) -> None:
    from sqlalchemy import text

    _, token = await home(house)
    await Phone(house).leave(household=token)
    async with house.parts.sessions() as session:
        jobs: list[Any] = list(await session.scalars(text("SELECT args FROM procrastinate_jobs")))
    assert jobs and all(set(job) == {"service_request_id"} for job in jobs)
