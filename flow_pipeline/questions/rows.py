"""Answers as they leave the room: rows with the names of their columns, or a dict per row; both know their types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import duckdb

    from flow_pipeline.warehouse.store import Connection

    Answer: TypeAlias = Connection | duckdb.DuckDBPyRelation
    """What holds rows with names and types of columns."""


class Part(NamedTuple):
    """Some rows of an answer: so many, behind the first `after`."""

    limit: int
    after: int = 0


class Rows(tuple[list[str], list[tuple[Any, ...]]]):
    """Names of columns and rows, as a pair; `types` are the engine's types of the columns."""

    types: list[str]

    def __new__(cls, columns: list[str], rows: list[tuple[Any, ...]], types: list[str]) -> Rows:
        """A pair that carries types."""
        pair = super().__new__(cls, (columns, rows))
        pair.types = types
        return pair


class Records(list[dict[str, Any]]):
    """A dict per row; `rows` are the same as they came."""

    def __init__(self, rows: Rows) -> None:
        super().__init__(named(*rows))
        self.rows = rows


def rows(
    connection: Connection, statement: str, values: Mapping[str, Any] | None = None, part: Part | None = None
) -> Rows:
    """Columns and rows of a statement; with `part`, some of them in the statement's order."""
    if part:
        statement = f"{statement}\nlimit $part_limit offset $part_after"
        values = {**(values or {}), "part_limit": part.limit, "part_after": part.after}
    return fetched(connection.execute(statement, values))


def fetched(answer: Answer) -> Rows:
    """Columns and rows of what was asked."""
    columns = answer.description or []
    return Rows([column[0] for column in columns], answer.fetchall(), [str(column[1]) for column in columns])


def records(connection: Connection, statement: str, values: Mapping[str, Any] | None = None) -> Records:
    """Rows of a statement as dicts."""
    return Records(rows(connection, statement, values))


def named(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows as dicts."""
    return [dict(zip(columns, row, strict=True)) for row in rows]


def jsonable(value: Any) -> Any:
    """A value for JSON: exact decimals and times as text."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)
