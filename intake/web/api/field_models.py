"""Models of the operators' API that have the columns of a request's fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from pydantic import AwareDatetime, BaseModel, Field, create_model

from intake.understanding.fields import Column

Model = TypeVar("Model", bound=BaseModel)


def with_columns(
    columns: Iterable[Column], *, written: bool = False
) -> Callable[[type[Model]], type[Model]]:
    """Decorate a model: it gets the columns that it does not name itself, each may be null.

    ``written``: people send them, so each may be left out, is no longer than its column allows,
    and a time has a zone.
    """

    def add(model: type[Model]) -> type[Model]:
        found: dict[str, Any] = {
            column.name: _written(column) if written else (_or_none(column.type), ...)
            for column in columns
            if column.name not in model.model_fields
        }
        return create_model(
            model.__name__,
            __base__=model,
            __module__=model.__module__,
            __doc__=model.__doc__,
            **found,
        )

    return add


def _written(column: Column) -> tuple[Any, Any]:
    kind = AwareDatetime if column.type is datetime else column.type
    return _or_none(kind), Field(None, max_length=column.length)


def _or_none(kind: Any) -> Any:
    return kind | None
