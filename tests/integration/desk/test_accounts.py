"""Operators sign in, choose passwords, are disabled; wrong tries wait; sessions end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select, update

from intake.accounts import operators, passwords, throttle
from intake.pipeline import sweep
from intake.storage.models import AccessLog, ApiToken, Operator, OperatorSession, SignInTries
from intake.web.auth import make_token
from intake.web.cookies import COOKIE, KNOWN
from tests.support.desk import at_the_desk, signed_in
from tests.support.installation import Installation

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("light_hashes_and_long_waits")]
Open = Callable[..., Installation]
GOOD = "三棵梧桐树 七只喜鹊飞"
FRESH = "八只喜鹊 飞过两座小桥"


async def operator(house: Installation, name: str = "李敏", role: str = "operator") -> int:
    """An operator with the password `GOOD`."""
    kept = await passwords.hash_beside(GOOD)
    async with house.parts.sessions.begin() as session:
        return (await operators.add(session, name, role, kept)).id


async def sign_in(
    client: httpx.AsyncClient, password: str = GOOD, name: str = "李敏", **form: str
) -> httpx.Response:
    client.cookies.clear()
    return await client.post("/desk/sign-in", data={"name": name, "password": password, **form})


async def wait_is_over(house: Installation) -> None:
    """As if the wait of all had passed."""
    async with house.parts.sessions.begin() as session:
        await session.execute(update(SignInTries).values(wait_until=datetime.now(UTC)))


async def count(house: Installation, table: Any) -> int:
    async with house.parts.sessions() as session:
        return int(await session.scalar(select(func.count()).select_from(table)) or 0)


async def test_after_five_wrong_tries_each_one_more_makes_the_next_wait_longer(
    house: Installation,
) -> None:
    await operator(house)
    for _ in range(5):
        assert (await sign_in(house.client, "wrong")).status_code == 401
    waits = []
    for _ in range(4):
        refused = await sign_in(house.client)  # right, but too early
        assert refused.status_code == 429
        assert COOKIE not in refused.cookies
        waits.append(int(refused.headers["retry-after"]))
        assert f"{waits[-1]} 秒" in refused.text
        await wait_is_over(house)
        assert (await sign_in(house.client, "wrong")).status_code == 401
    assert waits == sorted(waits) and waits[-1] > 2 * waits[0]
    await wait_is_over(house)
    assert (await sign_in(house.client)).status_code == 303
    for _ in range(4):
        assert (await sign_in(house.client, "wrong")).status_code == 401
    assert (await sign_in(house.client)).status_code == 303, "a right one starts the count anew"


async def test_a_name_that_nobody_has_waits_like_one_that_somebody_has(house: Installation) -> None:
    await operator(house)
    for name in ("李敏", "王无此人"):
        told = [(await sign_in(house.client, "wrong", name)) for _ in range(6)]
        assert [answer.status_code for answer in told] == [401] * 5 + [429]
        assert len({re.sub(r"\d+ 秒", "", answer.text) for answer in told[:5]}) == 1
    async with house.parts.sessions() as session:
        counted = await session.scalars(select(SignInTries.key))
        assert all("李敏".encode() not in key for key in counted), "names are not kept"


async def test_the_wait_holds_for_another_web_process(open_house: Open) -> None:
    first = open_house()
    await operator(first)
    for _ in range(5):
        await sign_in(first.client, "wrong")
    second = open_house()
    assert (await sign_in(second.client)).status_code == 429


async def test_a_hundred_tries_at_once_are_a_hundred_tries(house: Installation) -> None:
    await operator(house)
    answers = await asyncio.gather(*(sign_in(house.client, f"wrong {n}") for n in range(40)))
    looked_at = [answer for answer in answers if answer.status_code == 401]
    assert len(looked_at) == throttle.FREE_BY_NAME
    assert all(answer.status_code in (401, 429) for answer in answers)


async def test_one_network_that_tries_many_names_waits_too(house: Installation) -> None:
    for n in range(throttle.FREE_BY_NETWORK):
        assert (await sign_in(house.client, "wrong", f"name {n}")).status_code == 401
    assert (await sign_in(house.client, "wrong", "another")).status_code == 429
    elsewhere = httpx.AsyncClient(
        transport=httpx.ASGITransport(house.app, client=("203.0.113.9", 1)),
        base_url="http://127.0.0.1",
    )
    assert (await sign_in(elsewhere, "wrong", "another")).status_code == 401


async def test_as_much_work_is_done_for_nobody_as_for_somebody(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await operator(house)
    await operator(house, "退休了")
    async with house.parts.sessions.begin() as session:
        await operators.disable(session, await operators.find(session, "退休了"))
    looked: list[str] = []
    verify = PasswordHasher.verify

    def spy(self: PasswordHasher, kept: str, password: str) -> bool:
        looked.append(kept.rpartition("$")[0].rpartition("$")[0])
        return bool(verify(self, kept, password))

    monkeypatch.setattr(PasswordHasher, "verify", spy)
    for name in ("李敏", "王无此人", "退休了"):
        assert (await sign_in(house.client, "wrong", name)).status_code == 401
    assert len(looked) == 3 and len(set(looked)) == 1, "one look each, of the same cost"


async def test_a_disabled_operator_is_out_everywhere_at_once(house: Installation) -> None:
    await operator(house)
    await sign_in(house.client)
    async with house.parts.sessions.begin() as session:
        token, found = await make_token(session, "李敏", "operator", 1)
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await house.client.get("/api/requests")).status_code == 200
    assert (await house.client.get("/api/requests", headers=bearer)).status_code == 200
    admin = await at_the_desk(house, "admin")
    done = await admin.patch(f"/api/operators/{found.id}", json={"disabled": True})
    assert (done.status_code, done.json()["browsers"], done.json()["tokens"]) == (200, 0, 0)
    assert (await house.client.get("/api/requests")).status_code == 401
    assert (await house.client.get("/api/requests", headers=bearer)).status_code == 401
    assert (await sign_in(house.client)).status_code == 401
    await admin.patch(f"/api/operators/{found.id}", json={"disabled": False})
    assert (await sign_in(house.client)).status_code == 303
    assert (await house.client.get("/api/requests", headers=bearer)).status_code == 401


async def test_signing_in_gives_a_new_session_whatever_cookie_the_browser_came_with(
    house: Installation,
) -> None:
    await operator(house)
    planted = (await signed_in(house, "operator", "别人")).token
    opened = await house.client.post(
        "/desk/sign-in",
        data={"name": "李敏", "password": GOOD},
        headers={"Cookie": f"{COOKIE}={planted}"},
    )
    assert opened.cookies[COOKIE] != planted
    again = await house.client.get("/api/requests", headers={"Cookie": f"{COOKIE}={planted}"})
    assert again.status_code == 401, "the old one is ended"


async def test_the_cookie_is_for_our_site_only_and_with_https_never_sent_without(
    open_house: Open,
) -> None:
    for public_url, secure in ((None, False), ("https://huying.example", True)):
        house = open_house(public_url=public_url)
        await operator(house, f"李敏{secure}")
        answer = await sign_in(house.client, name=f"李敏{secure}")
        session, known = map(str.lower, answer.headers.get_list("set-cookie"))
        assert session.removeprefix("__host-").startswith(COOKIE)
        assert known.removeprefix("__host-").startswith(KNOWN) and "max-age" in known
        for cookie in (session, known):
            assert "httponly" in cookie and "samesite=lax" in cookie and "path=/" in cookie
            assert ("secure" in cookie) is secure
            assert "domain" not in cookie
        assert "max-age" not in session and "expires" not in session


async def test_a_form_of_another_site_signs_nobody_in(house: Installation) -> None:
    await operator(house)
    headers = {"Sec-Fetch-Site": "cross-site"}
    form = {"name": "李敏", "password": GOOD}
    assert (await house.client.post("/desk/sign-in", data=form, headers=headers)).status_code == 403


async def test_after_signing_in_nobody_is_led_elsewhere(house: Installation) -> None:
    await operator(house)
    for next in (
        "https://evil.example/desk", "//evil.example", "/\\evil.example", "/s/x", "/desk\n/x",
    ):  # fmt: skip
        assert (await sign_in(house.client, next=next)).headers["location"] == "/desk"


@pytest.mark.parametrize(
    ("column", "ago"),
    [("seen_at", timedelta(minutes=61)), ("expires_at", timedelta(seconds=1))],
)
async def test_a_session_ends_when_it_is_idle_and_when_its_time_is_over(
    house: Installation, column: str, ago: timedelta
) -> None:
    desk = await at_the_desk(house)
    assert (await desk.get("/api/requests")).status_code == 200
    async with house.parts.sessions.begin() as session:
        await session.execute(update(OperatorSession).values({column: datetime.now(UTC) - ago}))
    assert (await desk.get("/api/requests")).status_code == 401
    shown = await desk.get("/desk/password", headers={"Accept": "text/html"})
    assert (shown.status_code, shown.headers["location"].split("?")[0]) == (303, "/desk/sign-in")
    await sweep.let_time_pass(house.parts)
    assert await count(house, OperatorSession) == 0


async def test_looking_keeps_a_session_but_never_beyond_its_end(house: Installation) -> None:
    desk = await at_the_desk(house)
    async with house.parts.sessions.begin() as session:
        earlier = datetime.now(UTC) - timedelta(minutes=50)
        await session.execute(update(OperatorSession).values(seen_at=earlier))
        ends = await session.scalar(select(OperatorSession.expires_at))
    await desk.get("/api/requests")
    async with house.parts.sessions() as session:
        row = await session.scalar(select(OperatorSession))
    assert row is not None and row.seen_at > earlier + timedelta(minutes=49)
    assert row.expires_at == ends


async def test_counts_without_effect_are_swept_and_others_kept(house: Installation) -> None:
    await sign_in(house.client, "wrong")
    await sweep.let_time_pass(house.parts)
    assert await count(house, SignInTries) == 2
    async with house.parts.sessions.begin() as session:
        old = datetime.now(UTC) - throttle.FORGOTTEN_AFTER - timedelta(seconds=1)
        await session.execute(update(SignInTries).values(last_at=old))
    await sweep.let_time_pass(house.parts)
    assert await count(house, SignInTries) == 0


async def test_a_hash_of_other_parameters_is_made_anew_at_the_next_sign_in(
    house: Installation,
) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)
    assert passwords.is_outdated(weak)
    async with house.parts.sessions.begin() as session:
        await operators.add(session, "李敏", "operator", weak)
    assert (await sign_in(house.client)).status_code == 303
    async with house.parts.sessions() as session:
        kept = await session.scalar(select(Operator.password_hash))
    assert kept is not None and kept != weak and not passwords.is_outdated(kept)
    assert (await sign_in(house.client)).status_code == 303


async def test_full_width_keys_give_the_same_password(house: Installation) -> None:
    kept = await passwords.hash_beside("Magpie2-wutong7")
    async with house.parts.sessions.begin() as session:
        await operators.add(session, "李敏", "operator", kept)
    assert (await sign_in(house.client, "Ｍagpie２-wutong７")).status_code == 303


EASY = [
    ("喜鹊七只", "password_short"),
    ("x" * 201, "password_long"),
    ("aaaaaaaaaaaa", "password_easy"),
    ("1234567890", "password_easy"),
    ("13800001111", "password_easy"),
    ("abcdefghijkl", "password_easy"),
    ("Password2026!", "password_easy"),
    ("李敏一二三四李敏李敏", "password_easy"),
    (GOOD, "password_same"),
]


async def test_easy_passwords_are_not_taken(house: Installation) -> None:
    await operator(house)
    desk = await at_the_desk(house, name="李敏")
    for password, code in EASY:
        body = {"current": GOOD, "password": password}
        refused = await desk.post("/desk/password", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert (await sign_in(house.client)).status_code == 303


async def test_she_changes_her_password_and_her_other_browsers_are_signed_out(
    house: Installation,
) -> None:
    await operator(house)
    other = await at_the_desk(house, name="李敏")
    desk = await at_the_desk(house, name="李敏")
    wrong = await desk.post("/desk/password", json={"current": "no", "password": FRESH})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "password_wrong")
    done = await desk.post("/desk/password", json={"current": GOOD, "password": FRESH})
    assert done.status_code == 200
    assert (await desk.get("/api/requests")).status_code == 200, "this browser goes on"
    assert (await other.get("/api/requests")).status_code == 401
    assert (await sign_in(house.client)).status_code == 401
    assert (await sign_in(house.client, FRESH)).status_code == 303


async def test_wrong_present_passwords_wait_too(house: Installation) -> None:
    await operator(house)
    desk = await at_the_desk(house, name="李敏")
    body = {"current": "wrong", "password": FRESH}
    codes = [(await desk.post("/desk/password", json=body)).status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]


async def test_signing_out_everywhere_leaves_this_browser(house: Installation) -> None:
    desk, other = await at_the_desk(house), await at_the_desk(house)
    cookie = desk.cookies[COOKIE]
    done = await desk.post("/desk/sign-out-everywhere")
    assert done.status_code == 200 and done.cookies[COOKIE] != cookie
    assert (await desk.get("/api/requests")).status_code == 200
    assert (await other.get("/api/requests")).status_code == 401
    stolen = await house.client.get("/api/requests", headers={"Cookie": f"{COOKIE}={cookie}"})
    assert stolen.status_code == 401
    await desk.post("/desk/sign-out", headers={"X-CSRF-Token": done.json()["csrf"]})
    assert (await desk.get("/api/requests")).status_code == 401


async def test_a_starting_password_opens_nothing_but_the_page_for_her_own(
    house: Installation,
) -> None:
    admin = await at_the_desk(house, "admin")
    made = await admin.post("/api/operators", json={"name": "李敏", "role": "operator"})
    assert made.status_code == 201
    starting = made.json()["starting_password"]
    assert re.fullmatch(r"([2-9b-z]{4}-){2}[2-9b-z]{4}", starting)
    listed = await admin.get("/api/operators")
    assert starting not in listed.text and "starting_password" not in listed.text
    desk = house.client
    opened = await sign_in(desk, starting, next="/desk/tasks")
    assert opened.headers["location"] == "/desk/password"
    page = await desk.get("/desk/password", headers={"Accept": "text/html"})
    assert page.status_code == 200
    csrf = re.search(r'<meta name="csrf" content="(\w+)"', page.text)
    assert csrf is not None
    desk.headers["X-CSRF-Token"] = csrf[1]
    refused = await desk.get("/api/requests")
    assert (refused.status_code, refused.json()["code"]) == (403, "password_starts")
    body = {"current": starting, "password": GOOD}
    assert (await desk.post("/desk/password", json=body)).status_code == 200
    assert (await desk.get("/api/requests")).status_code == 200
    assert (await sign_in(desk, starting)).status_code == 401


async def test_another_starting_password_ends_what_was_open(house: Installation) -> None:
    number = await operator(house)
    desk = await at_the_desk(house, name="李敏")
    admin = await at_the_desk(house, "admin")
    reset = await admin.post(f"/api/operators/{number}/password")
    assert reset.json()["starts"] is True
    assert (await desk.get("/api/requests")).status_code == 401
    assert (await sign_in(house.client)).status_code == 401
    opened = await sign_in(house.client, reset.json()["starting_password"])
    assert opened.headers["location"] == "/desk/password"


async def test_the_last_administrator_stays_one(house: Installation) -> None:
    first = await operator(house, "管理员", "admin")
    desk = await at_the_desk(house, "admin")
    for change in ({"disabled": True}, {"role": "supervisor"}):
        kept = await desk.patch(f"/api/operators/{first}", json=change)
        assert (kept.status_code, kept.json()["code"]) == (409, "last_admin")
    second = await operator(house, "老周", "admin")
    both = await asyncio.gather(
        *(desk.patch(f"/api/operators/{n}", json={"role": "operator"}) for n in (second, first))
    )
    assert sorted(answer.status_code for answer in both)[0] == 200
    async with house.parts.sessions.begin() as session:
        assert len(await operators.admins(session)) == 1


async def test_names_are_unique_and_visible(house: Installation) -> None:
    admin = await at_the_desk(house, "admin")
    taken = await admin.post("/api/operators", json={"name": " 管理员 "})
    assert (taken.status_code, taken.json()["code"]) == (422, "name_taken")
    for name in ("\u200b", "command line", "a\x00" * 60):
        answer = await admin.post("/api/operators", json={"name": name})
        assert answer.status_code == 422, name
    made = await admin.post("/api/operators", json={"name": "李\u200b敏"})
    assert made.json()["name"] == "李敏"


async def test_an_administrator_sees_and_revokes_tokens(house: Installation) -> None:
    async with house.parts.sessions.begin() as session:
        token, found = await make_token(session, "李敏", "operator", 1)
    bearer = {"Authorization": f"Bearer {token}"}
    admin = await at_the_desk(house, "admin")
    (line,) = (await admin.get(f"/api/operators/{found.id}/tokens")).json()
    assert token.startswith(line["prefix"]) and token not in str(line)
    elsewhere = await admin.delete(f"/api/operators/{found.id + 1}/tokens/{line['id']}")
    assert elsewhere.status_code == 404
    assert (await house.client.get("/api/requests", headers=bearer)).status_code == 200
    gone = await admin.delete(f"/api/operators/{found.id}/tokens/{line['id']}")
    assert gone.status_code == 204
    assert (await house.client.get("/api/requests", headers=bearer)).status_code == 401
    async with house.parts.sessions() as session:
        assert (await session.scalar(select(ApiToken.revoked_at))) is not None


async def test_every_change_of_an_account_stands_in_the_access_log(house: Installation) -> None:
    admin = await at_the_desk(house, "admin")
    number = (await admin.post("/api/operators", json={"name": "李敏"})).json()["id"]
    await admin.patch(f"/api/operators/{number}", json={"role": "supervisor"})
    await admin.post(f"/api/operators/{number}/password")
    await admin.post(f"/api/operators/{number}/sign-out")
    await admin.patch(f"/api/operators/{number}", json={"disabled": True})
    await sign_in(house.client, "wrong")
    async with house.parts.sessions() as session:
        rows = (await session.execute(select(AccessLog.who, AccessLog.action))).all()
    found = [tuple(row) for row in rows]
    changes = ("add", "role supervisor", "new password", "sign out", "disable")
    for action in changes:
        assert ("管理员", f"operator {number}: {action}") in found
    assert ("李敏", "sign_in_wrong") in found
