"""The real stack from an empty directory: every format in, one request per backend out."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import av
import httpx
import psutil
import pytest
import pytest_asyncio
from playwright.async_api import expect
from rapidfuzz import fuzz

from intake.settings import ROOT
from tests.support import demo_stack as stacks
from tests.support.demo_stack import Stack
from tests.support.resident_page import as_microphone, number_on, phone, press, speak
from tests.unit.speech import sounds
from tests.unit.speech.sounds import FAMILIES, FORMATS, Format

pytestmark = [pytest.mark.timeout(1200), pytest.mark.xdist_group("everything")]
DEMO = ROOT / "data" / "demo"
SAMPLES = {s["id"]: s for s in map(json.loads, (DEMO / "voicemails.jsonl").open())}


@pytest_asyncio.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with stacks.running(tmp_path_factory.mktemp("home")) as running:
        yield running


async def test_every_family_of_codecs_is_taken_and_heard_or_kept_for_a_person(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Formats that can be encoded here carry real speech and must be understood. The other
    formats of a family sound alike (``tests/unit/speech/test_formats.py``) and are taken
    (``tests/integration/channels/test_voicemail_endpoint.py``)."""
    monkeypatch.setattr(sounds, "bursts", sounds.voice)
    sent: list[tuple[Format, str]] = []
    for number, form in enumerate(form for form in FORMATS if form.name in FAMILIES):
        audio = form.make(tmp_path / f"{number}").read_bytes()
        sent.append((form, await stack.leave(audio, phone="13612345678", language="zh")))
    for form, number in sent:
        state = await stack.settled(number, seconds=600)
        assert state["recording"]["codec"] == form.codec, form
        if form.tonal:
            alike = fuzz.ratio(state["text"], SAMPLES["v11"]["text"])
            assert alike > 60, (str(form), state["text"])
        else:
            assert state["status"] == "needs_review"


@pytest.mark.parametrize("sample", ["v01", "v02", "v03", "v05"])
async def test_each_backend_gets_its_request(stack: Stack, sample: str) -> None:
    told = SAMPLES[sample]
    audio = (DEMO / told["audio"]).read_bytes()
    number = await stack.leave(audio, **told.get("form", {}))
    state = await stack.settled(number)
    assert (state["status"], state["backend"]) == ("routed", told["expect"]["backend"]), state
    seen = json.dumps(
        {
            "property_office": list(stack.around.office.events.values()),
            "open311_city": stack.around.city.orders,
            "legal_aid_office": [m.as_string() for m in stack.around.mail.mails],
        }.get(state["backend"], (await stack.client.get("/api/station/orders")).json()),
        default=str,
    )
    assert number in seen
    assert len(state["deliveries"]) == 1 and state["deliveries"][0]["attempts"] == 1


async def test_the_city_says_that_it_is_done_and_the_resident_is_asked(stack: Stack) -> None:
    told = SAMPLES["v02"]
    number = await stack.leave((DEMO / told["audio"]).read_bytes(), **told.get("form", {}))
    state = await stack.settled(number)
    assert state["backend"] == "open311_city"
    for order in stack.around.city.orders:
        order["status"] = "closed"
        order["status_notes"] = "fixed"
    done = await stack.until(number, lambda s: s["status"] == "done")
    assert done["events"][-1]["actor"] == "backend"


async def test_an_emergency_pages_the_person_on_duty_who_takes_it_by_the_link(
    stack: Stack,
) -> None:
    told = SAMPLES["v06"]
    number = await stack.leave((DEMO / told["audio"]).read_bytes())
    state = await stack.settled(number)
    assert (state["status"], state["urgency"]) == ("needs_review", "emergency"), state
    for _ in range(100):
        pages = [p for p in stack.around.pager.pages if p["tracking_number"] == number]
        if pages:
            break
        await asyncio.sleep(0.2)
    link = httpx.URL(str(pages[0]["acknowledge_url"])).path
    await stack.client.post(link)
    taken = await stack.until(number, lambda s: s["alarm"]["status"] == "acknowledged")
    assert taken["alarm"]["acknowledged_by"] == "值班员"


async def test_what_is_spoken_into_the_page_is_heard_read_back_and_routed(
    stack: Stack, tmp_path: Path
) -> None:
    voice = as_microphone(tmp_path, DEMO / SAMPLES["v03"]["audio"])
    with av.open(str(DEMO / SAMPLES["v03"]["audio"])) as container:
        seconds = float(container.duration or 0) / av.time_base
    async with phone(stack.port, voice) as used:
        page = await used.open()
        await press(page)
        await asyncio.sleep(seconds + 1)  # the microphone begins again at the end
        await page.click("#button")
        number = await number_on(page)
        await expect(page.locator("#heard")).to_contain_text("送餐", timeout=60_000)
        assert "粮食局家属院" in await page.inner_text("#heard")
        await page.click("#right")
        await expect(page.locator("#answer")).to_contain_text("谢谢您")
    state = await stack.settled(number)
    assert (state["channel"], state["category"]) == ("page", "meal"), state


async def test_danger_spoken_into_the_page_shows_at_once_whom_to_ring(
    stack: Stack, tmp_path: Path
) -> None:
    voice = as_microphone(tmp_path, DEMO / SAMPLES["v06"]["audio"])
    async with phone(stack.port, voice) as used:
        page = await used.open()
        await speak(page, 8)
        await page.click("#button")
        number = await number_on(page)
        await expect(page.locator("a[href='tel:119']")).to_be_visible(timeout=60_000)
    state = await stack.settled(number)
    assert state["urgency"] == "emergency", state


async def test_the_command_line_sends_and_shows(stack: Stack) -> None:
    huying = str(Path(sys.executable).parent / "huying")
    silent = DEMO / SAMPLES["v08"]["audio"]

    async def run(*words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            huying, *words, env=stack.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode()

    sent = json.loads(await run("voicemail", "send", str(silent), "--wait", "--json"))
    assert sent["status"] == "needs_review"
    again = json.loads(await run("voicemail", "send", str(silent), "--json"))
    assert again["tracking_number"] == sent["tracking_number"]
    shown = await run("requests", "show", sent["tracking_number"])
    assert "No speech was heard" in shown
    listed = json.loads(await run("requests", "list", "--json"))
    assert sent["tracking_number"] in {row["tracking_number"] for row in listed}


async def test_no_log_holds_what_a_resident_said(stack: Stack) -> None:
    told = SAMPLES["v11"]
    number = await stack.leave((DEMO / told["audio"]).read_bytes(), phone="13687654321")
    state = await stack.settled(number)
    log = (stack.home / "log" / "huying.log").read_text()
    assert len(log) > 100
    for secret in ("13687654321", state["text"][:8], state["status_url"].rpartition("/")[2]):
        assert secret not in log


async def test_what_listens_listens_on_loopback_only(stack: Stack) -> None:
    processes = [psutil.Process(stack.up.pid), *psutil.Process(stack.up.pid).children(True)]
    listening = {
        connection.laddr.ip
        for process in processes
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


async def test_korean_is_heard_by_the_real_vosk(tmp_path: Path) -> None:
    """The only Vosk model in a registry is Korean: it proves the engine, not the language."""
    home = tmp_path / "home"
    home.mkdir()
    extra = {"HUYING_HEARING__ENGINE": "vosk", "HUYING_HEARING__LANGUAGE": "ko"}
    async with stacks.running(home, **extra) as stack:
        number = await stack.leave((DEMO / SAMPLES["v11"]["audio"]).read_bytes())
        state = await stack.settled(number)
        assert state["transcript"]["engine"] == "vosk"
        assert state["transcript"]["words"]
