"""Cluster analysis on the build file: the graph around each labelled entity, day by day."""

from __future__ import annotations

import json
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
_ROWS_AT_ONCE = 2_000_000
"""Transfers whose pairs are in memory together; a larger cluster is alone there."""
_LISTS = {"top_senders": "amount", "top_receivers": "amount", "bridges": "betweenness"}
"""What is listed with addresses, and by which figure."""


@detects("clusters")
def measure_clusters(connection: Connection, settings: ClusterSettings) -> None:
    """Measure the dirty days anew, without what was found in them."""
    # Outside the transaction: the planner knows the sizes of tables that are there.
    connection.execute(sql("clusters_owners"))
    connection.execute(sql("clusters_transfers"))
    connection.execute(
        sql("clusters_of_days"), {"min_transfers": settings.min_transfers, "rows_at_once": _ROWS_AT_ONCE}
    )
    connection.execute(sql("clusters_places"))
    parts = connection.execute("select distinct part from clusters_of_days order by part").fetchall()
    with transaction(connection):
        connection.execute(
            "delete from detection.cluster_analysis where block_date in (select block_date from store.dirty_days)"
        )
        for (part,) in parts:
            connection.register("measured_clusters", pa.Table.from_pylist(_measure(connection, part, settings)))
            connection.execute(sql("clusters_analysis"))
            connection.unregister("measured_clusters")
    for table in ("cluster_owners", "cluster_transfers", "clusters_of_days", "cluster_places"):
        connection.execute(f"drop table temp.{table}")


def _measure(connection: Connection, part: int, settings: ClusterSettings) -> list[dict[str, Any]]:
    """A row per cluster, token and day of a part; loops over clusters, never over transfers."""
    heads = connection.execute(sql("clusters_heads"), {"part": part}).to_arrow_table().to_pylist()
    pairs = connection.execute(sql("clusters_pairs"), {"part": part}).to_arrow_table()
    cluster, sender, receiver, amounts, is_from, is_to = (np.asarray(column.to_numpy()) for column in pairs.columns)
    numbers = [head.pop("cluster") for head in heads]
    start = np.searchsorted(cluster, [*numbers, numbers[-1] + 1])
    rows = []
    for head, (a, b) in zip(heads, pairwise(start), strict=True):
        amount = amounts[a:b]
        present, ends = np.unique(np.concatenate([sender[a:b], receiver[a:b]]), return_inverse=True)
        source, target, count = ends[: b - a], ends[b - a :], len(present)
        is_own = np.zeros(count, np.bool_)
        is_own[source[is_from[a:b]]] = is_own[target[is_to[a:b]]] = True
        measured = vars(shape(count, source, target, amount, settings.exact_vertices, settings.sample, settings.seed))
        hours, transfers, hourly = (np.array(head.pop(f"hourly_{name}")) for name in ("hours", "transfers", "amounts"))
        profile = temporal_profile(hours, transfers, hourly, settings.burst_deviations)
        values = {
            "top_senders": np.bincount(source, amount, count),
            "top_receivers": np.bincount(target, amount, count),
            "bridges": measured.pop("betweenness"),
        }
        rows.append(
            {
                **head,
                **measured,
                "address_count": int(is_own.sum()),
                "node_count": count,
                "edge_count": int(b - a),
                **{name: _top(present, value, settings.top) for name, value in values.items()},
                "temporal_profile": json.dumps({name: profile[name] for name in ("hours", "amounts", "peak_hours")}),
                "bursts": json.dumps(profile["bursts"]),
            }
        )
    _name_addresses(connection, rows)
    return rows


def _top(place: np.ndarray, value: np.ndarray, top: int) -> list[tuple[int, float]]:
    """The largest values above zero, with the places of their addresses."""
    order = np.argsort(-value, kind="stable")[:top]
    return [(int(place[i]), float(value[i])) for i in order if value[i] > 0]


def _name_addresses(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Put JSON with the addresses in the place of the lists of rows."""
    places = {place for row in rows for name in _LISTS for place, _ in row[name]}
    connection.register("listed_places", pa.table({"place": pa.array(places, pa.int32())}))
    address = dict(connection.execute(sql("clusters_named")).fetchall())
    connection.unregister("listed_places")
    for row in rows:
        for name, figure in _LISTS.items():
            row[name] = json.dumps([{"address": address[place], figure: value} for place, value in row[name]])


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
