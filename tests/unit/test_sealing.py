"""Encrypted archives: only the right identity opens them, and only whole ones."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from intake.backup import encryption
from intake.backup.archive import Reader, Writer
from intake.errors import BadField, DiskFull, HuyingError

MARK = b"\xe7\xb4\xab\xe7\xbd\x97\xe5\x85\xb0" * 40_000


def sealed(folder: Path, *keys: str, body: bytes = MARK) -> Path:
    path = folder / "a.zip.age"
    with Writer(path, encryption.recipients(keys)) as archive:
        with archive.member("one") as out:
            out.write(body)
        archive.finish({"made_at": "now"})
    return path


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, str]:
    identity = tmp_path / "identity.txt"
    return identity, encryption.new_identity(identity)


def test_the_right_identity_opens_it_and_nothing_plain_is_in_it(
    tmp_path: Path, pair: tuple[Path, str]
) -> None:
    identity, public = pair
    path = sealed(tmp_path, public)
    assert path.stat().st_mode & 0o777 == 0o600 == identity.stat().st_mode & 0o777
    raw = path.read_bytes()
    assert raw.startswith(encryption.MAGIC) and MARK[:9] not in raw and b"manifest" not in raw
    with Reader(path, identity) as archive:
        archive.check(lambda _: None)
        with archive.open("one") as member:
            assert member.read() == MARK
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip.age", "identity.txt"]


def test_it_is_streamed_to_the_disk_while_it_is_made(
    tmp_path: Path, pair: tuple[Path, str]
) -> None:
    path = tmp_path / "a.zip.age"
    part = tmp_path / ".a.zip.age.part"
    with Writer(path, encryption.recipients([pair[1]])) as archive:
        with archive.member("one") as out:
            for _ in range(64):
                out.write(MARK)
            until = time.monotonic() + 30
            while part.stat().st_size < 60 * len(MARK) and time.monotonic() < until:
                time.sleep(0.01)
            assert part.stat().st_size >= 60 * len(MARK)
        archive.finish({})
    with Reader(path, pair[0]) as opened:
        assert opened.files["one"]["size"] == 64 * len(MARK)


def test_any_one_of_several_keys_opens_it_also_from_a_file(tmp_path: Path) -> None:
    identities = [tmp_path / name for name in ("a", "b")]
    publics = [encryption.new_identity(path) for path in identities]
    listed = tmp_path / "keys.txt"
    listed.write_text("# ours\n\n" + "\n".join(publics) + "\n")
    path = sealed(tmp_path, str(listed))
    for identity in identities:
        with Reader(path, identity) as archive:
            archive.check(lambda _: None)


def test_without_or_with_another_identity_it_stays_shut(
    tmp_path: Path, pair: tuple[Path, str]
) -> None:
    path = sealed(tmp_path, pair[1])
    with pytest.raises(HuyingError, match="--identity") as refused:
        Reader(path)
    assert refused.value.code == "identity_missing"
    other = tmp_path / "other.txt"
    encryption.new_identity(other)
    with pytest.raises(HuyingError, match="another key") as refused:
        Reader(path, other)
    assert refused.value.code == "wrong_identity"
    for text, said in (("age1xyz\n", "AGE-SECRET-KEY"), ("# nothing\n", "no key")):
        other.write_text(text)
        with pytest.raises(BadField, match=said):
            Reader(path, other)
    with pytest.raises(BadField, match="can't be read"):
        Reader(path, tmp_path / "nowhere")


@pytest.mark.parametrize("kept", [30, 150, 64 * 1024 + 300, 0.5, -16, -1])
def test_what_is_cut_off_is_refused(tmp_path: Path, pair: tuple[Path, str], kept: float) -> None:
    path = sealed(tmp_path, pair[1])
    raw = path.read_bytes()
    path.write_bytes(raw[: int(kept if abs(kept) >= 1 else kept * len(raw))])
    with pytest.raises(HuyingError, match="damaged or cut off") as refused:
        Reader(path, pair[0])
    assert refused.value.code == "bad_backup"


def test_what_is_cut_off_between_two_pieces_is_refused(
    tmp_path: Path, pair: tuple[Path, str]
) -> None:
    path = sealed(tmp_path, pair[1])
    raw = path.read_bytes()
    header = raw.index(b"\n", raw.index(b"\n---") + 1) + 1 + 16
    path.write_bytes(raw[: header + 2 * (64 * 1024 + 16)])
    with pytest.raises(HuyingError, match="damaged or cut off"):
        Reader(path, pair[0])


def test_what_was_changed_is_refused(tmp_path: Path, pair: tuple[Path, str]) -> None:
    path = sealed(tmp_path, pair[1])
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(HuyingError, match="damaged"):
        Reader(path, pair[0])


def test_a_full_disk_leaves_nothing(
    tmp_path: Path, pair: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, full = encryption.Sealed.__init__, Path("/dev/full")
    path = sealed(tmp_path, pair[1])
    (tmp_path / "new").mkdir()
    with monkeypatch.context() as patch, full.open("wb", buffering=0) as no_room:
        patch.setattr(encryption.Sealed, "__init__", lambda self, _, to: before(self, no_room, to))
        for body in (b"short", MARK * 10):
            with pytest.raises(DiskFull):
                sealed(tmp_path / "new", pair[1], body=body)
            assert list((tmp_path / "new").iterdir()) == []
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: full.open("wb", buffering=0))
    with pytest.raises(DiskFull):
        Reader(path, pair[0])


@pytest.mark.parametrize("key", ["age1xyz", "nowhere/keys.txt"])
def test_what_is_no_key_is_told(key: str) -> None:
    with pytest.raises(BadField):
        encryption.recipients([key])


def test_an_identity_is_never_written_over(tmp_path: Path, pair: tuple[Path, str]) -> None:
    before = pair[0].read_text()
    with pytest.raises(HuyingError, match="exists already"):
        encryption.new_identity(pair[0])
    assert pair[0].read_text() == before
