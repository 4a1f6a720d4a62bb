"""The worked graph, every figure against igraph's, sampled against exact, and the day's profile."""

from __future__ import annotations

from collections.abc import Iterator

import igraph
import numpy as np
import pytest

from flow_pipeline.graph.topology import gini, shape, temporal_profile

WORKED = (np.array([0, 1, 2, 0]), np.array([1, 2, 0, 3]), np.array([3.0, 3.0, 3.0, 1.0]))
"""A to B to C to A, 3 each, and A to D, 1."""


def test_worked_graph() -> None:
    found = shape(4, *WORKED, exact_vertices=2_000, sample=64, seed=7)
    assert found.density == pytest.approx(1 / 3)
    assert (found.weak_components, found.strong_components, found.diameter, found.is_sampled) == (1, 2, 2, False)
    assert found.clustering == pytest.approx(0.583333, abs=1e-6)
    assert found.out_degree_gini == pytest.approx(0.375)
    assert found.flow_gini == pytest.approx(0.15)
    assert found.betweenness == pytest.approx([0.5, 1 / 6, 1 / 3, 0])
    assert found.mean_path_length == pytest.approx(4 / 3)


def graphs() -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """Random ones, dense and in pieces, and stars whose leaves pay and are paid by the same few."""
    rng = np.random.default_rng(1)
    for size, most, hubs in [(3, 3, 0), (10, 12, 0), (60, 240, 0), (200, 210, 0), (90, 40, 2), (400, 300, 4)] * 5:
        pairs = rng.integers(0, size, (most, 2))
        if hubs:
            leaves = rng.integers(hubs, size, (size, 1))
            star = np.hstack([leaves, rng.integers(0, hubs, (size, 1))])
            star[leaves[:, 0] % 2 == 0] = star[leaves[:, 0] % 2 == 0][:, ::-1]
            pairs = np.vstack([pairs[: most // 10], star])
        pairs = np.unique(np.vstack([pairs[pairs[:, 0] != pairs[:, 1]], [[0, 1]]]), axis=0)
        present, ends = np.unique(pairs, return_inverse=True)
        source, target = ends.reshape(-1, 2).T
        yield len(present), source, target, rng.random(len(pairs))


def test_the_figures_are_those_of_igraph() -> None:
    for count, source, target, amount in graphs():
        found = shape(count, source, target, amount, exact_vertices=1_000, sample=1, seed=7)
        graph = igraph.Graph(n=count, edges=np.column_stack([source, target]), directed=True)
        plain = graph.as_undirected()
        weak = plain.connected_components()
        lengths = weak.giant().path_length_hist(directed=False)
        assert not found.is_sampled
        assert found.density == graph.density()
        assert found.weak_components == len(weak)
        assert found.strong_components == len(graph.connected_components(mode="strong"))
        assert found.clustering == np.mean(plain.transitivity_local_undirected(mode="zero"))
        assert (found.diameter, found.mean_path_length) == (len(list(lengths.bins())), lengths.mean)
        between = np.asarray(graph.betweenness()) / max((count - 1) * (count - 2), 1)
        assert found.betweenness.tolist() == between.tolist()


def test_a_sample_of_every_vertex_is_exact() -> None:
    for count, source, target, amount in graphs():
        exact = shape(count, source, target, amount, exact_vertices=1_000, sample=1, seed=7)
        sampled = shape(count, source, target, amount, exact_vertices=1, sample=1_000, seed=7)
        assert sampled.is_sampled
        assert not exact.is_sampled
        assert sampled.betweenness == pytest.approx(exact.betweenness)
        assert (sampled.diameter, sampled.mean_path_length) == (exact.diameter, pytest.approx(exact.mean_path_length))


def test_a_sample_is_that_of_its_vertices() -> None:
    for count, source, target, amount in graphs():
        found = shape(count, source, target, amount, exact_vertices=1, sample=5, seed=7)
        graph = igraph.Graph(n=count, edges=np.column_stack([source, target]), directed=True)
        largest = graph.as_undirected().connected_components().giant()
        rng = np.random.default_rng(7)
        starts, begin = (np.sort(rng.choice(n, min(5, n), replace=False)).tolist() for n in (count, largest.vcount()))
        between = np.asarray(graph.betweenness(sources=starts)) * (count / len(starts))
        assert found.betweenness.tolist() == (between / max((count - 1) * (count - 2), 1)).tolist()
        lengths = np.asarray(largest.distances(source=begin))
        assert (found.diameter, found.mean_path_length) == (
            lengths.max(),
            lengths.sum() / max(lengths.size - len(begin), 1),
        )


def test_smallest_graph() -> None:
    found = shape(2, np.array([0]), np.array([1]), np.array([5.0]), exact_vertices=2_000, sample=64, seed=7)
    assert (found.density, found.diameter, found.mean_path_length, found.clustering, found.flow_gini) == (
        0.5,
        1,
        1.0,
        0.0,
        0.0,
    )
    assert found.betweenness.tolist() == [0, 0]


def test_gini() -> None:
    assert gini(np.array([])) == gini(np.array([0, 0])) == gini(np.array([4, 4, 4])) == 0
    assert gini(np.array([0, 0, 0, 10])) == pytest.approx(0.75)


def test_profile_of_a_day() -> None:
    profile = temporal_profile(np.array([3, 9, 10]), np.array([2, 20, 2]), np.array([1.5, 8.0, 0.5]), 2.0)
    counts = np.zeros(24)
    counts[[3, 9, 10]] = [2, 20, 2]
    assert profile["hours"] == counts.tolist()
    assert profile["peak_hours"] == [9, 3, 10]
    assert profile["bursts"] == [{"hour": 9, "transfers": 20, "limit": round(counts.mean() + 2 * counts.std(), 6)}]
    assert profile["amounts"][9] == 8.0
