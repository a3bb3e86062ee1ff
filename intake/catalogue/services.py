"""The service catalogue: what residents can ask for, read from ``data/services/``.

One file is one category, named ``<code>.yml``; ``_intents.yml`` lists what a message can be besides
a request. Nothing else in the project lists categories: a new file, with its training sentences
under ``examples``, is a new category.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic import model_validator as validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from intake.errors import SettingsError
from intake.understanding.fields import AskedName

INTENTS_FILE = "_intents.yml"
CODE = r"^[a-z][a-z0-9_]*$"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


_Model = TypeVar("_Model", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Both(_Strict):
    """The same sentence in both languages."""

    zh: Text
    en: Text

    def in_language(self, language: str) -> str:
        """English for ``en``, Chinese for everything else."""
        return self.en if language == "en" else self.zh


class Category(_Strict):
    """One kind of service.

    ``field``: the field of service it is counted under. ``deadline_minutes``: from the moment the
    message was left until somebody has answered; ``deadline_source``: the norm or the reason.
    ``at_least``: how urgent a request of this kind is whatever its words say.
    ``required``: what must be known before it can be routed. ``remote``: help by phone or in
    writing suffices, so that no place is needed if the resident can be reached. ``arranged``:
    somebody comes at an agreed time; otherwise a time in the message is when something happened.
    ``questions``: the question for each field, in the order of asking.
    ``routing_hint``: the kind of team that does this work.
    ``examples``: training sentences, where ``data/nlu/<code>.yml`` holds none or not enough.
    """

    code: Annotated[str, StringConstraints(pattern=CODE)]
    name: Both
    description: Both
    field: Text
    urgency: Literal["normal", "urgent"]
    at_least: Literal["normal", "urgent"] = "normal"
    deadline_minutes: Annotated[int, Field(gt=0, le=60 * 24 * 31)]
    deadline_source: Text
    required: tuple[AskedName, ...] = ()
    remote: bool = False
    arranged: bool = True
    questions: Mapping[AskedName, Both]
    routing_hint: Text
    examples: tuple[Text, ...] = ()

    @validator(mode="after")
    def _every_required_field_has_a_question(self) -> Category:
        for name in self.required:
            if name not in self.questions:
                raise ValueError(f"questions: no question for the required field {name!r}")
        return self

    @property
    def name_zh(self) -> str:
        return self.name.zh

    @property
    def name_en(self) -> str:
        return self.name.en


class Intent(_Strict):
    """What a message can be besides a request for a service; ``arranged`` as in `Category`."""

    name: Both
    description: Both
    arranged: bool = False


class _Intents(_Strict):
    intents: Mapping[Annotated[str, StringConstraints(pattern=CODE)], Intent]


@dataclass(frozen=True)
class Catalogue:
    """``entries``: code → service category. ``intents``: code → what else a message can be."""

    entries: Mapping[str, Category]
    intents: Mapping[str, Intent]

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The codes of all service categories, in alphabetical order."""
        return tuple(self.entries)

    @cached_property
    def unarranged(self) -> frozenset[str]:
        """The codes, of services and of intents, for which nobody comes at an agreed time."""
        services = {code for code, entry in self.entries.items() if not entry.arranged}
        return frozenset(services | {code for code, i in self.intents.items() if not i.arranged})

    def get(self, code: str) -> Category:
        """The service category. Raises KeyError when there is none."""
        return self.entries[code]

    def is_service(self, code: str) -> bool:
        """Is it a service category (and not, say, a greeting)?"""
        return code in self.entries

    def name(self, code: str, language: str) -> str:
        """The name of a category or intent; the code itself if it is unknown."""
        known = self.entries.get(code) or self.intents.get(code)
        return known.name.in_language(language) if known else code


def load_catalogue(folder: Path) -> Catalogue:
    """Read every file of `folder`. Raises SettingsError that names the file and the key."""
    entries: dict[str, Category] = {}
    for path in sorted(folder.glob("[!_]*.yml")):
        category = _read(path, Category)
        if category.code != path.stem:
            raise SettingsError(f"{path}: code: is {category.code!r}, must be {path.stem!r}")
        entries[category.code] = category
    if not entries:
        raise SettingsError(f"{folder}: no service category here; each is one <code>.yml")
    path = folder / INTENTS_FILE
    intents = _read(path, _Intents).intents
    if both := sorted(intents.keys() & entries.keys()):
        raise SettingsError(f"{path}: intents.{both[0]}: is a service category too")
    return Catalogue(MappingProxyType(entries), MappingProxyType(dict(intents)))


def _read(path: Path, model: type[_Model]) -> _Model:
    try:
        return model.model_validate(_parse(path.read_text("utf-8")))
    except OSError as error:
        raise SettingsError(f"{path}: can't be read ({error.strerror})") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the whole file"
        raise SettingsError(f"{path}: {key}: {first['msg']}") from None


@lru_cache(maxsize=256)
def _parse(content: str) -> Any:
    """The YAML of one file, parsed once for each content; nobody may change what it returns."""
    return YAML(typ="safe", pure=True).load(content)
