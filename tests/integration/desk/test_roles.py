"""Every route × every role; the token of the page on every write; a line for every look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from intake.accounts import operators
from intake.accounts.operators import ROLES
from intake.storage.models import AccessLog, Operator
from intake.web.auth import make_token
from tests.support.desk import signed_in
from tests.support.desk_data import PERSONAL, Answer, call, cookie_of, fill
from tests.support.desk_routes import LINES, ORDER, at_least, routes_of
from tests.support.installation import Installation
from tests.support.stack import free_ports

pytestmark = pytest.mark.asyncio
Open = Callable[..., Installation]
# Their own tests say who sees what there, and that nothing personal is in it.
WITHOUT_A_LINE: set[str] = set()
SIGNS_OUT = {"/desk/sign-out", "/desk/sign-out-everywhere", "/desk/password"}


def open_everything(open_house: Open, folder: Path) -> Installation:
    """An installation with all channels and outside accounts, so that every route is there."""
    (folder / "secret").write_text("x" * 43)
    secret = str(folder / "secret")
    wechat = {
        "app_id": "wx0123456789abcdef",
        **{name: secret for name in ("app_secret_file", "token_file", "aes_key_file")},
    }
    oidc = {
        "issuer": f"http://127.0.0.1:{free_ports(1)}",
        "client_id": "huying",
        "default_role": "operator",
        "allow_networks": ["127.0.0.0/8"],
    }
    return open_house(channels={"webchat": {}, "wechat": wechat}, desk={"oidc": oidc})


def filled(path: str, known: dict[str, str]) -> str:
    """The path with what is stored; what nothing is stored for is 1."""
    for part in path.split("/"):
        if part.startswith("{"):
            path = path.replace(part, known.get(part.strip("{}").split(":")[0], "1"))
    return path


async def empty_log(house: Installation) -> None:
    """As if nobody had looked yet: looks that follow one another may share a line."""
    async with house.parts.sessions.begin() as session:
        await session.execute(delete(AccessLog))


async def lines_of(house: Installation, who: str) -> int:
    async with house.parts.sessions() as session:
        statement = select(func.count()).select_from(AccessLog).where(AccessLog.who == who)
        return int(await session.scalar(statement) or 0)


async def send(
    house: Installation, method: str, path: str, headers: dict[str, str], *, body: bytes = b"{}"
) -> Answer:
    sent = b"" if method == "GET" else body
    more = {} if method == "GET" else {"content-type": "application/json"}
    return await call(house.app, method, path, headers={**more, **headers}, body=sent)


def let_in(answer: Answer) -> bool:
    """Past the door: whatever it then says of what was asked."""
    to_the_door = answer.status == 303 and "/desk/sign-in?next" in answer.headers["location"]
    return answer.status not in (401, 403) and not to_the_door


async def test_every_route_stands_in_the_table_and_every_line_is_a_route(
    open_house: Open, tmp_path: Path
) -> None:
    house = open_everything(open_house, tmp_path)
    there = set(routes_of(house.app))
    missing, gone = sorted(there - LINES.keys()), sorted(LINES.keys() - there)
    assert not missing, f"Give each a line in tests/support/desk_routes.py: {missing}"
    assert not gone, f"Take these out of tests/support/desk_routes.py: {gone}"


async def test_a_role_gets_what_the_table_says_and_nothing_else(
    open_house: Open, tmp_path: Path
) -> None:
    house = open_everything(open_house, tmp_path)
    known = await fill(house)
    wrong = []
    for role in ("anyone", *ROLES):
        for method, path in at_least("station"):
            headers = {"accept": "text/html"}
            if role != "anyone":
                headers, who = await cookie_of(house, role)
                headers["x-csrf-token"] = who.csrf
            answer = await send(house, method, filled(path, known), headers)
            expected = ORDER.index(role) >= ORDER.index(LINES[method, path])
            if let_in(answer) is not expected or answer.status >= 500:
                wrong.append(f"{method} {path}: {answer.status} for {role}")
            elif not expected and any(mark in answer.text for mark in PERSONAL):
                wrong.append(f"{method} {path}: told {role} what it may not see")
    assert not wrong, "\n".join(wrong)


async def test_the_desks_cookie_opens_no_endpoint_of_another_kind(
    open_house: Open, tmp_path: Path
) -> None:
    house = open_everything(open_house, tmp_path)
    known = await fill(house)
    cookie, who = await cookie_of(house, "admin")
    wrong = []
    for (method, path), role in LINES.items():
        if role != "anyone" or method == "ANY" or path.startswith("/desk"):
            continue
        told = [
            await send(house, method, filled(path, known), headers)
            for headers in ({"accept": "text/html"}, {**cookie, "x-csrf-token": who.csrf})
        ]
        if told[0].status != told[1].status or told[1].status >= 500:
            wrong.append(f"{method} {path}: {[answer.status for answer in told]}")
        elif any(mark in told[1].text for mark in PERSONAL):
            wrong.append(f"{method} {path}: shows what a resident said")
    assert not wrong, "\n".join(wrong)


async def test_no_browser_writes_without_the_token_of_its_page(
    open_house: Open, tmp_path: Path
) -> None:
    house = open_everything(open_house, tmp_path)
    known = await fill(house)
    wrong, writes = [], 0
    for method, path in at_least("station"):
        if method == "GET":
            continue
        writes += 1
        cookie, who = await cookie_of(house, "admin")
        other = (await signed_in(house, "operator")).csrf
        for token in ({}, {"x-csrf-token": ""}, {"x-csrf-token": other}):
            answer = await send(house, method, filled(path, known), {**cookie, **token})
            if answer.status != 403 or b'"csrf"' not in answer.body:
                wrong.append(f"{method} {path}: {answer.status} with {token}")
        answer = await send(
            house, method, filled(path, known), {**cookie, "x-csrf-token": who.csrf}
        )
        if answer.status in (401, 403):
            wrong.append(f"{method} {path}: {answer.status} with the right one")
    assert not wrong, "\n".join(wrong)
    assert writes > 40


async def test_nothing_but_her_own_password_is_open_until_she_has_chosen_one(
    open_house: Open, tmp_path: Path
) -> None:
    house = open_everything(open_house, tmp_path)
    known = await fill(house)
    headers, who = await cookie_of(house, "admin")
    async with house.parts.sessions.begin() as session:
        found = await session.get_one(Operator, who.operator.id)
        found.password_starts = True
    wrong = []
    for method, path in at_least("station"):
        if path in SIGNS_OUT:
            continue
        told = await send(house, method, filled(path, known), {**headers, "x-csrf-token": who.csrf})
        led = told.status == 303 and told.headers["location"] == "/desk/password"
        if not led and not (told.status == 403 and b"password_starts" in told.body):
            wrong.append(f"{method} {path}: {told.status}")
    assert not wrong, "\n".join(wrong)


async def test_every_look_at_what_is_personal_leaves_a_line_in_the_access_log(
    open_house: Open, tmp_path: Path
) -> None:
    house = open_everything(open_house, tmp_path)
    known = await fill(house)
    headers, who = await cookie_of(house, "admin")
    silent, shown = [], set()
    for method, path in at_least("station"):
        if method != "GET" or path in WITHOUT_A_LINE:
            continue
        await empty_log(house)
        answer = await send(house, method, filled(path, known), headers)
        sound = answer.headers.get("content-type", "").startswith(("audio", "image", "video"))
        if answer.status < 300 and (sound or any(mark in answer.text for mark in PERSONAL)):
            shown.add(path)
            if not await lines_of(house, who.operator.name):
                silent.append(path)
    assert not silent, f"no line in the access log: {silent}"
    expected = {
        "/api/alarms",
        "/api/conversations",
        "/api/conversations/{conversation_id}",
        "/api/households",
        "/api/households/{household_id}",
        "/api/requests",
        "/api/requests/{number}",
        "/api/requests/{number}/recording",
        "/api/station/orders",
    }
    assert expected - shown <= {"/api/alarms"}, expected - shown


async def test_every_change_leaves_a_line_in_the_access_log(
    open_house: Open, tmp_path: Path
) -> None:
    house = open_everything(open_house, tmp_path)
    known = await fill(house)
    silent, changed = [], set()
    for method, path in at_least("station"):
        if method == "GET":
            continue
        headers, who = await cookie_of(house, "admin")
        seen = await send(house, "GET", f"/api/requests/{known['number']}", headers)
        await empty_log(house)
        answer = await send(
            house,
            method,
            filled(path, known),
            {
                **headers,
                "x-csrf-token": who.csrf,
                "if-match": seen.headers.get("etag", '"1"'),
            },
            body=BODIES.get(path, b"{}"),
        )
        if answer.status < 400:
            changed.add(path)
            if not await lines_of(house, who.operator.name) and path not in LOOKS_ONLY:
                silent.append(f"{method} {path}")
    assert not silent, f"no line in the access log: {silent}"
    assert len(changed) >= 12, changed


BODIES = {
    "/api/conversations/{conversation_id}/messages": '{"text": "好的"}'.encode(),
    "/api/households": '{"name": "李奶奶"}'.encode(),
    "/api/operators": '{"name": "新来的"}'.encode(),
    "/api/operators/{operator_id}": b'{"role": "supervisor"}',
    "/api/requests/{number}": b'{"unit": "3-2-502"}',
    "/api/requests/{number}/notes": '{"text": "记一下"}'.encode(),
    "/api/requests/{number}/reject": '{"why": "不归我们管"}'.encode(),
    "/api/station/orders/{order_id}/accept": '{"name": "小张"}'.encode(),
}
# Writes that change nothing that is kept: who looks at what now, and tries of an edit.
LOOKS_ONLY = {
    "/api/requests/{number}/looking",
    "/api/places/preview",
    "/api/routing-rules/try",
}


async def test_a_token_is_not_asked_for_the_pages_token_and_obeys_its_role(
    house: Installation,
) -> None:
    known = await fill(house)
    for role in ROLES:
        who = await signed_in(house, role)
        async with house.parts.sessions.begin() as session:
            token, _ = await make_token(session, who.operator.name, role, 1)
        bearer = {"authorization": f"Bearer {token}"}
        path = filled("/api/operators/{operator_id}/sign-out", known)
        answer = await send(house, "POST", path, bearer)
        assert answer.status == (204 if operators.may(who.operator, "admin") else 403), role
