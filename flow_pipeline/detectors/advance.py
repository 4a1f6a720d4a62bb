"""How findings come as transfers arrive: what a typology declares, and the kernels that tell what is worth a look.

A kernel names a superset, cheaply; the typology's own `find` judges, on the few transfers that it needs. What must not
stand here: definitions, which are the typologies' own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit

from flow_pipeline.graph import UNLABELLED
from flow_pipeline.graph.tip import Taken, Window

Look = Callable[[Window, Taken], np.ndarray]


@dataclass(frozen=True)
class OfAddresses:
    """Findings about an address, told by nothing but its own transfers.

    Attributes:
        look: Vertices whose findings the transfers that came may have changed.
        is_out: Its payments tell.
        is_in: Its receipts tell.
    """

    look: Look
    is_out: bool = True
    is_in: bool = True


@dataclass(frozen=True)
class OfPaths:
    """Findings that are paths which no transfer can lengthen.

    Attributes:
        gap: Longest rest between two hops, microseconds, inclusive.
        low: Each hop carries at least this share of the hop before.
        high: And at most this share.
        min_hops: Fewest hops.
        max_hops: Most hops.
    """

    gap: int
    low: float
    high: float
    min_hops: int
    max_hops: int


@dataclass(frozen=True)
class OfRoutes:
    """Findings that are paths from one role to another, each for itself.

    Attributes:
        origin: Role of the first sender.
        target: Role of the last receiver.
        span: From the first to the last transfer, microseconds, inclusive.
        low: Each hop carries at least this share of the hop before.
        max_hops: Most hops.
    """

    origin: int
    target: int
    span: int
    low: float
    max_hops: int


@dataclass(frozen=True)
class OfCircles:
    """Findings that are circles, the best of its day for each.

    Attributes:
        span: From the first to the last transfer, microseconds, inclusive.
        low: Each hop carries at least this share of the hop before.
        high: And at most this share.
        max_hops: Most hops.
    """

    span: int
    low: float
    high: float
    max_hops: int


@dataclass(frozen=True)
class OfDays:
    """Findings that are the largest transfers of a token and day, so many of them."""

    per_day: int


Advance = OfAddresses | OfPaths | OfRoutes | OfCircles | OfDays


def many_lately(window: int, least: int, is_in: bool) -> Look:
    """Vertices that a transfer makes meet so many on one side within a trailing window."""

    def look(held: Window, came: Taken) -> np.ndarray:
        columns, vertices = held.edges, held.vertices
        mark = np.array([held.mark], np.int64)
        found = _many_lately(
            columns, vertices, held.first, came.first, came.last, came.late, window, least, is_in, mark
        )
        held.mark = int(mark[0])
        return np.unique(found)

    return look


@njit(cache=True, nogil=True)
def is_service(V, v, moment):
    """True when a vertex is a hub or a crowd's service at a moment."""
    return moment >= min(V.hub_since[v], max(V.paid_by_many[v], V.pays_many[v]))


@njit(cache=True, nogil=True)
def _many_lately(E, V, held, first, last, late, window, least, is_in, mark):
    own, other, role = (E.receiver, E.sender, E.receiver_role) if is_in else (E.sender, E.receiver, E.sender_role)
    before, count = (E.before_in, V.ins) if is_in else (E.before_out, V.outs)
    found, size = np.empty(last - first, np.int64), 0
    for e in range(first, last):
        v = own[e]
        if role[e] != UNLABELLED or count[v] < least or is_service(V, v, E.time[e]):
            continue
        mark[0] += 1
        since, met, k = E.time[e] - window, 0, e
        while k >= held and E.time[k] >= since and met < least:
            if V.stamp[other[k]] != mark[0]:
                V.stamp[other[k]] = mark[0]
                met += 1
            k = before[k]
        if met >= least or late[e - first]:
            found[size] = v
            size += 1
    return found[:size].copy()
