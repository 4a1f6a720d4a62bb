"""One address at a time: fans in trailing windows, gathering and scattering, passing through; every hit by hand."""

from __future__ import annotations

import numpy as np
import pytest

from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.address_windows import (
    IN,
    OUT,
    Groups,
    gather_scatter,
    pass_through,
    scatter_gather,
    trailing_windows,
)
from tests.unit.graph.small import MINUTE, Pay, letter, letters, small_graph


def found(graph: TransferGraph, groups: Groups) -> list[tuple[str, list[str]]]:
    """Vertex and transfers per group."""
    return [
        (letter(graph, groups.vertex[i]), letters(graph, groups.edges[groups.start[i] : groups.start[i + 1]]))
        for i in range(len(groups))
    ]


def fans(
    pays: list[Pay],
    window: int,
    least: int,
    direction: int = OUT,
    is_distinct: bool = True,
    roles: dict[str, str] | None = None,
) -> list[tuple[str, list[str]]]:
    graph = small_graph(pays, roles)
    everything = np.ones(graph.edge_count, bool)
    return found(graph, trailing_windows(graph, direction, window * MINUTE, least, is_distinct, everything))


def test_a_window_holds_both_its_ends() -> None:
    pays: list[Pay] = [(0, "AB", 1), (30, "AC", 1), (60, "AD", 1)]
    assert fans(pays, 60, 3) == [("A", ["AB", "AC", "AD"])]
    assert fans(pays, 59, 3) == []


def test_overlapping_windows_are_one_group_and_others_are_not() -> None:
    pays: list[Pay] = [(0, "AB", 1), (10, "AC", 1), (20, "AD", 1), (200, "AE", 1), (400, "AF", 1), (410, "AG", 1)]
    assert fans(pays, 10, 2) == [("A", ["AB", "AC", "AD"]), ("A", ["AF", "AG"])]


def test_counterparties_or_transfers_are_counted() -> None:
    pays: list[Pay] = [(0, "AB", 1), (1, "AB", 1), (2, "AB", 1)]
    assert fans(pays, 10, 2) == []
    assert fans(pays, 10, 3, is_distinct=False) == [("A", ["AB", "AB", "AB"])]


def test_a_fan_in_is_the_same_seen_from_the_receiver() -> None:
    pays: list[Pay] = [(0, "BA", 1), (1, "CA", 1), (2, "AD", 1)]
    assert fans(pays, 10, 2, IN) == [("A", ["BA", "CA"])]
    assert fans(pays, 10, 2, OUT) == []
    assert fans(pays, 10, 2, IN, roles={"A": "exchange"}) == [], "services collect, that is their trade"


def test_edges_that_do_not_count_are_neither_counted_nor_shown() -> None:
    graph = small_graph([(0, "AB", 1), (1, "AC", 1), (2, "AD", 1)])
    counts = np.array([True, False, True])
    assert found(graph, trailing_windows(graph, OUT, 10 * MINUTE, 2, True, counts)) == [("A", ["AB", "AD"])]
    assert found(graph, trailing_windows(graph, OUT, 10 * MINUTE, 3, True, counts)) == []


GATHERED: list[Pay] = [(0, "XM", 10), (10, "YM", 10), (20, "MP", 9), (30, "MQ", 9)]


@pytest.mark.parametrize(
    ("pays", "window", "is_hit"),
    [
        (GATHERED, 30, True),
        (GATHERED, 29, False),
        ([*GATHERED[:3], (30, "MQ", 6.9)], 30, False),
        ([*GATHERED[:3], (30, "MQ", 7)], 30, True),
        ([(0, "XM", 10), (10, "MP", 9), (20, "YM", 10), (30, "MQ", 9)], 30, False),
        ([*GATHERED[:3], (30, "MP", 9)], 30, False),
    ],
    ids=["fits", "too slow", "keeps too much", "keeps just enough", "does not gather first", "one receiver"],
)
def test_gathering_then_scattering_about_the_same_sum(pays: list[Pay], window: int, is_hit: bool) -> None:
    graph = small_graph(pays)
    groups = gather_scatter(graph, window * MINUTE, 2, 0.8, 1.0)
    assert found(graph, groups) == ([("M", ["XM", "YM", "MP", "MQ"])] if is_hit else [])
    assert groups.part.tolist() == ([IN, IN, OUT, OUT] if is_hit else [])


SCATTERED: list[Pay] = [(0, "SM", 5), (5, "SN", 5), (10, "MT", 5), (20, "NT", 5)]


def test_scattering_over_middles_that_pay_one_target() -> None:
    graph = small_graph(SCATTERED)
    groups = scatter_gather(graph, 20 * MINUTE, 2)
    assert found(graph, groups) == [("S", ["SM", "SN", "MT", "NT"])]
    assert groups.part.tolist() == [IN, IN, OUT, OUT]
    assert len(scatter_gather(graph, 19 * MINUTE, 2)) == 0
    assert len(scatter_gather(graph, 20 * MINUTE, 3)) == 0


@pytest.mark.parametrize(
    ("pays", "roles"),
    [
        ([(0, "SM", 5), (5, "NT", 5), (10, "SN", 5), (20, "MT", 5)], {}),
        ([(0, "SM", 5), (5, "SN", 5), (10, "MS", 5), (20, "NS", 5)], {}),
        (SCATTERED, {"T": "exchange"}),
        (SCATTERED, {"N": "dex"}),
    ],
    ids=["a middle pays before it is paid", "the target is the source", "a service as target", "a service as middle"],
)
def test_what_is_no_scattering(pays: list[Pay], roles: dict[str, str]) -> None:
    assert len(scatter_gather(small_graph(pays, roles), 60 * MINUTE, 2)) == 0


PASSED: list[Pay] = [(0, "XM", 10), (10, "MY", 10), (100, "XM", 20), (130, "MY", 10), (140, "MZ", 9)]


def test_money_passes_through_twice() -> None:
    graph = small_graph(PASSED)
    groups = pass_through(graph, 60 * MINUTE, 0.95, 1.0, 2, 140 * MINUTE)
    assert found(graph, groups) == [("M", ["XM", "MY", "XM", "MY", "MZ"])]
    assert groups.part.tolist() == [IN, OUT, IN, OUT, OUT]
    assert len(pass_through(graph, 60 * MINUTE, 0.95, 1.0, 2, 139 * MINUTE)) == 0, "the window is from first to last"
    assert len(pass_through(graph, 39 * MINUTE, 0.95, 1.0, 2, 140 * MINUTE)) == 0, "the second receipt rests too long"
    assert len(pass_through(graph, 60 * MINUTE, 0.96, 1.0, 2, 140 * MINUTE)) == 0, "the second pass keeps a twentieth"


def test_what_an_exchange_sweeps_is_its_deposit_address() -> None:
    swept: list[Pay] = [(0, "XM", 10), (10, "ME", 10), (100, "XM", 10), (110, "ME", 10)]
    assert len(pass_through(small_graph(swept), 60 * MINUTE, 0.95, 1.0, 2, 200 * MINUTE)) == 1
    assert len(pass_through(small_graph(swept, {"E": "exchange"}), 60 * MINUTE, 0.95, 1.0, 2, 200 * MINUTE)) == 0
