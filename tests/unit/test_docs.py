"""The documentation tells what is true: its links lead somewhere, its code runs."""

from __future__ import annotations

import json
import re
import shlex
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from intake import backends
from intake.backends import Dispatch, _payload
from intake.catalogue.services import load_catalogue
from intake.cli import COMMANDS
from intake.errors import BackendError
from intake.evaluation import dataset
from intake.network.http import Outgoing
from intake.network.signing import sign_body
from intake.service_requests.tracking_numbers import read_tracking_number
from intake.settings import ROOT
from speech import recognisers
from speech.errors import RecogniserError
from speech.recognisers import Sound
from tests.support.doc_blocks import blocks, named, put_in
from tests.unit.speech.sounds import FORMATS

PAGES = sorted(
    str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
)
EXTENDING = "docs/extending.md"
API = "docs/api.md"

DISPATCH = Dispatch(
    delivery_id="7",
    idempotency_key="1-0000-9:clinic:1",
    kind="submit",
    tracking_number="1-0000-9",
    version=4,
    category="meal",
    category_name={"zh": "助餐", "en": "Meals"},
    service_hint="canteen",
    urgency="normal",
    summary="订午饭",
    transcript="我想订明天的午饭",
    language="zh",
    fields={"place": "梧桐里", "area": "A01", "unit": "3-2-501"},
    address="梧桐里 3-2-501",
    latitude=None,
    longitude=None,
    received_at=datetime(2026, 1, 2, tzinfo=UTC),
    deadline_at=None,
)


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.M)}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (ROOT / page).parent / file if file else ROOT / page
        assert path.exists(), f"{page} links to {target}"
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path), f"{page} links to {target}"


@pytest.mark.parametrize("page", PAGES)
def test_tracking_numbers_that_are_shown_have_their_check_digit(page: str) -> None:
    for number in re.findall(r"\b\d-\d{4}-\d\b(?!-)", (ROOT / page).read_text()):
        assert read_tracking_number(number) == number


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_make_targets_that_are_named_exist(page: str) -> None:
    text = (ROOT / page).read_text()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"(?:`|bin/)huying ([a-z]+(?:-[a-z]+)*)", text)) <= COMMANDS.keys()
    assert set(re.findall(r"`make ([a-z]+)|^make ([a-z]+)", text, re.M)) <= {
        pair for name in targets for pair in ((name, ""), ("", name))
    }


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_table_of_formats_names_every_container_and_codec(page: str) -> None:
    table = " ".join(re.findall(r"^\| .*$", (ROOT / page).read_text(), re.M)).lower()
    for chinese, english in ((" 律", "-law"), ("宽带", "wide-band"), ("窄带", "narrow-band")):
        table = table.replace(chinese, english)
    words = {
        "matroska": "webm", "mov": "m4a", "adpcm_ima_wav": "ima", "adpcm_ms": "ms adpcm",
        "pcm_mulaw": "µ-law", "pcm_alaw": "a-law", "amr_nb": "narrow-band", "amr_wb": "wide-band",
    }  # fmt: skip
    for form in FORMATS:
        for word in (form.form, form.codec):
            short = words.get(word, "pcm" if word.startswith("pcm_") else word)
            assert short in table, f"{form}: {short}"


def test_the_documented_category_is_one(tmp_path: Path) -> None:
    path = "data/services/piano_tuning.yml"
    (tmp_path / Path(path).name).write_text(named(EXTENDING, path))
    (tmp_path / "_intents.yml").write_text((ROOT / "data/services/_intents.yml").read_text())
    entry = load_catalogue(tmp_path).get("piano_tuning")
    assert entry.name.en == "Piano tuning"
    assert len(entry.examples) == 2


def test_the_documented_label_is_read(tmp_path: Path) -> None:
    (shown,) = [json.loads(block) for block in blocks("docs/evaluating.md", "json")]
    (tmp_path / shown["audio"]).parent.mkdir()
    (tmp_path / shown["audio"]).write_bytes(b"sound")
    (tmp_path / "labels.jsonl").write_text(json.dumps(shown))
    (tmp_path / "places.csv").write_text("name,kind,area,aliases\n梧桐里,community,A01,\n")
    (item,) = dataset.read(tmp_path, frozenset({"home_repair"})).voicemail
    assert (item.place, item.unit, item.phone) == ("梧桐里", "3-2-501", None)
    assert item.model_fields_set == shown.keys()


@pytest.mark.asyncio
async def test_the_documented_backend_takes_an_order_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in(backends, EXTENDING, "intake/backends/folder.py", tmp_path, monkeypatch)
    orders = tmp_path / "orders"
    orders.mkdir()
    assert "folder" in backends.kinds()
    backend = backends.create("clinic", {"kind": "folder", "folder": str(orders)}, Outgoing())
    first, second = await backend.submit(DISPATCH), await backend.submit(DISPATCH)
    assert first == second
    (file,) = orders.iterdir()
    assert json.loads(file.read_text()) == _payload.build(DISPATCH)
    file.unlink()
    orders.rmdir()
    with pytest.raises(BackendError, match="look at the folder") as caught:
        await backend.submit(DISPATCH)
    assert caught.value.retryable
    sys.modules.pop("intake.backends.folder")


def test_the_documented_recogniser_hears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in(recognisers, EXTENDING, "speech/recognisers/program.py", tmp_path, monkeypatch)
    count = "import sys; print(len(sys.stdin.buffer.read()) // 2, 'samples')"
    options = recognisers.check_options("program", {"command": [sys.executable, "-c", count]})
    recogniser = recognisers.create("program", options, None)
    heard = recogniser.recognise(Sound(np.zeros(1600, np.int16), (), tmp_path), "en")
    assert (heard.text, heard.language) == ("1600 samples", "en")
    failing = recognisers.check_options("program", {"command": ["false"]})
    with pytest.raises(RecogniserError, match="ended with 1"):
        recognisers.create("program", failing, None).recognise(
            Sound(np.zeros(1, np.int16), (), tmp_path), None
        )
    sys.modules.pop("speech.recognisers.program")


def test_the_documented_check_of_a_signature_agrees_with_ours() -> None:
    space: dict[str, Any] = {}
    exec(named(API, "check_signature.py"), space)
    body = json.dumps(
        _payload.build(replace(DISPATCH, fields={**DISPATCH.fields, "person": "王阿姨"}))
    ).encode()
    now = 1_800_000_000
    header = sign_body("s3cret", now, body)
    assert space["is_ours"](header, body, "s3cret", now + 10)
    assert not space["is_ours"](header, body + b" ", "s3cret", now)
    assert not space["is_ours"](header, body, "other", now)
    assert not space["is_ours"](header, body, "s3cret", now + 1000)
    assert not space["is_ours"]("nonsense", body, "s3cret", now)
    assert space["signature"](body, "s3cret", now) == header


def test_the_documented_webhook_body_has_all_fields_of_the_schema() -> None:
    shown = next(json.loads(b) for b in blocks(API, "json") if '"schema_version"' in b)
    assert shown.keys() == _payload.build(DISPATCH).keys()
    jsonschema.Draft202012Validator(_payload.schema()).validate(shown)


def test_the_documented_calls_name_routes_that_exist() -> None:
    from intake.app import ROUTERS

    paths = {"/api/voicemails", "/openapi.json", "/channels/pbx"}
    for router in ROUTERS:
        paths |= {route.path for route in router.routes}  # type: ignore[attr-defined]
    patterns = [re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$") for path in paths]
    for block in blocks(API, "sh"):
        for word in shlex.split(block, comments=True):
            if match := re.match(r"\$HUYING(/[^?]*)", word):
                assert any(p.match(match[1]) for p in patterns), match[1]
