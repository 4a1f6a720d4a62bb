"""Plug rooms: a file is found by being there, and refused by name when it lacks what its kind must have."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from inspect import isfunction
from types import ModuleType
from typing import Any, ClassVar, Literal, get_args, get_origin, get_type_hints

from flow_pipeline.domain.errors import FlowError


def files_of(package: str) -> Iterator[ModuleType]:
    """Every file of a room, by name."""
    room = importlib.import_module(package)
    for module in pkgutil.iter_modules(room.__path__):
        yield importlib.import_module(f"{package}.{module.name}")


def check_plug(module: ModuleType, kind: str, protocol: type) -> None:
    """Refuse a file that is not all that its kind must be.

    Args:
        module: The file.
        kind: The word for what it is meant to be.
        protocol: Its annotations are the values that the file must have, its functions the functions.

    Raises:
        FlowError: names the file and the attribute that is missing or not of its type.
    """
    values, functions = get_type_hints(protocol), _functions(protocol)
    trouble = _trouble(module, values, functions)
    if trouble:
        raise FlowError(
            f"{module.__file__} is no {kind}: {trouble}",
            f"a {kind} has {', '.join([*values, *functions])}; docs/architecture.md says what they are",
        )


def _functions(protocol: type) -> list[str]:
    return [name for name, value in vars(protocol).items() if isfunction(value) and not name.startswith("_")]


def _trouble(module: ModuleType, values: dict[str, Any], functions: list[str]) -> str | None:
    missing = [name for name in (*values, *functions) if not hasattr(module, name)]
    if missing:
        return f"it has no {', '.join(missing)}"
    for name, wanted in values.items():
        value = getattr(module, name)
        kind = get_args(wanted)[0] if get_origin(wanted) is ClassVar else wanted
        if get_origin(kind) is Literal:
            if value not in get_args(kind):
                return f"its {name} {value!r} is not one of {', '.join(map(str, get_args(kind)))}"
        else:
            of = get_origin(kind) or kind
            if not isinstance(value, (int, float) if of is float else of):
                return f"its {name} {value!r} is not of type {of.__name__}"
    for name in functions:
        if not callable(getattr(module, name)):
            return f"its {name} is no function"
    if module.__name__.rpartition(".")[2] != module.NAME.replace("-", "_"):
        return f"its NAME {module.NAME!r} is not the file's"
    return None
