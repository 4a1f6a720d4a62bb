"""Typologies on the build file: prepare the graph once, let every detector look, measure exactly, store with evidence."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.detectors.typology import Hits, Measured, Typology, parameters_of, typologies
from flow_pipeline.graph import TransferGraph
from flow_pipeline.settings import Settings, TypologySettings
from flow_pipeline.warehouse.graph import read_graph
from flow_pipeline.warehouse.store import Connection, transaction

_PARTS = ("in", "out", "hop", "peel")


def run_typologies(connection: Connection, settings: Settings) -> dict[str, dict[str, int]]:
    """Replace detection.findings and what belongs to it.

    Returns:
        Per typology: found, kept, suspicious, is_truncated.
    """
    common = settings.typologies
    graph = read_graph(connection, common.hub_degree)
    names = list(typologies())
    parameters = {name: parameters_of(name, common) for name in names}
    hits = {name: typologies()[name].find(graph, parameters[name], common) for name in names}
    _register(connection, graph, hits)
    del graph
    _measure(connection, {name: (typologies()[name], parameters[name]) for name in names})
    verdicts = [_judge(connection, number, name, hits[name], parameters[name], common) for number, name in enumerate(names)]
    connection.register("verdicts_in", pa.concat_tables(verdicts))
    connection.execute("CREATE OR REPLACE TEMP TABLE verdicts AS FROM verdicts_in")
    connection.unregister("verdicts_in")
    counts = _store(connection, common, {name: (found.found, found.is_capped) for name, found in hits.items()})
    for table in ("hits", "hit_transfers", "measures", "verdicts", "kept_findings", "kept_hits"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
    return counts


def _register(connection: Connection, graph: TransferGraph, hits: dict[str, Hits]) -> None:
    """The temp tables `hits`, a narrow row per finding and transfer, and `hit_transfers`, the transfers themselves, each once and in order."""
    lengths = {name: np.diff(found.start) for name, found in hits.items()}
    edges = np.concatenate([found.edges for found in hits.values()]).astype(np.int64)
    focus = np.concatenate([np.repeat(found.focus, lengths[name]) for name, found in hits.items()]).astype(np.int64)
    once = np.unique(edges)
    transfers = pa.table({"row": graph.row[once], "from_is_terminal": graph.is_sender_terminal[once], "to_is_terminal": graph.is_receiver_terminal[once]})
    rows = pa.table(
        {
            "typology": np.repeat(np.arange(len(hits), dtype=np.int32), [len(found.edges) for found in hits.values()]),
            "finding": np.concatenate([np.repeat(np.arange(len(found), dtype=np.int32), lengths[name]) for name, found in hits.items()]),
            "part": np.concatenate([found.part for found in hits.values()]),
            "row": graph.row[edges],
            "focus_id": np.where(focus < 0, -1, graph.address[focus]),
        }
    )
    connection.register("transfers_in", transfers)
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE hit_transfers AS
        SELECT h.*, k.chain, k.token_key, k.token_symbol, k.token_address, f.block_timestamp, f.block_number, f.transfer_index, f.tx_hash, f.amount, f.from_id, f.to_id,
               a.address AS from_address, b.address AS to_address, l.source_file, f.source_row, l.sha256,
               coalesce(f.amount::DOUBLE * p.usd, f.amount_usd::DOUBLE) AS amount_usd,
               md5_number_lower(coalesce(f.tx_hash || ':' || coalesce(f.transfer_index::VARCHAR, a.address || '>' || b.address || '>' || f.amount::VARCHAR),
                                   l.sha256 || ':' || f.source_row)) AS key,
               row_number() OVER (ORDER BY f.block_timestamp, f.block_number NULLS FIRST, f.transfer_index NULLS FIRST, f.tx_hash, a.address, b.address, f.amount,
                                  l.sha256, f.source_row) AS position
        FROM transfers_in h
        JOIN store.transfers f ON f.rowid = h.row
        JOIN intermediate.int_tokens__canonical k ON k.token_id = f.token_id
        JOIN store.addresses a ON a.address_id = f.from_id
        JOIN store.addresses b ON b.address_id = f.to_id
        JOIN raw.loads l ON l.load_id = f.load_id
        LEFT JOIN store.prices p ON p.price_date = f.block_date AND p.token = k.price_token
    """)
    connection.unregister("transfers_in")
    connection.register("hits_in", rows)
    connection.execute("CREATE OR REPLACE TEMP TABLE hits AS SELECT h.* EXCLUDE (row), t.position FROM hits_in h JOIN hit_transfers t USING (row)")
    connection.unregister("hits_in")


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


def _judge(connection: Connection, number: int, name: str, hits: Hits, parameters: Any, common: TypologySettings) -> pa.Table:
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
    facts = [dict(zip(hits.facts, values, strict=True)) for values in zip(*(_shown(column).tolist() for column in hits.facts.values()), strict=True)]
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
            "severity": pa.array(np.select([score > limit for limit in limits], ["CRITICAL", "HIGH", "MEDIUM"], "LOW"), pa.string()),
            "reason": pa.array(reasons, pa.string()),
            "evidence": pa.array([json.dumps(fact) for fact in facts] if facts else ["{}"] * count, pa.string()),
            "parameters": pa.array([json.dumps(parameters.model_dump(mode="json"), sort_keys=True)] * count, pa.string()),
            "detector_version": pa.array([detector.VERSION] * count, pa.string()),
        }
    )


def _shown(column: np.ndarray) -> np.ndarray:
    """Verdicts use the figure, people read six digits of it."""
    return column.round(6) if column.dtype.kind == "f" else column


def _store(connection: Connection, common: TypologySettings, found: dict[str, tuple[int, bool]]) -> dict[str, dict[str, int]]:
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
        for table in ("findings", "finding_transfers", "finding_addresses"):
            connection.execute(f"DELETE FROM detection.{table}")
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
        connection.execute(f"""
            INSERT INTO detection.finding_transfers BY NAME
            SELECT finding_id, ordinal, ([{parts}])[part + 1] AS part, chain, token_symbol, token_address, block_timestamp, block_number, tx_hash,
                   transfer_index, from_address, to_address, amount, source_file, source_row
            FROM kept_hits
        """)
        connection.execute("""
            INSERT INTO detection.finding_addresses BY NAME
            SELECT finding_id, chain, address, CASE WHEN bool_or(is_focus) THEN 'focus' WHEN bool_and(sends) THEN 'source' WHEN bool_or(sends) THEN 'middle' ELSE 'target' END AS role,
                   bool_or(is_terminal) AS is_terminal
            FROM (SELECT finding_id, chain, from_address AS address, true AS sends, from_is_terminal AS is_terminal, from_id = focus_id AS is_focus FROM kept_hits
                  UNION ALL SELECT finding_id, chain, to_address, false, to_is_terminal, to_id = focus_id FROM kept_hits)
            GROUP BY finding_id, chain, address
        """)
        connection.execute("DELETE FROM ops.detections")
        rows = connection.execute("SELECT name, count(*), count(*) FILTER (WHERE is_suspicious) FROM kept_findings GROUP BY name").fetchall()
        kept = {name: (count, suspicious) for name, count, suspicious in rows}
        for name, (count, is_capped) in found.items():
            stored, suspicious = kept.get(name, (0, 0))
            connection.execute(
                "INSERT INTO ops.detections VALUES (?, ?, ?, ?, ?, ?, ?)",
                [name, typologies()[name].VERSION, count, stored, suspicious, common.max_findings, is_capped or count > stored],
            )
    return {
        name: {
            "found": count,
            "kept": kept.get(name, (0, 0))[0],
            "suspicious": kept.get(name, (0, 0))[1],
            "is_truncated": is_capped or count > kept.get(name, (0, 0))[0],
        }
        for name, (count, is_capped) in found.items()
    }
