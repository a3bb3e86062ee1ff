import importlib
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import trustme
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from intake import backends
from intake.cli import settings as command
from intake.cli.settings import described
from intake.errors import SettingsError
from intake.settings import ROOT, Settings, load
from speech import recognisers


def test_defaults_are_safe() -> None:
    settings = load(env={})
    assert settings.host == "127.0.0.1"
    assert settings.limits.max_bytes == 25 * 1024 * 1024
    assert settings.limits.max_seconds == 600


def test_the_environment_stands_above_the_file(tmp_path: Path) -> None:
    path = tmp_path / "huying.toml"
    path.write_text('port = 9000\n[hearing]\nengine = "vosk"\n')
    settings = load(path, {"HUYING_HEARING__ENGINE": "canned"})
    assert (settings.port, settings.hearing.engine) == (9000, "canned")


def test_relative_paths_count_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "huying.toml").write_text('places = "places.csv"\n')
    assert load(tmp_path / "huying.toml", {}).places == tmp_path / "places.csv"


def test_every_bad_key_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "huying.toml"
    path.write_text('port = "x"\ncolour = 1\n[limits]\nmax_bytes = 3\n[hearing]\nengin = "a"\n')
    with pytest.raises(SettingsError) as caught:
        load(path, {})
    for key in ("port", "colour", "limits.max_bytes", "hearing.engin"):
        assert key in str(caught.value)


def test_a_rule_for_a_backend_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "huying.toml"
    path.write_text('[[routing.rules]]\nbackend = "moon"\n')
    with pytest.raises(SettingsError, match="moon"):
        load(path, {})


@pytest.mark.parametrize("content", [None, "", "  \n"])
def test_a_secret_file_that_is_missing_or_empty_is_an_error(
    tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "secret").write_text(content)
    path = tmp_path / "huying.toml"
    path.write_text('[assistant]\ntoken_file = "secret"\n')
    with pytest.raises(SettingsError, match=r"assistant\.token_file"):
        load(path, {})


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load(tmp_path / "none.toml", {})


def test_a_contact_that_nobody_could_reach_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "huying.toml"
    path.write_text('[[alarm.contacts]]\nname = "Li"\n')
    with pytest.raises(SettingsError, match="can't be reached"):
        load(path, {})


PAGES = ["docs/settings.md", "docs/settings.zh.md"]
EXAMPLE = ROOT / "docs" / "huying.example.toml"
REQUIRED = {"docs/settings.md": "required", "docs/settings.zh.md": "必填"}


def nested(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Tables that `described` shows as one key: lists of tables, and tables that may be absent."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from nested(field.annotation, f"{prefix}{name}.")
            continue
        for part in get_args(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield f"[{prefix}{name}]", part


def adapters() -> Iterator[tuple[str, Any]]:
    """The heading and the options of every kind of backend and every recogniser."""
    for kind in backends.kinds():
        yield f'kind = "{kind}"', importlib.import_module(f"intake.backends.{kind}").Options
    for engine in recognisers.names():
        options = importlib.import_module(f"speech.recognisers.{engine}").Options
        yield f'engine = "{engine}"', options


TABLES = [*nested(), *adapters()]


def section(page: str, heading: str) -> str:
    """What stands under the first heading that holds ``heading``, up to the next one."""
    for part in re.split(r"^#+ ", (ROOT / page).read_text(), flags=re.M)[1:]:
        if heading in part.partition("\n")[0]:
            return part
    return pytest.fail(f"{page} has no heading with {heading}")


def rows(text: str) -> dict[str, str]:
    """Key → default, from the rows of Markdown tables."""
    return dict(re.findall(r"^\| `([^`]+)` \| (.+?) \| ", text, flags=re.M))


def cell(page: str, default: Any) -> str:
    """A default as the tables show it."""
    if default is PydanticUndefined:
        return REQUIRED[page]
    if isinstance(default, BaseModel):
        default = default.model_dump(exclude_defaults=True) or None
    if default is None:
        return "–"
    return f"`{json.dumps(default, ensure_ascii=False, default=str)}`"


def defaults(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Key → default; of the settings as a whole with their tables' keys, dotted."""
    for name, field in model.model_fields.items():
        table = field.annotation
        if model is Settings and isinstance(table, type) and issubclass(table, BaseModel):
            yield from defaults(table, f"{name}.")
        else:
            yield f"{prefix}{name}", field.get_default(call_default_factory=True)


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_is_documented(page: str) -> None:
    text = (ROOT / page).read_text()
    missing = [key for key, _, _ in described() if f"`{key}`" not in text]
    assert not missing


@pytest.mark.parametrize("page", PAGES)
def test_documented_settings_and_their_defaults_are_the_real_ones(page: str) -> None:
    text = (ROOT / page).read_text()
    found = {key: value for key, value in rows(text).items() if "." in key}
    real = {key: cell(page, value) for key, value in defaults(Settings)}
    assert found == {key: value for key, value in real.items() if "." in key}
    for key in real.keys() - found.keys():
        assert f"\n| `{key}` | {real[key]} | " in text


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("heading", "model"), TABLES, ids=[heading for heading, _ in TABLES])
def test_every_key_of_a_table_is_documented_with_its_default(
    page: str, heading: str, model: type[BaseModel]
) -> None:
    real = {key: cell(page, value) for key, value in defaults(model)}
    assert rows(section(page, heading)) == real


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example file in a folder that has the secrets and certificates it names."""
    text = EXAMPLE.read_text()
    for name in re.findall(r'_file = "([^"]+)"', text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a secret")
    issued = trustme.CA().issue_cert("huying.example")
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    (tmp_path / "secrets" / "tls-chain.pem").write_bytes(chain)
    (tmp_path / "secrets" / "tls-key.pem").write_bytes(issued.private_key_pem.bytes())
    path = tmp_path / "huying.toml"
    path.write_text(text)
    return path


def test_the_example_is_good_settings(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.check(example)
    said = capsys.readouterr().out
    assert "Settings are good" in said
    assert "Note" not in said


def test_the_example_is_good_with_all_its_optional_keys_too(example: Path) -> None:
    example.write_text(re.sub(r"^# (?=\w+ = )", "", example.read_text(), flags=re.M))
    command.check(example)


def test_the_example_holds_every_key() -> None:
    text = EXAMPLE.read_text()
    whole: Any = tomllib.loads(re.sub(r"^# (?=\w+ = )", "", text, flags=re.M))
    for key, _, _ in described():
        found = whole
        for part in key.split("."):
            assert part in found, f"{key} is not in the example"
            found = found[part]
    tables = {table["kind"]: table for table in whole["backends"].values()}
    for kind in backends.kinds():
        options = importlib.import_module(f"intake.backends.{kind}").Options
        missing = options.model_fields.keys() - tables[kind].keys()
        assert all(f"`{key}`" in text for key in missing), f"{kind}: {missing}"
    for heading, model in nested():
        table, _, name = heading.strip("[]").partition(".")
        found = whole[table][name]
        entries = found if isinstance(found, list) else [found]
        if name != "off_duty_contacts":  # of the same form as contacts
            assert {key for entry in entries for key in entry} == set(model.model_fields), heading
