"""What the documentation shows works: a channel in the real house, a backup and the way back."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from intake import channels, migrations, postgres
from intake.settings import load
from tests.doc_blocks import blocks, put_in
from tests.integration.house import House


@pytest.mark.asyncio
async def test_a_call_through_the_documented_channel_becomes_an_order(
    open_house: Callable[..., House], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tone: bytes
) -> None:
    put_in(channels, "docs/extending.md", "intake/channels/pbx.py", tmp_path, monkeypatch)
    (tmp_path / "secret").write_text("s3cret\n")
    house = open_house(channels={"pbx": {"secret_file": str(tmp_path / "secret")}})
    house.ears.says = "帮我去邮局寄一个包裹"
    refused = await house.client.post(
        "/channels/pbx", content=tone, headers={"Authorization": "Bearer wrong"}
    )
    assert refused.status_code == 401
    assert refused.json()["code"] == "not_allowed"
    allowed = {"Authorization": "Bearer s3cret", "Caller": "13800123456"}
    no_sound = await house.client.post("/channels/pbx", content=b"hello", headers=allowed)
    assert no_sound.status_code == 415
    assert not [path for path in house.parts.blobs.root.rglob("*") if path.is_file()]
    taken = await house.client.post("/channels/pbx", content=tone, headers=allowed)
    assert taken.status_code == 202, taken.text
    await house.work()
    request = await house.request(taken.json()["tracking_number"])
    assert (request.channel, request.phone) == ("pbx", "13800123456")
    assert request.text == house.ears.says
    sys.modules.pop("intake.channels.pbx")


def test_a_dump_of_the_embedded_database_can_be_put_back_as_documented(tmp_path: Path) -> None:
    shell = "\n".join(blocks("docs/running.md", "sh"))
    dump, restore = re.findall(r"<<'PY'\n(.*?)^PY$", shell, re.M | re.S)
    old = load(env={"HUYING_HOME": str(tmp_path / "old")})
    new = load(env={"HUYING_HOME": str(tmp_path / "new")})

    def run(code: str, home: Path) -> None:
        environment = {**os.environ, "HUYING_HOME": str(home)}
        environment.pop("HUYING_SETTINGS", None)
        subprocess.run(
            [sys.executable, "-"], input=code, text=True, cwd=tmp_path, env=environment, check=True
        )

    with postgres.running(old, keep=False) as url:
        migrations.migrate(url)
        with psycopg.connect(url) as connection:
            connection.execute("INSERT INTO places (name, kind) VALUES ('梧桐里', 'community')")
        run(dump, old.home)
    assert (tmp_path / "huying.dump").stat().st_mode & 0o077 == 0
    try:
        run(restore, new.home)
    finally:
        with postgres.running(new, keep=False) as url, psycopg.connect(url) as connection:
            found = connection.execute("SELECT name FROM places").fetchall()
    assert found == [("梧桐里",)]
