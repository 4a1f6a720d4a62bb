"""Understanding a file: which format it is, where its rows lie, and how each column reads, before a row of it loads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flow_pipeline.domain.errors import Unreadable
from flow_pipeline.loading.reading import (
    answer_of,
    has_no_rows,
    lost_lists,
    partial_answer,
    stage,
    texts_among,
    views_of,
)
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources import Source, recognise
from flow_pipeline.sources.evidence import Reading, tidy_texts
from flow_pipeline.sources.fields import Plan
from flow_pipeline.sources.files import InputFile, look_at, plain
from flow_pipeline.sources.maps import mapped
from flow_pipeline.sources.tabular import missing
from flow_pipeline.sources.vocabulary import COLUMNS
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
    views = [_with_chain_of_folder(view) for view in views_of(connection, looked, settings)] or [looked]
    file, source = _known(views, settings, format_name)
    if source is None:
        if answer := answer_of(connection, looked):
            raise Unreadable(f"{path}: an API's answer without rows: {answer[:200]}", "fetch the page again")
        if has_no_rows(connection, looked):
            reading = Reading(looked, settings, chain, lambda expressions, rest: [], is_chain_given)
            reading.notes.append("an empty page: no rows")
            return Understood(looked, None, "", reading, None)
        raise _unknown(file, format_name)
    if looked.kind == "json" and (answer := partial_answer(connection)):
        raise Unreadable(f"{path}: an answer with errors beside its rows: {answer[:200]}", "fetch the page again")
    shape = source.shape(file)
    rows = stage(connection, file, settings, shape)
    columns = (*file.columns, *(name for name in shape.computed if name not in file.columns))
    reading = Reading(replace(file, columns=columns), settings, chain, lambda expressions, rest: [], is_chain_given)

    def measure(expressions: Sequence[str], rest: str) -> list[tuple[Any, ...]]:
        select = ", ".join(expressions)
        relation = reading.relation(rows, used_in=f"{select} {rest}")
        return connection.execute(f"select {select} from {relation} {rest}").fetchall()

    reading.measure = measure
    if file.kind != "parquet":
        tidy_texts(reading, texts_among(connection, rows, columns))
    plan = source.plan(reading)
    if file.kind in ("json", "jsonl") and not shape.explode and (lost := lost_lists(connection, file)):
        raise reading.refuse(
            f"its rows hold lists of transfers ({', '.join(lost)}), which one table can not hold",
            "write each list into a file of its own, with the hash and the time of its transaction",
        )
    return Understood(file, source, rows, reading, plan)


def _with_chain_of_folder(file: InputFile) -> InputFile:
    """A file of a Hive-partitioned table with the chain that its folder names: `chain=polygon/part-0.parquet`."""
    names = {plain(name) for name in COLUMNS["chain"]}
    for part in file.path.parts[:-1]:
        name, sign, value = part.partition("=")
        if sign and plain(name) in names and not file.find(name):
            return replace(file, constants={**file.constants, name: value})
    return file


def _known(
    views: list[InputFile], settings: SourceSettings, format_name: str | None
) -> tuple[InputFile, Source | None]:
    """The view that the map knows, else the one that a source knows best, the outermost of equals.

    Raises:
        Unreadable: rows lie in several lists of the file, and one of them would be lost.
    """
    by_map = mapped(settings)
    known: list[tuple[int, InputFile, Source]] = []
    for file in views:
        if by_map and by_map.recognise(file):
            return file, by_map
        if (file.columns or file.lists) and (source := recognise(file)):
            known.append((source.recognise(file), file, source))
    if not known:
        return min(views, key=lambda view: (len(missing(view)), -len(view.columns))), None
    _, file, source = max(known, key=lambda one: one[0])
    has_inner = source.shape(file).explode is not None
    others = [other for _, other, _ in known if other is not file and _would_lose(file, other, has_inner)]
    if others:
        places = ", ".join(_place(one) for one in (file, *others[:5]))
        raise Unreadable(
            f"{file.path}: rows lie in several lists ({places}), and one file is read as one list",
            "write each list into a file of its own, or export the rows themselves",
        )
    return file, recognise(file, format_name) if format_name else source


def _would_lose(file: InputFile, other: InputFile, has_inner: bool) -> bool:
    """True where the rows of another list are not among those of the file: beside it, or inside its rows."""
    if other.steps == file.steps[: len(other.steps)]:
        return False
    is_inside = file.steps == other.steps[: len(file.steps)]
    inner = other.steps[len(file.steps) :]
    return not is_inside or (not has_inner and any(is_list for _, is_list in inner))


def _place(file: InputFile) -> str:
    return "".join(pointer for pointer, _ in file.steps) or "/"


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
