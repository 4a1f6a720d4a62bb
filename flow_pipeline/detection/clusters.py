"""Cluster analysis on the build file: the graph around each labelled entity, day by day."""

from __future__ import annotations

import json
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.domain.sql import statements
from flow_pipeline.graph.topology import shape, temporal_profile
from flow_pipeline.settings import ClusterSettings
from flow_pipeline.warehouse.stages import detects
from flow_pipeline.warehouse.store import Connection, table_counts, transaction

sql = statements(__package__)


@detects("clusters")
def measure_clusters(connection: Connection, settings: ClusterSettings) -> None:
    """Measure the dirty days anew, without what was found in them."""
    days = [
        row[0] for row in connection.execute("select distinct block_date from store.dirty_days order by 1").fetchall()
    ]
    with transaction(connection):
        connection.execute(
            "delete from detection.cluster_analysis where block_date in (select block_date from store.dirty_days)"
        )
        for day in days:
            rows = _measure_day(connection, day, settings)
            if rows:
                connection.register("measured_clusters", pa.Table.from_pylist(rows))
                connection.execute(sql("clusters_analysis"))
                connection.unregister("measured_clusters")
    for table in ("cluster_transfers", "clusters_of_day"):
        connection.execute(f"drop table if exists temp.{table}")


def _measure_day(connection: Connection, day: date, settings: ClusterSettings) -> list[dict[str, Any]]:
    """A row per cluster, token and day; loops over clusters, never over transfers."""
    connection.execute(sql("clusters_transfers"), {"day": day})
    connection.execute(sql("clusters_of_day"), {"min_transfers": settings.min_transfers})
    heads = (
        connection.execute("select * exclude (cluster) from clusters_of_day order by cluster")
        .to_arrow_table()
        .to_pylist()
    )
    if not heads:
        return []
    pairs_of = _columns(connection, sql("clusters_pairs"))
    hours_of = _columns(connection, sql("clusters_hours"))
    ids, ends = np.unique(np.stack([pairs_of["from_id"], pairs_of["to_id"]]), return_inverse=True)
    connection.register("vertices", pa.table({"address_id": ids, "position": np.arange(len(ids))}))
    named = connection.execute(
        "select position, address from vertices inner join store.addresses using (address_id) order by address"
    ).to_arrow_table()
    connection.unregister("vertices")
    # Ids depend on the order of loading, addresses do not: figures must not either.
    place = np.empty(len(ids), np.int64)
    place[named["position"].to_numpy()] = np.arange(len(ids))
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
        figures = {name: value for name, value in vars(measured).items() if name != "betweenness"}
        rows.append(
            {
                "block_date": day,
                **head,
                "node_count": count,
                "edge_count": int(b - a),
                **figures,
                "top_senders": _top(who, np.bincount(source, amount, count), settings.top, "amount"),
                "top_receivers": _top(who, np.bincount(target, amount, count), settings.top, "amount"),
                "bridges": _top(who, measured.betweenness, settings.top, "betweenness"),
                "temporal_profile": json.dumps({name: profile[name] for name in ("hours", "amounts", "peak_hours")}),
                "bursts": json.dumps(profile["bursts"]),
            }
        )
    return rows


def _columns(connection: Connection, statement: str) -> dict[str, np.ndarray]:
    rows = connection.execute(statement).to_arrow_table()
    return {name: np.asarray(rows[name].to_numpy()) for name in rows.column_names}


def _top(who: pa.ChunkedArray, value: np.ndarray, top: int, name: str) -> str:
    """The largest values above zero, with their addresses, as JSON."""
    order = np.argsort(-value, kind="stable")[:top]
    return json.dumps([{"address": who[int(i)].as_py(), name: float(value[i])} for i in order if value[i] > 0])


@detects("patterns")
def add_patterns(connection: Connection) -> dict[str, int]:
    """Bring detection.cluster_analysis up to the findings of every day; its row count.

    A typology counts when one of the cluster's own addresses is in the finding; the severity is the worst of the
    suspicious ones.
    """
    connection.execute(sql("clusters_patterns"))
    with transaction(connection):
        connection.execute(sql("clusters_findings"))
    connection.execute("drop table temp.cluster_patterns")
    return {"cluster_analysis": table_counts(connection, ("detection.cluster_analysis",))["detection.cluster_analysis"]}
