"""From columns to the graph: the order of transfers, vertices per token, labels in time, hubs, who is terminal."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from flow_pipeline.graph import BURN, EXCHANGE, UNLABELLED, TransferGraph
from flow_pipeline.graph.order import time_order
from flow_pipeline.graph.prepare import Crowds, Hubs, Labels, Transfers, build, first_crowds
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
        time=time, block=np.zeros(len(rows), np.int64), place=np.zeros(len(rows), np.int64),
        index=np.arange(len(rows)), sender=sender, receiver=receiver,
        token=token, amount=np.arange(1.0, len(rows) + 1), amount_usd=np.empty(0), tie_break=_never_asked,
    )  # fmt: skip
    named = Labels(*columns[:4], columns[4].astype(np.int8), columns[5].astype(np.int32))
    return build(transfers, named, Hubs(hub[0].astype(np.int32), hub[1], hub[2]), np.array([0, 1]), ("ETH", "POL"), 9)


def _never_asked(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    raise AssertionError(f"hashes of {rows.tolist()} are read without need")


def test_edges_are_in_time_order_and_say_which_row_they_were() -> None:
    graph = graph_of([(30, 1, 2), (10, 2, 3), (20, 3, 1)])
    assert graph.time.tolist() == [10, 20, 30]
    assert graph.row.tolist() == [1, 2, 0]
    assert graph.amount.tolist() == [2, 3, 1]
    assert graph.address[graph.sender].tolist() == [2, 3, 1]
    assert graph.rank.tolist() == [1, 2, 3]


def test_within_a_moment_block_place_index_and_amount_decide_before_the_hash() -> None:
    asked: list[list[int]] = []

    def texts(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        asked.append(rows.tolist())
        return (
            np.array([{3: "0xb", 4: "0xa", 6: "0xb"}[row] for row in rows]),
            np.array([{3: "z", 4: "m", 6: "a"}[row] for row in rows]),
        )

    keys = (
        np.array([5] * 7),
        np.array([2, 1, 1, 1, 1, 1, 1]),
        np.array([0, 9, 1, 4, 4, 4, 4]),
        np.array([0, 0, 8, 7, 7, 7, 7]),
    )
    order, rank = time_order(keys, (np.array([1.0, 1.0, 1.0, 3.0, 3.0, 2.0, 3.0]),), texts)
    assert order.tolist() == [2, 5, 4, 6, 3, 1, 0]
    assert rank.tolist() == [1, 2, 3, 4, 4, 5, 6], "what is equal in all of it and in its hash has no order"
    assert asked == [[3, 4, 6]], "only the tied rows are looked up"


def test_a_receipt_and_a_payment_of_one_block_keep_the_order_of_their_transactions() -> None:
    keys = tuple(np.array(values) for values in ([5, 5], [1, 1], [12, 3], [-1, -1]))
    assert time_order(keys, (np.array([9.0, 9.0]),), _never_asked)[0].tolist() == [1, 0]


ROWS = [(10, 1, 0), (20, 2, 0), (30, 3, 0), (40, 0, 4), (50, 0, 5), (60, 0, 6), (70, 0, 4), (80, 7, 0), (80, 7, 1)]
"""Time, sender, receiver: 0 is paid by 1, 2, 3 and pays 4, 5, 6; 7 only pays."""


def crowds_of(rows: list[tuple[int, int, int]], side: int, counterparties: int, window: int) -> dict[int, int]:
    """Since when who had so many counterparties as receiver, 2, or as sender, 1."""
    ordered = np.array(sorted((row[side], row[0], row[3 - side]) for row in rows), np.int64)
    address, time, other = ordered.T.copy()
    row, since = first_crowds(np.zeros(len(rows), np.int64), address, time, other, counterparties, window)
    return dict(zip(address[row].tolist(), since.tolist(), strict=True))


def test_who_is_paid_by_many_and_who_pays_many() -> None:
    assert (crowds_of(ROWS, 2, 3, 100), crowds_of(ROWS, 1, 3, 100)) == ({0: 30}, {0: 60})
    assert not crowds_of(ROWS, 2, 3, 15), "within the window there are never three"
    assert not crowds_of(ROWS, 2, 4, 50), "the fourth comes when the first three have left"
    assert crowds_of(ROWS, 2, 4, 70) == {0: 80}
    assert not crowds_of([(time, 1, 0) for time in range(9)], 2, 3, 100), "one who pays often is one"


def known(paid_by_many: int, pays_many: int) -> TransferGraph:
    """The graph of the rows, of which so much is known of 0."""
    columns = [np.array([row[n] for row in ROWS], np.int64) for n in range(3)]
    nothing = np.zeros(len(ROWS), np.int64)
    transfers = Transfers(
        columns[0], nothing, nothing, np.arange(len(ROWS)), columns[1], columns[2], nothing, np.ones(len(ROWS)),
        np.empty(0), _never_asked,
    )  # fmt: skip
    one = np.zeros(1, np.int64)
    crowds = Crowds(one, one, np.array([paid_by_many]), np.array([pays_many]))
    nobody = Labels(*(np.empty(0, np.int64) for _ in range(4)), np.empty(0, np.int8), np.empty(0, np.int32))
    hubs = Hubs(*(np.empty(0, np.int64) for _ in range(3)))
    return build(transfers, nobody, hubs, np.zeros(1, np.int32), ("ETH",), 8, crowds)


def test_who_is_paid_by_many_and_pays_many_is_a_service_from_then_on() -> None:
    graph = known(30, 60)
    assert graph.is_sender_terminal.tolist() == [False, False, False, False, False, True, True, False, False]
    assert graph.is_receiver_terminal.tolist() == [False] * 7 + [True, False]
    assert known(5, 35).is_sender_terminal.tolist() == [False] * 3 + [True] * 4 + [False] * 2
    assert not known(5, NEVER).is_sender_terminal.any(), "one side is no service"


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
