"""FastAPI analyses every endpoint's parameters anew for each application: here once a process.

Over a thousand tests make an application each, of the same endpoints; the analysis is a quarter
of a second each time. Only functions of modules are remembered, never the closures of one
application. Should FastAPI rename what is wrapped here, the tests are slower and nothing else.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import routing

WRAPPED = "_build_dependant_with_parameterless_dependencies"


def install() -> None:
    """Remember the analysis of each endpoint for the rest of this process."""
    real = getattr(routing, WRAPPED, None)
    if real is None or hasattr(real, "remembered"):
        return
    remembered: dict[Any, tuple[Any, ...]] = {}

    def build(*, path: str, call: Callable[..., Any], dependencies: Sequence[Any]) -> Any:
        if not (_of_a_module(call) and all(_of_a_module(d.dependency) for d in dependencies)):
            return real(path=path, call=call, dependencies=dependencies)
        key = (path, call, tuple(repr(d) for d in dependencies))
        if key not in remembered:
            remembered[key] = real(path=path, call=call, dependencies=dependencies)
        dependant, *others = remembered[key]
        return copy.copy(dependant), *(copy.copy(other) for other in others)

    build.remembered = remembered  # type: ignore[attr-defined]
    setattr(routing, WRAPPED, build)


def _of_a_module(call: Any) -> bool:
    module = sys.modules.get(getattr(call, "__module__", None) or "")
    return getattr(module, getattr(call, "__qualname__", ""), None) is call
