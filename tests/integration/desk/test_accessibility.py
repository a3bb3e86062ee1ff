"""Every page of the desk: nothing for axe-core to find, everything within reach of the Tab key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from intake.settings import ROOT
from tests.integration.desk.test_roles import filled, open_everything
from tests.integration.resident.test_page_accessibility import axe
from tests.support.desk import at_the_screen
from tests.support.desk_data import call, cookie_of, fill
from tests.support.desk_routes import at_least
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
Open = Callable[..., Installation]
# All that a person could want to reach; of radio buttons with one name, one. What moves its own
# focus with the arrow keys (tabindex -1) is reached through its container.
MARK = """() => {
  const groups = new Set();
  let count = 0;
  const all = "a[href], button, input, select, textarea, summary, audio[controls],"
    + " [contenteditable='true'], [tabindex]";
  for (const e of document.querySelectorAll(all)) {
    if (e.disabled || e.type === "hidden" || e.tabIndex < 0) continue;
    if (e.matches("fieldset[disabled] *") || e.closest("[inert]")) continue;
    if (!e.checkVisibility({ visibilityProperty: true })) continue;
    if (e.type === "radio") {
      if (groups.has(e.name)) continue;
      groups.add(e.name);
      for (const other of document.getElementsByName(e.name)) other.dataset.walk = count;
    }
    e.dataset.walk = count++;
  }
  if (document.activeElement) document.activeElement.blur();
  return count;
}"""
FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body || e.dataset.walk === undefined) return null;
  const ring = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  // A link that fills a whole line of a list shows the ring around the line.
  let seen = getComputedStyle(e).boxShadow !== "none";
  for (let at = e, up = 0; at.id !== "main" && up < 3 && at !== document.body; up++) {
    seen ||= ring(getComputedStyle(at));
    at = at.parentElement;
  }
  const box = e.getBoundingClientRect();
  return { at: Number(e.dataset.walk), seen,
    inside: box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight,
    html: e.outerHTML.slice(0, 140) };
}"""
MISSED = """(walked) => [...document.querySelectorAll("[data-walk]")]
  .filter((e) => e.type !== "radio" && !walked.includes(Number(e.dataset.walk)))
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled)
  .map((e) => e.outerHTML.slice(0, 140))"""


async def pages_of(house: Installation, known: dict[str, str]) -> list[str]:
    """Every address of the desk that answers an administrator with a page."""
    found = []
    headers, _ = await cookie_of(house, "admin")
    for method, path in at_least("station"):
        if method == "GET" and path.startswith("/desk"):
            address = filled(path, known)
            answer = await call(house.app, "GET", address, headers=headers)
            if answer.status == 200 and "<main" in answer.text:
                found.append(address)
    return found


async def walk(page: Page) -> list[str]:
    """What the Tab key does not reach, or reaches without showing where it is."""
    count = await page.evaluate(MARK)
    walked: set[int] = set()
    wrong: list[str] = []
    missed: list[str] = []
    for _ in range(4 * count + 30):
        await page.keyboard.press("Tab")
        found: Any = await page.evaluate(FOCUSED)
        if found is None or found["at"] in walked:
            # What went away meanwhile, such as a hint that a key answers, is not missed.
            missed = await page.evaluate(MISSED, sorted(walked))
            if not missed:
                return wrong
            continue
        walked.add(found["at"])
        if not found["seen"]:
            wrong.append(f"no visible focus: {found['html']}")
        if not found["inside"]:
            wrong.append(f"focused out of sight: {found['html']}")
    return wrong + [f"not reached: {html}" for html in missed]


async def test_every_page_is_for_everybody(open_house: Open, tmp_path: Path) -> None:
    assert (ROOT / "intake/web/assets/desk/manifest.json").exists(), "run `make setup`"
    house = open_everything(open_house, tmp_path)
    known = await fill(house)
    addresses = await pages_of(house, known)
    assert {"/desk/password", "/desk/accounts", "/desk/access-log"} <= set(addresses)
    wrong: list[str] = []
    async with at_the_screen(house, role="admin") as (context, url):
        page = await context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        for address in ["/desk/sign-in", *addresses]:
            await page.goto(f"{url}{address}", wait_until="load", timeout=60_000)
            wrong += [f"{address}: {found}" for found in await axe(page)]
            wrong += [f"{address}: {found}" for found in await walk(page)]
    assert not wrong, "\n".join(wrong)


async def test_an_administrator_adds_an_operator_who_chooses_her_password_by_keyboard_alone(
    open_house: Open, tmp_path: Path
) -> None:
    house = open_house()
    async with at_the_screen(house, role="admin") as (context, url):
        page = await context.new_page()
        keys = page.keyboard
        await page.goto(f"{url}/desk/accounts")
        await page.focus("input[name=name]")
        await keys.insert_text("李敏")
        await keys.press("Enter")
        place = page.locator("#starting-password")
        await place.wait_for(state="visible", timeout=30_000)
        starting = await place.inner_text()
        assert await page.evaluate("document.activeElement.id") == "starting"
        assert not await axe(page)
        await keys.press("Tab")
        async with page.expect_navigation():
            await keys.press("Enter")
        assert await page.locator("tbody a", has_text="李敏").count() == 1
        assert starting not in await page.content()
        await context.clear_cookies()

        await page.goto(f"{url}/desk/password")
        await page.wait_for_url("**/desk/sign-in?next=**", timeout=30_000)
        await keys.insert_text("李敏")
        await keys.press("Tab")
        await keys.insert_text(starting)
        async with page.expect_navigation():
            await keys.press("Enter")
        assert page.url == f"{url}/desk/password"
        for field, words in (
            ("current", starting),
            ("password", "三棵梧桐树 七只喜鹊飞"),
            ("again", "三棵梧桐树 七只喜鹊飞啊"),
        ):
            await page.focus(f"input[name={field}]")
            await keys.insert_text(words)
        await keys.press("Enter")
        await page.locator("#say.shown.wrong").wait_for(timeout=30_000)
        await page.fill("input[name=again]", "三棵梧桐树 七只喜鹊飞")
        async with page.expect_navigation():
            await page.press("input[name=again]", "Enter")
        assert page.url == f"{url}/desk"
