"""Cluster analysis on the build file: the graph around each labelled entity, day by day."""

from __future__ import annotations

import json
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.graph.topology import shape, temporal_profile
from flow_pipeline.settings import ClusterSettings
from flow_pipeline.warehouse.store import Connection, table_counts, transaction


def measure_clusters(connection: Connection, settings: ClusterSettings) -> None:
    """Measure the dirty days anew, without what was found in them."""
    days = [
        row[0] for row in connection.execute("SELECT DISTINCT block_date FROM store.dirty_days ORDER BY 1").fetchall()
    ]
    with transaction(connection):
        connection.execute("DELETE FROM detection.cluster_analysis WHERE block_date IN (FROM store.dirty_days)")
        for day in days:
            rows = _measure_day(connection, day, settings)
            if rows:
                connection.register("measured", pa.Table.from_pylist(rows))
                connection.execute("""
                    INSERT INTO detection.cluster_analysis BY NAME
                    SELECT m.* EXCLUDE (token_key), k.token_symbol, k.token_address, '[]' AS patterns, 'LOW' AS severity
                    FROM measured m JOIN (SELECT DISTINCT token_key, token_symbol, token_address FROM intermediate.int_tokens__canonical) k USING (token_key)
                """)
                connection.unregister("measured")
    for table in ("touched", "chosen"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")


# Transfers of a day with the entity of either end; a transfer between two entities belongs to both clusters, one within an entity to it once.
_TOUCHED = """
CREATE OR REPLACE TEMP TABLE touched AS
WITH day AS (
    SELECT k.chain, k.token_key, f.from_id, f.to_id, f.amount, extract('hour' FROM f.block_timestamp)::INTEGER AS hour,
           s.entity AS from_entity, s.category AS from_category, r.entity AS to_entity, r.category AS to_category
    FROM store.transfers f
    JOIN intermediate.int_tokens__canonical k ON k.token_id = f.token_id
    LEFT JOIN intermediate.int_address_labels__intervals s
        ON s.address_id = f.from_id AND s.chain = k.chain AND f.block_timestamp >= s.valid_from AND f.block_timestamp < s.valid_to AND s.category <> 'burn'
    LEFT JOIN intermediate.int_address_labels__intervals r
        ON r.address_id = f.to_id AND r.chain = k.chain AND f.block_timestamp >= r.valid_from AND f.block_timestamp < r.valid_to AND r.category <> 'burn'
    WHERE f.block_date = ? AND k.is_summable AND f.is_edge AND (s.entity IS NOT NULL OR r.entity IS NOT NULL)
)
SELECT chain, token_key, from_entity AS entity, from_category AS category, from_id, to_id, amount, hour, true AS is_from, to_entity IS NOT DISTINCT FROM from_entity AS is_to
FROM day WHERE from_entity IS NOT NULL
UNION ALL
SELECT chain, token_key, to_entity, to_category, from_id, to_id, amount, hour, false, true
FROM day WHERE to_entity IS NOT NULL AND to_entity IS DISTINCT FROM from_entity
"""


_CHOSEN = """
CREATE OR REPLACE TEMP TABLE chosen AS
SELECT row_number() OVER (ORDER BY chain, token_key, entity)::INTEGER - 1 AS cluster, *
FROM (SELECT chain, token_key, entity, min(category) AS category, count(*) AS transfer_count, sum(amount)::DOUBLE AS volume,
             len(list_distinct(list_concat(coalesce(list(from_id) FILTER (is_from), []), coalesce(list(to_id) FILTER (is_to), [])))) AS address_count
      FROM touched GROUP BY ALL HAVING count(*) >= ?)
"""


def _measure_day(connection: Connection, day: date, settings: ClusterSettings) -> list[dict[str, Any]]:
    """A row per cluster, token and day; loops over clusters, never over transfers."""
    connection.execute(_TOUCHED, [day])
    connection.execute(_CHOSEN, [settings.min_transfers])
    heads = (
        connection.execute(
            "SELECT chain, token_key, entity, category, transfer_count, volume, address_count FROM chosen ORDER BY cluster"
        )
        .to_arrow_table()
        .to_pylist()
    )
    if not heads:
        return []
    pairs_of = _columns(connection, "from_id, to_id, sum(amount)::DOUBLE AS amount", "from_id, to_id")
    hours_of = _columns(connection, "hour, count(*) AS transfers, sum(amount)::DOUBLE AS amount", "hour")
    ids, ends = np.unique(np.stack([pairs_of["from_id"], pairs_of["to_id"]]), return_inverse=True)
    connection.register("wanted", pa.table({"address_id": ids, "at": np.arange(len(ids))}))
    named = connection.execute(
        "SELECT w.at, a.address FROM wanted w JOIN store.addresses a USING (address_id) ORDER BY a.address"
    ).to_arrow_table()
    connection.unregister("wanted")
    # Ids depend on the order of loading, addresses do not: figures must not either.
    place = np.empty(len(ids), np.int64)
    place[named["at"].to_numpy()] = np.arange(len(ids))
    sender, receiver = place[ends.reshape(2, -1)]
    order = np.lexsort((receiver, sender, pairs_of["cluster"]))
    sender, receiver, amounts = sender[order], receiver[order], pairs_of["amount"][order]
    pair_start = np.searchsorted(pairs_of["cluster"], np.arange(len(heads) + 1))
    hour_start = np.searchsorted(hours_of["cluster"], np.arange(len(heads) + 1))
    rows = []
    for head, (a, b), (c, d) in zip(heads, pairwise(pair_start), pairwise(hour_start), strict=True):
        amount = amounts[a:b]
        present, ends = np.unique(np.concatenate([sender[a:b], receiver[a:b]]), return_inverse=True)
        source, target, count = ends[: b - a], ends[b - a :], len(present)
        measured = shape(count, source, target, amount, settings.exact_vertices, settings.sample, settings.seed)
        profile = temporal_profile(
            hours_of["hour"][c:d], hours_of["transfers"][c:d], hours_of["amount"][c:d], settings.burst_deviations
        )
        who = named["address"].take(pa.array(present))
        facts = {name: value for name, value in vars(measured).items() if name != "betweenness"}
        rows.append(
            {
                "block_date": day,
                **head,
                "node_count": count,
                "edge_count": int(b - a),
                **facts,
                "top_senders": _top(who, np.bincount(source, amount, count), settings.top, "amount"),
                "top_receivers": _top(who, np.bincount(target, amount, count), settings.top, "amount"),
                "bridges": _top(who, measured.betweenness, settings.top, "betweenness"),
                "temporal_profile": json.dumps({name: profile[name] for name in ("hours", "amounts", "peak_hours")}),
                "bursts": json.dumps(profile["bursts"]),
            }
        )
    return rows


def _columns(connection: Connection, measures: str, keys: str) -> dict[str, np.ndarray]:
    rows = connection.execute(
        f"SELECT cluster, {measures} FROM touched JOIN chosen USING (chain, token_key, entity) GROUP BY cluster, {keys} ORDER BY cluster, {keys}"
    ).to_arrow_table()
    return {name: np.asarray(rows[name].to_numpy()) for name in rows.column_names}


def _top(who: pa.ChunkedArray, value: np.ndarray, top: int, name: str) -> str:
    """The largest values above zero, with their addresses, as JSON."""
    order = np.argsort(-value, kind="stable")[:top]
    return json.dumps([{"address": who[int(i)].as_py(), name: float(value[i])} for i in order if value[i] > 0])


def add_patterns(connection: Connection) -> dict[str, int]:
    """Bring detection.cluster_analysis up to the findings of every day; its row count.

    Typologies among whose addresses is one of the cluster's own, per day and token; the severity is the worst of the suspicious ones.
    """
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE cluster_patterns AS
        WITH own AS (
            SELECT DISTINCT f.finding_id, i.entity
            FROM detection.findings f
            JOIN detection.finding_addresses m USING (finding_id)
            JOIN intermediate.int_address_labels__intervals i
                ON i.address = m.address AND i.chain = f.chain AND f.last_timestamp >= i.valid_from AND f.first_timestamp < i.valid_to
        ),
        counted AS (
            SELECT f.block_date, f.chain, f.token_symbol, f.token_address, o.entity, f.typology, count(*) AS findings, count(*) FILTER (WHERE f.is_suspicious) AS suspicious,
                   max(CASE WHEN f.is_suspicious THEN list_position(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'], f.severity) ELSE 1 END) AS worst
            FROM detection.findings f JOIN own o USING (finding_id) GROUP BY ALL
        )
        SELECT block_date, chain, token_symbol, token_address, entity, to_json(list({typology: typology, findings: findings, suspicious: suspicious} ORDER BY typology)) AS patterns,
               (['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'])[max(worst)] AS severity
        FROM counted GROUP BY ALL
    """)
    with transaction(connection):
        connection.execute("""
            UPDATE detection.cluster_analysis c SET patterns = coalesce(p.patterns, '[]'), severity = coalesce(p.severity, 'LOW')
            FROM detection.cluster_analysis o
            LEFT JOIN cluster_patterns p
                ON p.block_date = o.block_date AND p.chain = o.chain AND p.entity = o.entity
                AND p.token_symbol IS NOT DISTINCT FROM o.token_symbol AND p.token_address IS NOT DISTINCT FROM o.token_address
            WHERE o.rowid = c.rowid AND (coalesce(p.patterns, '[]') <> o.patterns OR coalesce(p.severity, 'LOW') <> o.severity)
        """)
    connection.execute("DROP TABLE temp.cluster_patterns")
    return {"cluster_analysis": table_counts(connection, ("detection.cluster_analysis",))["detection.cluster_analysis"]}
