"""Figures for Prometheus: what stands in the published file and in the alert ledger when it is asked.

Everything is read at the time of a scrape, so that the process that serves them needs no part in a run. What a batch
run leaves behind as a text file has the same figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from flow_pipeline.alerts.ledger import ledger_file, open_ledger
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.questions.tip import tip_status
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import published_run
from flow_pipeline.warehouse.store import Connection, open_published

# name → (meaning, labels, query of the published file that gives the labels' values and the figure)
_PUBLISHED: dict[str, tuple[str, list[str], str]] = {
    "rows": (
        "Rows of all loads by what became of them",
        ["stage"],
        """
            select unnest(['read', 'loaded', 'duplicate', 'rejected']) as stage,
                unnest([sum(rows_read), sum(rows_loaded), sum(rows_duplicate), sum(rows_rejected)]) from raw.loads
        """,
    ),
    "rejected_rows": (
        "Rejected rows by reason",
        ["reason"],
        "select reason, count(*) from raw.rejects group by reason order by reason",
    ),
    "files_suspected_truncated": (
        "Files that look cut at an API cap or end early",
        [],
        "select count(*) from raw.loads where is_truncation_suspected",
    ),
    "table_rows": (
        "Rows of each published table",
        ["table"],
        """
            select table_name, row_count from ops.publications
            where row_count is not null and run_id = (select max(run_id) from ops.publications) order by table_name
        """,
    ),
    "last_publish_timestamp_seconds": (
        "Time of the last publish, seconds since 1970",
        [],
        "select epoch(arg_max(published_at, run_id)) from ops.publications",
    ),
    "run_duration_seconds": (
        "Duration of the last run that published, from its start to the publish",
        [],
        """
            select greatest(epoch(published_at) - epoch(strptime(left(run_id, 15), '%Y%m%dT%H%M%S')), 0)
            from ops.publications order by run_id desc limit 1
        """,
    ),
    "last_day_timestamp_seconds": (
        "Start of the last day with a transfer, seconds since 1970",
        [],
        "select epoch(max(block_date)) from marts.fct_daily_region_flow",
    ),
    "findings": (
        "Findings by typology and severity; those that only fit a definition are LOW",
        ["typology", "severity"],
        "select typology, severity, count(*) from detection.findings group by all order by all",
    ),
    "netflow_anomalies": (
        "Anomalous netflow days of exchanges and of all by severity",
        ["severity"],
        "select severity, count(*) from detection.netflow_anomalies where scope_type <> 'wallet' "
        "group by all order by all",
    ),
    "outflow_surges": (
        "Outflow surges by severity",
        ["severity"],
        "select severity, count(*) from detection.outflow_surges group by all order by all",
    ),
    "daily_findings": (
        "Findings of daily detectors by detector and severity",
        ["detector", "severity"],
        "select detector, severity, count(*) from detection.daily_findings group by all order by all",
    ),
    "risky_addresses": (
        "Addresses by category of their risk",
        ["category"],
        "select category, count(*) from detection.address_risk group by all order by all",
    ),
    "label_coverage_ratio": (
        "Share of the last day's transfers whose receiver has a label",
        [],
        """
            select coalesce(sum(transfer_count) filter (where entity is not null) / sum(transfer_count), 0)
            from marts.fct_daily_destinations where block_date = $last_day
        """,
    ),
    "expectations_failed": (
        "Expectations of the last audited run that do not hold, by stage and severity",
        ["stage", "severity"],
        """
            select stage, severity, count(*) filter (where not is_success) from ops.audits
            where run_id = (select arg_max(run_id, rowid) from ops.audits) group by all order by all
        """,
    ),
}
# name → (meaning, whether it only grows, key of a source in the status of the tip)
_TIP: dict[str, tuple[str, bool, str]] = {
    "live_lag_blocks": ("Blocks between the head of a chain and the last one taken", False, "lag_blocks"),
    "live_lag_seconds": ("Seconds between the time of the last block or transfer taken and now", False, "lag_seconds"),
    "live_last_block": ("The last block taken", False, "last_block"),
    "live_final_block": ("The last block that can not fall", False, "final"),
    "live_transfers": ("Transfers taken since the process began", True, "transfers"),
    "live_blocks": ("Blocks or messages taken since the process began", True, "blocks"),
    "live_reorganisations": ("Times that blocks fell since the process began", True, "reorganisations"),
    "live_reorganisation_depth": ("Most blocks that fell at once", False, "deepest"),
}
# the same, of the ledger
_LEDGER: dict[str, tuple[str, list[str], str]] = {
    "alerts": (
        "Alerts by kind, severity and status",
        ["rule", "severity", "status"],
        """
            select rule, severity, alert_status(change, part_of, told_at, snoozed_until, acknowledged_at) as status,
                count(*)
            from alerts group by all order by all
        """,
    ),
    "messages_waiting": (
        "Messages that a channel has not taken yet",
        ["channel"],
        "select channel, count(*) filter (where sent_at is null) from messages group by all order by all",
    ),
    "messages_sent": (
        "Messages that a channel has taken",
        ["channel"],
        "select channel, count(*) filter (where sent_at is not null) from messages group by all order by all",
    ),
}


class Figures(Collector):
    """The figures of a data directory. They are read anew when something was published or the ledger was written."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.known: dict[str, tuple[object, list[GaugeMetricFamily]]] = {}

    def collect(self) -> Iterator[Metric]:
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
        yield from self._tip()

    def _tip(self) -> Iterator[Metric]:
        """Figures of a process that follows a chain or a stream; nothing where none ever did."""
        status = tip_status(self.settings)
        if status is None:
            return
        yield _gauge("live_up", "1 while a process follows and is well", float(status["is_following"]))
        for name, (meaning, grows, key) in _TIP.items():
            family = (CounterMetricFamily if grows else GaugeMetricFamily)(
                f"netraflow_{name}", meaning, labels=["source"]
            )
            for source in status["sources"]:
                if source[key] is not None:
                    family.add_metric([source["source"]], float(source[key]))
            yield family
        latency = status["latency"]
        sums = [sum(latency["counts"][: place + 1]) for place in range(len(latency["counts"]))]
        bounds = [*(str(bound) for bound in latency["bounds"]), "+Inf"]
        yield HistogramMetricFamily(
            "netraflow_live_alert_latency_seconds",
            "Seconds between the arrival of a batch and its alert",
            buckets=list(zip(bounds, sums, strict=True)),
            sum_value=latency["sum"],
        )

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


def _family(connection: Connection, name: str, meaning: str, labels: list[str], statement: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"netraflow_{name}", meaning, labels=labels)
    bound = {}
    if "$last_day" in statement:
        # Bound, so that the view reads that day only.
        row = connection.execute("select max(block_date) from marts.fct_daily_region_flow").fetchone()
        bound = {"last_day": row[0] if row else None}
    for *values, figure in connection.execute(statement, bound).fetchall():
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
    """The figures as a file for node_exporter's textfile collector, replaced whole; a device or pipe is written to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        path.write_bytes(generate_latest(registry(settings)))
    else:
        write_to_textfile(str(path), registry(settings))
