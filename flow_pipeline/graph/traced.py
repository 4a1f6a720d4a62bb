"""Money followed on from known addresses as it moves on, in shares of what its holder has.

A payment carries the traced share of what the payer got and still has (a haircut): half traced, half of it. What comes
to a service or a labelled address is followed no further. A balance is what the window saw come and go.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from flow_pipeline.graph import UNLABELLED
from flow_pipeline.graph.tip import Window


@dataclass(frozen=True)
class Carried:
    """Per transfer: traced token units, hops from the known address, and the vertex of that address."""

    amount: np.ndarray
    hops: np.ndarray
    origin: np.ndarray


def carry(held: Window, first: int, last: int, is_known: np.ndarray, max_hops: int) -> Carried:
    """Follow what transfers [first, last) move on.

    Args:
        held: The window; it remembers per vertex what is there.
        first, last: Transfers in order, each given once.
        is_known: Which of them known addresses send.
        max_hops: Beyond so many hops nothing is followed.
    """
    columns = [
        held.vertex_column(f"traced {name}", kind, 0)
        for name, kind in (("balance", np.float64), ("amount", np.float64), ("hops", np.int64), ("origin", np.int64))
    ]
    return Carried(*_carry(held.edges, held.vertices, first, last, is_known, max_hops, *columns))


def forget(held: Window) -> None:
    """Begin anew, as after a fall: the window's transfers are then given once more."""
    for name, kind in (("balance", np.float64), ("amount", np.float64), ("hops", np.int64), ("origin", np.int64)):
        held.vertex_column(f"traced {name}", kind, 0)[:] = 0


@njit(cache=True, nogil=True)
def _carry(E, V, first, last, is_known, max_hops, balance, traced, hops, origin):
    amount, far = np.zeros(last - first), np.zeros(last - first, np.int64)
    begun = np.full(last - first, -1, np.int64)
    for e in range(first, last):
        u, v, i = E.sender[e], E.receiver[e], e - first
        moved = 0.0
        if is_known[i]:
            moved, far[i], begun[i] = E.amount[e], 1, u
        elif traced[u] > 0 and hops[u] < max_hops:
            share = E.amount[e] / balance[u] if balance[u] > E.amount[e] else 1.0
            moved, far[i], begun[i] = traced[u] * share, hops[u] + 1, origin[u]
            moved = min(moved, E.amount[e])
            traced[u] -= moved
        amount[i] = moved
        balance[u] = max(balance[u] - E.amount[e], 0.0)
        balance[v] += E.amount[e]
        since = min(V.hub_since[v], max(V.paid_by_many[v], V.pays_many[v]))
        if moved > 0 and E.receiver_role[e] == UNLABELLED and E.time[e] < since:
            # Of several origins the one that came last and nearest is named.
            if traced[v] <= 0 or far[i] <= hops[v]:
                hops[v], origin[v] = far[i], begun[i]
            traced[v] += moved
    return amount, far, begun
