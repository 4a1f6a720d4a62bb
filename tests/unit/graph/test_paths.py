"""Paths forward in time on graphs of a few transfers, every hit by hand; what is left out is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flow_pipeline.graph import BRIDGE, EXCHANGE, TransferGraph
from flow_pipeline.graph.paths import Walks, after, append, cycles, maximal_paths, paths_between, with_room
from tests.unit.graph.small import MINUTE, Pay, letters, small_graph


def found(graph: TransferGraph, walks: Walks) -> list[str]:
    """Walks as the letters they visit."""
    hops = [letters(graph, walks.edges[walks.start[i] : walks.start[i + 1]]) for i in range(len(walks))]
    return sorted(walk[0][0] + "".join(hop[1] for hop in walk) for walk in hops)


CHAIN: list[Pay] = [(0, "AB", 10), (10, "BC", 10), (20, "CD", 9)]


def maximal(pays: list[Pay], roles: dict[str, str] | None = None, **more: Any) -> tuple[list[str], Walks]:
    graph = small_graph(pays, roles)
    limits: dict[str, Any] = {
        "max_gap": 10 * MINUTE, "low": 0.9, "high": 1.0, "min_hops": 2, "max_hops": 9, "per_root": 100, "per_day": 100,
    }  # fmt: skip
    walks = maximal_paths(graph, **(limits | more))
    return found(graph, walks), walks


def test_a_path_is_as_long_as_it_can_be() -> None:
    paths, walks = maximal(CHAIN)
    assert paths == ["ABCD"]
    assert (walks.found, walks.is_capped, walks.is_cut.tolist()) == (1, False, [False])


@pytest.mark.parametrize(
    ("pays", "roles", "paths"),
    [
        ([(0, "AB", 10), (10, "BC", 10), (21, "CD", 9)], {}, ["ABC"]),
        ([(0, "AB", 10), (10, "BC", 10), (20, "CD", 8.9)], {}, ["ABC"]),
        ([(0, "AB", 10), (10, "BC", 10), (20, "CD", 10.1)], {}, ["ABC"]),
        ([(20, "AB", 10), (10, "BC", 10), (15, "CD", 10)], {}, ["BCD"]),
        ([(0, "AB", 10), (5, "BC", 10), (9, "CA", 10)], {}, ["ABC", "BCA"]),
        ([*CHAIN, (15, "CE", 10)], {}, ["ABCD", "ABCE"]),
        (CHAIN, {"C": "exchange"}, ["ABC"]),
        (CHAIN, {"B": "dex"}, ["BCD"]),
    ],
    ids=[
        "too late",
        "too little",
        "too much",
        "back in time",
        "no address twice",
        "a fork",
        "ends in a service",
        "begins at one",
    ],
)
def test_what_ends_a_path(pays: list[Pay], roles: dict[str, str], paths: list[str]) -> None:
    assert maximal(pays, roles)[0] == paths


def test_a_path_of_the_longest_length_is_marked_as_cut() -> None:
    paths, walks = maximal(CHAIN, max_hops=2)
    assert paths == ["ABC"]
    assert walks.is_cut.tolist() == [True]


def test_what_a_cap_leaves_out_is_said() -> None:
    fork: list[Pay] = [(0, "AB", 10), *((1, f"B{end}", 10.0) for end in "CDEF")]
    _, by_day = maximal(fork, per_day=3)
    assert (len(by_day), by_day.found, by_day.is_capped) == (3, 4, False)
    _, by_root = maximal(fork, per_root=3)
    assert (len(by_root), by_root.is_capped) == (3, True)


def test_paths_between_roles_pass_through_no_service() -> None:
    pays: list[Pay] = [(0, "AB", 10), (10, "BC", 10), (20, "CD", 9), (21, "CE", 9), (22, "BE", 3), (23, "BD", 9)]
    graph = small_graph(pays, {"A": "bridge", "D": "exchange", "E": "mixer"})
    limits = {"low": 0.9, "max_hops": 3, "per_root": 100, "per_day": 100}
    between = {
        (span, least): found(graph, paths_between(graph, BRIDGE, EXCHANGE, span * MINUTE, min_hops=least, **limits))
        for span in (20, 23)
        for least in (1, 3)
    }
    assert between == {(20, 1): ["ABCD"], (20, 3): ["ABCD"], (23, 1): ["ABCD", "ABD"], (23, 3): ["ABCD"]}
    through = small_graph(CHAIN, {"A": "bridge", "B": "dex", "D": "exchange"})
    assert len(paths_between(through, BRIDGE, EXCHANGE, 60 * MINUTE, min_hops=1, **limits)) == 0


ROUND: list[Pay] = [(0, "AB", 3), (10, "BC", 3), (20, "CA", 3)]


@pytest.mark.parametrize(
    ("pays", "span", "hops", "paths"),
    [
        (ROUND, 20, 3, ["ABCA"]),
        (ROUND, 19, 3, []),
        (ROUND, 20, 2, []),
        ([(0, "CA", 3), (10, "BC", 3), (20, "AB", 3)], 60, 3, []),
        ([(0, "AB", 3), (10, "BA", 3), (20, "AB", 3)], 60, 3, ["ABA", "BAB"]),
        ([*ROUND, (30, "AD", 1), (40, "DA", 1)], 60, 5, ["ABCA", "ADA"]),
    ],
    ids=["round", "too slow", "too long", "back in time", "to and fro", "no address twice"],
)
def test_cycles(pays: list[Pay], span: int, hops: int, paths: list[str]) -> None:
    graph = small_graph(pays)
    assert found(graph, cycles(graph, span * MINUTE, 0.0, np.inf, hops, 100, 100)) == paths


def test_no_cycle_goes_through_a_service() -> None:
    graph = small_graph(ROUND, {"C": "exchange"})
    assert len(cycles(graph, 60 * MINUTE, 0.0, np.inf, 3, 100, 100)) == 0


def test_bounds_have_room_for_rounding_and_no_more() -> None:
    low, high = with_room(0.1 * 3, 1.1)
    assert low <= 0.3 <= high
    assert low > 0.3 - 1e-9
    assert 1.1 < high < 1.1 + 1e-9


def test_after_finds_the_first_edge_of_a_higher_rank() -> None:
    rank, edges = np.array([1, 2, 2, 3]), np.array([0, 1, 2, 3])
    assert [after(rank, edges, 0, 4, r) for r in range(4)] == [0, 1, 3, 4]
    assert after(rank, edges, 1, 3, 0) == 1


def test_append_grows_and_keeps() -> None:
    buffer = np.empty(1, np.int32)
    for size in range(5):
        buffer = append(buffer, size, size * size)
    assert buffer[:5].tolist() == [0, 1, 4, 9, 16]
