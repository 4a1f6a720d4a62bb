"""The shape of one small graph: what `detection.cluster_analysis` says about a cluster and its day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from flow_pipeline.graph.metrics import (
    betweenness,
    neighbours,
    path_lengths,
    strong_components,
    triangles,
    weak_components,
)


@dataclass(frozen=True)
class Shape:
    """Metrics of a directed graph of distinct pairs, each with the amount that went over it.

    Attributes:
        density: Pairs over possible pairs, n (n - 1).
        weak_components, strong_components: Number of each.
        in_degree_gini, out_degree_gini: Over all vertices, 0 even to 1.
        clustering: Mean local clustering over all vertices, direction left aside; 0 for a vertex with fewer than two
            neighbours.
        diameter: Longest shortest path of the largest weak component, direction left aside.
        mean_path_length: Mean of its shortest paths.
        flow_gini: Over the amounts of the pairs.
        betweenness: Per vertex, on directed paths, over (n - 1)(n - 2).
        is_sampled: True when diameter, mean path and betweenness come from a sample of start vertices.
    """

    density: float
    weak_components: int
    strong_components: int
    in_degree_gini: float
    out_degree_gini: float
    clustering: float
    diameter: int
    mean_path_length: float
    flow_gini: float
    betweenness: np.ndarray
    is_sampled: bool


def shape(
    vertex_count: int,
    source: np.ndarray,
    target: np.ndarray,
    amount: np.ndarray,
    exact_vertices: int,
    sample: int,
    seed: int,
) -> Shape:
    """Measure a graph.

    Args:
        vertex_count: Vertices are 0 to vertex_count - 1, each with an edge.
        source: Vertex per distinct pair.
        target: Vertex per distinct pair.
        amount: Token units per distinct pair.
        exact_vertices: Larger graphs are measured from a sample of start vertices where all of them would cost n times
            the edges.
        sample: Size of that sample.
        seed: Of the sample.
    """
    paying, paid, both = neighbours(vertex_count, source, target)
    component = weak_components(*both)
    members = np.bincount(component)
    largest = np.flatnonzero(component == members.argmax())
    everybody = np.arange(vertex_count)
    is_sampled = vertex_count > exact_vertices
    if is_sampled:
        rng = np.random.default_rng(seed)
        starts = np.sort(rng.choice(vertex_count, min(sample, vertex_count), replace=False))
        begin = largest[np.sort(rng.choice(len(largest), min(sample, len(largest)), replace=False))]
        between = betweenness(*paying, *paid, starts) * (vertex_count / len(starts))
        lengths = path_lengths(*both, begin)
        mean = float((np.arange(len(lengths)) * lengths).sum() / max(len(begin) * (len(largest) - 1), 1))
    else:
        between = betweenness(*paying, *paid, everybody)
        lengths = path_lengths(*both, largest)
        mean, seen = 0.0, 0
        for length in np.flatnonzero(lengths):
            seen += int(lengths[length])
            mean += int(lengths[length]) * (int(length) - mean) / seen
    degree = np.diff(both[0])
    pairs = max((vertex_count - 1) * (vertex_count - 2), 1)
    return Shape(
        density=len(source) / vertex_count / (vertex_count - 1),
        weak_components=len(members),
        strong_components=strong_components(*paying),
        in_degree_gini=gini(np.bincount(target, minlength=vertex_count)),
        out_degree_gini=gini(np.bincount(source, minlength=vertex_count)),
        clustering=float(np.mean(triangles(*both) / np.maximum(degree, 1) / np.maximum(degree - 1, 1) * 2)),
        diameter=int(np.flatnonzero(lengths).max(initial=0)),
        mean_path_length=mean,
        flow_gini=gini(amount),
        betweenness=between / pairs,
        is_sampled=is_sampled,
    )


def gini(values: np.ndarray) -> float:
    """Gini coefficient of values that are not negative: 0 when all are equal, towards 1 when one has all."""
    ordered = np.sort(np.asarray(values, float))
    count, total = len(ordered), float(ordered.sum())
    if count == 0 or total == 0:
        return 0.0
    return float(2 * (np.arange(1, count + 1) * ordered).sum() / (count * total) - (count + 1) / count)


def temporal_profile(hour: np.ndarray, transfers: np.ndarray, amount: np.ndarray, deviations: float) -> dict[str, Any]:
    """The day hour by hour.

    Args:
        hour: Hours of the day that have transfers, 0 to 23.
        transfers: Their number.
        amount: Their amount.
        deviations: An hour is a burst above mean + this many population standard deviations of the 24 hourly counts.

    Returns:
        hours: 24 counts; amounts: 24 sums; peak_hours: up to three busiest; bursts: hour, transfers, and the limit they
            exceed.
    """
    counts, sums = np.bincount(hour, transfers, 24), np.bincount(hour, amount, 24)
    limit = float(counts.mean() + deviations * counts.std())
    busiest = sorted((int(h) for h in np.flatnonzero(counts)), key=lambda h: (-counts[h], h))[:3]
    return {
        "hours": [int(value) for value in counts],
        "amounts": [float(value) for value in sums],
        "peak_hours": busiest,
        "bursts": [
            {"hour": int(h), "transfers": int(counts[h]), "limit": round(limit, 6)}
            for h in np.flatnonzero(counts > limit)
        ],
    }
