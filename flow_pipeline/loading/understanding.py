"""Understanding a file: which format it is, where its rows lie, and how each column reads, before a row of it loads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flow_pipeline.domain.errors import Unreadable
from flow_pipeline.loading.reading import answer_of, has_no_rows, stage, views_of
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources import Source, recognise
from flow_pipeline.sources.evidence import Reading
from flow_pipeline.sources.fields import Plan
from flow_pipeline.sources.files import InputFile, look_at
from flow_pipeline.sources.maps import mapped
from flow_pipeline.sources.tabular import missing
from flow_pipeline.warehouse.store import Connection


@dataclass(frozen=True)
class Understood:
    """A file that can be read.

    Attributes:
        file: Its columns.
        source: The format that knows it.
        rows: Its rows, as they stand after FROM; empty for a page without rows.
        reading: What was decided about its columns, and what the load report must say.
        plan: Its columns as expressions; None for a page without rows.
    """

    file: InputFile
    source: Source | None
    rows: str
    reading: Reading
    plan: Plan | None


def understand(
    connection: Connection,
    path: Path,
    content: Path,
    settings: SourceSettings,
    chain: str,
    is_chain_given: bool,
    format_name: str | None,
) -> Understood | None:
    """How a file reads, with its rows staged; None for a file that holds no data.

    Args:
        connection: A connection that knows the words of sources.
        path: The file.
        content: Its plain bytes.
        settings: How files are read.
        chain: Chain of rows that do not name theirs.
        is_chain_given: True when the user named it.
        format_name: The format that the user named.

    Raises:
        Unreadable: it looks like data, and no format fits, a setting must decide, or it tells of an error instead.
    """
    looked = look_at(path, content)
    if looked is None:
        return None
    views = views_of(connection, looked, settings)
    file, source = _known(views, settings, format_name)
    if source is None:
        if answer := answer_of(connection, looked):
            raise Unreadable(f"{path}: an API's answer without rows: {answer[:200]}", "fetch the page again")
        if has_no_rows(connection, looked):
            reading = Reading(looked, settings, chain, _measure(connection, ""), is_chain_given)
            reading.notes.append("an empty page: no rows")
            return Understood(looked, None, "", reading, None)
        raise _unknown(file, format_name)
    shape = source.shape(file)
    rows = stage(connection, file, settings, shape)
    columns = (*file.columns, *(name for name in shape.computed if name not in file.columns))
    reading = Reading(replace(file, columns=columns), settings, chain, _measure(connection, rows), is_chain_given)
    return Understood(file, source, rows, reading, source.plan(reading))


def _measure(connection: Connection, rows: str) -> Any:
    def measure(expressions: Any, rest: str) -> list[tuple[Any, ...]]:
        return connection.execute(f"select {', '.join(expressions)} from {rows} {rest}").fetchall()

    return measure


def _known(
    views: list[InputFile], settings: SourceSettings, format_name: str | None
) -> tuple[InputFile, Source | None]:
    """The first view that the map or a source knows, the widest one where none does."""
    by_map = mapped(settings)
    for file in views:
        if by_map and by_map.recognise(file):
            return file, by_map
        if (file.columns or file.lists) and recognise(file):
            return file, recognise(file, format_name)
    return max(views, key=lambda view: len(view.columns)), None


def _unknown(file: InputFile, format_name: str | None) -> Unreadable:
    if format_name:
        recognise(file, format_name)
    lacks = missing(file)
    why = f"no column for {', '.join(lacks)} among" if lacks else "no format fits its columns"
    columns = ", ".join(file.columns[:12]) + (" …" if len(file.columns) > 12 else "")
    return Unreadable(
        f"{file.path}: looks like data and can not be read: {why} {columns}",
        "see `netraflow inspect`, name the columns in a map file (--map), or take the file out of the folder",
    )
