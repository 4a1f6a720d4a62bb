"""What publications moved of days that had been published before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from flow_pipeline.warehouse.store import Connection


def keep_restatement(
    connection: Connection, labels: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Keep rows that moved in ops.restatements, with the label sets that moved them."""
    now = datetime.now(UTC).replace(tzinfo=None)
    marks = ", ".join("?" * (len(columns) + 2))
    connection.executemany(
        f"insert into ops.restatements (restated_at, labels, {', '.join(columns)}) values ({marks})",
        [[now, labels, *row] for row in rows],
    )
