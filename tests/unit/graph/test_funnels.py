"""Peeling chains and funnels on graphs of a few transfers, every hit by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest

from flow_pipeline.graph import MIXER, TransferGraph
from flow_pipeline.graph.address_windows import OUT, Groups
from flow_pipeline.graph.funnels import HOP, PEEL, funnels, peeling_chains
from tests.unit.graph.small import MINUTE, Pay, letter, letters, small_graph


def found(graph: TransferGraph, groups: Groups) -> list[tuple[str, dict[str, int]]]:
    """Vertex per group, and its transfers with their part."""
    return [
        (
            letter(graph, groups.vertex[i]),
            dict(zip(letters(graph, groups.edges[low:high]), groups.part[low:high].tolist(), strict=True)),
        )
        for i, (low, high) in enumerate(pairwise(groups.start))
    ]


PEELED: list[Pay] = [(0, "AB", 100), (10, "BP", 5), (20, "BC", 95), (30, "CD", 90), (40, "CQ", 5)]


def test_a_chain_with_its_peels() -> None:
    graph = small_graph(PEELED)
    groups, is_cut = peeling_chains(graph, 20 * MINUTE, 0.1, 0.0, 3, 9)
    assert found(graph, groups) == [("A", {"AB": HOP, "BP": PEEL, "BC": HOP, "CQ": PEEL, "CD": HOP})]
    assert is_cut.tolist() == [False]


def test_a_chain_that_goes_on_is_cut_at_the_longest_length() -> None:
    graph = small_graph(PEELED)
    groups, is_cut = peeling_chains(graph, 20 * MINUTE, 0.1, 0.0, 2, 2)
    assert ("A", {"AB": HOP, "BP": PEEL, "BC": HOP}) in found(graph, groups)
    assert is_cut[0]


@pytest.mark.parametrize(
    ("pays", "roles"),
    [
        ([*PEELED[:4]], {}),
        ([*PEELED[:4], (41, "CQ", 5)], {}),
        ([*PEELED[:4], (40, "CQ", 9.6)], {}),
        ([*PEELED[:3], (30, "CD", 85), (40, "CQ", 5)], {}),
        (PEELED, {"C": "exchange"}),
    ],
    ids=["no peel", "peel too late", "more goes out than came in", "rest too small", "through a service"],
)
def test_what_breaks_a_chain(pays: list[Pay], roles: dict[str, str]) -> None:
    assert len(peeling_chains(small_graph(pays, roles), 20 * MINUTE, 0.1, 0.0, 3, 9)[0]) == 0


FUNNELLED: list[Pay] = [(0, "OH", 10), (5, "OI", 10), (10, "HX", 10), (20, "IX", 10)]


def test_an_origin_behind_two_hands() -> None:
    graph = small_graph(FUNNELLED, {"X": "mixer"})
    groups, addresses, shares, longest = funnels(graph, MIXER, 20 * MINUTE, 3, 0.9, 2, 2.0)
    assert found(graph, groups) == [("O", {"OH": HOP, "OI": HOP, "HX": OUT, "IX": OUT})]
    assert (addresses.tolist(), shares.tolist(), longest.tolist()) == ([2], [1.0], [2])


def test_the_hands_of_an_origin_are_no_funnels_of_their_own() -> None:
    graph = small_graph(FUNNELLED, {"X": "mixer"})
    assert [group[0] for group in found(graph, funnels(graph, MIXER, 20 * MINUTE, 3, 0.9, 2, 1.0)[0])] == ["O"]
    assert [group[0] for group in found(graph, funnels(graph, MIXER, 20 * MINUTE, 1, 0.9, 2, 1.0)[0])] == ["H", "I"]


def test_the_share_is_of_all_that_was_paid_in_the_window() -> None:
    pays: list[Pay] = [(0, "OX", 6), (5, "OP", 4), (100, "OP", 4)]
    graph = small_graph(pays, {"X": "mixer"})
    groups, addresses, shares, longest = funnels(graph, MIXER, 20 * MINUTE, 3, 0.9, 2, 0.6)
    assert found(graph, groups) == [("O", {"OX": OUT})]
    assert (addresses.tolist(), shares.tolist(), longest.tolist()) == ([0], [1.0], [1]), (
        "the payment after it is not in"
    )
    before = small_graph([(0, "OP", 4), (5, "OX", 6)], {"X": "mixer"})
    assert funnels(before, MIXER, 20 * MINUTE, 3, 0.9, 2, 0.6)[2].tolist() == [1.0], "what it paid before is not in"
    between = small_graph([(0, "OH", 3), (2, "OP", 2), (5, "HX", 3)], {"X": "mixer"})
    groups, _, shares, _ = funnels(between, MIXER, 20 * MINUTE, 3, 0.9, 2, 0.6)
    assert {letter(between, v): share for v, share in zip(groups.vertex, shares, strict=True)} == {"O": 0.6}
    assert len(funnels(between, MIXER, 20 * MINUTE, 3, 0.9, 2, 0.61)[0]) == 1, "the hand's own part alone is left"


@pytest.mark.parametrize(
    ("pays", "roles"),
    [
        ([(0, "OH", 10), (5, "OI", 10), (10, "HX", 10), (26, "IX", 10)], {"X": "mixer"}),
        ([*FUNNELLED[:3], (20, "IX", 8.9)], {"X": "mixer"}),
        (FUNNELLED, {"X": "mixer", "I": "dex"}),
        (FUNNELLED, {"X": "exchange"}),
    ],
    ids=["a hand is too slow", "a hand keeps too much", "through a service", "no such role"],
)
def test_what_is_no_route(pays: list[Pay], roles: dict[str, str]) -> None:
    graph = small_graph(pays, roles)
    assert [
        group for group in found(graph, funnels(graph, MIXER, 20 * MINUTE, 3, 0.9, 2, 2.0)[0]) if group[0] == "O"
    ] == []
