"""`huying export-corrections` on a real database: what people looked at, readable by `evaluate`."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import stat
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from intake import service_requests
from intake.catalogue.services import load_catalogue
from intake.evaluation import dataset
from intake.evaluation.dataset import LabelledSet
from intake.evaluation.environment import Environment
from intake.evaluation.metrics import score
from intake.evaluation.predict import Predictor
from intake.lifecycle import Actor, Status
from intake.service_requests import Author, Opening
from intake.settings import ROOT
from intake.storage.models import AccessLog, Message, Place
from tests.integration.pipeline.test_pipeline import rows
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
HEARD = "麻烦帮我去药店买一瓶酱油送到无同院"
SAID = "麻烦帮我去药店买一瓶酱油送到梧桐苑"
CATALOGUE = load_catalogue(ROOT / "data" / "services")
CODES = frozenset((*CATALOGUE.codes, *CATALOGUE.intents))
WHEN = {"when_start": "2026-11-20T09:00:00+08:00", "when_end": "2026-11-20T12:00:00+08:00"}
REFUSED = 1


@pytest.fixture
async def desk(house: Installation) -> httpx.AsyncClient:
    async with house.parts.sessions.begin() as session:
        session.add(Place(name="梧桐苑", kind="community", area="N1", aliases=["梧桐院", "老钢厂"]))
        session.add(Place(name="杏林里", kind="community", area=None, aliases=[]))
    return await house.operator()


async def left(house: Installation, says: str = HEARD, **form: str) -> str:
    """A voicemail that waits in review."""
    house.ranking = [("errand", 0.4), ("meal", 0.3)]
    number = await house.leave(says, **form)
    await house.work()
    assert (await house.request(number)).status == "needs_review"
    return number


async def typed(house: Installation, *messages: str) -> str:
    """Messages of one conversation that wait in review."""
    async with house.parts.sessions.begin() as session:
        opening = Opening(channel="web_chat", language="zh")
        opened = await service_requests.open_request(
            session, opening, by=Author(Actor.DOOR), status=Status.NEEDS_REVIEW
        )
        for says in messages:
            session.add(Message(service_request_id=opened.id, direction="in", text=says))
        session.add(Message(service_request_id=opened.id, direction="out", text="收到"))
    return opened.tracking_number


async def write(desk: httpx.AsyncClient, method: str, path: str, body: dict[str, Any]) -> None:
    version = (await desk.get("/".join(path.split("/")[:4]))).headers["etag"]
    answer = await desk.request(method, path, json=body, headers={"If-Match": version})
    assert answer.status_code == 200, answer.text


async def correct(desk: httpx.AsyncClient, number: str, **changes: str | None) -> None:
    await write(desk, "PATCH", f"/api/requests/{number}", changes)


async def confirm(desk: httpx.AsyncClient, number: str) -> None:
    await write(desk, "POST", f"/api/requests/{number}/confirm", {})


async def export(
    house: Installation, folder: Path, *options: str, code: int = 0, largest_file: int | None = None
) -> str:
    """Run the command as a person does; what it says on standard error."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("HUYING_")}
    env["HUYING_HOME"] = str(house.settings.home)
    env["HUYING_DATABASE_URL"] = house.settings.database_url or ""

    def small() -> None:
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "intake", "export-corrections", str(folder), *options),
        cwd=ROOT,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=small,
    )
    _, errors = await process.communicate()
    assert process.returncode == code, errors.decode()
    return errors.decode()


def read(folder: Path) -> LabelledSet:
    found = dataset.read(folder, CODES)
    assert not found.remarks
    return found


def ids(items: tuple[Any, ...]) -> list[str]:
    return [item.id for item in items]


async def test_only_what_a_person_looked_at_is_exported_and_only_as_far_as_they_did(
    house: Installation, desk: httpx.AsyncClient, tmp_path: Path
) -> None:
    await left(house)
    house.ranking = [("errand", 0.99)]
    form = {"place": "梧桐苑", "unit": "3-2-501", "phone": "13812345678"}
    decided = await house.leave(HEARD, **form)
    await house.work()
    assert (await house.request(decided)).decided_by == "rule"
    mended = await house.leave(HEARD, **form)
    await house.work()
    await correct(desk, mended, unit="3号楼2单元502")
    confirmed = await left(house, phone="13812345678")
    await correct(desk, confirmed, category="meal", place="老钢厂", person="王阿姨", **WHEN)
    await confirm(desk, confirmed)

    told = await export(house, tmp_path / "set")
    found = read(tmp_path / "set")
    assert ids(found.voicemail) == [confirmed, mended]
    whole, part = found.voicemail
    assert (whole.category, whole.place, whole.person) == ("meal", "梧桐苑", "王阿姨")
    assert whole.when is not None
    assert whole.when.start.isoformat() == "2026-11-20T09:00:00"
    assert whole.labelled("unit") and whole.unit is None
    assert not whole.labelled("phone")  # filled in, perhaps never said
    assert (part.unit, part.labelled("category"), part.labelled("place")) == (
        "3-2-502",
        False,
        False,
    )
    request = await house.request(confirmed)
    local = request.received_at.astimezone(house.settings.zone).replace(tzinfo=None)
    assert abs((whole.received_at - local).total_seconds()) < 60
    recording = (tmp_path / "set" / (whole.audio or "")).read_bytes()
    assert recording == (await desk.get(f"/api/requests/{confirmed}/recording")).content
    assert set(found.gazetteer.places) == {"梧桐苑", "杏林里"}
    assert found.gazetteer.places["梧桐苑"].aliases == ("梧桐院", "老钢厂")
    assert "Only you can read it" in told
    everything = [tmp_path / "set", *(tmp_path / "set").rglob("*")]
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in everything)


async def test_the_export_is_measured_and_no_character_errors_against_the_machines_own_words(
    house: Installation, desk: httpx.AsyncClient, tmp_path: Path
) -> None:
    for text_by_hand in (None, SAID):
        number = await left(house)
        by_hand = {"text": text_by_hand} if text_by_hand else {}
        await correct(desk, number, place="梧桐苑", unit=None, **by_hand)
        await confirm(desk, number)
    message = await typed(house, SAID)
    await correct(desk, message, category="errand", place="梧桐苑")
    await confirm(desk, message)
    await export(house, tmp_path / "set")
    found = read(tmp_path / "set")
    assert [item.labelled("text") for item in found.voicemail] == [True, False]

    house.ears.says = HEARD
    house.ranking = [("errand", 0.99), ("meal", 0.01)]
    parts: Any = Environment(house.parts.assistant, house.ears)  # type: ignore[arg-type]
    answering = Predictor(parts, house.settings, CATALOGUE, found)
    spoken = score(
        [await answering.recording(i) for i in found.voicemail], frozenset(), spoken=True
    )
    assert spoken.tally.counts["category_top1"] == (2, 2)
    assert spoken.tally.counts["place_exact"] == (2, 2)
    assert spoken.tally.counts["unit_false"] == (0, 2)
    assert spoken.figures["cer"] == pytest.approx(3 / 17)
    chat = score([await answering.message(i) for i in found.chat], frozenset(), spoken=False)
    assert chat.tally.counts["place_exact"] == (1, 1)
    assert chat.tally.counts["auto_share"] == (0, 1)  # nobody said which home


async def test_typed_requests_go_into_the_chat_and_conversations_become_dialogues(
    house: Installation, desk: httpx.AsyncClient, tmp_path: Path
) -> None:
    one, two = await typed(house, "水管漏了"), await typed(house, "想订饭", "送到杏林里")
    for number in (one, two):
        await correct(desk, number, category="meal")
        await confirm(desk, number)
    await export(house, tmp_path / "set")
    found = read(tmp_path / "set")
    assert [(item.id, item.text, item.category) for item in found.chat] == [
        (one, "水管漏了", "meal")
    ]
    (dialogue,) = found.dialogues
    assert (dialogue.id, dialogue.turns) == (two, ("想订饭", "送到杏林里"))
    assert dialogue.expect.category == "meal"
    assert not (tmp_path / "set" / "audio").exists()


async def test_without_audio_no_voice_leaves_the_installation(
    house: Installation, desk: httpx.AsyncClient, tmp_path: Path
) -> None:
    number = await left(house)
    await confirm(desk, number)
    await export(house, tmp_path / "set", "--no-audio")
    found = read(tmp_path / "set")
    assert (found.voicemail, ids(found.chat)) == ((), [number])
    assert {path.name for path in (tmp_path / "set").iterdir()} == {"chat.jsonl", "places.csv"}


async def test_a_recording_with_two_requests_or_without_its_file_is_left_out_and_counted(
    house: Installation, desk: httpx.AsyncClient, tmp_path: Path
) -> None:
    split, gone, kept = [await left(house) for _ in range(3)]
    await write(desk, "POST", f"/api/requests/{split}/split", {"category": "meal"})
    for number in (split, gone, kept):
        await confirm(desk, number)
    async with house.parts.sessions() as session:
        recording = await service_requests.recording_of(session, await house.request(gone))
    assert recording is not None
    house.parts.blobs.path(recording.blob_key).unlink()
    told = await export(house, tmp_path / "set")
    assert ids(read(tmp_path / "set").voicemail) == [kept]
    assert "left out: 2, their recordings hold several requests" in told
    assert "left out: 1, their recordings are gone" in told


async def test_the_newest_come_first_and_the_day_counts_in_local_time(
    house: Installation, desk: httpx.AsyncClient, tmp_path: Path
) -> None:
    numbers = []
    for received_at in ("2026-03-01T15:59:00Z", "2026-03-01T16:00:00Z", "2026-03-02T10:00:00Z"):
        numbers.append(await left(house))
        await confirm(desk, numbers[-1])
        async with house.parts.sessions.begin() as session:
            await session.execute(
                text("UPDATE service_requests SET received_at = :at WHERE tracking_number = :n"),
                {"at": received_at, "n": numbers[-1]},
            )
    # 16:00 UTC is midnight in Shanghai.
    await export(house, tmp_path / "since", "--since", "2026-03-02")
    assert ids(read(tmp_path / "since").voicemail) == numbers[:0:-1]
    await export(house, tmp_path / "limit", "--limit", "1")
    assert ids(read(tmp_path / "limit").voicemail) == numbers[2:]


async def test_every_request_that_leaves_stands_in_the_access_log(
    house: Installation, desk: httpx.AsyncClient, tmp_path: Path
) -> None:
    numbers = [await left(house), await left(house)]
    for number in numbers:
        await confirm(desk, number)
    await export(house, tmp_path / "set", "--limit", "1")
    logs = [log for log in await rows(house, AccessLog) if log.action == "export"]
    assert [log.service_request_id for log in logs] == [(await house.request(numbers[1])).id]
    assert logs[0].who.endswith("(command line)")


async def test_nothing_to_export_and_a_folder_in_use_are_sentences_and_write_nothing(
    house: Installation, desk: httpx.AsyncClient, tmp_path: Path
) -> None:
    number = await left(house)
    outside = tmp_path / "outside"
    outside.mkdir()
    told = await export(house, outside / "set", code=REFUSED)
    assert "no request that a person confirmed or corrected" in told
    assert not list(outside.iterdir())
    await confirm(desk, number)
    (outside / "mine").write_text("mine")
    assert "is there already" in await export(house, outside, code=REFUSED)
    assert [path.name for path in outside.iterdir()] == ["mine"]


async def test_a_disk_that_takes_no_more_leaves_nothing_half_written(
    house: Installation, desk: httpx.AsyncClient, tmp_path: Path
) -> None:
    await confirm(desk, await left(house))
    outside = tmp_path / "outside"
    outside.mkdir()
    told = await export(house, outside / "set", code=REFUSED, largest_file=4096)
    assert "can't be written" in told
    assert not list(outside.iterdir())


async def test_ended_from_outside_it_leaves_nothing(
    house: Installation, desk: httpx.AsyncClient, tmp_path: Path
) -> None:
    await confirm(desk, await left(house))
    outside = tmp_path / "outside"
    outside.mkdir()
    # It waits for the lock when its folder is half written.
    async with house.parts.sessions.begin() as session:
        await session.execute(text("LOCK TABLE access_log IN ACCESS EXCLUSIVE MODE"))
        running = asyncio.create_task(export(house, outside / "set", code=128 + signal.SIGTERM))
        async with asyncio.timeout(60):
            while not list(outside.glob(".set-*/set/labels.jsonl")):
                await asyncio.sleep(0.05)
        for pid in _exporting(outside / "set"):
            os.kill(pid, signal.SIGTERM)
        await running
    assert not list(outside.iterdir())


def _exporting(folder: Path) -> list[int]:
    """The processes of this export."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"export-corrections" in words and str(folder).encode() in words:
            found.append(int(path.parent.name))
    return found
