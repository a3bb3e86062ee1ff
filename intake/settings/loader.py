"""Reads the settings from the file and the environment, and checks them."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from intake.errors import SettingsError
from intake.settings.settings import Settings


def settings_file(env: Mapping[str, str] | None = None) -> Path:
    """The file that `load` reads: ``HUYING_SETTINGS`` or ``<home>/huying.toml``."""
    env = os.environ if env is None else env
    named = env.get("HUYING_SETTINGS")
    return Path(named) if named else Path(env.get("HUYING_HOME", "var")) / "huying.toml"


def load(path: Path | None = None, env: Mapping[str, str] | None = None) -> Settings:
    """Read and check all settings; raise `SettingsError` that names every bad key.

    A named file must exist; the default one may be missing. Relative paths in the file
    count from the file's folder.
    """
    env = os.environ if env is None else env
    named = path is not None or "HUYING_SETTINGS" in env
    path = path or settings_file(env)
    table: dict[str, Any] = {}
    if path.exists():
        try:
            table = tomllib.loads(path.read_text())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: not valid TOML: {error}") from None
        table = _anchor(table, path.resolve().parent)
    elif named:
        raise SettingsError(f"{path}: no such file; make it, or leave HUYING_SETTINGS unset.")
    try:
        settings = Settings.model_validate(_merge(table, _environment(env)))
    except ValidationError as error:
        raise SettingsError("\n".join(map(_explain, error.errors()))) from None
    if settings.database_url is None and settings.database_url_file is not None:
        url = settings.database_url_file.read_text().strip()
        settings = settings.model_copy(update={"database_url": url})
    return settings


def _environment(env: Mapping[str, str]) -> dict[str, Any]:
    """``HUYING_A__B=x`` → ``{"a": {"b": x}}``; JSON where it parses as a list, table or number."""
    known = set(Settings.model_fields)
    out: dict[str, Any] = {}
    for key, raw in env.items():
        if not key.startswith("HUYING_"):
            continue
        path = key.removeprefix("HUYING_").lower().split("__")
        if path[0] not in known:
            continue
        value: Any = raw
        if raw[:1] in "[{":
            try:
                value = json.loads(raw)
            except ValueError:
                raise SettingsError(f"{key}: not valid JSON; quote it as TOML or JSON.") from None
        node = out
        for part in path[:-1]:
            node = node.setdefault(part, {})
        node[path[-1]] = value
    return out


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged


_PATH_KEYS = {"home", "places", "models", "ca_file"}


def _anchor(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            out[key] = _anchor(value, folder)
        elif isinstance(value, list):
            out[key] = [_anchor(v, folder) if isinstance(v, dict) else v for v in value]
        elif isinstance(value, str) and (key in _PATH_KEYS or key.endswith("_file")):
            out[key] = str(folder / Path(value).expanduser())
        else:
            out[key] = value
    return out


def _explain(error: Any) -> str:
    where = ".".join(map(str, error["loc"])) or "settings"
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key; `huying settings list` shows all that exist."
    return f"{where}: {error['msg'].removeprefix('Value error, ')}."
