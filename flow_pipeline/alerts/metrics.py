"""Figures for Prometheus: what stands in the published file and in the alert ledger when it is asked.

Everything is read at the time of a scrape, so that the process that serves them needs no part in a run. What a batch run leaves behind as a text file
has the same figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from flow_pipeline.alerts.ledger import STATUS, ledger_file, open_ledger
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import published_run
from flow_pipeline.warehouse.store import Connection, open_published

# name → (meaning, labels, query of the published file that gives the labels' values and the figure)
_PUBLISHED: dict[str, tuple[str, list[str], str]] = {
    "rows": (
        "Rows of all loads by what became of them",
        ["stage"],
        "UNPIVOT (SELECT sum(rows_read) AS read, sum(rows_loaded) AS loaded, sum(rows_duplicate) AS duplicate, sum(rows_rejected) AS rejected FROM raw.loads) ON read, loaded, duplicate, rejected",
    ),
    "rejected_rows": (
        "Rejected rows by reason",
        ["reason"],
        "SELECT reason, count(*) FROM raw.rejects GROUP BY reason ORDER BY reason",
    ),
    "files_suspected_truncated": (
        "Files that look cut at an API cap or end early",
        [],
        "SELECT count(*) FROM raw.loads WHERE is_truncation_suspected",
    ),
    "table_rows": (
        "Rows of each published table",
        ["table"],
        "SELECT table_name, row_count FROM ops.publications WHERE row_count IS NOT NULL AND run_id = (SELECT max(run_id) FROM ops.publications) ORDER BY table_name",
    ),
    "last_publish_timestamp_seconds": (
        "Time of the last publish, seconds since 1970",
        [],
        "SELECT epoch(max(published_at)) FROM ops.publications",
    ),
    "run_duration_seconds": (
        "Duration of the last run that published, from its start to the publish",
        [],
        "SELECT epoch(published_at) - epoch(strptime(left(run_id, 15), '%Y%m%dT%H%M%S')) FROM ops.publications ORDER BY run_id DESC LIMIT 1",
    ),
    "last_day_timestamp_seconds": (
        "Start of the last day with a transfer, seconds since 1970",
        [],
        "SELECT epoch(max(block_date)) FROM marts.fct_daily_region_flow",
    ),
    "findings": (
        "Findings by typology and severity; those that only fit a definition are LOW",
        ["typology", "severity"],
        "SELECT typology, severity, count(*) FROM detection.findings GROUP BY ALL ORDER BY ALL",
    ),
    "netflow_anomalies": (
        "Anomalous netflow days by severity",
        ["severity"],
        "SELECT severity, count(*) FROM detection.netflow_anomalies GROUP BY ALL ORDER BY ALL",
    ),
    "outflow_surges": (
        "Outflow surges by severity",
        ["severity"],
        "SELECT severity, count(*) FROM detection.outflow_surges GROUP BY ALL ORDER BY ALL",
    ),
    "risky_addresses": (
        "Addresses by category of their risk",
        ["category"],
        "SELECT category, count(*) FROM detection.address_risk GROUP BY ALL ORDER BY ALL",
    ),
    "label_coverage_ratio": (
        "Share of the last day's transfers whose receiver has a label",
        [],
        "SELECT coalesce(sum(transfer_count) FILTER (WHERE entity IS NOT NULL) / sum(transfer_count), 0) FROM marts.fct_daily_destinations "
        "WHERE block_date = DATE '{last_day}'",
    ),
    "expectations_failed": (
        "Expectations of the last audited run that do not hold, by stage and severity",
        ["stage", "severity"],
        "SELECT stage, severity, count(*) FILTER (WHERE NOT is_success) FROM ops.audits WHERE run_id = (SELECT arg_max(run_id, checked_at) FROM ops.audits) GROUP BY ALL ORDER BY ALL",
    ),
}
# the same, of the ledger
_LEDGER: dict[str, tuple[str, list[str], str]] = {
    "alerts": (
        "Alerts by kind, severity and status",
        ["rule", "severity", "status"],
        f"SELECT rule, severity, {STATUS} AS status, count(*) FROM alerts GROUP BY ALL ORDER BY ALL",
    ),
    "messages_waiting": (
        "Messages that a channel has not taken yet",
        ["channel"],
        "SELECT channel, count(*) FILTER (WHERE sent_at IS NULL) FROM messages GROUP BY ALL ORDER BY ALL",
    ),
    "messages_sent": (
        "Messages that a channel has taken",
        ["channel"],
        "SELECT channel, count(*) FILTER (WHERE sent_at IS NOT NULL) FROM messages GROUP BY ALL ORDER BY ALL",
    ),
}


class Figures(Collector):
    """The figures of a data directory. They are read anew when something was published or the ledger was written."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.known: dict[str, tuple[object, list[GaugeMetricFamily]]] = {}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every figure; `netraflow_up` and `netraflow_ledger_up` say whether the two files could be read."""
        run_id = published_run(self.settings)
        found = self._read("published", run_id, _PUBLISHED, lambda: open_published(self.settings)) if run_id else None
        yield _gauge("up", "1 when a warehouse is published and can be read", float(found is not None))
        yield from found or []
        if found:
            stamp = (
                next(family for family in found if family.name == "netraflow_last_publish_timestamp_seconds")
                .samples[0]
                .value
            )
            yield _gauge("publish_age_seconds", "Time since the last publish", datetime.now(UTC).timestamp() - stamp)
        path = ledger_file(self.settings)
        files = [file.stat().st_mtime_ns for file in (path, path.with_name(path.name + ".wal")) if file.exists()]
        told = self._read("ledger", files, _LEDGER, lambda: open_ledger(self.settings)) if files else None
        yield _gauge("ledger_up", "1 when there is an alert ledger that can be read", float(told is not None))
        yield from told or []

    def _read(
        self,
        source: str,
        mark: object,
        wanted: dict[str, tuple[str, list[str], str]],
        opened: Callable[[], AbstractContextManager[Connection]],
    ) -> list[GaugeMetricFamily] | None:
        if source in self.known and self.known[source][0] == mark:
            return self.known[source][1]
        try:
            with opened() as connection:
                families = [_family(connection, name, *how) for name, how in wanted.items()]
        except FlowError:
            return None
        self.known[source] = (mark, families)
        return families


def _family(connection: Connection, name: str, meaning: str, labels: list[str], sql: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"netraflow_{name}", meaning, labels=labels)
    if "{last_day}" in sql:
        # as a literal, so that the view reads that day only
        row = connection.execute("SELECT max(block_date) FROM marts.fct_daily_region_flow").fetchone()
        sql = sql.replace("{last_day}", str((row and row[0]) or "1970-01-01"))
    for *values, figure in connection.execute(sql).fetchall():
        if figure is not None:
            family.add_metric([str(value) for value in values], float(figure))
    return family


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"netraflow_{name}", meaning, value=value)


def registry(settings: Settings) -> CollectorRegistry:
    """A registry with the figures of a data directory and nothing else."""
    found = CollectorRegistry()
    found.register(Figures(settings))
    return found


def write_textfile(settings: Settings, path: Path) -> None:
    """The figures as a file for node_exporter's textfile collector, replaced whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_to_textfile(str(path), registry(settings))
