"""PLUG ROOM: one file = one input format.

What lives here: what a source is (`Source`); how a file is unwrapped (`containers`) and looked at (`files`); tables
that differ in names only, as rows of `layouts` in the words of `vocabulary`, read by `tabular`; the decisions about
columns and their evidence (`evidence`); the SQL words that every source shares (`fields`). A source says whether it
recognises a file by its content and how its columns read as transfers, transactions or wallet reports; DuckDB does the
reading.
What must not: connections, tables, loading.
Read more: docs/architecture.md, "How to add a source".
"""

from __future__ import annotations

from functools import cache
from typing import Protocol

from flow_pipeline.domain.errors import Unreadable, UsageError
from flow_pipeline.domain.plugs import check_plug, files_of
from flow_pipeline.sources.evidence import Reading
from flow_pipeline.sources.fields import Plan, Shape
from flow_pipeline.sources.files import InputFile
from flow_pipeline.sources.tabular import discover_tables

_SHARED = {"containers", "evidence", "fields", "files", "layouts", "maps", "tabular", "vocabulary"}


class Source(Protocol):
    """One input format.

    `NAME` is the word of `--format` and of raw.loads.format; `EXAMPLE` a minimal file (name, bytes) that the contract
    tests load. A source that reads its files otherwise than before has a `VERSION`: they are read again once. One whose
    files say themselves of which blocks they are whole has `IS_WHOLE`: no end and no count of rows puts them in doubt.
    """

    NAME: str
    SHAPE: str
    EXAMPLE: tuple[str, bytes]

    def recognise(self, file: InputFile) -> int:
        """How surely this is the file's format: 0 not at all; the highest of all sources wins."""

    def shape(self, file: InputFile) -> Shape:
        """How its values become rows."""

    def plan(self, reading: Reading) -> Plan:
        """How the file's columns read, decided from their values; raises Unreadable where a setting must decide."""


@cache
def discover() -> dict[str, Source]:
    """Every source of this room by name; a new file is found without any other edit."""
    found: dict[str, Source] = {**discover_tables()}
    for module in files_of(__name__):
        if module.__name__.rpartition(".")[2] not in _SHARED:
            check_plug(module, "source", Source)
            source: Source = module
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
