"""Accounts that somebody else keeps: against an independent provider, and against bad answers."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import select, update

from intake.accounts import operators, passwords
from intake.errors import BackendError, SettingsError
from intake.network.http import Outgoing
from intake.settings import load
from intake.storage.models import AccessLog, Operator, OperatorSession
from intake.web.cookies import COOKIE
from tests.support.desk import at_the_desk
from tests.support.installation import Installation

pytestmark = [pytest.mark.asyncio, pytest.mark.xdist_group("identity provider")]
Open = Callable[..., Installation]
PEOPLE = (
    oidc_provider_mock.User(
        sub="1", claims={"name": "李敏", "desk": {"roles": ["guest", "teamlead"]}}
    ),
    oidc_provider_mock.User(sub="2", claims={"name": "管理员", "desk": {"roles": "staff"}}),
    oidc_provider_mock.User(sub="3", claims={"name": "路人", "desk": {"roles": []}}),
)
ROLES = {"staff": "operator", "teamlead": "supervisor", "boss": "admin"}
OPEN = {"client_id": "huying", "role_claim": "desk.roles", "roles": ROLES}
LOCAL = {"allow_networks": ["127.0.0.0/8", "::1/128"]}


@pytest.fixture
def ours(tmp_path: Path) -> dict[str, Any]:
    """What both sides know, and where the provider may be."""
    (tmp_path / "secret").write_text("a secret: with/signs\n")
    return {"client_secret_file": tmp_path / "secret", **OPEN, **LOCAL}


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a provider that knows `PEOPLE`."""
    with oidc_provider_mock.run_server_in_thread(require_nonce=True, user_claims=PEOPLE) as server:
        yield f"http://localhost:{server.server_port}"


async def go_there(
    house: Installation, next: str = "/desk/tasks", client: httpx.AsyncClient | None = None
) -> str:
    """The provider's address that the desk sends the browser to."""
    sent = await (client or house.client).get("/desk/oidc", params={"next": next})
    assert sent.status_code == 303, sent.text
    return sent.headers["location"]


async def sign_in(
    house: Installation, subject: str, client: httpx.AsyncClient | None = None
) -> httpx.Response:
    """All of it, as a browser does; what the desk answers in the end."""
    address = await go_there(house, client=client)
    async with httpx.AsyncClient(trust_env=False) as elsewhere:
        agreed = await elsewhere.post(address, data={"sub": subject})
    assert agreed.status_code == 302, agreed.text
    back = urlsplit(agreed.headers["location"])
    return await (client or house.client).get(f"{back.path}?{back.query}")


async def found(house: Installation, name: str) -> Operator | None:
    async with house.parts.sessions() as session:
        return await session.scalar(select(Operator).where(Operator.name == name))


async def test_an_account_is_made_at_the_first_sign_in_and_known_at_the_second(
    open_house: Open, provider: str, ours: dict[str, Any]
) -> None:
    house = open_house(desk={"oidc": {"issuer": provider, **ours, "label": "街道统一登录"}})
    assert "街道统一登录" in (await house.client.get("/desk/sign-in")).text
    for _ in range(2):
        opened = await sign_in(house, "1")
        assert (opened.status_code, opened.headers["location"]) == (303, "/desk/tasks")
        assert (await house.client.get("/api/access-log")).status_code == 200
        assert (await house.client.get("/api/operators")).status_code == 403
    made = await found(house, "李敏")
    assert made is not None and made.role == "supervisor"
    assert made.password_hash is None and made.oidc_subject == f"{provider}#1"
    async with house.parts.sessions() as session:
        assert len(list(await session.scalars(select(Operator)))) == 1
        actions = list(await session.scalars(select(AccessLog.action)))
    assert actions.count("sign_in") == 2
    form = {"name": "李敏", "password": ""}
    house.client.cookies.clear()
    assert (await house.client.post("/desk/sign-in", data=form)).status_code in (401, 422)
    admin = await at_the_desk(house, "admin")
    refused = await admin.post(f"/api/operators/{made.id}/password")
    assert (refused.status_code, refused.json()["code"]) == (409, "no_password_here")


async def test_the_other_side_says_the_role_and_who_has_none_stays_outside(
    open_house: Open, provider: str, ours: dict[str, Any]
) -> None:
    house = open_house(desk={"oidc": {"issuer": provider, **ours}})
    refused = await sign_in(house, "3")
    assert refused.status_code == 401 and COOKIE not in refused.cookies
    assert "没有开通" in refused.text
    assert await found(house, "路人") is None
    await sign_in(house, "1")
    kept = await passwords.hash_beside("三棵梧桐树 七只喜鹊飞")
    async with house.parts.sessions.begin() as session:
        await operators.add(session, "另一个管理员", "admin", kept)
        await session.execute(update(Operator).values(role="admin"))
    await sign_in(house, "1")
    again = await found(house, "李敏")
    assert again is not None and again.role == "supervisor"
    async with house.parts.sessions.begin() as session:
        await operators.disable(session, await operators.find(session, "李敏"))
    assert (await sign_in(house, "1")).status_code == 401
    assert (await house.client.get("/api/requests")).status_code == 401


@pytest.mark.parametrize("subject", ["1", "2"])
async def test_the_other_side_does_not_take_the_last_administrator_away(
    open_house: Open, provider: str, ours: dict[str, Any], subject: str
) -> None:
    house = open_house(desk={"oidc": {"issuer": provider, **ours}})
    people = (("只有她", "admin"), ("停用了的", "admin"), ("不是管理员", "supervisor"))
    async with house.parts.sessions.begin() as session:
        for name, role in people:
            number = subject if name == "只有她" else name
            await operators.add(session, name, role, None, oidc_subject=f"{provider}#{number}")
        await operators.disable(session, await operators.find(session, "停用了的"))
    assert (await sign_in(house, subject)).status_code == 303
    only = await found(house, "只有她")
    assert only is not None and only.role == "admin"
    async with house.parts.sessions.begin() as session:
        await operators.add(session, "接班的", "admin", None, oidc_subject=f"{provider}#9")
    assert (await sign_in(house, subject)).status_code == 303
    only = await found(house, "只有她")
    assert only is not None and only.role == {"1": "supervisor", "2": "operator"}[subject]


async def test_two_administrators_who_lose_the_role_at_once_leave_one(
    open_house: Open, provider: str, ours: dict[str, Any]
) -> None:
    house = open_house(desk={"oidc": {"issuer": provider, **ours}})
    async with house.parts.sessions.begin() as session:
        for subject in ("1", "2"):
            await operators.add(
                session, f"管理员{subject}", "admin", None, oidc_subject=f"{provider}#{subject}"
            )

    async def lose(subject: str) -> int:
        transport = httpx.ASGITransport(house.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return (await sign_in(house, subject, client)).status_code

    assert await asyncio.gather(lose("1"), lose("2")) == [303, 303]
    async with house.parts.sessions.begin() as session:
        assert len(await operators.admins(session)) == 1


async def test_nobody_takes_an_account_over_by_its_name(
    open_house: Open, provider: str, ours: dict[str, Any]
) -> None:
    house = open_house(desk={"oidc": {"issuer": provider, **ours}})
    kept = await passwords.hash_beside("三棵梧桐树 七只喜鹊飞")
    async with house.parts.sessions.begin() as session:
        await operators.add(session, "管理员", "admin", kept)
    refused = await sign_in(house, "2")
    assert refused.status_code == 401 and COOKIE not in refused.cookies
    assert "同名" in refused.text
    same = await found(house, "管理员")
    assert same is not None and same.oidc_subject is None and same.role == "admin"


async def test_a_provider_that_is_away_or_not_allowed_leaves_passwords_working(
    open_house: Open, provider: str
) -> None:
    for issuer, networks in (("http://127.0.0.1:1", LOCAL), (provider, {})):
        house = open_house(desk={"oidc": {"issuer": issuer, **OPEN, **networks}})
        away = await house.client.get("/desk/oidc")
        assert away.status_code == 503 and 'name="password"' in away.text


async def test_without_the_setting_there_is_no_other_way_to_sign_in(house: Installation) -> None:
    assert (await house.client.get("/desk/oidc")).status_code == 404
    assert (await house.client.get("/desk/oidc/callback")).status_code == 404
    assert "/desk/oidc" not in (await house.client.get("/desk/sign-in")).text


@pytest.mark.parametrize(
    "table",
    [
        {"client_id": "huying"},
        {"client_id": "huying", "role_claim": "roles"},
        {**OPEN, "scopes": ["profile"]},
    ],
)
async def test_a_table_that_lets_nobody_in_is_an_error(
    tmp_path: Path, table: dict[str, Any]
) -> None:
    path = tmp_path / "huying.toml"
    lines = [f"{key} = {str(value).replace(chr(39), chr(34))}" for key, value in table.items()]
    text = "\n".join(line for line in lines if "{" not in line)
    text = text.replace("= huying", '= "huying"').replace("= roles", '= "roles"')
    text = text.replace("= desk.roles", '= "desk.roles"')
    path.write_text(f'[desk.oidc]\nissuer = "https://id.example"\n{text}\n')
    with pytest.raises(SettingsError, match=r"desk\.oidc"):
        load(path, {})


def _packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Bad:
    """A provider in this process that answers as a test says, and checks PKCE as it must."""

    issuer = "https://id.example"

    def __init__(self) -> None:
        self.key: Any = RSAKey.generate_key(2048, {"kid": "1"})
        self.signs: Any = self.key
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "1"}
        self.claims: dict[str, Any] = {}
        self.more: dict[str, Any] | None = None
        self.asked: dict[str, list[str]] = {}
        self.metadata: dict[str, Any] = {}
        self.published: Any = None

    async def request(self, method: str, url: str, **sent: Any) -> httpx.Response:
        path = url.removeprefix(self.issuer)
        if path == "/.well-known/openid-configuration":
            found: Any = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/go?tenant=1",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/more",
                **self.metadata,
            }
        elif path == "/keys":
            own = self.key.as_dict(private=False)
            found = self.published if self.published is not None else {"keys": [own]}
        elif path == "/more":
            assert sent["headers"]["Authorization"] == "Bearer access"
            found = self.more
        else:
            assert (method, path) == ("POST", "/token")
            verifier = sent["data"]["code_verifier"].encode()
            assert self.asked["code_challenge"] == [_packed(hashlib.sha256(verifier).digest())]
            assert self.asked["code_challenge_method"] == ["S256"]
            if sent["data"]["code"] != "good":
                raise BackendError("refused", retryable=False, status=400)
            now = int(time.time())
            claims = {
                "iss": self.issuer,
                "aud": "huying",
                "sub": "7",
                "iat": now,
                "exp": now + 60,
                "nonce": self.asked["nonce"][0],
                "name": "李敏",
                **self.claims,
            }
            claims = {key: value for key, value in claims.items() if value is not None}
            token = jwt.encode(self.header, claims, self.signs, algorithms=[self.header["alg"]])
            found = {"access_token": "access", "id_token": token, "token_type": "Bearer"}
        return httpx.Response(200, json=found)


@pytest.fixture
async def bad(open_house: Open, monkeypatch: pytest.MonkeyPatch) -> tuple[Installation, Bad]:
    other = Bad()

    async def request(_: Outgoing, method: str, url: str, **sent: Any) -> httpx.Response:
        return await other.request(method, url, **sent)

    monkeypatch.setattr(Outgoing, "request", request)
    oidc = {"issuer": other.issuer, "client_id": "huying", "default_role": "operator"}
    return open_house(desk={"oidc": oidc}), other


async def come_back(house: Installation, other: Bad, **changes: str) -> httpx.Response:
    address = urlsplit(await go_there(house))
    other.asked = parse_qs(address.query)
    assert other.asked["tenant"] == ["1"] and other.asked["response_type"] == ["code"]
    answer = {"code": "good", "state": other.asked["state"][0], **changes}
    return await house.client.get("/desk/oidc/callback", params=answer)


async def test_a_good_answer_lets_in_once_and_only_this_browser(
    bad: tuple[Installation, Bad],
) -> None:
    house, other = bad
    opened = await come_back(house, other, iss=other.issuer)
    assert opened.status_code == 303 and COOKIE in opened.cookies
    answer = {"code": "good", "state": other.asked["state"][0]}
    again = await house.client.get("/desk/oidc/callback", params=answer)
    assert again.status_code == 401, "its attempt is used up"
    await go_there(house)
    stranger = httpx.AsyncClient(
        transport=httpx.ASGITransport(house.app), base_url="http://127.0.0.1"
    )
    strange = await stranger.get("/desk/oidc/callback", params=answer)
    assert strange.status_code == 401, "another browser has no attempt"


ELSEWHERE: list[dict[str, str]] = [
    {"state": "another"},
    {"iss": "https://evil.example"},
    {"code": ""},
    {"code": "bad"},
]


async def test_an_answer_to_something_else_lets_nobody_in(bad: tuple[Installation, Bad]) -> None:
    house, other = bad
    for changes in ELSEWHERE:
        refused = await come_back(house, other, **changes)
        assert refused.status_code == 401 and COOKIE not in refused.cookies, changes
    assert await found(house, "李敏") is None


CLAIMS: list[dict[str, Any]] = [
    {"iss": "https://evil.example"},
    {"aud": "another"},
    {"aud": ["another", "third"]},
    {"aud": ["huying", "another"]},
    {"azp": "another"},
    {"nonce": "another"},
    {"nonce": None},
    {"exp": 1},
    {"exp": None},
    {"iat": int(time.time()) + 86400},
    {"sub": None},
    {"name": None},
    {"name": "\u200b"},
]


async def test_a_token_that_is_not_for_this_sign_in_lets_nobody_in(
    bad: tuple[Installation, Bad],
) -> None:
    house, other = bad
    other.more = {"sub": "8", "name": "别人"}
    for claims in CLAIMS:
        other.claims = claims
        refused = await come_back(house, other)
        assert refused.status_code == 401 and COOKIE not in refused.cookies, claims
    async with house.parts.sessions() as session:
        assert list(await session.scalars(select(Operator))) == []


@pytest.mark.parametrize("how", ["another key", "secret of the public key", "kind", "none"])
async def test_a_token_that_is_not_signed_by_the_other_side_lets_nobody_in(
    bad: tuple[Installation, Bad], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, other = bad
    if how == "another key":
        other.signs = RSAKey.generate_key(2048, {"kid": "1"})
    elif how == "kind":
        other.signs = ECKey.generate_key("P-256", {"kid": "1"})
        other.header = {"alg": "ES256", "kid": "1"}
    else:
        encode, secret = jwt.encode, other.key.as_pem(private=False)

        def forged(*args: Any, **more: Any) -> str:
            alg = "none" if how == "none" else "HS256"
            head = _packed(json.dumps({"alg": alg, "kid": "1"}).encode())
            body = f"{head}.{encode(*args, **more).split('.')[1]}"
            digest = hmac.digest(secret, body.encode(), "sha256")
            return f"{body}.{'' if how == 'none' else _packed(digest)}"

        monkeypatch.setattr(jwt, "encode", forged)
    refused = await come_back(house, other)
    assert refused.status_code == 401 and COOKIE not in refused.cookies
    assert await found(house, "李敏") is None


async def test_a_key_that_can_not_be_used_locks_nobody_out(bad: tuple[Installation, Bad]) -> None:
    house, other = bad
    strange = {"kty": "EC", "crv": "brainpoolP256r1", "kid": "bp", "x": "AAAA", "y": "AAAA"}
    other.published = {"keys": [strange, other.key.as_dict(private=False), strange]}
    assert (await come_back(house, other)).status_code == 303


@pytest.mark.parametrize("published", [{"keys": []}, {}, {"keys": None}, "strange"])
async def test_a_set_without_a_usable_key_is_told_to_the_administrator(
    bad: tuple[Installation, Bad], published: Any, caplog: pytest.LogCaptureFixture
) -> None:
    house, other = bad
    strange = {"kty": "EC", "crv": "brainpoolP256r1", "kid": "bp", "x": "AAAA", "y": "AAAA"}
    other.published = {"keys": [strange]} if published == "strange" else published
    refused = await come_back(house, other)
    assert refused.status_code == 503 and COOKIE not in refused.cookies
    assert "请告诉管理员" in refused.text and 'name="password"' in refused.text
    [told] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert f"{other.issuer}/keys" in told.getMessage()
    assert ("brainpoolP256r1" if published == "strange" else "empty") in told.getMessage()


async def test_what_the_token_does_not_say_is_asked_for_and_must_be_of_the_same_person(
    bad: tuple[Installation, Bad],
) -> None:
    house, other = bad
    other.claims, other.more = {"name": None}, {"sub": "7", "name": "李敏"}
    assert (await come_back(house, other)).status_code == 303
    assert await found(house, "李敏") is not None


async def test_settings_of_another_issuer_are_not_taken(bad: tuple[Installation, Bad]) -> None:
    house, other = bad
    other.metadata = {"issuer": "https://evil.example"}
    assert (await house.client.get("/desk/oidc")).status_code == 503


async def sign_out(house: Installation, cookie: str = COOKIE) -> str:
    """Where the browser is sent when she signs out."""
    async with house.parts.sessions() as session:
        token = house.client.cookies[cookie]
        who = await operators.session_of(session, token, timedelta(hours=1), bound=True)
    assert who is not None
    headers = {"X-CSRF-Token": who.csrf, "Accept": "application/json"}
    answer = await house.client.post("/desk/sign-out", headers=headers)
    assert answer.status_code == 200
    assert (await house.client.get("/api/requests")).status_code == 401
    return str(answer.json()["then"])


async def test_signing_out_here_leads_to_the_providers_sign_out_and_back(
    open_house: Open, provider: str, ours: dict[str, Any]
) -> None:
    house = open_house(
        desk={"oidc": {"issuer": provider, **ours}}, public_url="https://huying.example"
    )
    house.client.base_url = "https://127.0.0.1"
    assert (await sign_in(house, "1")).status_code == 303
    bound = "__Host-" + COOKIE
    desk = await house.client.post(
        "/desk/sign-out-everywhere",
        headers={"X-CSRF-Token": await csrf_of(house, house.client.cookies[bound])},
    )
    assert desk.status_code == 200
    there = await sign_out(house, bound)
    asked = parse_qs(urlsplit(there).query)
    assert there.startswith(f"{provider}/oauth2/end_session?")
    assert asked["client_id"] == ["huying"]
    assert asked["post_logout_redirect_uri"] == ["https://huying.example/desk/sign-in"]
    assert "id_token_hint" not in asked  # the token of the sign-in is not kept
    async with httpx.AsyncClient(trust_env=False) as elsewhere:
        page = await elsewhere.get(there)
        assert page.status_code == 200
        form = {"redirect_uri": "https://huying.example/desk/sign-in"}
        assert form["redirect_uri"] in page.text
        back = await elsewhere.post(f"{provider}/oauth2/end_session/confirm", data=form)
    assert back.headers["location"] == form["redirect_uri"]
    async with house.parts.sessions() as session:
        assert list(await session.scalars(select(OperatorSession.id))) == []


async def csrf_of(house: Installation, token: str) -> str:
    async with house.parts.sessions() as session:
        found = await operators.session_of(session, token, timedelta(hours=1), bound=True)
    assert found is not None
    return found.csrf


@pytest.mark.parametrize(
    "metadata", [{}, {"end_session_endpoint": "javascript:alert(1)"}, {"issuer": "https://x"}]
)
async def test_where_the_provider_has_no_sign_out_or_is_silent_the_operator_is_signed_out_here(
    bad: tuple[Installation, Bad], metadata: dict[str, Any]
) -> None:
    house, other = bad
    assert (await come_back(house, other)).status_code == 303
    other.metadata = metadata
    assert await sign_out(house) == "/desk/sign-in"


async def test_who_signed_in_with_a_password_is_led_nowhere_else(
    open_house: Open, provider: str, ours: dict[str, Any]
) -> None:
    house = open_house(desk={"oidc": {"issuer": provider, **ours}})
    desk = await at_the_desk(house)
    out = await desk.post("/desk/sign-out", headers={"Accept": "text/html"})
    assert (out.status_code, out.headers["location"]) == (303, "/desk/sign-in")
