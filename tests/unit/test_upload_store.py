"""The folder of uploads: shared by processes, ids that follow from keys, notes that are whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from intake.channels.page import tus_storage
from intake.channels.page.store import Uploads
from intake.channels.page.tus_storage import Pieces
from intake.errors import NotFound

KEY = "0123456789abcdef" * 2


@pytest.fixture
def store(tmp_path: Path) -> Callable[..., Uploads]:
    return lambda *keys: Uploads(
        tmp_path / "uploads", list(keys or ("secret",)), keep=timedelta(days=1)
    )


def begun(uploads: Uploads) -> str:
    uid = uploads.id_of(KEY)
    uploads.begin(uid, {"key": KEY, "colour": "red"}, None, "net")
    return uid


def test_an_id_follows_from_the_key_and_can_not_be_told_from_it(
    store: Callable[..., Uploads],
) -> None:
    assert store().id_of(KEY) == store().id_of(KEY) != KEY
    assert store("one").id_of(KEY) != store("two").id_of(KEY)


def test_an_upload_from_before_the_secret_was_changed_is_found(
    store: Callable[..., Uploads],
) -> None:
    uid = begun(store("old"))
    assert store("new", "old").id_of(KEY) == uid
    assert store("new", "old").id_of(KEY[::-1]) == store("new").id_of(KEY[::-1])


def test_only_what_we_know_of_the_metadata_is_kept(store: Callable[..., Uploads]) -> None:
    uploads = store()
    note = uploads.note(begun(uploads))
    assert note is not None
    assert note.metadata == {"key": KEY}


@pytest.mark.parametrize("uid", ["", "..", "../x", KEY + "0", KEY.upper(), KEY[:-1] + "/"])
def test_no_name_leads_out_of_the_folder(store: Callable[..., Uploads], uid: str) -> None:
    for look in (store().data, store().note, store().length):
        with pytest.raises(NotFound):
            look(uid)


@pytest.mark.asyncio
async def test_two_processes_write_one_after_the_other(
    store: Callable[..., Uploads], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tus_storage, "LOCK_SECONDS", 0.2)
    one, two = Pieces(store()), Pieces(store())
    uid = begun(one.uploads)
    async with one.lock(uid):
        await one.append(uid, b"first")
        with pytest.raises(TimeoutError):
            async with two.lock(uid):
                raise AssertionError("both have it")
    async with two.lock(uid):
        await two.append(uid, b" second")
    assert two.uploads.data(uid).read_bytes() == b"first second"
    assert one.uploads.length(uid) == 12


@pytest.mark.asyncio
async def test_bytes_of_a_piece_that_failed_are_counted_as_they_lie_there(
    store: Callable[..., Uploads],
) -> None:
    here = Pieces(store())
    uid = begun(here.uploads)
    with pytest.raises(RuntimeError):
        async with here.lock(uid):
            await here.append(uid, b"first")
            raise RuntimeError
    info = await here.read_info(uid)
    assert info is not None
    assert info["offset"] == 5
