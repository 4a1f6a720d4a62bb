"""From columns to the graph: the order of transfers, vertices per token, labels in time, hubs, who is terminal."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from flow_pipeline.graph import BURN, EXCHANGE, UNLABELLED, TransferGraph
from flow_pipeline.graph.prepare import Hubs, Labels, Transfers, build, time_order
from tests.unit.graph.small import ALWAYS, NEVER, letters, small_graph


def graph_of(
    rows: list[tuple[int, int, int]],
    tokens: list[int] | None = None,
    labels: list[tuple[int, int, int, int, int, int]] | None = None,
    hubs: list[tuple[int, int, int]] | None = None,
) -> TransferGraph:
    """Rows: time, sender, receiver. Labels: address, chain, start, end, role, entity. Hubs: token, address, since."""
    token = np.array(tokens or [0] * len(rows), np.int64)
    time, sender, receiver = (np.array([row[n] for row in rows], np.int64) for n in range(3))
    columns = [np.array([row[n] for row in labels or []], np.int64) for n in range(6)]
    hub = [np.array([row[n] for row in hubs or []], np.int64) for n in range(3)]
    transfers = Transfers(
        time=time, block=np.zeros(len(rows), np.int64), index=np.arange(len(rows)), sender=sender, receiver=receiver,
        token=token, amount=np.arange(1.0, len(rows) + 1), amount_usd=np.empty(0), tie_break=_never_asked,
    )  # fmt: skip
    named = Labels(*columns[:4], columns[4].astype(np.int8), columns[5].astype(np.int32))
    return build(transfers, named, Hubs(hub[0].astype(np.int32), hub[1], hub[2]), np.array([0, 1]), ("ETH", "POL"), 9)


def _never_asked(rows: np.ndarray) -> np.ndarray:
    raise AssertionError(f"hashes of {rows.tolist()} are read without need")


def test_edges_are_in_time_order_and_say_which_row_they_were() -> None:
    graph = graph_of([(30, 1, 2), (10, 2, 3), (20, 3, 1)])
    assert graph.time.tolist() == [10, 20, 30]
    assert graph.row.tolist() == [1, 2, 0]
    assert graph.amount.tolist() == [2, 3, 1]
    assert graph.address[graph.sender].tolist() == [2, 3, 1]
    assert graph.rank.tolist() == [1, 2, 3]


def test_within_a_moment_block_then_index_then_hash_decide() -> None:
    asked: list[list[int]] = []

    def hashes(rows: np.ndarray) -> np.ndarray:
        asked.append(rows.tolist())
        return np.array([{1: "0xb", 2: "0xa", 4: "0xb"}[row] for row in rows])

    time, block, index = (np.array(values, np.int64) for values in ([5] * 5, [2, 1, 1, 1, 1], [0, 1, 1, 0, 1]))
    order, rank = time_order(time, block, index, hashes)
    assert order.tolist() == [3, 2, 1, 4, 0]
    assert rank.tolist() == [1, 2, 3, 3, 4], "rows that are equal in all four have no order among them"
    assert asked == [[1, 2, 4]], "only the tied rows are looked up"


def test_an_address_is_a_vertex_per_token_with_its_edges_in_time_order() -> None:
    graph = graph_of([(10, 1, 2), (20, 2, 1), (30, 1, 2), (40, 1, 3)], tokens=[0, 0, 1, 0])
    assert graph.vertex_count == 5
    vertices = list(zip(graph.token.tolist(), graph.address.tolist(), strict=True))
    assert sorted(vertices) == [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2)]
    out = [graph.out_edges[low:high].tolist() for low, high in pairwise(graph.out_start)]
    assert dict(zip(vertices, out, strict=True)) == {(0, 1): [0, 3], (0, 2): [1], (0, 3): [], (1, 1): [2], (1, 2): []}
    into = [graph.in_edges[low:high].tolist() for low, high in pairwise(graph.in_start)]
    assert dict(zip(vertices, into, strict=True)) == {(0, 1): [1], (0, 2): [0], (0, 3): [3], (1, 1): [], (1, 2): [2]}


def test_a_label_holds_from_its_start_until_before_its_end_on_its_chain() -> None:
    label = (1, 0, 20, 30, EXCHANGE, 7)
    graph = graph_of([(19, 1, 2), (20, 1, 2), (29, 2, 1), (29, 1, 2), (30, 1, 2)], [0, 0, 0, 1, 0], [label])
    assert graph.sender_role.tolist() == [UNLABELLED, EXCHANGE, UNLABELLED, UNLABELLED, UNLABELLED]
    assert graph.sender_entity.tolist() == [-1, 7, -1, -1, -1]
    assert graph.receiver_role.tolist() == [UNLABELLED, UNLABELLED, EXCHANGE, UNLABELLED, UNLABELLED]
    assert graph.is_sender_terminal.tolist() == [False, True, False, False, False]
    assert graph.is_receiver_terminal.tolist() == [False, False, True, False, False]


def test_a_hub_is_terminal_from_its_day_on_for_its_token() -> None:
    rows = [(10, 1, 2), (20, 1, 2), (30, 2, 1), (40, 1, 2)]
    graph = graph_of(rows, [0, 0, 0, 1], hubs=[(0, 1, 20)])
    assert graph.is_sender_terminal.tolist() == [False, True, False, False]
    assert graph.is_receiver_terminal.tolist() == [False, False, True, False]


def test_mints_and_burns_are_no_edges() -> None:
    graph = graph_of([(10, 0, 1), (20, 1, 2), (30, 2, 0)], labels=[(0, 0, ALWAYS, NEVER, BURN, 1)])
    assert graph.row.tolist() == [1]
    assert sorted(graph.address.tolist()) == [1, 2]


@pytest.mark.parametrize("pays", [[], [(0, "AB", 1.0)]])
def test_the_smallest_graphs(pays: list[Any]) -> None:
    graph = small_graph(pays)
    assert (graph.edge_count, graph.vertex_count) == (len(pays), 2 * len(pays))
    assert letters(graph, np.arange(graph.edge_count)) == ["AB"][: len(pays)]
