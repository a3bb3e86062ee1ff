"""Two operators at one home: neither takes back what the other one wrote."""

from __future__ import annotations

import pytest

from intake.accounts import households
from intake.storage.models import Household
from tests.integration.desk.test_queue_live import Desk, desk
from tests.support.desk import at_the_desk

__all__ = ["desk"]
pytestmark = pytest.mark.asyncio


async def test_a_form_that_was_open_longer_changes_only_what_was_typed_in_it(desk: Desk) -> None:
    async with desk.house.parts.sessions.begin() as session:
        known = {"name": "王桂兰", "phone": "13900001111", "language": "zh"}
        home = await households.save(session, None, known)
    page = await desk.open(await desk.browser(), f"/desk/households/{home.id}")
    colleague = await at_the_desk(desk.house, name="周立")
    changed = {"phone": "13900002222", "language": "en"}
    answer = await colleague.patch(f"/api/households/{home.id}", json=changed)
    assert answer.is_success, answer.text
    form = page.locator("form[data-household]")
    await form.locator("[name=name]").fill("王奶奶")
    async with page.expect_response(lambda r: r.request.method == "PATCH") as patched:
        await form.locator("button").first.click()
    assert (await patched.value).ok
    async with desk.house.parts.sessions() as session:
        found = await session.get_one(Household, home.id)
    assert (found.name, found.phone, found.language) == ("王奶奶", "13900002222", "en")
