"""The daily and the weekly report: one HTML page that opens anywhere and one Markdown file with the same content, charts as PNG and SVG beside them.

Every number comes from a query that stands on the page and can be run again on the published file. Charts are SVG inside the page: no script, no
request, a tenth of an interactive page, and they print.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from flow_pipeline import __version__
from flow_pipeline.domain.errors import UsageError
from flow_pipeline.questions.queries import top_days
from flow_pipeline.reports import charts
from flow_pipeline.reports.exports import write_whole
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.publish import published_run
from flow_pipeline.warehouse.store import Connection, open_published

Kind = Literal["daily", "weekly"]
DAYS = {"daily": 1, "weekly": 7}
_NARROW = 330
_MARK = ".published"


@dataclass(frozen=True)
class Number:
    """A number of a sentence and the query that gives it."""

    value: Any
    query: str


@dataclass(frozen=True)
class Table:
    """Rows of a query; `total` counts what the query gives in all when the page shows fewer."""

    query: str
    title: str
    columns: list[str]
    rows: list[tuple[Any, ...]]
    total: int


@dataclass(frozen=True)
class Picture:
    """A chart: its file name, caption, and SVG for wide and (where it differs) narrow pages. `fixed` ones keep their own light paper."""

    name: str
    title: str
    wide: str
    narrow: str = ""
    fixed: bool = False
    query: str = ""


@dataclass
class Part:
    """A part of the report."""

    key: str
    title: str
    words: list[list[str | Number]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    grid: list[Picture] = field(default_factory=list)
    findings: list[tuple[str, Picture, Table]] = field(default_factory=list)


class _Builder:
    """Asks the published file and keeps every query that was asked."""

    def __init__(self, connection: Connection, settings: Settings, kind: Kind, last: date, files: Path) -> None:
        self.connection, self.settings, self.last, self.files = connection, settings, last, files
        self.first = last - timedelta(days=DAYS[kind] - 1)
        self.window = f"BETWEEN DATE '{self.first}' AND DATE '{self.last}'"
        self.said = f"on {last}" if kind == "daily" else f"from {self.first} to {last}"
        self.queries: dict[str, tuple[str, str]] = {}

    def table(self, key: str, title: str, sql: str, most: int | None = None) -> Table:
        """A query's first rows."""
        _, sql = self.queries[key] = title, _flush(sql)
        found = self.connection.execute(sql)
        columns = [column[0] for column in found.description or ()]
        rows = found.fetchall()
        return Table(key, title, columns, rows[: most or self.settings.reports.rows], len(rows))

    def numbers(self, key: str, title: str, sql: str) -> dict[str, Any]:
        """The one row of a query."""
        found = self.table(key, title, sql)
        return dict(zip(found.columns, found.rows[0], strict=True))

    def series(self, key: str, title: str, scope_type: str, most: int) -> list[pd.DataFrame]:
        """Daily series with their bands, one frame each, over the days that charts show."""
        reports = self.settings.reports
        _, sql = self.queries[key] = (
            title,
            _flush(
                charts.series_query(
                    self.settings.anomalies.trailing_threshold, scope_type, most, self.last, reports.days
                )
            ),
        )
        return [frame for _, frame in self.connection.execute(sql).df().groupby("place")]

    def picture(
        self,
        name: str,
        chart: Any,
        title: str,
        query: str = "",
        sizes: tuple[int | None, int | None] = (None, None),
        narrow: bool = True,
    ) -> Picture:
        """A chart for the page, and as PNG and SVG in the report's folder. Without `narrow` one size serves every page."""
        drawn = charts.svg(chart)
        (self.files / f"{name}.svg").write_text(drawn, encoding="utf-8")
        (self.files / f"{name}.png").write_bytes(charts.png(drawn))
        wide = charts.embedded(chart, name, *sizes)
        return Picture(
            name, title, wide, charts.embedded(chart, f"{name}-n", _NARROW - 60, 180) if narrow else "", query=query
        )


def write_report(
    settings: Settings,
    kind: Kind,
    day: date | None = None,
    token: str | None = None,
    folder: Path | None = None,
    now: datetime | None = None,
) -> list[Path]:
    """Write a report of the published file: HTML, Markdown, charts, and the LPT study's top-K files.

    Args:
        settings: Settings in force.
        kind: daily, or weekly for the seven days up to the day.
        day: Its last day; else the last day built.
        token: Token of the top-K files, symbol or contract; else the most active one.
        folder: Where it goes; else `<data dir>/reports`.
        now: Time it is made; else the present.

    Returns:
        The page, the Markdown file and the folder of charts and top-K files.

    Raises:
        UsageError: nothing is published, or the day is not built.
    """
    target = folder or settings.reports_dir
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    with open_published(settings) as connection:
        row = connection.execute("SELECT min(block_date), max(block_date) FROM marts.fct_daily_region_flow").fetchone()
        first, last = row or (None, None)
        if first is None:
            raise UsageError("there is no transfer to report on", "load some: `netraflow analyze INPUT_DIR`")
        chosen = day or last
        if not first <= chosen <= last:
            raise UsageError(f"--day {chosen}: that day is not built", f"choose one from {first} to {last}")
        name = f"{kind}-{chosen}"
        target.mkdir(parents=True, exist_ok=True)
        files = target / f".{name}.incoming"
        shutil.rmtree(files, ignore_errors=True)
        files.mkdir()
        try:
            builder = _Builder(connection, settings, kind, chosen, files)
            state = connection.execute(
                _STATE.format(
                    window=f"BETWEEN DATE '{chosen - timedelta(days=settings.reports.days - 1)}' AND DATE '{chosen}'"
                )
            ).to_arrow_table()
            before = _last_state(target, kind, name, published_run(settings) or "")
            parts = list(_parts(builder, kind, state, before))
            _top_files(connection, settings, token, files)
            pq.write_table(
                state.replace_schema_metadata({"run_id": published_run(settings) or "", "made_at": moment.isoformat()}),
                files / "state.parquet",
            )
            values = {
                "kind": kind, "said": builder.said, "parts": parts, "queries": builder.queries, "made_at": moment.strftime("%Y-%m-%d %H:%M UTC"), "name": name,
                "run_id": published_run(settings), "version": __version__, "data_days": (first, last),
            }  # fmt: skip
            page, text = _render("report.html.j2", values), _render("report.md.j2", values)
            charts_folder = target / name
            shutil.rmtree(charts_folder, ignore_errors=True)
            files.replace(charts_folder)
        finally:
            shutil.rmtree(files, ignore_errors=True)
    written = [
        write_whole(target / f"{name}.{kind_of_file}", partial(_text, content))
        for kind_of_file, content in (("html", page), ("md", text))
    ]
    return [*written, charts_folder]


_STATE = """
SELECT block_date, chain, coalesce(token_symbol, '') AS token_symbol, coalesce(token_address, '') AS token_address, exchange, netflow
FROM marts.fct_daily_exchange_netflow WHERE block_date {window} AND inflow_count + outflow_count > 0
"""

_REVISED = """
SELECT block_date, chain, coalesce(nullif(token_symbol, ''), token_address) AS token, exchange, b.netflow AS netflow_before, s.netflow AS netflow_now
FROM state s FULL JOIN state_before b USING (block_date, chain, token_symbol, token_address, exchange)
WHERE s.netflow IS DISTINCT FROM b.netflow AND block_date BETWEEN (SELECT min(block_date) FROM state) AND (SELECT max(block_date) FROM state_before)
ORDER BY abs(coalesce(s.netflow, 0)::DOUBLE - coalesce(b.netflow, 0)::DOUBLE) DESC, block_date, exchange, token
"""


def _flush(sql: str) -> str:
    return "\n".join(line.strip() for line in sql.strip().splitlines())


def _parts(b: _Builder, kind: Kind, state: pa.Table, before: pa.Table | None) -> Iterator[Part]:
    yield _headline(b)
    yield _changes(b, state, before)
    yield _netflow(b)
    yield _anomalies(b)
    yield _findings(b)
    yield _flows(b)
    yield _risk(b)
    yield _smart_money(b)
    yield _destinations(b)
    yield _regions(b)
    if kind == "weekly":
        yield _weeks(b)
    yield _alerts(b)
    yield _quality(b)


def _headline(b: _Builder) -> Part:
    seen = b.numbers(
        "transfers",
        "Transfers",
        f"""
        SELECT sum(transfer_count)::BIGINT AS transfers, count(DISTINCT (chain, token_symbol, token_address)) AS tokens, sum(amount_usd) AS usd
        FROM marts.fct_daily_region_flow WHERE block_date {b.window}""",
    )
    worth: list[str | Number] = (
        ["; those with a price were worth ", Number(seen["usd"], "transfers"), " USD."] if seen["usd"] else ["."]
    )
    words: list[list[str | Number]] = [
        [
            Number(seen["transfers"], "transfers"),
            " transfers of ",
            Number(seen["tokens"], "transfers"),
            f" tokens moved {b.said}",
            *worth,
        ]
    ]
    totals = b.table(
        "totals",
        "All exchanges together",
        f"""
        SELECT coalesce(token_symbol, token_address) AS token, chain, sum(netflow) AS netflow, sum(inflow) AS inflow, sum(outflow) AS outflow, sum(netflow_usd) AS netflow_usd
        FROM marts.fct_daily_netflow WHERE block_date {b.window}
        GROUP BY ALL HAVING sum(inflow_count + outflow_count) > 0 ORDER BY sum(inflow_count + outflow_count) DESC, token""",
    )
    for row in totals.rows[:3]:
        way = "gained" if row[2] >= 0 else "lost"
        words.append(
            [
                f"Exchanges {way} ",
                Number(abs(row[2]), "totals"),
                f" {row[0]} net: ",
                Number(row[3], "totals"),
                " came in, ",
                Number(row[4], "totals"),
                " went out.",
            ]
        )
    found = b.numbers(
        "counts",
        "What was found",
        f"""
        SELECT (SELECT count(*) FROM detection.netflow_anomalies WHERE block_date {b.window}) AS anomalies,
        (SELECT count(*) FROM detection.outflow_surges WHERE block_date {b.window}) AS surges,
        (SELECT count(*) FROM detection.findings WHERE is_suspicious AND block_date {b.window}) AS findings,
        (SELECT count(*) FROM detection.address_risk WHERE category IN ('HIGH', 'CRITICAL')) AS risky""",
    )
    words.append(
        [
            Number(found["anomalies"], "counts"), " netflow anomalies, ", Number(found["surges"], "counts"), " outflow surges and ", Number(found["findings"], "counts"),
            " suspicious findings; ", Number(found["risky"], "counts"), " addresses carry a high or critical risk over all days.",
        ]
    )  # fmt: skip
    return Part("headline", "In short", words, [totals])


def _changes(b: _Builder, state: pa.Table, before: pa.Table | None) -> Part:
    words: list[list[str | Number]] = []
    tables = []
    if before is None:
        words.append(["This is the first report of its kind here: there is nothing to compare it with."])
    else:
        # Days that one of the two states does not reach are not revised.
        b.connection.register("state", state)
        b.connection.register("state_before", before)
        found = b.connection.execute(_REVISED)
        columns = [column[0] for column in found.description or ()]
        rows = found.fetchall()
        metadata = {key.decode(): value.decode() for key, value in (before.schema.metadata or {}).items()}
        since = metadata.get("made_at", "")[:16].replace("T", " ")
        words.append(
            [
                f"Since the report of {since} UTC (run {metadata.get('run_id', '')}), {len(rows):,} exchange days that it knew have other numbers."
            ]
        )
        if rows:
            tables.append(Table("", "Revised exchange days", columns, rows[: b.settings.reports.rows], len(rows)))
    restated = b.table(
        "restated",
        "Restatements by labels",
        "SELECT restated_at, labels, count(*) AS exchange_days FROM ops.restatements GROUP BY ALL ORDER BY 1 DESC",
    )
    changes = b.table(
        "alert_changes",
        "Alerts that changed with the last run",
        "SELECT change, severity, rule, count(*) AS alerts, any_value(title) AS example FROM ops.alerts WHERE run_id = (SELECT max(run_id) FROM ops.publications) GROUP BY ALL ORDER BY ALL",
    )
    return Part("changes", "What changed", words, [table for table in (*tables, changes, restated) if table.rows])


def _netflow(b: _Builder) -> Part:
    table = b.table(
        "exchanges",
        f"Netflow per exchange {b.said} (positive = onto the exchange)",
        f"""
        SELECT s.scope AS exchange, coalesce(s.token_symbol, s.token_address) AS token, sum(s.netflow) AS netflow, sum(s.inflow) AS inflow, sum(s.outflow) AS outflow,
        arg_max(s.z_trailing, abs(s.z_trailing)) AS z_trailing, count(a.block_date) > 0 AS is_anomalous
        FROM detection.netflow_scores s LEFT JOIN detection.netflow_anomalies a ON a.block_date = s.block_date AND a.chain = s.chain AND a.scope = s.scope
        AND a.token_symbol IS NOT DISTINCT FROM s.token_symbol AND a.token_address IS NOT DISTINCT FROM s.token_address
        WHERE s.scope_type = 'exchange' AND s.is_active AND s.block_date {b.window}
        GROUP BY s.scope, s.chain, s.token_symbol, s.token_address ORDER BY max(abs(s.z_trailing)) DESC NULLS LAST, exchange, token""",
    )
    rules, threshold = b.settings.anomalies, b.settings.anomalies.trailing_threshold
    wide, grid = [], []
    for n, scores in enumerate(
        b.series(
            "total_series", "Daily netflow of all exchanges together, for charts", "total", b.settings.reports.tokens
        )
    ):
        wide.append(
            b.picture(
                f"netflow-total-{n + 1}",
                charts.netflow_with_band(scores, rules),
                f"{scores['token'].iloc[0]}, all exchanges: daily netflow in {scores['token'].iloc[0]}, bars up = onto exchanges; "
                f"grey = mean of the previous {rules.window_days} days ± {threshold:g} deviations; a ring marks a day outside it",
                "total_series",
                (860, 230),
            )
        )
    for n, scores in enumerate(
        b.series("exchange_series", "Daily netflow per exchange, for charts", "exchange", b.settings.reports.exchanges)
    ):
        caption = f"{scores['scope'].iloc[0]}: daily netflow in {scores['token'].iloc[0]}, up = onto the exchange"
        grid.append(
            b.picture(
                f"netflow-exchange-{n + 1}",
                charts.netflow_with_band(scores, rules),
                caption,
                "exchange_series",
                (_NARROW - 60, 130),
                narrow=False,
            )
        )
    return Part("netflow", "Netflow per exchange", [], [table], wide, grid)


def _anomalies(b: _Builder) -> Part:
    anomalies = b.table(
        "anomalies",
        "Netflow anomalies",
        f"""
        SELECT block_date, scope, coalesce(token_symbol, token_address) AS token, netflow, baseline_mean, baseline_std, zscore, direction, severity, method
        FROM detection.netflow_anomalies WHERE block_date {b.window} ORDER BY abs(zscore) DESC NULLS LAST, abs(netflow) DESC, scope""",
    )
    surges = b.table(
        "surges",
        "Outflow surges",
        f"""
        SELECT block_date, scope, coalesce(token_symbol, token_address) AS token, outflow, baseline_mean, excess, zscore, rule, severity
        FROM detection.outflow_surges WHERE block_date {b.window} ORDER BY excess / nullif(baseline_mean, 0) DESC NULLS LAST, scope, token""",
    )
    days = b.table(
        "top_days",
        f"Top-K days of all exchanges together, by |z| of the LPT study's score, the {b.settings.reports.days} days up to {b.last}",
        f"""
        SELECT block_date, coalesce(token_symbol, token_address) AS token, netflow, inflow, outflow, inclusive_mean, inclusive_std, z_inclusive FROM detection.netflow_scores
        WHERE scope_type = 'total' AND z_inclusive IS NOT NULL AND block_date BETWEEN DATE '{b.last - timedelta(days=b.settings.reports.days - 1)}' AND DATE '{b.last}'
        ORDER BY abs(z_inclusive) DESC, block_date, token LIMIT {b.settings.anomalies.top_k}""",
    )
    return Part(
        "anomalies",
        "Anomalies and surges",
        _if_empty(anomalies, "No netflow anomaly."),
        [table for table in (anomalies, surges, days) if table.rows],
    )


def _findings(b: _Builder) -> Part:
    order = "score DESC, moved_usd DESC NULLS LAST, gross_amount DESC, finding_id"
    table = b.table(
        "findings",
        "Suspicious findings",
        f"""
        SELECT typology, severity, reason, coalesce(token_symbol, token_address) AS token, moved_amount, transfer_count AS transfers, address_count AS addresses, score, finding_id
        FROM detection.findings WHERE is_suspicious AND block_date {b.window} ORDER BY {order}""",
    )
    typologies = b.table(
        "typologies",
        "Findings by typology",
        f"""
        SELECT typology, count(*) FILTER (WHERE is_suspicious) AS suspicious, count(*) AS fitting FROM detection.findings
        WHERE block_date {b.window} GROUP BY ALL ORDER BY suspicious DESC, typology""",
    )
    shown = []
    # one of each typology before a second of any
    worst = b.connection.execute(
        f"""
        SELECT finding_id, typology, reason FROM detection.findings WHERE is_suspicious AND block_date {b.window}
        ORDER BY row_number() OVER (PARTITION BY typology ORDER BY {order}), {order} LIMIT ?""",
        [b.settings.reports.findings],
    ).fetchall()
    for finding_id, typology, reason in worst:
        hops = b.table(
            f"finding-{finding_id}",
            f"Transfers of {typology} {finding_id}",
            f"""
            SELECT ordinal AS "#", block_timestamp AS time, from_address, to_address, amount, coalesce(token_symbol, token_address) AS token, tx_hash
            FROM detection.finding_transfers WHERE finding_id = '{finding_id}' ORDER BY ordinal""",
        )
        picture = b.picture(f"finding-{finding_id}", charts.evidence_graph(b.connection, finding_id), f"{typology} {finding_id}: arrows follow the money, numbered in order",
                            f"finding-{finding_id}", narrow=False)  # fmt: skip
        shown.append(
            (reason, Picture(picture.name, picture.title, picture.wide, fixed=True, query=picture.query), hops)
        )
    return Part(
        "findings",
        "Findings",
        _if_empty(table, "No suspicious finding."),
        [item for item in (table, typologies) if item.rows],
        findings=shown,
    )


def _flows(b: _Builder) -> Part:
    table = b.table(
        "flows",
        "Largest flows between groups that ended in this time",
        f"""
        SELECT source_group, destination_group, coalesce(token_symbol, token_address) AS token, sum(amount) AS amount, count(*) AS flows, avg(hop_count) AS average_hops,
        avg(confidence) AS average_confidence
        FROM detection.group_flows WHERE block_date {b.window} GROUP BY ALL ORDER BY flows DESC, amount DESC, source_group, destination_group""",
    )
    pictures = []
    chart = charts.flow_chart(b.connection)
    if chart is not None:
        picture = b.picture(
            "group-flows",
            chart,
            "Largest flows between groups of the busiest token, all days; red bands carry risk",
            "flow_pairs",
            narrow=False,
        )
        pictures.append(Picture(picture.name, picture.title, picture.wide, fixed=True, query="flow_pairs"))
        b.table(
            "flow_pairs",
            "Pairs of groups, all days",
            "SELECT * FROM detection.group_flow_summaries ORDER BY flow_count DESC, total_amount DESC, source_group, destination_group",
        )
    return Part(
        "flows",
        "Group flows",
        _if_empty(table, "No flow from one group to another ended in this time."),
        [table] if table.rows else [],
        pictures,
    )


def _risk(b: _Builder) -> Part:
    table = b.table(
        "risk",
        "Riskiest addresses, all days",
        """
        SELECT address, chain, score, category, finding_count AS findings, map_keys(without) AS components FROM detection.address_risk
        WHERE category IN ('HIGH', 'CRITICAL') ORDER BY score DESC, finding_count DESC, address""",
    )
    return Part(
        "risk",
        "Address risk",
        _if_empty(table, "No address has a high or critical risk."),
        [table] if table.rows else [],
    )


def _smart_money(b: _Builder) -> Part:
    seen = b.numbers(
        "smart_money_counts",
        "Smart money",
        f"""
        SELECT (SELECT count(*) FROM detection.smart_money_wallets) AS wallets, (SELECT count(*) FROM detection.smart_money_wallets WHERE is_smart) AS listed,
        (SELECT count(*) FROM detection.mev_events WHERE block_date {b.window}) AS events, (SELECT sum(gain_usd) FROM detection.mev_events WHERE block_date {b.window}) AS gained""",
    )
    if not seen["wallets"]:
        return Part(
            "smart_money", "Smart money", [["No file has transactions or trades, so nothing is known of wallets."]]
        )
    worth: list[str | Number] = (
        [", worth ", Number(seen["gained"], "smart_money_counts"), " USD after gas."]
        if seen["gained"] is not None
        else ["."]
    )
    words: list[list[str | Number]] = [
        [
            "Of ", Number(seen["wallets"], "smart_money_counts"), " wallets ", Number(seen["listed"], "smart_money_counts"), " are listed as smart money. ",
            Number(seen["events"], "smart_money_counts"), f" sandwiches, arbitrages and liquidations were found {b.said}", *worth,
        ]
    ]  # fmt: skip
    wallets = b.table(
        "smart_money",
        "Smart money by rank",
        """
        SELECT rank, wallet, chain, entity, category, score, confidence, realised_usd, volume_usd, mev_tx_count, last_active FROM detection.smart_money_wallets WHERE is_smart
        ORDER BY rank, wallet, chain""",
    )
    events = b.table(
        "mev",
        f"Sandwiches, arbitrages and liquidations {b.said}, by kind and wallet",
        f"""
        SELECT kind, wallet, chain, count(*) AS events, sum(len(victim_tx_hashes))::BIGINT AS victims, sum(gain_usd) AS gain_usd FROM detection.mev_events WHERE block_date {b.window}
        GROUP BY ALL ORDER BY gain_usd DESC NULLS LAST, events DESC, kind, wallet""",
    )
    return Part("smart_money", "Smart money", words, [table for table in (wallets, events) if table.rows])


def _destinations(b: _Builder) -> Part:
    table = b.table(
        "destinations",
        f"Top destinations {b.said}: the three largest receivers of each of the busiest tokens",
        f"""
        WITH busy AS (SELECT chain, token_symbol, token_address, sum(transfer_count) AS n FROM marts.fct_daily_destinations WHERE block_date {b.window} GROUP BY ALL ORDER BY n DESC LIMIT 5)
        SELECT coalesce(d.token_symbol, d.token_address) AS token, d.to_address, any_value(d.entity) AS entity, any_value(d.category) AS category, sum(d.amount) AS amount,
        sum(d.transfer_count)::BIGINT AS transfers, sum(d.amount)::DOUBLE / nullif(sum(sum(d.amount)) OVER (PARTITION BY d.chain, d.token_symbol, d.token_address), 0)::DOUBLE AS share
        FROM marts.fct_daily_destinations d JOIN busy b ON b.chain = d.chain AND b.token_symbol IS NOT DISTINCT FROM d.token_symbol AND b.token_address IS NOT DISTINCT FROM d.token_address
        WHERE d.block_date {b.window} GROUP BY d.chain, d.token_symbol, d.token_address, d.to_address, b.n
        QUALIFY row_number() OVER (PARTITION BY d.chain, d.token_symbol, d.token_address ORDER BY sum(d.amount) DESC NULLS LAST, d.to_address) <= 3
        ORDER BY b.n DESC, amount DESC NULLS LAST""",
    )
    pictures = []
    rows = charts.largest_destinations(b.connection)
    if not rows.empty:
        b.table(
            "top_destinations",
            "Top destinations, all days",
            "SELECT * FROM marts.top_destinations WHERE window_days = 0 ORDER BY chain, token_symbol, token_address, rank_by_amount, rank_by_count",
        )
        title = f"The ten largest receivers of {rows['token'].iloc[0]}, the busiest token, over all days, in {rows['token'].iloc[0]} received; of transfers onto and off exchanges alike"
        pictures.append(
            b.picture("top-destinations", charts.top_destinations(rows), title, "top_destinations", (640, 220))
        )
    return Part("destinations", "Top destinations", [], [table], pictures)


def _regions(b: _Builder) -> Part:
    table = b.table(
        "regions",
        "Flow between regions",
        f"""
        SELECT from_region, to_region, coalesce(token_symbol, token_address) AS token, sum(amount) AS amount, sum(amount_usd) AS amount_usd, sum(transfer_count)::BIGINT AS transfers
        FROM marts.fct_daily_region_flow WHERE block_date {b.window} GROUP BY ALL ORDER BY transfers DESC, from_region, to_region, token""",
    )
    return Part("regions", "Region flow", [], [table])


def _weeks(b: _Builder) -> Part:
    table = b.table(
        "weeks",
        "Weekly token movement",
        f"""
        SELECT iso_week, coalesce(token_symbol, token_address) AS token, volume, transfer_count AS transfers, net, previous_volume, volume_change, volume_change_share
        FROM marts.fct_weekly_token_movement WHERE week_start BETWEEN DATE '{b.last - timedelta(days=27)}' AND DATE '{b.last}' ORDER BY week_start DESC, transfers DESC, token""",
    )
    return Part("weeks", "Weekly token movement", [], [table])


def _alerts(b: _Builder) -> Part:
    table = b.table(
        "alerts",
        "Open alerts about this time, severest first",
        f"""
        SELECT severity, rule, block_date, title, change, alert_id FROM ops.alerts
        WHERE change <> 'withdrawn' AND acknowledged_at IS NULL AND (block_date IS NULL OR block_date {b.window})
        ORDER BY CASE severity WHEN 'CRITICAL' THEN 1 WHEN 'HIGH' THEN 2 ELSE 3 END, block_date DESC, alert_id""",
    )
    return Part("alerts", "Alerts", _if_empty(table, "No open alert."), [table] if table.rows else [])


def _quality(b: _Builder) -> Part:
    rows = b.numbers(
        "rows",
        "Rows by what became of them, all loads",
        """
        SELECT sum(rows_read)::BIGINT AS read, sum(rows_loaded)::BIGINT AS loaded, sum(rows_duplicate)::BIGINT AS duplicate, sum(rows_rejected)::BIGINT AS rejected,
        count(*) FILTER (WHERE is_truncation_suspected) AS truncated, count(*) AS files FROM raw.loads""",
    )
    coverage = b.numbers(
        "coverage",
        "Label coverage",
        f"""
        SELECT sum(transfer_count) FILTER (WHERE from_region <> 'unknown' OR to_region <> 'unknown')::DOUBLE / sum(transfer_count) AS with_region,
        (SELECT sum(transfer_count) FILTER (WHERE entity IS NOT NULL)::DOUBLE / sum(transfer_count) FROM marts.fct_daily_destinations WHERE block_date {b.window}) AS to_labelled
        FROM marts.fct_daily_region_flow WHERE block_date {b.window}""",
    )
    words: list[list[str | Number]] = [
        [
            "Of ", Number(rows["read"], "rows"), " rows in ", Number(rows["files"], "rows"), " files ", Number(rows["loaded"], "rows"), " were loaded, ",
            Number(rows["duplicate"], "rows"), " were duplicates and ", Number(rows["rejected"], "rows"), " were rejected; ", Number(rows["truncated"], "rows"),
            " files look truncated.",
        ],
        [
            "Receivers with a label got ", Number(_percent(coverage["to_labelled"]), "coverage"), " of the transfers; ", Number(_percent(coverage["with_region"]), "coverage"),
            " have a known region at one end.",
        ],
    ]  # fmt: skip
    rejects = b.table(
        "rejects",
        "Rejected rows by reason",
        "SELECT reason, count(*) AS rejected, any_value(source_file) AS example FROM raw.rejects GROUP BY reason ORDER BY rejected DESC, reason",
    )
    unknown = b.table(
        "unknown_decimals",
        "Tokens whose amounts are unknown",
        f"""
        SELECT coalesce(token_symbol, token_address) AS token, chain, sum(unknown_amount_count)::BIGINT AS transfers FROM marts.fct_daily_region_flow
        WHERE block_date {b.window} GROUP BY ALL HAVING sum(unknown_amount_count) > 0 ORDER BY transfers DESC, token""",
    )
    warnings = b.table(
        "warnings",
        "Expectations that warn",
        "SELECT stage, expectation, description, observed, allowed FROM ops.audits WHERE NOT is_success AND run_id = (SELECT arg_max(run_id, checked_at) FROM ops.audits) ORDER BY stage, expectation",
    )
    return Part("quality", "Data quality", words, [table for table in (rejects, unknown, warnings) if table.rows])


def _if_empty(table: Table, words: str) -> list[list[str | Number]]:
    return [] if table.rows else [[words]]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _top_files(connection: Connection, settings: Settings, token: str | None, folder: Path) -> None:
    """The LPT study's files, with its columns: days of the largest |z| of the inclusive score. What the study calls exchanges are single wallets, internal moves counted."""
    import csv

    from flow_pipeline.domain.windows import Window

    if token is None:
        row = connection.execute(
            "SELECT coalesce(token_address, token_symbol) FROM detection.netflow_scores WHERE scope_type = 'total' GROUP BY chain, token_symbol, token_address "
            "ORDER BY count(*) FILTER (WHERE is_active) DESC, token_symbol LIMIT 1"
        ).fetchone()
        token = row[0] if row else ""
    rules = settings.anomalies
    columns = ["inflow", "outflow", "netflow", "roll_mean", "roll_std", "zscore"]
    found: dict[str, list[dict[str, Any]]] = {}
    for scope, most in (
        ("total", rules.top_k),
        ("exchange", rules.top_k),
        ("wallet", rules.top_k),
        ("every day", 1_000_000),
    ):
        names, rows = top_days(
            connection, "inclusive", most, "total" if scope == "every day" else scope, Window(), token
        )
        found[scope] = [dict(zip(names, row, strict=True)) for row in rows]
    flagged = sorted(
        (row for row in found["every day"] if abs(row["zscore"]) >= rules.inclusive_threshold),
        key=lambda row: row["block_date"],
    )
    for name, table, scope in (
        ("top_netflow_anomalies_z2", flagged, ""),
        ("topk_netflow_total", found["total"], ""),
        ("topk_netflow_by_exchange", found["exchange"], "exchange"),
        ("topk_netflow_by_wallet", found["wallet"], "wallet"),
    ):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(["date", *([scope] if scope else []), *columns])
            writer.writerows(
                [row["block_date"], *([row["scope"]] if scope else []), *(row[column] for column in columns)]
                for row in table
            )
    symbol = next((row["token_symbol"] for rows in found.values() for row in rows if row["token_symbol"]), token)
    lines = [
        f"# Top-K days of netflow by |z|: {symbol}",
        "",
        "## Total",
        "",
        "| date | netflow | zscore |",
        "|:---|---:|---:|",
    ]
    lines += [f"| {row['block_date']} | {float(row['netflow']):.6g} | {row['zscore']:.6g} |" for row in found["total"]]
    lines += ["", "---", "", "## By exchange", "", "| date | exchange | netflow | zscore |", "|:---|:---|---:|---:|"]
    lines += [
        f"| {row['block_date']} | {row['scope']} | {float(row['netflow']):.6g} | {row['zscore']:.6g} |"
        for row in found["exchange"]
    ]
    (folder / "top_netflow_zscore.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _last_state(folder: Path, kind: str, name: str, run_id: str) -> pa.Table | None:
    """What the last report of this kind knew: the same day's of another run, else that of the latest day before."""
    own = folder / name / "state.parquet"
    if own.is_file():
        known = pq.read_table(own)
        if (known.schema.metadata or {}).get(b"run_id", b"").decode() != run_id:
            return known
    earlier = sorted(path for path in folder.glob(f"{kind}-*/state.parquet") if path.parent.name < name)
    return pq.read_table(earlier[-1]) if earlier else None


def _render(template: str, values: dict[str, Any]) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("flow_pipeline.reports", "templates"),
        autoescape=template.endswith("html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"show": in_words, "is_number": is_number}
    environment.globals |= {"is_link": lambda value: isinstance(value, Number)}
    return environment.get_template(template).render(values)


def is_number(value: Any) -> bool:
    """True for what stands on the right of a cell."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def in_words(value: Any) -> str:
    """A value for people: thousands separated, six significant digits, no exponent."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        number = float(value)
        return (
            f"{number:,.0f}"
            if abs(number) >= 100_000
            else f"{number:,.2f}"
            if abs(number) >= 100
            else f"{number:.4g}"
            if abs(number) >= 0.0001 or not number
            else f"{number:.2e}"
        )
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list):
        return ", ".join(map(in_words, value)) or "–"
    return json.dumps(value) if isinstance(value, dict) else str(value)


def write_reports(settings: Settings) -> list[Path]:
    """The reports that a run writes: the daily one, and the weekly one when its last day ends a week (Sunday); nothing when nothing was built."""
    with open_published(settings) as connection:
        row = connection.execute("SELECT max(block_date) FROM marts.fct_daily_region_flow").fetchone()
    last = row[0] if row else None
    written = [] if last is None else write_report(settings, "daily")
    if last is not None and last.isoweekday() == 7:
        written += write_report(settings, "weekly")
    write_whole(settings.reports_dir / _MARK, partial(_text, published_run(settings) or ""))
    return written


def reports_are_of(settings: Settings, run_id: str) -> bool:
    """True when a run's reports are written: it may have been killed between publishing and reporting."""
    mark = settings.reports_dir / _MARK
    return mark.is_file() and mark.read_text(encoding="utf-8") == run_id


def _text(content: str, path: Path) -> None:
    path.write_text(content, encoding="utf-8")
