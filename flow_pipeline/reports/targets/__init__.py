"""Tables of the published file in other systems: what changed since the last export is written, once.

A table is cut into parts: its days, its months where days are small, or all of it. Each part has a mark, a hash of its
rows and columns. A system keeps the marks of what it holds in the commit that writes the rows, so that a part is
written when its mark is another one, and a process killed anywhere leaves what the next export completes.

What lives here: parts, marks, columns. What must not: how a system is written; that is one file each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Protocol

from flow_pipeline.domain.errors import FlowError, UsageError, one_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.reports.exports import wanted_tables
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.faults import faults_of
from flow_pipeline.warehouse.lake import lake_connection, quoted, text
from flow_pipeline.warehouse.store import PUBLISHED_WAY_OUT, Connection

sql = statements(__package__)

SOURCE = "published"
"""The name under which the published file is attached."""
TARGETS = ("delta", "postgres", "parquet")
UNDATED = "undated"
WHOLE = "all"
GONE = -1
"""The mark of a part that a table no longer has."""
_MARKS = 2**62
Grain = str
"""day, month or all."""
_PART = {
    "day": f"coalesce(block_date::varchar, '{UNDATED}')",
    "month": f"coalesce(strftime(block_date, '%Y-%m'), '{UNDATED}')",
    WHOLE: f"'{WHOLE}'",
}
_CASTS = {
    "JSON": "VARCHAR",
    "UUID": "VARCHAR",
    "TIME": "VARCHAR",
    "INTERVAL": "VARCHAR",
    "UTINYINT": "SMALLINT",
    "USMALLINT": "INTEGER",
    "UINTEGER": "BIGINT",
    "UBIGINT": "DECIMAL(20,0)",
    "HUGEINT": "DECIMAL(38,0)",
    "UHUGEINT": "VARCHAR",
}
"""What other systems have no type for, and the type that holds the same values."""


@dataclass(frozen=True)
class Column:
    """A column as it is exported."""

    name: str
    kind: str
    given: str
    comment: str

    @property
    def value(self) -> str:
        """Its value in the published file, cast where its type is DuckDB's own."""
        name = quoted(self.name)
        return name if self.kind == self.given else f"{name}::{self.kind} as {name}"


@dataclass(frozen=True)
class Table:
    """A relation of the published file: its columns, what it is, how many rows a day it has (None: no days)."""

    name: str
    columns: tuple[Column, ...]
    comment: str
    rows_per_day: float | None

    @property
    def relation(self) -> str:
        """Its name in a statement."""
        return ".".join((SOURCE, *map(quoted, self.name.split("."))))

    def grain(self, settings: Settings) -> Grain:
        """How a system cuts a table that it gets for the first time."""
        if self.rows_per_day is None:
            return WHOLE
        return "day" if self.rows_per_day >= settings.exports.rows_per_day else "month"

    def select(self, grain: Grain, parts: Sequence[str]) -> str:
        """The rows of parts; those of months by day, so that readers pass over files by their days."""
        values = ", ".join(column.value for column in self.columns)
        if grain == WHOLE:
            return f"select {values} from {self.relation}"
        listed = ", ".join(map(text, parts))
        order = " order by block_date" if grain == "month" else ""
        return f"select {values} from {self.relation} where {_PART[grain]} in ({listed}){order}"


@dataclass(frozen=True)
class Change:
    """What an export changes of a table: the marks of all its parts, those to write and those that are gone.

    Attributes:
        table: The table.
        grain: How it is cut.
        marks: Mark per part.
        rows: Rows per part.
        stale: Parts to write.
        gone: Parts that the system holds and the table has no longer.
    """

    table: Table
    grain: Grain
    marks: dict[str, int]
    rows: dict[str, int]
    stale: list[str]
    gone: list[str]

    @property
    def count(self) -> int:
        """Rows of the table."""
        return sum(self.rows.values())

    @property
    def is_news(self) -> bool:
        """True when anything is to be written."""
        return bool(self.stale or self.gone)


class Target(Protocol):
    """A system that holds tables."""

    def shows(self, run_id: str, tables: Sequence[str]) -> bool:
        """True when it holds these tables as a run published them."""

    def grain(self, table: Table) -> Grain:
        """How it cuts a table, or would."""

    def held(self, table: Table, parts: Sequence[str]) -> dict[str, int]:
        """Marks of what it holds of a table: of these parts, and of others."""

    def write(self, change: Change, run_id: str) -> None:
        """Write the parts of a table that changed."""

    def finish(self, changes: Sequence[Change], run_id: str) -> None:
        """Say which run the tables are of."""


@dataclass(frozen=True)
class Exported:
    """What became of a table: its rows, and how many of its parts were written and removed."""

    table: str
    rows: int
    written: int
    removed: int


def export_to(
    settings: Settings,
    kind: str,
    place: str,
    tables: Sequence[str],
    say: Callable[[str, int, int], None] = lambda table, done, of: None,
) -> list[Exported]:
    """Bring tables of the published file to another system; what it holds already is not written again.

    Args:
        settings: Settings in force.
        kind: delta, postgres or parquet.
        place: A folder, s3://bucket/folder, or the address of a database.
        tables: Relations such as marts.fct_daily_netflow; empty for every mart and detection table.
        say: Called with the relation, the tables done and how many there are.

    Returns:
        One per table; empty when the system shows this run already.

    Raises:
        UsageError: an unknown relation or system, nothing is published, or a library is missing.
        FlowError: the system refuses, or holds tables of somebody else under these names.
    """
    opened = _opener(one_of("--to", kind, TARGETS))
    if not settings.published_link.exists():
        raise UsageError(
            f"there is no published warehouse at {settings.published_link}", "run `netraflow analyze INPUT_DIR` first"
        )
    published = settings.published_link.resolve()
    run_id = published.stem.removeprefix("warehouse-")
    extensions = ("postgres_scanner",) if kind == "postgres" else ()
    with faults_of(published, PUBLISHED_WAY_OUT), lake_connection(settings, *extensions) as connection:
        connection.execute(f"attach {text(str(published))} as {SOURCE} (read_only)")
        connection.execute(f"use {SOURCE}")
        wanted = wanted_tables(connection, tables)
        with opened(connection, place, settings) as target:
            if target.shows(run_id, wanted):
                return []
            changes = []
            for done, name in enumerate(wanted):
                say(name, done, len(wanted))
                change = _change(connection, target, _table(connection, name))
                if change.is_news:
                    target.write(change, run_id)
                changes.append(change)
            target.finish(changes, run_id)
    return [Exported(one.table.name, one.count, len(one.stale), len(one.gone)) for one in changes]


def export_after_run(settings: Settings, say: Callable[[str], None] = lambda text: None) -> list[str]:
    """Bring the tables of the settings to the systems that follow each publication; gives what failed, in words.

    The run is published whatever becomes of them, and the next run brings what is missing.
    """
    failures = []
    for kind in TARGETS:
        if place := getattr(settings.exports, kind):
            say(f"write to {kind}")
            try:
                export_to(settings, kind, place, settings.exports.tables)
            except FlowError as error:
                again = f"`netraflow export --to {kind}` does it again"
                failures.append(f"the export to {kind} failed ({error.message}; {error.hint}); {again}")
    return failures


def _opener(kind: str) -> Callable[[Connection, str, Settings], AbstractContextManager[Target]]:
    """How a system is opened; its library is imported with it."""
    if kind == "delta":
        from flow_pipeline.reports.targets.delta import open_delta

        return open_delta
    if kind == "postgres":
        from flow_pipeline.reports.targets.postgres import open_postgres

        return open_postgres
    from flow_pipeline.reports.targets.parquet import open_parquet

    return open_parquet


def _table(connection: Connection, name: str) -> Table:
    schema, _, relation = name.partition(".")
    rows = connection.execute(sql("columns"), {"schema": schema, "relation": relation}).fetchall()
    columns = tuple(Column(column, _kind_of(kind), kind, comment or "") for column, kind, comment, _ in rows)
    table = Table(name, columns, rows[0][3] or "", None)
    if not any(column.name == "block_date" and column.kind == "DATE" for column in columns):
        return table
    counts = connection.execute(f"select count(*), count(distinct block_date) from {table.relation}").fetchone()
    rows, days = counts or (0, 0)
    return Table(name, columns, table.comment, rows / max(days, 1))


def _kind_of(kind: str) -> str:
    """The type under which other systems get a column."""
    return "VARCHAR" if kind.startswith("ENUM") else _CASTS.get(kind, kind)


def _change(connection: Connection, target: Target, table: Table) -> Change:
    grain = target.grain(table)
    names = ", ".join(quoted(column.name) for column in table.columns)
    statement = sql("parts", part=_PART[grain], columns=names, relation=table.relation, marks=str(_MARKS))
    rows = connection.execute(statement).fetchall()
    salt = int(hashlib.sha256(repr(table.columns).encode()).hexdigest()[:15], 16)
    marks = {part: (int(mark) + salt) % _MARKS for part, _, mark in rows}
    if not rows:  # a table without a row is made all the same
        empty = WHOLE if grain == WHOLE else UNDATED
        rows, marks = [(empty, 0, 0)], {empty: salt}
    held = target.held(table, list(marks))
    return Change(
        table,
        grain,
        marks,
        {part: int(count) for part, count, _ in rows},
        [part for part in marks if held.get(part) != marks[part]],
        [part for part, mark in held.items() if part not in marks and mark != GONE],
    )


def first_days(month: str) -> tuple[date, date]:
    """First day of a month `2025-05`, and of the next one."""
    first = date.fromisoformat(f"{month}-01")
    return first, (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def local_or_remote(place: str) -> str:
    """A place as libraries take it: a folder by its absolute path."""
    from flow_pipeline.places import is_object, url_of

    return url_of(place) if is_object(place) else str(Path(place).absolute())
