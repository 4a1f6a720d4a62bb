"""What walks over transfers share: addresses that none passes through, transfers by their rows, bounds in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.domain.sql import statements
from flow_pipeline.graph import ROLE_BY_CATEGORY
from flow_pipeline.questions.rows import Records, records
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)

SERVICES = (*ROLE_BY_CATEGORY, "miner")
"""Categories of labels that no walk passes through: what a service pays out is not what somebody paid in."""


def stops_of(connection: Connection, chain: str) -> pa.Array:
    """The addresses of a chain that no walk passes through: services by labels or by what they did, hubs."""
    rows = connection.execute(sql("walk_stops"), {"chain": chain, "services": list(SERVICES)}).fetchall()
    return pa.array([row[0] for row in rows], pa.int32())


def left_out(most: int, what: str, setting: str) -> str:
    """That a bound cut a walk, by which setting."""
    return f"more than {most:,} {what}: the others were left out (explorer.{setting})"


@contextmanager
def lent(connection: Connection, **tables: pa.Table) -> Iterator[None]:
    """Tables as relations of their names, for statements within."""
    for name, table in tables.items():
        connection.register(name, table)
    try:
        yield
    finally:
        for name in tables:
            connection.unregister(name)


def asked_for(
    connection: Connection, rows: pa.Table, places: Sequence[int], statement: str, values: dict[str, Any]
) -> Records:
    """What a statement says of some transfers, which it reads as the relation `asked`; `n` is the row of each.

    Args:
        connection: The published file.
        rows: Transfers, with block_timestamp, load_id and source_row.
        places: Rows of them, at least one.
        statement: It takes $first and $last, the days of these.
        values: What else it takes.
    """
    wanted = rows.take(pa.array(places, pa.int64())).append_column("n", pa.array(places, pa.int64()))
    times = pc.min_max(wanted["block_timestamp"]).as_py()
    with lent(connection, asked=wanted):
        return records(connection, statement, {**values, "first": times["min"].date(), "last": times["max"].date()})
