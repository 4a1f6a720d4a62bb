"""Answers as they leave the room: rows with the names of their columns, or a dict per row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flow_pipeline.warehouse.store import Connection

Rows = tuple[list[str], list[tuple[Any, ...]]]


def rows(connection: Connection, statement: str, values: Mapping[str, Any] | None = None) -> Rows:
    """Columns and rows of a statement."""
    answer = connection.execute(statement, values)
    return [column[0] for column in answer.description or ()], answer.fetchall()


def records(connection: Connection, statement: str, values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Rows of a statement as dicts."""
    return named(*rows(connection, statement, values))


def named(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows as dicts."""
    return [dict(zip(columns, row, strict=True)) for row in rows]
