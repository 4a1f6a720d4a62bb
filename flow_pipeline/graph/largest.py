"""The largest transfer of each sender and day, and of those the largest of each token and day."""

from __future__ import annotations

import numpy as np
from numba import njit

from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.paths import DAY


def largest_transfers(graph: TransferGraph, per_day: int) -> np.ndarray:
    """Edges between two addresses that are not terminal, one per sender and day: the largest, the first of equal ones.

    Args:
        graph: The graph.
        per_day: Edges kept per token and day, the largest ones.

    Returns:
        Edges in time order.
    """
    edges = _largest(
        graph.time,
        graph.amount,
        graph.is_sender_terminal | graph.is_receiver_terminal,
        graph.out_start,
        graph.out_edges,
    )
    token, day = graph.token[graph.sender[edges]], graph.time[edges] // DAY
    order = np.lexsort((edges, -graph.amount[edges], day, token))
    token, day = token[order], day[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (token[1:] != token[:-1]) | (day[1:] != day[:-1])
    first = np.maximum.accumulate(np.where(is_new, np.arange(len(order)), 0))
    return np.sort(edges[order[np.arange(len(order)) - first < per_day]])


@njit(cache=True, nogil=True)
def _largest(time, amount, ends, start, edges):
    found, size = np.empty(len(edges), np.int64), 0
    for v in range(len(start) - 1):
        best, today = -1, 0
        for k in range(start[v], start[v + 1]):
            e = edges[k]
            if ends[e]:
                continue
            if best >= 0 and time[e] // DAY != today:
                found[size] = best
                size += 1
                best = -1
            if best < 0 or amount[e] > amount[best]:
                best, today = e, time[e] // DAY
        if best >= 0:
            found[size] = best
            size += 1
    return found[:size].copy()
