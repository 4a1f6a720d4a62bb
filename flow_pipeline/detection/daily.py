"""Running detectors on the build file: fetch what they read, store what they return."""

from __future__ import annotations

import duckdb

from flow_pipeline.detectors import Detector, discover
from flow_pipeline.detectors.daily import FINDINGS, parameters_of
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.stages import begin_part, finish_part
from flow_pipeline.warehouse.store import Connection, transaction


def run_detector(connection: Connection, detector: Detector, settings: Settings) -> dict[str, int]:
    """Replace the tables of one detector and its rows in detection.daily_findings.

    Returns:
        Row count per table of its own, and under `daily_findings` its rows there.

    Raises:
        FlowError: its READS can not be asked, or it returns other tables than it says.
    """
    begin_part(connection, detector.NAME)
    try:
        series = connection.execute(detector.READS).to_arrow_table()
    except duckdb.ProgrammingError as error:
        raise FlowError(
            f"daily detector {detector.NAME}: its READS can not be asked: {str(error).splitlines()[0]}",
            "`netraflow sql` asks the same tables",
        ) from None
    tables = detector.detect(series, settings.anomalies, parameters_of(detector.NAME, settings.anomalies))
    if missing := [name for name in (*detector.WRITES, FINDINGS) if name not in tables]:
        raise FlowError(
            f"daily detector {detector.NAME}: detect returns no {', '.join(missing)}",
            f"it returns {FINDINGS} and each table of its WRITES",
        )
    with transaction(connection):
        for name in detector.WRITES:
            connection.register("incoming", tables[name])
            connection.execute(f"delete from detection.{name}")
            connection.execute(f"insert into detection.{name} by name select * from incoming")
            connection.unregister("incoming")
        # Rows of a detector that is gone go with the next one that runs.
        connection.execute(
            "delete from detection.daily_findings "
            "where detector = $name or not list_contains($known::varchar[], detector)",
            {"name": detector.NAME, "known": list(discover())},
        )
        connection.register("incoming", tables[FINDINGS])
        connection.execute(
            "insert into detection.daily_findings by name select $name as detector, $version as detector_version, * "
            "from incoming",
            {"name": detector.NAME, "version": detector.VERSION},
        )
        connection.unregister("incoming")
    finish_part(connection, detector.NAME)
    return {name: len(tables[name]) for name in (*detector.WRITES, FINDINGS)}


def run_all(connection: Connection, settings: Settings) -> dict[str, int]:
    """Every detector of the room, one after the other; row counts per table."""
    counts: dict[str, int] = {FINDINGS: 0}
    for detector in discover().values():
        written = run_detector(connection, detector, settings)
        counts |= {**written, FINDINGS: counts[FINDINGS] + written[FINDINGS]}
    return counts
