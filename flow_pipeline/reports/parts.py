"""The parts of a report: their sentences, tables and charts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pyarrow as pa

from flow_pipeline.domain.sql import statements
from flow_pipeline.reports import charts
from flow_pipeline.reports.builder import NARROW, Builder
from flow_pipeline.reports.page import Number, Part, Picture, Table, Words

sql = statements(__package__)

_E = "e value: on how many days a year the series moves as far"


def parts_of(b: Builder, is_weekly: bool, state: pa.Table, before: pa.Table | None) -> Iterator[Part]:
    """The parts in their order.

    Args:
        b: Asks about the days of the report.
        is_weekly: Whether weeks are compared.
        state: Netflow that this report knows.
        before: Netflow that the report before knew.
    """
    yield _headline(b)
    yield _alerts(b)
    yield _changes(b, state, before)
    yield _netflow(b)
    yield _anomalies(b)
    yield _findings(b)
    yield _flows(b)
    yield _risk(b)
    yield _smart_money(b)
    yield _destinations(b)
    yield _regions(b)
    if is_weekly:
        yield _weeks(b)
    yield _quality(b)


def _headline(b: Builder) -> Part:
    """What moved, what is unusual, what to do."""
    moved = b.numbers("report_transfers", "Transfers")
    worth: Words = ["; those with a price were worth ", moved["usd"], " USD."] if moved["usd"].value else ["."]
    what = [*_counted(moved["transfers"], "transfer", "transfers"), " of "]
    what += _counted(moved["tokens"], "token", "tokens")
    words: list[Words] = [[*what, f" moved {b.when}", *worth]]
    totals = b.table("report_totals", "All exchanges together")
    if totals.rows:
        words.append(_gained(totals))
    return Part("headline", "In short", [*words, _unusual(b), *_to_do(b)], [totals] if totals.rows else [])


def _gained(totals: Table) -> Words:
    """Which tokens exchanges gained and lost: the three of most dollars, and how many more the table has."""
    words: Words = []
    rows = [dict(zip(totals.columns, row, strict=True)) for row in totals.rows]
    names = [row["token"] for row in rows]
    for row in rows[:3]:
        token = f"{row['token']} on {row['chain']}" if names.count(row["token"]) > 1 else row["token"]
        way = "gained" if row["netflow"] >= 0 else "lost"
        words += [f", {way} " if words else f"Exchanges {way} ", Number(abs(row["netflow"]), "totals"), f" {token}"]
        if row.get("netflow_usd") is not None and row["token"] not in ("USDT", "USDC"):
            words += [" (", Number(abs(row["netflow_usd"]), "totals"), " USD)"]
    more = len(rows) - 3
    return [
        *words,
        ", net of what went out" + (f"; {more} more {'token' if more == 1 else 'tokens'} below." if more > 0 else "."),
    ]


def _unusual(b: Builder) -> Words:
    """How much is unusual, and the first of each kind."""
    counts = b.numbers("report_counts", "What was found")
    day, surge, finding = (
        b.first(name, title)
        for name, title in (
            ("report_anomalies", "Netflow anomalies"),
            ("report_surges", "Outflow surges"),
            ("report_findings", "Suspicious findings"),
        )
    )
    if not (day or surge or finding):
        return [f"Unusual {b.when}: nothing. No netflow anomaly, no outflow surge, no suspicious finding."]
    words: Words = [f"Unusual {b.when}: ", *_counted(counts["anomalies"], "netflow anomaly", "netflow anomalies")]
    if day:
        way = "onto" if day["netflow"] >= 0 else "off"
        scope = "all exchanges" if day["scope"] == "all" else day["scope"]
        words += [" (", Number(abs(day["netflow"]), "anomalies"), f" {day['token']} {way} {scope})"]
    words += [", ", *_counted(counts["surges"], "outflow surge", "outflow surges")]
    if surge and not day:
        words += [" (", Number(surge["outflow"], "surges"), f" {surge['token']} off {surge['scope']})"]
    words += [", ", *_counted(counts["findings"], "suspicious finding", "suspicious findings")]
    return [*words, f". First of them, {finding['typology']}: {finding['reason']}"] if finding else [*words, "."]


def _counted(number: Number, one: str, many: str) -> Words:
    return [number, f" {one if number.value == 1 else many}"]


def _to_do(b: Builder) -> list[Words]:
    """Which alerts nobody has answered, and the first of them."""
    open_ones = b.numbers("report_open_alerts", "Alerts that nobody has answered, of all days")
    if not open_ones["alerts"].value:
        return [["To do: nothing. No alert is open."]]
    words: Words = [
        "To do: ", *_counted(open_ones["alerts"], "alert is open", "alerts are open"), ", ", open_ones["critical"],
        " critical, ", open_ones["about_now"], f" about what happened {b.when}; ", open_ones["waiting"],
        " more wait behind. ",
        f"First: {open_ones['first_title'].value} (netraflow alerts show {open_ones['first_id'].value})",
    ]  # fmt: skip
    return [words]


def _changes(b: Builder, state: pa.Table, before: pa.Table | None) -> Part:
    words: list[Words] = []
    tables = []
    if before is None:
        words.append(["This is the first report of its kind here: there is nothing to compare it with."])
    else:
        b.connection.register("state", state)
        b.connection.register("state_before", before)
        revised = b.connection.execute(sql("report_revised"))
        columns = [column[0] for column in revised.description or ()]
        rows = revised.fetchall()
        metadata = {key.decode(): value.decode() for key, value in (before.schema.metadata or {}).items()}
        since = metadata.get("made_at", "")[:16].replace("T", " ")
        words.append(
            [
                f"Since the report of {since} UTC (run {metadata.get('run_id', '')}), "
                f"{len(rows):,} exchange days that it knew have other numbers."
            ]
        )
        if rows:
            tables.append(Table("", "Revised exchange days", columns, rows[: b.settings.reports.rows], len(rows)))
    restated = b.table("report_restated", "Restatements by labels")
    retraced = b.table("report_flows_restated", "Flows between groups that a new definition changed")
    changes = b.table("report_alert_changes", "Alerts that changed with the last run")
    return Part(
        "changes", "What changed", words, [table for table in (*tables, changes, restated, retraced) if table.rows]
    )


def _netflow(b: Builder) -> Part:
    table = b.table("report_exchanges", f"Netflow per exchange {b.when} (positive = onto the exchange; {_E})")
    rules, limits = b.settings.anomalies, b.settings.reports
    wide = []
    title = "Daily netflow of all exchanges together, for charts"
    for n, scores in enumerate(b.series("total_series", title, "total", limits.tokens)):
        token = scores["token"].iloc[0]
        caption = (
            f"{token}, all exchanges: daily netflow in {token}, bars up = onto exchanges; {charts.band_in_words(rules)}"
        )
        make = partial(charts.netflow_with_band, scores, rules)
        wide.append(b.picture(f"netflow-total-{n + 1}", make, caption, "total_series", (860, 230)))
    grid = []
    title = "Daily netflow per exchange, for charts"
    for n, scores in enumerate(b.series("exchange_series", title, "exchange", limits.exchanges)):
        caption = f"{scores['scope'].iloc[0]}: daily netflow in {scores['token'].iloc[0]}, up = onto the exchange"
        make, size = partial(charts.netflow_with_band, scores, rules), (NARROW - 60, 130)
        grid.append(b.picture(f"netflow-exchange-{n + 1}", make, caption, "exchange_series", size, narrow=False))
    words = _if_empty(table, "No exchange that a label names moved anything; --labels of a run adds exchanges.")
    return Part("netflow", "Netflow per exchange", words, [table] if table.rows else [], wide, grid)


def _anomalies(b: Builder) -> Part:
    anomalies = b.table("report_anomalies", f"Netflow anomalies ({_E})")
    surges = b.table("report_surges", f"Outflow surges ({_E})")
    others = b.table("report_daily_findings", "Other daily findings")
    count = b.settings.reports.days
    days = b.table(
        "report_top_days",
        f"Top-K days of all exchanges together, by |z| of the LPT study's score, the {count} days up to {b.last_day}",
        first_day=b.last_day - timedelta(days=count - 1),
        top_k=b.settings.anomalies.top_k,
    )
    return Part(
        "anomalies",
        "Anomalies and surges",
        _if_empty(anomalies, "No netflow anomaly."),
        [table for table in (anomalies, surges, others, days) if table.rows],
    )


def _findings(b: Builder) -> Part:
    findings = b.table("report_findings", "Suspicious findings")
    typologies = b.table("report_typologies", "Findings by typology")
    drawn = b.connection.execute(
        sql("report_drawn_findings"),
        {"first_day": b.first_day, "last_day": b.last_day, "most": b.settings.reports.findings},
    ).fetchall()
    shown = []
    for finding_id, typology, reason in drawn:
        key = f"finding-{finding_id}"
        title = f"Transfers of {typology} {finding_id}"
        transfers = b.table("report_finding_transfers", title, key, finding_id=finding_id)
        caption = f"{typology} {finding_id}: arrows follow the money, numbered in order"
        picture = b.picture(key, partial(charts.evidence_graph, b.connection, finding_id), caption, key, fixed=True)
        shown.append((reason, picture, transfers))
    return Part(
        "findings",
        "Findings",
        _if_empty(findings, "No suspicious finding."),
        [table for table in (findings, typologies) if table.rows],
        findings=shown,
    )


def _flows(b: Builder) -> Part:
    table = b.table("report_flows", "Largest flows between groups that ended in this time")
    pictures = []
    pairs = charts.largest_flow_pairs(b.connection)
    if not pairs.empty:
        b.query("flow_pairs", "Pairs of groups, all days", "report_flow_pairs")
        caption = "Largest flows between groups of the busiest token, all days; red bands carry risk"
        pictures.append(b.picture("group-flows", partial(charts.sankey, pairs), caption, "flow_pairs", fixed=True))
    return Part(
        "flows",
        "Group flows",
        _if_empty(table, "No flow from one group to another ended in this time."),
        [table] if table.rows else [],
        pictures,
    )


def _risk(b: Builder) -> Part:
    table = b.table("report_risk", "Riskiest addresses, all days")
    words = _if_empty(table, "No address has a high or critical risk.")
    return Part("risk", "Address risk", words, [table] if table.rows else [])


def _smart_money(b: Builder) -> Part:
    title = "Smart money"
    counts = b.numbers("report_smart_money_counts", title)
    if not counts["wallets"].value:
        return Part("smart_money", title, [["No file has transactions or trades, so nothing is known of wallets."]])
    worth: Words = ["."] if counts["gained"].value is None else [", worth ", counts["gained"], " USD after gas."]
    words: list[Words] = [
        [
            "Of ", counts["wallets"], " wallets ", counts["listed"], " are listed as smart money. ", counts["events"],
            f" sandwiches, arbitrages and liquidations were found {b.when}", *worth,
        ]
    ]  # fmt: skip
    wallets = b.table("report_smart_money", "Smart money by rank")
    events = b.table("report_mev", f"Sandwiches, arbitrages and liquidations {b.when}, by kind and wallet")
    return Part("smart_money", title, words, [table for table in (wallets, events) if table.rows])


def _destinations(b: Builder) -> Part:
    table = b.table(
        "report_destinations",
        f"Top destinations {b.when}: the three largest receivers of each of the busiest tokens",
    )
    pictures: list[Picture] = []
    rows = charts.largest_destinations(b.connection)
    if not rows.empty:
        b.query("top_destinations", "Top destinations, all days", "report_top_destinations")
        token = rows["token"].iloc[0]
        caption = (
            f"The ten largest receivers of {token}, the busiest token, over all days, in {token} received; "
            "of transfers onto and off exchanges alike"
        )
        make = partial(charts.top_destinations, rows)
        pictures.append(b.picture("top-destinations", make, caption, "top_destinations", (640, 220)))
    return Part("destinations", "Top destinations", [], [table], pictures)


def _regions(b: Builder) -> Part:
    return Part("regions", "Region flow", [], [b.table("report_regions", "Flow between regions")])


def _weeks(b: Builder) -> Part:
    title = "Weekly token movement"
    return Part("weeks", title, [], [b.table("report_weeks", title, first_day=b.last_day - timedelta(days=27))])


def _alerts(b: Builder) -> Part:
    table = b.table("report_alerts", f"Open alerts, those about what happened {b.when} first")
    return Part("alerts", "Alerts", _if_empty(table, "No open alert."), [table] if table.rows else [])


def _quality(b: Builder) -> Part:
    rows = b.numbers("report_rows", "Rows by what became of them, all loads")
    coverage = b.numbers("report_coverage", "Label coverage")
    words: list[Words] = [
        [
            "Of ", rows["read"], " rows in ", rows["files"], " files ", rows["loaded"], " were loaded, ",
            rows["duplicate"], " were duplicates and ", rows["rejected"], " were rejected; ", rows["truncated"],
            " files look truncated.",
        ],
        [
            "Receivers with a label got ", _percent(coverage["to_labelled"]), " of the transfers; ",
            _percent(coverage["with_region"]), " have a known region at one end.",
        ],
    ]  # fmt: skip
    tables = (
        b.table("report_rejects", "Rejected rows by reason"),
        b.table("report_unknown_decimals", "Tokens whose amounts are unknown"),
        b.table("report_warnings", "Expectations that warn"),
    )
    return Part("quality", "Data quality", words, [table for table in tables if table.rows])


def _if_empty(table: Table, words: str) -> list[Words]:
    return [] if table.rows else [[words]]


def _percent(share: Number) -> Number:
    return Number("–" if share.value is None else f"{share.value:.1%}", share.query)
