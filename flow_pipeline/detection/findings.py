"""Typologies on the build file: prepare the graph once, let every detector look, measure exactly, store with evidence."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.detection.graph import microseconds_of, number_tokens, read_graph, refresh_hubs
from flow_pipeline.detection.past import list_replaced, read_histories, read_recent
from flow_pipeline.detectors.typology import Hits, Measured, Past, Typology, parameters_of, typologies
from flow_pipeline.graph import TransferGraph
from flow_pipeline.settings import Settings, TypologySettings
from flow_pipeline.warehouse.days import first_new_day, remember_days
from flow_pipeline.warehouse.store import Connection, transaction, write_changes

_PARTS = ("in", "out", "hop", "peel")


def run_typologies(connection: Connection, settings: Settings) -> dict[str, dict[str, int]]:
    """Bring detection.findings and what belongs to it up to date: new days are added, anything else searches every day again.

    Returns:
        Per typology: found, kept, suspicious, is_truncated.
    """
    common = settings.typologies
    parameters = {name: parameters_of(name, common) for name in typologies()}
    pasts = {name: typologies()[name].past(parameters[name], common) for name in parameters}
    day = first_new_day(connection, "typologies")
    number_tokens(connection)
    with transaction(connection):
        refresh_hubs(connection, common.hub_degree, day)
    found = _search(connection, parameters, pasts, common, day)
    hits = {name: found[name][1] for name in parameters}
    _register(connection, found, day)
    del found
    _measure(connection, {name: (typologies()[name], parameters[name]) for name in parameters})
    verdicts = [
        _judge(connection, number, name, hits[name], parameters[name], common) for number, name in enumerate(parameters)
    ]
    connection.register("verdicts_in", pa.concat_tables(verdicts))
    connection.execute("CREATE OR REPLACE TEMP TABLE verdicts AS FROM verdicts_in")
    connection.unregister("verdicts_in")
    counts = _store(connection, common, hits, pasts, day)
    for table in (
        "hits",
        "hit_transfers",
        "measures",
        "verdicts",
        "kept_findings",
        "kept_hits",
        "graph_tokens",
        "earlier",
        "replaced",
    ):
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
    return counts


def _search(
    connection: Connection,
    parameters: dict[str, Any],
    pasts: dict[str, Past],
    common: TypologySettings,
    day: date | None,
) -> dict[str, tuple[TransferGraph, Hits]]:
    """Per typology what it found, and in which graph: everywhere, or what ends on the new days."""
    if day is None:
        graph = read_graph(connection)
        return {name: (graph, typologies()[name].find(graph, parameters[name], common)) for name in parameters}
    graph, found = read_recent(connection, pasts, day), {}
    for name, past in pasts.items():
        hits = _ending(
            graph,
            typologies()[name].find(graph, past.alone or parameters[name], common),
            microseconds_of(day) - past.open,
        )
        found[name] = (graph, hits)
        if past.alone is not None and len(hits):
            own = read_histories(connection, graph, np.unique(hits.focus))
            found[name] = (
                own,
                _ending(own, typologies()[name].find(own, parameters[name], common), microseconds_of(day)),
            )
    return found


def _ending(graph: TransferGraph, hits: Hits, since: int) -> Hits:
    """The findings whose last transfer is not before a time."""
    if not len(hits):
        return hits
    return hits.chosen(np.maximum.reduceat(graph.time[hits.edges], hits.start[:-1]) >= since)


def _register(connection: Connection, found: dict[str, tuple[TransferGraph, Hits]], day: date | None) -> None:
    """The temp tables `hits`, a narrow row per finding and transfer, and `hit_transfers`."""
    rows, transfers = [], []
    for number, (graph, hits) in enumerate(found.values()):
        lengths = np.diff(hits.start)
        focus = np.repeat(hits.focus, lengths).astype(np.int64)
        once = np.unique(hits.edges)
        transfers.append(
            pa.table(
                {
                    "row": graph.row[once],
                    "time": graph.time[once],
                    "from_is_terminal": graph.is_sender_terminal[once],
                    "to_is_terminal": graph.is_receiver_terminal[once],
                }
            )
        )
        rows.append(
            pa.table(
                {
                    "typology": np.full(len(hits.edges), number, np.int32),
                    "finding": np.repeat(np.arange(len(hits), dtype=np.int32), lengths),
                    "part": hits.part.astype(np.int8),
                    "row": graph.row[hits.edges],
                    "focus_id": np.where(focus < 0, -1, graph.address[focus]).astype(np.int64) if len(focus) else focus,
                }
            )
        )
    _read_transfers(connection, pa.concat_tables(transfers), day)
    connection.register("hits_in", pa.concat_tables(rows))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE hits AS SELECT h.* EXCLUDE (row), t.position FROM hits_in h JOIN hit_transfers t USING (row)"
    )
    connection.unregister("hits_in")


def _read_transfers(connection: Connection, transfers: pa.Table, day: date | None) -> None:
    """The temp table `hit_transfers`: transfers with what they say, each once and in order.

    Args:
        connection: The build file.
        transfers: row, time (microseconds), from_is_terminal, to_is_terminal; may repeat.
        day: The first new one; None when all are.
    """
    connection.register("transfers_in", transfers)
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE moved AS
        SELECT h.* EXCLUDE (time), f.block_timestamp, f.block_date, f.token_id, f.from_id, f.to_id, f.amount_usd, l.source_file, f.source_row, l.sha256
        FROM (SELECT DISTINCT * FROM transfers_in) h
        JOIN store.transfers f ON f.rowid = h.row AND f.block_timestamp >= make_timestamp(?)
        JOIN raw.loads l ON l.load_id = f.load_id
        """,
        [pc.min(transfers["time"]).as_py() or 0],
    )
    connection.unregister("transfers_in")
    # Most belong to findings that grow and were stored with them: hashes and amounts of all transfers are by far the longest columns to read.
    # A file's row and time name one transfer: a file that changed takes the place of what it held before.
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts AS
        SELECT m.row, any_value(t.block_number) AS block_number, any_value(t.transfer_index) AS transfer_index, any_value(t.tx_hash) AS tx_hash, any_value(t.amount) AS amount,
               any_value(t.from_address) AS from_address, any_value(t.to_address) AS to_address
        FROM moved m JOIN detection.finding_transfers t USING (source_file, source_row, block_timestamp)
        WHERE m.block_timestamp < ? GROUP BY m.row
        """,
        [day or date.min],
    )
    row = connection.execute("SELECT min(block_timestamp) FROM moved ANTI JOIN facts USING (row)").fetchone()
    connection.execute(
        """
        INSERT INTO facts
        WITH fresh AS MATERIALIZED (
            SELECT f.rowid AS row, f.* FROM (FROM moved ANTI JOIN facts USING (row)) m JOIN store.transfers f ON f.rowid = m.row AND f.block_timestamp >= ?
        ),
        people AS MATERIALIZED (FROM store.addresses WHERE address_id IN (SELECT unnest([from_id, to_id]) FROM fresh))
        SELECT f.row, f.block_number, f.transfer_index, f.tx_hash, f.amount, a.address, b.address
        FROM fresh f JOIN people a ON a.address_id = f.from_id JOIN people b ON b.address_id = f.to_id
        """,
        [row[0] if row and row[0] else datetime.max],
    )
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE hit_transfers AS
        SELECT m.row, m.from_is_terminal, m.to_is_terminal, k.chain, k.token_key, k.token_symbol, k.token_address, m.block_timestamp, f.block_number, f.transfer_index, f.tx_hash, f.amount,
               m.from_id, m.to_id, f.from_address, f.to_address, m.source_file, m.source_row,
               coalesce(CASE WHEN p.usd IS NOT NULL THEN f.amount::DOUBLE * p.usd END, m.amount_usd::DOUBLE) AS amount_usd,
               md5_number_lower(coalesce(f.tx_hash || ':' || coalesce(f.transfer_index::VARCHAR, f.from_address || '>' || f.to_address || '>' || f.amount::VARCHAR),
                                   m.sha256 || ':' || m.source_row)) AS key,
               row_number() OVER (ORDER BY m.block_timestamp, f.block_number NULLS FIRST, f.transfer_index NULLS FIRST, f.tx_hash, f.from_address, f.to_address, f.amount,
                                  m.sha256, m.source_row) AS position
        FROM moved m JOIN facts f USING (row) JOIN intermediate.int_tokens__canonical k USING (token_id)
        LEFT JOIN store.prices p ON p.price_date = m.block_date AND p.token = k.price_token
    """)
    connection.execute("DROP TABLE temp.moved")
    connection.execute("DROP TABLE temp.facts")


def _measure(connection: Connection, detectors: dict[str, tuple[Typology, Any]]) -> None:
    """The temp table `measures`: exact amounts, times and counts per finding, and whether its amount exceeds the threshold."""
    rules = [
        {
            "typology": number,
            "name": name,
            "moved": detector.MOVED,
            "judged_by": detector.JUDGED_BY,
            "identity": detector.IDENTITY,
            "amount_usd": getattr(parameters, "amount_usd", None),
        }
        for number, (name, (detector, parameters)) in enumerate(detectors.items())
    ]
    amounts = [
        {"typology": number, "token_symbol": symbol, "amount": repr(amount)}
        for number, (_, parameters) in enumerate(detectors.values())
        for symbol, amount in getattr(parameters, "amount_by_token", {}).items()
    ]
    connection.register("rules", pa.Table.from_pylist(rules))
    schema = pa.schema([("typology", pa.int64()), ("token_symbol", pa.string()), ("amount", pa.string())])
    connection.register("amounts", pa.Table.from_pylist(amounts, schema))
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE measures AS
        WITH seen AS (SELECT * FROM hits JOIN hit_transfers USING (position)),
        whole AS (
            SELECT typology, finding, any_value(chain) AS chain, any_value(token_symbol) AS token_symbol, any_value(token_address) AS token_address,
                   any_value(focus_id) AS focus_id, min(block_timestamp) AS first_timestamp, max(block_timestamp) AS last_timestamp, count(*)::INTEGER AS transfer_count,
                   sum(amount) FILTER (WHERE part <> 3) AS gross_amount, min(amount) FILTER (WHERE part <> 3) AS least,
                   sum(amount) FILTER (WHERE part = 0) AS came_in, sum(amount) FILTER (WHERE part = 1) AS went_out,
                   sum(amount_usd) FILTER (WHERE part <> 3) / sum(amount::DOUBLE) FILTER (WHERE part <> 3 AND amount_usd IS NOT NULL) AS mean_usd,
                   sum(amount) FILTER (WHERE from_id = focus_id) AS from_focus,
                   bit_xor(key) AS all_keys, arg_min(key, position) AS first_key
            FROM seen GROUP BY typology, finding
        ),
        middles AS (
            SELECT typology, finding, sum(least(came_in, went_out)) AS moved FROM (
                SELECT typology, finding, CASE WHEN part = 0 THEN to_id ELSE from_id END AS middle,
                       coalesce(sum(amount) FILTER (WHERE part = 0), 0) AS came_in, coalesce(sum(amount) FILTER (WHERE part = 1), 0) AS went_out
                FROM seen GROUP BY ALL) GROUP BY ALL
        ),
        people AS (
            SELECT typology, finding, count(DISTINCT id)::INTEGER AS address_count
            FROM (SELECT typology, finding, unnest([from_id, to_id]) AS id FROM seen) GROUP BY ALL
        ),
        moved AS (
            SELECT w.*, r.name, r.judged_by, r.identity, r.amount_usd AS usd_threshold, p.address_count,
                   (CASE r.moved WHEN 'least' THEN least WHEN 'sum' THEN gross_amount WHEN 'lesser_side' THEN least(came_in, went_out)
                                 WHEN 'arrived' THEN least(went_out, from_focus) ELSE m.moved END)::DECIMAL(38, 18) AS moved_amount
            FROM whole w JOIN rules r USING (typology) JOIN middles m USING (typology, finding) JOIN people p USING (typology, finding)
        )
        SELECT m.* EXCLUDE (gross_amount), m.gross_amount::DECIMAL(38, 18) AS gross_amount, (mean_usd * moved_amount::DOUBLE)::DECIMAL(38, 6) AS moved_usd,
               (epoch_us(last_timestamp) - epoch_us(first_timestamp)) / 1_000_000 AS duration, a.address AS focus_address,
               CASE WHEN t.amount IS NOT NULL THEN CASE judged_by WHEN 'gross_amount' THEN m.gross_amount ELSE moved_amount END > t.amount::DECIMAL(38, 18)
                    WHEN mean_usd IS NOT NULL AND usd_threshold IS NOT NULL
                    THEN mean_usd * CASE judged_by WHEN 'gross_amount' THEN m.gross_amount::DOUBLE ELSE moved_amount::DOUBLE END > usd_threshold
                    ELSE true END AS is_large,
               substr(md5(name || '|' || chain || '|' || coalesce(m.token_address, m.token_symbol, '') || '|' || coalesce(a.address, '') || '|'
                          || CASE identity WHEN 'all' THEN all_keys ELSE first_key END), 1, 16) AS finding_id
        FROM moved m
        LEFT JOIN store.addresses a ON a.address_id = m.focus_id
        LEFT JOIN amounts t ON t.typology = m.typology AND t.token_symbol = m.token_symbol
    """)
    connection.unregister("rules")
    connection.unregister("amounts")


def _judge(
    connection: Connection, number: int, name: str, hits: Hits, parameters: Any, common: TypologySettings
) -> pa.Table:
    """The detector's verdict per finding."""
    detector = typologies()[name]
    rows = connection.execute(
        "SELECT token_symbol, duration, transfer_count, address_count, moved_amount, gross_amount, is_large, focus_address FROM measures "
        "WHERE typology = ? ORDER BY finding",
        [number],
    ).to_arrow_table()
    measured = Measured(
        rows["token_symbol"].to_pylist(),
        rows["duration"].to_numpy(),
        hits.hop_count,
        rows["transfer_count"].to_numpy(),
        rows["address_count"].to_numpy(),
        rows["moved_amount"].to_pylist(),
        rows["gross_amount"].to_pylist(),
        rows["is_large"].to_numpy().astype(bool),
        rows["focus_address"].to_pylist(),
    )
    is_suspicious, reasons = detector.judge(measured, hits, parameters)
    facts = [
        dict(zip(hits.facts, values, strict=True))
        for values in zip(*(_shown(column).tolist() for column in hits.facts.values()), strict=True)
    ]
    score = np.where(is_suspicious, detector.SCORE, 0.0)
    limits = [common.critical_score, common.high_score, common.medium_score]
    count = len(hits)
    return pa.table(
        {
            "typology": pa.array(np.full(count, number, np.int32)),
            "finding": pa.array(np.arange(count, dtype=np.int32)),
            "hop_count": pa.array(hits.hop_count.astype(np.int32)),
            "is_suspicious": pa.array(is_suspicious),
            "score": pa.array(score),
            "severity": pa.array(
                np.select([score > limit for limit in limits], ["CRITICAL", "HIGH", "MEDIUM"], "LOW"), pa.string()
            ),
            "reason": pa.array(reasons, pa.string()),
            "evidence": pa.array([json.dumps(fact) for fact in facts] if facts else ["{}"] * count, pa.string()),
            "parameters": pa.array(
                [json.dumps(parameters.model_dump(mode="json"), sort_keys=True)] * count, pa.string()
            ),
            "detector_version": pa.array([detector.VERSION] * count, pa.string()),
        }
    )


def _shown(column: np.ndarray) -> np.ndarray:
    """Verdicts use the figure, people read six digits of it."""
    return column.round(6) if column.dtype.kind == "f" else column


def _store(
    connection: Connection, common: TypologySettings, hits: dict[str, Hits], pasts: dict[str, Past], day: date | None
) -> dict[str, dict[str, int]]:
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE kept_findings AS
        SELECT m.finding_id, m.name, v.* FROM measures m JOIN verdicts v USING (typology, finding)
        QUALIFY row_number() OVER (PARTITION BY m.typology, m.last_timestamp::DATE ORDER BY v.is_suspicious DESC, m.gross_amount DESC, m.finding_id) <= {common.max_findings}
            AND row_number() OVER (PARTITION BY m.finding_id ORDER BY m.finding) = 1
    """)
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE kept_hits AS
        SELECT k.finding_id, h.typology, h.finding, h.part, h.focus_id, t.*, row_number() OVER (PARTITION BY k.finding_id ORDER BY h.position)::INTEGER AS ordinal
        FROM kept_findings k JOIN hits h USING (typology, finding) JOIN hit_transfers t USING (position)
    """)
    with transaction(connection):
        if day is None:
            for table in ("findings", "finding_transfers", "finding_addresses"):
                connection.execute(f"DELETE FROM detection.{table}")
            connection.execute("DELETE FROM ops.detections")
            connection.execute("CREATE OR REPLACE TEMP TABLE replaced (finding_id VARCHAR)")
        else:
            list_replaced(connection, pasts, day)
            connection.execute("DELETE FROM detection.findings WHERE finding_id IN (FROM replaced)")
        connection.execute("""
            INSERT INTO detection.findings BY NAME
            SELECT k.finding_id, k.name AS typology, k.detector_version, m.chain, m.token_symbol, m.token_address, m.last_timestamp::DATE AS block_date, m.first_timestamp,
                   m.last_timestamp, floor(m.duration)::BIGINT AS duration_seconds, k.hop_count, m.address_count, m.transfer_count, m.focus_address, m.moved_amount, m.gross_amount, m.moved_usd,
                   k.is_suspicious, k.score, k.severity, k.reason, k.parameters, k.evidence,
                   'SELECT * FROM raw.transfers WHERE chain = ''' || replace(m.chain, '''', '''''') || ''' AND block_timestamp BETWEEN TIMESTAMP ''' || m.first_timestamp
                   || ''' AND TIMESTAMP ''' || m.last_timestamp || ''' AND ' || e.listed || ' ORDER BY block_timestamp, block_number, transfer_index, tx_hash' AS evidence_sql
            FROM kept_findings k JOIN measures m USING (typology, finding)
            JOIN (
                SELECT typology, finding, CASE WHEN count(tx_hash) = count(*) AND count(transfer_index) = count(*)
                       THEN '(tx_hash, transfer_index) IN (' || string_agg('(''' || replace(tx_hash, '''', '''''') || ''', ' || transfer_index || ')', ', ' ORDER BY ordinal) || ')'
                       ELSE '(source_file, source_row) IN (' || string_agg('(''' || replace(source_file, '''', '''''') || ''', ' || source_row || ')', ', ' ORDER BY ordinal) || ')'
                       END AS listed
                FROM kept_hits GROUP BY ALL) e USING (typology, finding)
        """)
        parts = ", ".join(f"'{part}'" for part in _PARTS)
        fresh = f"""(
            SELECT finding_id, ordinal, ([{parts}])[part + 1] AS part, chain, token_symbol, token_address, block_timestamp, block_number, tx_hash,
                   transfer_index, from_address, to_address, amount, source_file, source_row
            FROM kept_hits)"""
        told_by = ("part", "block_timestamp", "source_file", "source_row")
        write_changes(
            connection,
            "detection.finding_transfers",
            fresh,
            "o.finding_id IN (FROM replaced)",
            ("finding_id", "ordinal"),
            told_by,
        )
        fresh = """(
            SELECT finding_id, chain, address, CASE WHEN bool_or(is_focus) THEN 'focus' WHEN bool_and(sends) THEN 'source' WHEN bool_or(sends) THEN 'middle' ELSE 'target' END AS role,
                   bool_or(is_terminal) AS is_terminal
            FROM (SELECT finding_id, chain, from_address AS address, true AS sends, from_is_terminal AS is_terminal, from_id = focus_id AS is_focus FROM kept_hits
                  UNION ALL SELECT finding_id, chain, to_address, false, to_is_terminal, to_id = focus_id FROM kept_hits)
            GROUP BY finding_id, chain, address)"""
        write_changes(
            connection,
            "detection.finding_addresses",
            fresh,
            "o.finding_id IN (FROM replaced)",
            ("finding_id", "chain", "address"),
        )
        unstored = dict(connection.execute("SELECT typology, found - kept FROM ops.detections").fetchall())
        capped = {
            name for (name,) in connection.execute("SELECT typology FROM ops.detections WHERE is_truncated").fetchall()
        }
        added = dict(connection.execute("SELECT name, count(*) FROM kept_findings GROUP BY name").fetchall())
        rows = connection.execute(
            "SELECT typology, count(*), count(*) FILTER (WHERE is_suspicious) FROM detection.findings GROUP BY typology"
        ).fetchall()
        stored = {name: (count, suspicious) for name, count, suspicious in rows}
        counts: dict[str, dict[str, int]] = {}
        connection.execute("DELETE FROM ops.detections")
        for name, found in hits.items():
            kept, suspicious = stored.get(name, (0, 0))
            beyond = unstored.get(name, 0) + found.found - added.get(name, 0)
            is_truncated = found.is_capped or beyond > 0 or name in capped
            connection.execute(
                "INSERT INTO ops.detections VALUES (?, ?, ?, ?, ?, ?, ?)",
                [name, typologies()[name].VERSION, kept + beyond, kept, suspicious, common.max_findings, is_truncated],
            )
            counts[name] = {
                "found": kept + beyond,
                "kept": kept,
                "suspicious": suspicious,
                "is_truncated": is_truncated,
            }
        remember_days(connection, "typologies")
    return counts
