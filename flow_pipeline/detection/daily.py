"""Running detectors on the build file: fetch what they read, store what they return."""

from __future__ import annotations

from flow_pipeline.detectors import Detector, discover
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import Connection, transaction


def run_detector(connection: Connection, detector: Detector, settings: Settings) -> dict[str, int]:
    """Replace the tables of one detector.

    Returns:
        Row count per table written.
    """
    tables = detector.detect(connection.execute(detector.READS).to_arrow_table(), settings.anomalies)
    with transaction(connection):
        for name, rows in tables.items():
            connection.register("incoming", rows)
            connection.execute(f"delete from detection.{name}")
            connection.execute(f"insert into detection.{name} by name select * from incoming")
            connection.unregister("incoming")
    return {name: len(rows) for name, rows in tables.items()}


def run_all(connection: Connection, settings: Settings) -> dict[str, int]:
    """Every detector of the room, one after the other."""
    counts: dict[str, int] = {}
    for detector in discover().values():
        counts |= run_detector(connection, detector, settings)
    return counts
