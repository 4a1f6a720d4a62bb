"""Saved questions, a plug room: one .sql file each, by whose name people ask it.

Its head says what it gives, what it reads, and what it takes: `$name kind = value: meaning`, where kind is text, date,
integer or number, and a parameter without `= value` must be given. What has a verb of its own stands in the verb's
statement, not here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from flow_pipeline.domain.errors import FlowError, UsageError, meant
from flow_pipeline.questions.rows import Rows

_HEAD = re.compile(r"\A((?:--.*\n)+)")
_PART = re.compile(r"^(Gives|Reads|Takes): (.+?)(?=^(?:Gives|Reads|Takes): |\Z)", re.MULTILINE | re.DOTALL)
_PARAMETER = re.compile(
    r"\$(\w+) (text|date|integer|number)( = \S+)?: (.+?)(?= \$\w+ (?:text|date|integer|number)\b|$)"
)
_KINDS: dict[str, tuple[Callable[[str], Any], str]] = {
    "text": (str, "a text"),
    "date": (date.fromisoformat, "a day, YYYY-MM-DD"),
    "integer": (int, "a whole number"),
    "number": (Decimal, "a number"),
}


@dataclass(frozen=True)
class Parameter:
    """A value that a saved question takes: its kind, its meaning, and what holds where it is not given."""

    name: str
    kind: str
    says: str
    default: str | None
    is_required: bool

    def __str__(self) -> str:
        return f"{self.name}={self.kind}" if self.is_required else f"[{self.name}={self.default or self.kind}]"

    def value(self, text: str | None) -> Any:
        """A given text as a value of its kind.

        Raises:
            UsageError: it is none.
        """
        read, wanted = _KINDS[self.kind]
        try:
            return None if text is None else read(text)
        except (ValueError, ArithmeticError):
            raise UsageError(f"parameter {self.name}: {text!r} is not {wanted}", self.says) from None


@dataclass(frozen=True)
class Saved:
    """A saved question: what it gives in a line, its parameters, its SELECT."""

    name: str
    says: str
    parameters: tuple[Parameter, ...]
    statement: str

    @property
    def takes(self) -> str:
        """Its parameters in a line, those in brackets optional."""
        return " ".join(map(str, self.parameters))

    def bound(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Values to bind.

        Raises:
            UsageError: a parameter is missing, unknown, or not of its kind.
        """
        takes = f"{self.name} takes {self.takes or 'no parameter'}"
        known = {parameter.name: parameter for parameter in self.parameters}
        if unknown := sorted(given.keys() - known.keys()):
            raise UsageError(f"{self.name} has no parameter {', '.join(unknown)}", takes)
        if missing := [name for name, one in known.items() if one.is_required and name not in given]:
            raise UsageError(f"{self.name} lacks {', '.join(missing)}", takes)
        return {name: one.value(given.get(name, one.default)) for name, one in known.items()}


@cache
def discover() -> dict[str, Saved]:
    """Every saved question by name."""
    room = sorted(files(__package__ or "").iterdir(), key=lambda file: file.name)
    texts = {file.name.removesuffix(".sql"): file.read_text(encoding="utf-8") for file in room if ".sql" in file.name}
    return {name: read(name, text) for name, text in texts.items()}


def saved(name: str) -> Saved:
    """A saved question by its name.

    Raises:
        UsageError: there is none; what comes near, and all there are.
    """
    known = discover()
    if name not in known:
        raise UsageError(
            f"there is no saved question {name}",
            f"{meant(name, known)}there are {', '.join(known)}; `netraflow sql --saved` says what each gives",
        )
    return known[name]


def listing() -> Rows:
    """Every saved question: name, parameters (those in brackets optional), what it gives."""
    known = [(one.name, one.takes, one.says) for one in discover().values()]
    return Rows(["name", "parameters", "gives"], known, ["VARCHAR"] * 3)


def read(name: str, text: str) -> Saved:
    """A saved question from its file.

    Raises:
        FlowError: its head does not say what it gives, or names other parameters than the SELECT takes.
    """
    head = _HEAD.match(text)
    said = dict(_PART.findall(re.sub(r"(?m)^-- ?", "", head[1]) if head else ""))
    said = {key: " ".join(value.split()) for key, value in said.items()}
    statement = _HEAD.sub("", text)
    parameters = tuple(
        Parameter(name, kind, says, None if default in ("", " = null") else default[3:], not default)
        for name, kind, default, says in _PARAMETER.findall(said.get("Takes", ""))
    )
    taken = set(re.findall(r"\$(\w+)", statement))
    if "Gives" not in said or taken != {parameter.name for parameter in parameters}:
        raise FlowError(
            f"saved question {name}.sql has a head that does not say what it gives, or its parameters {sorted(taken)}",
            "write -- Gives:, -- Reads: and, for each parameter, -- Takes: $name kind = value: meaning",
        )
    return Saved(name, said["Gives"], parameters, statement)
