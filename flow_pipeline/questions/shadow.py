"""What another set of rules found in a copy of the build file, beside what is published."""

from __future__ import annotations

from pathlib import Path

from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.rows import Rows, rows
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


def changed_findings(connection: Connection, published: Path, examples: int) -> tuple[Rows, Rows]:
    """Counts per kind of finding: in force, here, new, gone, moved; and the rarest findings of each kind and change.

    Args:
        connection: The copy.
        published: The file in force.
        examples: Findings given per kind and change.
    """
    in_force = str(published.resolve()).replace("'", "''")
    connection.execute(f"attach '{in_force}' as force (read_only)")
    connection.register("shadow_changes", connection.execute(sql("shadow_changes")).to_arrow_table())
    return rows(connection, sql("shadow_counts")), rows(connection, sql("shadow_examples"), {"examples": examples})
