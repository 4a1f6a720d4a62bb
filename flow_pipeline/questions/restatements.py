"""What a build changes of what is published."""

from __future__ import annotations

from pathlib import Path

from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.rows import Rows, rows
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


def moved_days(connection: Connection, published: Path) -> Rows:
    """Exchange days of a build whose inflow or outflow is not that of the published file.

    Args:
        connection: The build.
        published: The published file; it stays attached as `published`.
    """
    quoted = str(published.resolve()).replace("'", "''")
    connection.execute(f"attach '{quoted}' as published (read_only)")
    return rows(connection, sql("restated_days"))
