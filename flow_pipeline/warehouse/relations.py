"""Temp relations that more than one file of a stage reads: what they hold, and their end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flow_pipeline.warehouse.store import Connection


@dataclass(frozen=True)
class Relation:
    """A temp table or view that crosses files: its name, its columns in order, "One row per …"."""

    name: str
    columns: tuple[str, ...]
    description: str
    is_view: bool = False


@contextmanager
def dropped_after(connection: Connection, *relations: Relation) -> Iterator[None]:
    """The stage that makes temp relations drops them, also when it fails."""
    try:
        yield
    finally:
        for relation in relations:
            connection.execute(f"drop {'view' if relation.is_view else 'table'} if exists temp.{relation.name}")
