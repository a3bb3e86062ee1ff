"""The base class of all settings tables, and the type of secret files."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

VERSION = metadata.version("huying")
"""This release, as the installed package names it."""
ROOT = Path(__file__).resolve().parents[2]

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def _secret_file(path: Path | None) -> Path | None:
    if path is None:
        return None
    try:
        text = path.read_text().strip()
    except OSError as error:
        raise ValueError(
            f"the file can't be read ({error.strerror}); make it or mend the path"
        ) from None
    if not text:
        raise ValueError("the file is empty; write the secret into it")
    return path


SecretFile = Annotated[Path | None, AfterValidator(_secret_file)]


class Table(BaseModel):
    """A table of settings: unknown keys are errors, and values can't be changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
