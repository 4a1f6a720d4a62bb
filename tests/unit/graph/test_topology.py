"""The worked graph, sampled against exact, and the day's profile."""

from __future__ import annotations

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


def test_a_sample_of_every_vertex_is_exact() -> None:
    rng = np.random.default_rng(1)
    for size in (3, 10, 60):
        pairs = np.unique(rng.integers(0, size, (4 * size, 2)), axis=0)
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        present, ends = np.unique(pairs, return_inverse=True)
        source, target = ends.reshape(-1, 2).T
        amount = rng.random(len(pairs))
        exact = shape(len(present), source, target, amount, exact_vertices=1_000, sample=1, seed=7)
        sampled = shape(len(present), source, target, amount, exact_vertices=2, sample=1_000, seed=7)
        assert sampled.is_sampled
        assert not exact.is_sampled
        assert sampled.betweenness == pytest.approx(exact.betweenness)
        assert (sampled.diameter, sampled.mean_path_length) == (exact.diameter, pytest.approx(exact.mean_path_length))


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
