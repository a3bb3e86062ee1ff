"""The desk's frame: signing in, the cookie, and the token that writes need."""

from __future__ import annotations

import httpx
import pytest

from intake.accounts import passwords
from intake.storage.models import Operator
from tests.integration.desk.test_operators_api import in_review
from tests.support.desk import at_the_desk
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio


async def test_who_is_not_signed_in_is_sent_to_sign_in_and_comes_back(house: Installation) -> None:
    async with house.parts.sessions.begin() as session:
        session.add(
            Operator(
                name="李敏", role="operator", password_hash=passwords.hash_password("一个长密码 9")
            )
        )
    client = house.client
    shown = await client.get("/desk/password?x=1", headers={"Accept": "text/html"})
    assert shown.status_code == 303
    assert shown.headers["location"] == "/desk/sign-in?next=%2Fdesk%2Fpassword%3Fx%3D1"
    form = {"name": "李敏", "password": "wrong", "next": "/desk/password?x=1"}
    assert (await client.post("/desk/sign-in", data=form)).status_code == 401
    opened = await client.post("/desk/sign-in", data={**form, "password": "一个长密码 9"})
    assert (opened.status_code, opened.headers["location"]) == (303, "/desk/password?x=1")
    assert "HttpOnly" in opened.headers["set-cookie"]
    assert (await client.get("/api/requests")).status_code == 200


async def test_a_browsers_write_needs_the_token_of_its_page(house: Installation) -> None:
    number = await in_review(house)
    desk = await at_the_desk(house)
    version = (await desk.get(f"/api/requests/{number}")).headers["etag"]

    async def confirm(token: str) -> httpx.Response:
        headers = {"If-Match": version, "X-CSRF-Token": token}
        return await desk.post(f"/api/requests/{number}/confirm", json={}, headers=headers)

    for wrong in ("", "0" * 64):
        refused = await confirm(wrong)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    assert (await confirm(desk.headers["X-CSRF-Token"])).status_code == 200


async def test_a_page_that_is_not_for_her_role_says_so_and_shows_a_way_back(
    house: Installation,
) -> None:
    board = await at_the_desk(house, "station")
    told = await board.get("/desk", headers={"Accept": "text/html"})
    assert told.status_code == 403
    assert "这一页不对您开放" in told.text and 'href="/desk/station"' in told.text
    assert (await board.get("/desk")).json()["code"] == "forbidden"
    assert (await board.get("/desk/station")).status_code == 200
