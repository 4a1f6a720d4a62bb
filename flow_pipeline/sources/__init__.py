"""PLUG ROOM: one file = one input format.

What lives here: what a source is (`Source`), how a file is opened and looked at (`files`), and the SQL words that every
source shares (`fields`). A source says whether it recognises a file by its content and how its columns read as
transfers, transactions or wallet reports; DuckDB does the reading. What must not: connections, tables, loading.
Read more: docs/architecture.md, "How to add a source".
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Protocol

from flow_pipeline.domain.errors import Unreadable, UsageError
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources.fields import Plan
from flow_pipeline.sources.files import InputFile

_SHARED = {"fields", "files"}


class Source(Protocol):
    """One input format.

    `NAME` is the word of `--format` and of raw.loads.format; `EXAMPLE` a minimal file (name, bytes) that the contract
    tests load.
    """

    NAME: str
    SHAPE: str
    EXAMPLE: tuple[str, bytes]

    def recognise(self, file: InputFile) -> int:
        """How surely this is the file's format: 0 not at all; the highest of all sources wins."""

    def plan(self, file: InputFile, settings: SourceSettings, chain: str) -> Plan:
        """How the file's columns read; raises Unreadable when a setting it needs is missing."""


@cache
def discover() -> dict[str, Source]:
    """Every source of this room by name; a new file is found without any other edit."""
    found: dict[str, Source] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name not in _SHARED:
            source: Source = importlib.import_module(f"{__name__}.{module.name}")
            found[source.NAME] = source
    return found


def recognise(file: InputFile, override: str | None = None) -> Source | None:
    """The source of a file, by content; None when nothing fits.

    Args:
        file: The opened file.
        override: The name given with `--format`.

    Raises:
        UsageError: an unknown `--format`, or two sources that fit equally well.
        Unreadable: the format given does not fit the columns.
    """
    sources = discover()
    if override:
        if override not in sources:
            raise UsageError(
                f"--format {override}: there is no such format", f"choose one of {', '.join(sorted(sources))}"
            )
        if sources[override].recognise(file) == 0:
            raise Unreadable(
                f"{file.path}: its columns ({', '.join(file.columns[:8])}) are not those of --format {override}",
                "see `netraflow formats`",
            )
        return sources[override]
    ranked = sorted(((source.recognise(file), name) for name, source in sources.items()), reverse=True)
    best, runner_up = ranked[0], ranked[1]
    if best[0] == 0:
        return None
    if best[0] == runner_up[0]:
        raise UsageError(f"{file.path}: looks like both {best[1]} and {runner_up[1]}", "say which with --format")
    return sources[best[1]]
