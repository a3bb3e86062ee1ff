"""The secret of the links is renewed with an overlap."""

from __future__ import annotations

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intake.network.signing import LinkForged, check_link, sign_link
from intake.settings import Settings, secret_files

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def link(settings: Settings) -> str:
    secret = secret_files.ring(settings, "links")[0]
    return sign_link(secret, "household", "7", NOW + timedelta(days=9))


def test_links_from_before_a_rotation_are_valid_until_the_earlier_secrets_are_dropped(
    settings: Settings,
) -> None:
    old = link(settings)
    secret_files.rotate(settings, "links")
    new = link(settings)
    ring = secret_files.ring(settings, "links")
    assert len(ring) == 2
    for token in (old, new):
        assert check_link(ring, "household", token, NOW) == "7"
    assert secret_files.drop_earlier(settings, "links") == 1
    only = secret_files.ring(settings, "links")
    assert check_link(only, "household", new, NOW) == "7"
    with pytest.raises(LinkForged):
        check_link(only, "household", old, NOW)
    assert secret_files.drop_earlier(settings, "links") == 0


def test_a_secret_from_before_rings_is_a_ring_of_one(settings: Settings) -> None:
    secret = secret_files.ensure(settings, "links")
    assert secret_files.ring(settings, "links") == [secret]
    assert secret_files.ensure(settings, "links") == secret


def test_the_file_is_ours_alone_and_leaves_nothing_beside_it(settings: Settings) -> None:
    for _ in range(3):
        secret_files.rotate(settings, "links")
    assert len(secret_files.ring(settings, "links")) == 4
    (path,) = settings.secrets_dir.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_processes_that_begin_at_once_have_one_secret(settings: Settings) -> None:
    def begin(_: int) -> str:
        return secret_files.ensure(settings, "links")

    ask: Callable[[int], str] = begin
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(32)))) == 1
