"""What is near some transfers of a window: cheap kernels that name a superset of what a definition needs.

They walk the chains of the window from the newest transfer back. Their answers are judged by the kernels of the batch;
a transfer too many costs time, one too few would lose a finding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from flow_pipeline.graph import UNLABELLED
from flow_pipeline.graph.paths import append, with_room
from flow_pipeline.graph.tip import Taken, Window


@dataclass(frozen=True)
class Step:
    """When one transfer may follow another: its gap in microseconds, inclusive, and bounds of its share."""

    gap: int
    low: float
    high: float

    @property
    def bounds(self) -> tuple[int, float, float]:
        """With the room that the kernels of paths give."""
        return (self.gap, *with_room(self.low, self.high))


def met_lately(
    held: Window,
    came: Taken,
    window: int,
    least: int,
    is_in: bool,
    counts: np.ndarray | None = None,
    distinct: bool = True,
) -> np.ndarray:
    """Vertices that one of the transfers that came makes meet so many on one side within a trailing window.

    Args:
        held: The window.
        came: What came.
        window: Microseconds, inclusive.
        least: Counterparties, or transfers where not `distinct`.
        is_in: Receipts, else payments.
        counts: Lowest and highest amount that counts per token of the window, None where all do.
        distinct: Count counterparties.
    """
    mark = np.array([held.mark], np.int64)
    bounds = np.empty((0, 2)) if counts is None else counts
    found = _met_lately(
        held.edges, held.vertices, held.first, *_span(came), window, least, is_in, bounds, distinct, mark
    )
    held.mark = int(mark[0])
    return np.unique(found)


def passing(held: Window, came: Taken, step: Step, least: int) -> np.ndarray:
    """Vertices with which one of the transfers may complete a pass: what came in last is paid out by now."""
    return np.unique(_passing(held.edges, held.vertices, held.first, *_span(came), *step.bounds, least))


def scattering(held: Window, came: Taken, least: int) -> np.ndarray:
    """Vertices that made so many payments since their last receipt, one of them a transfer that came."""
    return np.unique(_scattering(held.edges, held.vertices, held.first, *_span(came), least))


def _span(came: Taken) -> tuple[int, int, np.ndarray]:
    return came.first, came.last, came.late


def deepen(held: Window, depth: np.ndarray, edges: np.ndarray, step: Step, max_hops: int) -> None:
    """Bring up to date how many hops lead up to each transfer at most; what follows a deeper one is deeper too."""
    _deepen(held.edges, held.vertices, held.first, edges, depth, *step.bounds, max_hops)


def reach_from(held: Window, hops: np.ndarray, first: int, last: int, role: int, max_hops: int) -> np.ndarray:
    """Which transfers may lie on a route from an address of a role; `hops` remembers it per vertex."""
    return np.asarray(_reach_from(held.edges, first, last, hops, role, max_hops))


def before(held: Window, edges: np.ndarray, step: Step, layers: int, limit: int) -> np.ndarray:
    """The transfers that may lead up to some, hop by hop, themselves among them; more than `limit` is too many."""
    mark = held.next_mark()
    return np.asarray(_before(held.edges, held.vertices, held.first, edges, *step.bounds, layers, limit, mark))


def behind(held: Window, edges: np.ndarray, step: Step, layers: int, limit: int) -> np.ndarray:
    """The transfers that may follow some, hop by hop, themselves among them; more than `limit` is too many."""
    mark = held.next_mark()
    return np.asarray(_behind(held.edges, held.vertices, held.first, edges, *step.bounds, layers, limit, mark))


def circling(held: Window, edges: np.ndarray, step: Step, max_hops: int, limit: int) -> tuple[np.ndarray, int]:
    """Vertices of the circles that some transfers may close, and how many searches met more than `limit` transfers."""
    mark = np.array([held.mark], np.int64)
    found, cut = _circling(held.edges, held.vertices, held.first, edges, *step.bounds, max_hops, limit, mark)
    held.mark = int(mark[0])
    return np.unique(found), int(cut)


def among(held: Window, vertices: np.ndarray, since: int) -> np.ndarray:
    """Transfers between some vertices since a moment."""
    mark = held.next_mark()
    return np.asarray(_among(held.edges, held.vertices, held.first, vertices.astype(np.int64), since, mark))


def since_of(held: Window, vertices: np.ndarray, since: np.ndarray) -> np.ndarray:
    """Transfers of each vertex since its moment."""
    mark = held.next_mark()
    found = _since_of(held.edges, held.vertices, held.first, vertices.astype(np.int64), since.astype(np.int64), mark)
    return np.asarray(found)


def arrivals(held: Window, role: int) -> np.ndarray:
    """Transfers to addresses of a role."""
    return held.first + np.flatnonzero(held.edges.receiver_role[held.first : held.size] == role)


def of_day(held: Window, token: int, first: int, last: int) -> np.ndarray:
    """Transfers of a token with first <= time < last between ends that are not terminal."""
    return np.asarray(_of_day(held.edges, held.vertices, held.first, held.size, token, first, last))


def is_plain(held: Window, edges: np.ndarray) -> np.ndarray:
    """Which transfers have two ends that are not terminal."""
    return np.asarray(_is_plain(held.edges, held.vertices, edges))


_inlined = njit(cache=True, nogil=True, inline="always")
"""Handing over all columns at each call would cost more than what is done with them."""


@_inlined
def _is_service(V, v, moment):
    return moment >= min(V.hub_since[v], max(V.paid_by_many[v], V.pays_many[v]))


@_inlined
def _sender_ends(E, V, e):
    return E.sender_role[e] != UNLABELLED or _is_service(V, E.sender[e], E.time[e])


@_inlined
def _receiver_ends(E, V, e):
    return E.receiver_role[e] != UNLABELLED or _is_service(V, E.receiver[e], E.time[e])


@njit(cache=True, nogil=True)
def _is_plain(E, V, edges):
    found = np.empty(len(edges), np.bool_)
    for i in range(len(edges)):
        found[i] = not _sender_ends(E, V, edges[i]) and not _receiver_ends(E, V, edges[i])
    return found


@njit(cache=True, nogil=True)
def _met_lately(E, V, held, first, last, late, window, least, is_in, bounds, distinct, mark):
    own, other, role = (E.receiver, E.sender, E.receiver_role) if is_in else (E.sender, E.receiver, E.sender_role)
    chain, count = (E.before_in, V.ins) if is_in else (E.before_out, V.outs)
    found, size = np.empty(last - first, np.int64), 0
    for e in range(first, last):
        v = own[e]
        if role[e] != UNLABELLED or count[v] < least or _is_service(V, v, E.time[e]):
            continue
        low, high = -np.inf, np.inf
        if len(bounds):
            low, high = bounds[V.token[v], 0], bounds[V.token[v], 1]
            if not low <= E.amount[e] <= high:
                continue
        mark[0] += 1
        since, met, k = E.time[e] - window, 0, e
        while k >= held and E.time[k] >= since and met < least:
            if low <= E.amount[k] <= high and (not distinct or V.stamp[other[k]] != mark[0]):
                V.stamp[other[k]] = mark[0]
                met += 1
            k = chain[k]
        if met >= least or late[e - first]:
            found[size] = v
            size += 1
    return found[:size].copy()


@njit(cache=True, nogil=True)
def _passing(E, V, held, first, last, late, within, low, high, least):
    found, size = np.empty(2 * (last - first), np.int64), 0
    for e in range(first, last):
        if late[e - first]:
            found[size], found[size + 1] = E.sender[e], E.receiver[e]
            size += 2
            continue
        v = E.sender[e]
        if V.ins[v] < least or V.outs[v] < least or _sender_ends(E, V, e):
            continue
        p = V.last_in[v]
        while p >= held and E.time[p] > E.time[e]:
            p = E.before_in[p]
        if p < held or E.time[e] - E.time[p] > within:
            continue
        received, k, is_tied = 0.0, p, E.time[p] == E.time[e]
        while k >= held and E.time[k] == E.time[p]:
            received += E.amount[k]
            k = E.before_in[k]
        # Receipts of one moment may be one or several, so that a payment may fit to any of them.
        is_tied = is_tied or (E.before_in[p] >= held and E.time[E.before_in[p]] == E.time[p])
        paid, k = 0.0, e
        while k >= held and E.time[k] >= E.time[p]:
            is_tied = is_tied or E.time[k] == E.time[p] or (k != e and E.time[k] == E.time[e])
            paid += E.amount[k]
            k = E.before_out[k]
        is_tied = is_tied or (V.last_out[v] != e and E.time[V.last_out[v]] == E.time[e])
        if is_tied or low * received <= paid <= high * received:
            found[size] = v
            size += 1
    return found[:size].copy()


@njit(cache=True, nogil=True)
def _scattering(E, V, held, first, last, late, least):
    found, size = np.empty(2 * (last - first), np.int64), 0
    for e in range(first, last):
        if late[e - first]:
            found[size], found[size + 1] = E.sender[e], E.receiver[e]
            size += 2
            continue
        v = E.sender[e]
        if V.ins[v] < least or V.outs[v] < least or _sender_ends(E, V, e):
            continue
        p = V.last_in[v]
        while p >= held and E.time[p] > E.time[e]:
            p = E.before_in[p]
        count, k = 0, e
        # What is of the moment of the last receipt may come before it: then an earlier one counts.
        moment = E.time[p] if p >= held else E.time[e]
        while p >= held and E.time[p] == E.time[e]:
            p = E.before_in[p]
            moment = E.time[p] if p >= held else E.time[e]
        while k >= held and E.time[k] >= moment and count < least:
            count += 1
            k = E.before_out[k]
        if count >= least:
            found[size] = v
            size += 1
    return found[:size].copy()


@njit(cache=True, nogil=True)
def _deepen(E, V, held, edges, depth, gap, low, high, max_hops):
    waiting = np.empty(max(len(edges), 16), np.int64)
    waiting[: len(edges)] = edges
    size, done = len(edges), 0
    while done < size:
        e = waiting[done]
        done += 1
        best = 1
        if not _sender_ends(E, V, e):
            p = V.last_in[E.sender[e]]
            while p >= held and E.time[e] - E.time[p] <= gap and best < max_hops:
                if (
                    E.time[p] <= E.time[e]
                    and low * E.amount[p] <= E.amount[e] <= high * E.amount[p]
                    and E.receiver_role[p] == UNLABELLED
                ):
                    best = max(best, depth[p] + 1)
                p = E.before_in[p]
        best = min(best, max_hops)
        if best <= depth[e]:
            continue
        depth[e] = best
        if _receiver_ends(E, V, e):
            continue
        f = V.last_out[E.receiver[e]]
        while f >= held and E.time[f] >= E.time[e]:
            is_next = E.time[f] - E.time[e] <= gap and low * E.amount[e] <= E.amount[f] <= high * E.amount[e]
            if is_next and 0 < depth[f] < min(best + 1, max_hops):
                waiting = append(waiting, size, f)
                size += 1
            f = E.before_out[f]


@njit(cache=True, nogil=True)
def _reach_from(E, first, last, hops, role, max_hops):
    may = np.zeros(last - first, np.bool_)
    for e in range(first, last):
        u, v = E.sender[e], E.receiver[e]
        own = 1 if E.sender_role[e] == role else (hops[u] + 1 if hops[u] > 0 else 0)
        if own == 0 or own > max_hops:
            continue
        may[e - first] = True
        if E.receiver_role[e] == UNLABELLED and (hops[v] == 0 or own < hops[v]):
            hops[v] = own
    return may


@njit(cache=True, nogil=True)
def _before(E, V, held, edges, gap, low, high, layers, limit, mark):
    found = np.empty(max(len(edges), 16), np.int64)
    size = 0
    for e in edges:
        if E.mark[e] != mark:
            E.mark[e] = mark
            found = append(found, size, e)
            size += 1
    begin = 0
    for _ in range(layers):
        end = size
        for i in range(begin, end):
            e = found[i]
            if _sender_ends(E, V, e):
                continue
            p = V.last_in[E.sender[e]]
            while p >= held and E.time[e] - E.time[p] <= gap:
                if (
                    E.mark[p] != mark
                    and E.time[p] <= E.time[e]
                    and low * E.amount[p] <= E.amount[e] <= high * E.amount[p]
                    and not _receiver_ends(E, V, p)
                ):
                    E.mark[p] = mark
                    found = append(found, size, p)
                    size += 1
                p = E.before_in[p]
            if size > limit:
                return found[:size].copy()
        begin = end
    return found[:size].copy()


@njit(cache=True, nogil=True)
def _behind(E, V, held, edges, gap, low, high, layers, limit, mark):
    found = np.empty(max(len(edges), 16), np.int64)
    size = 0
    for e in edges:
        if E.mark[e] != mark:
            E.mark[e] = mark
            found = append(found, size, e)
            size += 1
    begin = 0
    for _ in range(layers):
        end = size
        for i in range(begin, end):
            e = found[i]
            if _receiver_ends(E, V, e):
                continue
            f = V.last_out[E.receiver[e]]
            while f >= held and E.time[f] >= E.time[e]:
                if (
                    E.mark[f] != mark
                    and E.time[f] - E.time[e] <= gap
                    and low * E.amount[e] <= E.amount[f] <= high * E.amount[e]
                    and not _sender_ends(E, V, f)
                ):
                    E.mark[f] = mark
                    found = append(found, size, f)
                    size += 1
                f = E.before_out[f]
            if size > limit:
                return found[:size].copy()
        begin = end
    return found[:size].copy()


@njit(cache=True, nogil=True)
def _circling(E, V, held, edges, span, low, high, max_hops, limit, mark):
    vertices, count, cut = np.empty(64, np.int64), 0, 0
    met = np.empty(256, np.int64)
    for e in edges:
        u, v = E.sender[e], E.receiver[e]
        if V.ins[u] == 0 or V.outs[v] == 0 or _sender_ends(E, V, e) or _receiver_ends(E, V, e):
            continue
        mark[0] += 1
        met[0], size, begin, closes = e, 1, 0, False
        since = E.time[e] - span
        for _ in range(max_hops - 1):
            end = size
            for i in range(begin, end):
                f = met[i]
                p = V.last_in[E.sender[f]]
                while p >= held and E.time[p] >= since and size <= limit:
                    if (
                        E.mark[p] != mark[0]
                        and E.time[p] <= E.time[f]
                        and E.sender[p] != u
                        and low * E.amount[p] <= E.amount[f] <= high * E.amount[p]
                        and not _sender_ends(E, V, p)
                        and not _receiver_ends(E, V, p)
                    ):
                        E.mark[p] = mark[0]
                        met = append(met, size, p)
                        size += 1
                        closes = closes or E.sender[p] == v
                    p = E.before_in[p]
            begin = end
        cut += size > limit
        if not closes:
            continue
        # Of what leads up to it, what begins at its receiver.
        order = np.argsort(E.time[met[:size]])
        mark[0] += 1
        V.stamp[v] = mark[0]
        V.stamp[u] = mark[0]
        vertices = append(vertices, count, v)
        vertices = append(vertices, count + 1, u)
        count += 2
        changed = True
        while changed:
            changed = False
            for i in order:
                p = met[i]
                if V.stamp[E.sender[p]] == mark[0] and V.stamp[E.receiver[p]] != mark[0]:
                    V.stamp[E.receiver[p]] = mark[0]
                    vertices = append(vertices, count, E.receiver[p])
                    count += 1
                    changed = True
    return vertices[:count].copy(), cut


@njit(cache=True, nogil=True)
def _among(E, V, held, vertices, since, mark):
    for v in vertices:
        V.stamp[v] = mark
    found, size = np.empty(64, np.int64), 0
    for v in vertices:
        e = V.last_out[v]
        while e >= held and E.time[e] >= since:
            if V.stamp[E.receiver[e]] == mark and not _sender_ends(E, V, e) and not _receiver_ends(E, V, e):
                found = append(found, size, e)
                size += 1
            e = E.before_out[e]
    return found[:size].copy()


@njit(cache=True, nogil=True)
def _since_of(E, V, held, vertices, since, mark):
    found, size = np.empty(64, np.int64), 0
    for i in range(len(vertices)):
        for side in range(2):
            e = V.last_out[vertices[i]] if side == 0 else V.last_in[vertices[i]]
            while e >= held and E.time[e] >= since[i]:
                if E.mark[e] != mark:
                    E.mark[e] = mark
                    found = append(found, size, e)
                    size += 1
                e = E.before_out[e] if side == 0 else E.before_in[e]
    return found[:size].copy()


@njit(cache=True, nogil=True)
def _of_day(E, V, held, size, token, first, last):
    found, count = np.empty(64, np.int64), 0
    for e in range(held, size):
        if not first <= E.time[e] < last or V.token[E.sender[e]] != token:
            continue
        if not _sender_ends(E, V, e) and not _receiver_ends(E, V, e):
            found = append(found, count, e)
            count += 1
    return found[:count].copy()
