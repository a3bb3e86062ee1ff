"""The whole OpenAPI under odd requests; headers of every page; nothing personal in the logs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from sqlalchemy import text

from intake.accounts import operators, passwords
from intake.web.auth import make_token
from tests.integration.desk.test_roles import filled, open_everything
from tests.support.desk_data import NAME, PHONE, call, cookie_of, fill
from tests.support.desk_routes import at_least
from tests.support.installation import Installation
from tests.support.stack import free_ports
from tests.support.webchat import Served

pytestmark = pytest.mark.asyncio
Open = Callable[..., Installation]
# What is stored (even numbers) and what is not, as the OpenAPI says and (every third) otherwise.
ROUNDS, ROUND_EXAMPLES = (0, 1, 2, 5), 2
MORE_ROUNDS = range(6, 12)  # for operations that no round found a request for
QUIET = settings(
    max_examples=ROUND_EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Odd:
    """Odd requests to every operation of the OpenAPI: some to what is stored, some to nothing."""

    def __init__(
        self, url: str, openapi: dict[str, Any], token: str, known: dict[str, str]
    ) -> None:
        self.url, self.known = url, known
        self.headers = {"Authorization": f"Bearer {token}"}
        self.schema = schemathesis.openapi.from_dict(openapi)
        self.broken: list[str] = []
        self.strategies: dict[tuple[str, GenerationMode], Any] = {}
        self.statuses: dict[str, set[int]] = {}

    def run(self) -> None:
        operations = [result.ok() for result in self.schema.get_all_operations()]
        for number in ROUNDS:
            for operation in operations:
                self.ask(operation, number)
        for number in MORE_ROUNDS:
            for operation in operations:
                if label_of(operation) not in self.statuses:
                    self.ask(operation, number)

    def requests(self, operation: Any, mode: GenerationMode) -> Any:
        """The strategy for requests to an operation, made once: making it is what takes long."""
        key = (label_of(operation), mode)
        if key not in self.strategies:
            try:
                self.strategies[key] = operation.as_strategy(generation_mode=mode)
            except Exception:  # an operation without anything that could be wrong
                self.strategies[key] = operation.as_strategy()
        return self.strategies[key]

    def ask(self, operation: Any, number: int) -> None:
        mode = GenerationMode.NEGATIVE if number % 3 == 2 else GenerationMode.POSITIVE
        strategy = self.requests(operation, mode)

        @seed(number)
        @QUIET
        @given(case=strategy)
        def one(case: Any) -> None:
            if number % 2 == 0:
                stored = {n: self.known[n] for n in case.path_parameters or {} if n in self.known}
                case.path_parameters = {**(case.path_parameters or {}), **stored}
            answer = case.call(base_url=self.url, headers=self.headers, timeout=30)
            self.statuses.setdefault(label_of(operation), set()).add(answer.status_code)
            if answer.status_code >= 500 and answer.status_code != 507:
                self.broken.append(f"{answer.status_code}: {case.as_curl_command()[:600]}")

        with suppress(Unsatisfiable):  # no such request in hundreds: another round finds some
            one()


def label_of(operation: Any) -> str:
    return f"{operation.method.upper()} {operation.path}"


async def test_no_odd_request_to_the_whole_openapi_breaks_the_server(
    open_house: Open, tmp_path: Path
) -> None:
    house = open_everything(open_house, tmp_path)
    known = await fill(house)
    async with house.parts.sessions.begin() as session:
        # Far from what is tried: it must not disable itself or revoke its own token.
        for table in ("operators", "api_tokens"):
            await session.execute(text(f"ALTER TABLE {table} ALTER id RESTART WITH 860281"))
        kept = passwords.hash_password("三棵梧桐树 七只喜鹊飞")
        await operators.add(session, "管理员", "admin", kept)
        token, _ = await make_token(session, "管理员", "admin", 1)
    port = free_ports(1)
    async with Served(house.app, port):
        odd = Odd(f"http://127.0.0.1:{port}", house.app.openapi(), token, known)
        await asyncio.to_thread(odd.run)
    assert not odd.broken, "\n".join(odd.broken)
    operations = {
        f"{method.upper()} {path}"
        for path, found in house.app.openapi()["paths"].items()
        for method in found
    }
    assert odd.statuses.keys() == operations
    ours = {f"{method} {path}" for method, path in at_least("operator")} & operations
    assert not [label for label in ours if odd.statuses[label] <= {401, 403}]
    assert sum(1 for label in ours if any(s < 300 for s in odd.statuses[label])) > len(ours) / 2


async def test_every_page_makes_the_browser_careful(open_house: Open, tmp_path: Path) -> None:
    house = open_everything(open_house, tmp_path)
    known = await fill(house)
    headers, _ = await cookie_of(house, "admin")
    pages = [path for method, path in at_least("station") if method == "GET"]
    seen = 0
    for path in [*pages, "/desk/sign-in"]:
        answer = await call(house.app, "GET", filled(path, known), headers=headers)
        told = answer.headers
        assert told["x-content-type-options"] == "nosniff", path
        # The form to sign in must say to us, and only to us, which page it is from.
        careful = "same-origin" if path == "/desk/sign-in" else "no-referrer"
        assert told["referrer-policy"] == careful, path
        policy = told["content-security-policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy, path
        assert "unsafe-eval" not in policy and "script-src" not in policy, path
        if answer.status == 200 and told.get("content-type", "").startswith("text/html"):
            seen += 1
            assert "no-store" in told.get("cache-control", ""), f"{path} may be kept by a browser"
            assert "<script>" not in answer.text and " onclick=" not in answer.text, path
    assert seen >= 8


async def test_signing_in_and_looking_write_nothing_personal_into_the_log(
    house: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)
    known = await fill(house)
    kept = await passwords.hash_beside("三棵梧桐树 七只喜鹊飞")
    async with house.parts.sessions.begin() as session:
        await operators.add(session, "李敏", "operator", kept)
    for password in ("一个错的密码在这里", "三棵梧桐树 七只喜鹊飞"):
        form = {"name": "李敏", "password": password}
        await house.client.post("/desk/sign-in", data=form)
    cookie = house.client.cookies["huying_desk"]
    for method, path in at_least("station"):
        if method == "GET" and path != "/desk/events":
            await house.client.get(filled(path, known))
    said = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("huying")
    )
    for secret in (NAME, PHONE, "李敏", "密码", "梧桐树", cookie):
        assert secret not in said, secret
