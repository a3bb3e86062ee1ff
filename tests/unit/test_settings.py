from pathlib import Path

import pytest

from intake.commands.settings import described
from intake.errors import SettingsError
from intake.settings import ROOT, load


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
    with pytest.raises(SettingsError, match="assistant.token_file"):
        load(path, {})


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load(tmp_path / "none.toml", {})


def test_a_contact_that_nobody_could_reach_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "huying.toml"
    path.write_text('[[alarm.contacts]]\nname = "Li"\n')
    with pytest.raises(SettingsError, match="can't be reached"):
        load(path, {})


@pytest.mark.parametrize("page", ["docs/settings.md", "docs/settings.zh.md"])
def test_every_setting_is_documented(page: str) -> None:
    text = (ROOT / page).read_text()
    missing = [key for key, _, _ in described() if f"`{key}`" not in text]
    assert not missing
