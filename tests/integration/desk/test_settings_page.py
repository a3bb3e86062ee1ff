"""The settings' pages in a real browser: by keyboard, and clean for assistive technology."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from intake.storage.models import Edit
from tests.integration.desk.test_settings import CLINIC, HEAD, add, names, rule
from tests.integration.resident.test_page_accessibility import axe
from tests.support.desk import at_the_desk, at_the_screen
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
SOON = 30_000


async def reach(page: Page, selector: str) -> None:
    """Tab until the element has the focus."""
    for _ in range(200):
        if await page.evaluate("(s) => document.activeElement?.matches(s) ?? false", selector):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{selector} can't be reached by Tab")


async def test_a_file_is_previewed_line_by_line_and_saved_only_when_confirmed(
    open_house: Callable[..., Installation], tmp_path: Path
) -> None:
    house = open_house(**CLINIC)
    desk = await at_the_desk(house, "supervisor")
    await add(desk, name="和盛里", aliases=[])
    file = tmp_path / "places.csv"
    text = HEAD + "和盛里,community,B07,\n河胜里,小区,A01,\n城堡,castle,,\n松鹤园,community,,\n"
    file.write_bytes(text.encode("gb18030"))
    async with at_the_screen(house, "supervisor") as (context, url):
        page = await context.new_page()
        await page.goto(f"{url}/desk/settings")
        await page.get_by_role("link", name="导入表格").press("Enter")
        assert await axe(page) == []
        await page.set_input_files('input[type="file"]', file)
        await reach(page, "#import form button")
        await page.keyboard.press("Enter")
        shown = page.locator("#shown")
        await expect(shown.locator("#counts")).to_have_text(
            "添加 2，修改 1，不变 0，删除 0，有问题 1", timeout=SOON
        )
        lines = shown.locator("tbody tr")
        await expect(lines.nth(0)).to_contain_text("小区 · B07")
        await expect(lines.nth(1)).to_contain_text("与“和盛里”同音，一律由人工判断")
        await expect(lines.nth(2)).to_contain_text("不认识的类型“castle”")
        assert await axe(page) == []
        await expect(page.locator("#confirm")).to_be_disabled()
        assert await names(desk) == ["和盛里"]
        await reach(page, "#leave input")
        await page.keyboard.press("Space")
        await reach(page, "#confirm")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{url}/desk/settings")
        await expect(page.locator("#places tbody tr")).to_have_count(3)
        await expect(page.locator("#places tbody tr").first).to_contain_text("同音：一律由人工判断")
    assert await names(desk) == ["和盛里", "河胜里", "松鹤园"]


async def test_the_box_answers_for_rules_that_are_not_saved_yet(
    open_house: Callable[..., Installation], tmp_path: Path
) -> None:
    house = open_house(**CLINIC)
    desk = await at_the_desk(house, "supervisor")
    await add(desk)
    await rule(desk, {"backend": "clinic", "category": ["meal"]}, {"backend": "station"})
    async with at_the_screen(house, "supervisor") as (context, url):
        page = await context.new_page()
        await page.goto(f"{url}/desk/settings/routing")
        assert await axe(page) == []
        box = page.locator("#try")
        await box.locator('select[name="category"]').select_option("meal")
        await reach(page, "#try form > button")
        await page.keyboard.press("Enter")
        outcome = page.locator("#outcome")
        await expect(outcome).to_contain_text("符合第 1 条规则，转给“clinic”", timeout=SOON)
        await page.locator('.rule:first-child [data-move="1"]').press("Enter")
        await expect(page.locator("#unsaved")).to_have_text("还没有保存")
        await reach(page, "#try form > button")
        await page.keyboard.press("Enter")
        await expect(outcome).to_contain_text("符合第 1 条规则，转给“station”", timeout=SOON)
        await box.locator('input[value="text"]').press("Space")
        await box.locator("textarea").fill("我住松鹤园3号楼2单元501，帮我买点菜，电话13800123456")
        await reach(page, "#try form > button")
        await page.keyboard.press("Enter")
        await expect(outcome).to_contain_text("A02", timeout=SOON)
        assert await axe(page) == []
        standing = (await desk.get("/api/routing-rules")).json()["rules"]
        assert [r["backend"] for r in standing] == ["clinic", "station"]
        await page.locator("#save-rules").press("Enter")
        await expect(page.locator("#unsaved")).to_have_text("", timeout=SOON)
        await expect(page.locator(".rule").nth(1)).to_contain_text("轮不到这一条", timeout=SOON)
        assert await axe(page) == []
        page.once("dialog", lambda dialog: dialog.accept())
        await page.goto(f"{url}/desk/settings/history")
        await expect(page.locator("#history tbody tr").first).to_contain_text("周立")
        assert await axe(page) == []
        await page.locator("#history [data-undo]").first.press("Enter")
        await expect(page.locator("#history tbody tr").first).to_contain_text("撤销", timeout=SOON)
    standing = (await desk.get("/api/routing-rules")).json()["rules"]
    assert [r["backend"] for r in standing] == ["clinic", "station"]


async def test_a_rule_and_a_place_are_made_by_keyboard_alone(
    open_house: Callable[..., Installation], tmp_path: Path
) -> None:
    house = open_house(**CLINIC)
    desk = await at_the_desk(house, "supervisor")
    async with at_the_screen(house, "supervisor") as (context, url):
        page = await context.new_page()
        await page.goto(f"{url}/desk/settings")
        await page.keyboard.press("n")
        await expect(page.locator("#place")).to_be_visible()
        assert await axe(page) == []
        await page.keyboard.type("城")
        await reach(page, "#place [data-save]")
        await page.keyboard.press("Enter")
        await expect(page.locator("#place [data-why]")).to_contain_text("太短", timeout=SOON)
        await page.locator('#place [name="name"]').press("End")
        await page.keyboard.type("南里")
        await page.keyboard.press("Enter")
        await expect(page.locator("#places tbody")).to_contain_text("城南里", timeout=SOON)
        await page.goto(f"{url}/desk/settings/routing")
        await reach(page, "#add-rule")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")  # opens the categories, which have the focus
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await reach(page, '.rule select[name="backend"]')
        await page.keyboard.type("clinic")
        await page.keyboard.press("Control+s")
        await expect(page.locator("#reset-rules")).to_be_visible(timeout=SOON)
    [saved] = (await desk.get("/api/routing-rules")).json()["rules"]
    assert saved["backend"] == "clinic" and len(saved["category"]) == 1


async def test_a_text_is_changed_and_goes_back_to_the_default(
    open_house: Callable[..., Installation], tmp_path: Path
) -> None:
    house = open_house(**CLINIC)
    async with at_the_screen(house, "supervisor", locale="en-GB") as (
        context,
        url,
    ):
        page = await context.new_page()
        await page.goto(f"{url}/desk/settings/catalogue")
        assert await axe(page) == []
        await page.get_by_role("link", name="Home repair").press("Enter")
        assert await axe(page) == []
        await page.fill('[name="questions.when.en"]', "When may the plumber come?")
        await page.fill('[name="hours"]', "1.5")
        await page.get_by_role("button", name="Save").press("Enter")
        await expect(page.locator("#text")).to_contain_text("Default: 24", timeout=SOON)
        page.once("dialog", lambda dialog: dialog.accept())
        async with house.parts.sessions() as session:
            [edit] = list(await session.scalars(select(Edit)))
        assert edit.after["home_repair"]["deadline_minutes"] == 90
        assert set(edit.after["home_repair"]) == {"questions", "deadline_minutes"}
        await page.locator("#reset-text").press("Enter")
        await expect(page.locator('[name="hours"]')).to_have_value("24", timeout=SOON)
        await expect(page.locator("#reset-text")).to_have_count(0)
