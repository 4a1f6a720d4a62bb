"""What the published file holds, in short."""

from __future__ import annotations

from typing import Any

from flow_pipeline.detectors import discover
from flow_pipeline.domain.sql import statements
from flow_pipeline.questions.rows import records
from flow_pipeline.warehouse.store import Connection

sql = statements(__package__)


def overview(connection: Connection) -> dict[str, Any]:
    """Counts, the strongest anomalies, findings by detector, riskiest addresses, destinations of the busiest tokens."""
    truncated = "select typology, found, kept from ops.detections where is_truncated"
    daily = connection.execute("select detector, count(*) from detection.daily_findings group by detector").fetchall()
    return {
        "warehouse": records(connection, sql("overview_counts"))[0],
        "anomalies": records(connection, sql("overview_anomalies")),
        "daily_findings": dict.fromkeys(discover(), 0) | dict(daily),
        "findings": records(connection, sql("overview_findings")),
        "truncated": records(connection, truncated),
        "risks": records(connection, sql("overview_risks")),
        "top_destinations": records(connection, sql("overview_destinations")),
    }


def size(connection: Connection) -> tuple[int, int]:
    """How many transfers and labels there are."""
    row = connection.execute(
        "select (select count(*) from store.transfers), (select count(*) from raw.labels)"
    ).fetchone()
    return (row[0], row[1]) if row else (0, 0)
