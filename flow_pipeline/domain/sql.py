"""Statements of a room: one .sql file each, in the room's `sql` folder.

A file begins with comments that say what the statement gives, what it reads and what it takes. Values stand in it as
`$value` and are bound by the engine; `${name}` is an identifier or a list of columns that the caller puts in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files

PLACE = re.compile(r"\$\{(\w+)\}")


_HEAD = re.compile(r"\A(?:--.*\n)+")


@cache
def _text(package: str, name: str) -> str:
    """A statement without its head, which names the places that are filled in."""
    return _HEAD.sub("", files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8"))


def statements(package: str | None) -> Callable[..., str]:
    """The statements of a package, as a function from a file's name and its identifiers to the text.

    Args:
        package: `__package__` of the caller.
    """

    def statement(name: str, /, **names: str) -> str:
        text = _text(package or "", name)
        places = set(PLACE.findall(text))
        if places != names.keys():
            raise KeyError(f"{package}/sql/{name}.sql takes {sorted(places)}, not {sorted(names)}")
        return PLACE.sub(lambda found: names[found[1]], text) if places else text

    return statement
