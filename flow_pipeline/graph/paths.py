"""Kernels that walk transfers forward in time: maximal paths, paths between roles, temporal cycles.

Every kernel returns a `Walks`: edges of all walks one after the other, and where each begins. Enumeration is complete
up to `per_root` walks from one first edge and `per_day` walks that end on one day. What is left out is never silent:
`found` counts what was met beyond a day's cap, `is_capped` says that a search from one edge was stopped and more may be
there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from flow_pipeline.graph import HOUR, TransferGraph
from flow_pipeline.graph.parallel import over_stretches

DAY = 24 * HOUR
FAR = np.int64(2**62)
STEPS_PER_WALK = 100
"""Steps after which a search from one edge stops, per walk it may keep: paths to nothing can be exponentially many."""


@dataclass(frozen=True)
class Walks:
    """Walks of a kernel: edges[start[i]:start[i + 1]] is the i-th; `is_cut` marks those stopped at full length."""

    start: np.ndarray
    edges: np.ndarray
    is_cut: np.ndarray
    found: int
    is_capped: bool

    def __len__(self) -> int:
        """Number of walks kept."""
        return len(self.start) - 1


def maximal_paths(
    graph: TransferGraph,
    max_gap: int,
    low: float,
    high: float,
    min_hops: int,
    max_hops: int,
    per_root: int,
    per_day: int,
) -> Walks:
    """Paths of distinct vertices that no transfer can lengthen at either end.

    Args:
        graph: The graph.
        max_gap: Largest gap between two hops, microseconds, inclusive.
        low: Each hop carries at least this share of the hop before.
        high: And at most this share.
        min_hops: Shorter paths are not reported.
        max_hops: Longer ones are cut here.
        per_root: Paths kept from one first transfer.
        per_day: Paths kept that end on one day.
    """
    return Walks(
        *_maximal_paths(
            graph.time, graph.rank, graph.sender, graph.receiver, graph.amount, graph.is_sender_terminal,
            graph.is_receiver_terminal, graph.out_start, graph.out_edges, graph.in_start, graph.in_edges, max_gap,
            *with_room(low, high), min_hops, max_hops, per_root, per_day,
        )
    )  # fmt: skip


def paths_between(
    graph: TransferGraph,
    origin_role: int,
    target_role: int,
    max_span: int,
    low: float,
    min_hops: int,
    max_hops: int,
    per_root: int,
    per_day: int,
) -> Walks:
    """Paths of distinct vertices from an address of one role to one of another, through none that is terminal.

    Args:
        graph: The graph.
        origin_role: Role of the first sender.
        target_role: Role of the last receiver.
        max_span: From the first to the last transfer, microseconds, inclusive.
        low: Each hop carries at least this share of the hop before.
        min_hops: Fewest transfers.
        max_hops: Most transfers.
        per_root: Paths kept from one first transfer.
        per_day: Paths kept that end on one day.
    """
    return Walks(
        *_paths_between(
            graph.time, graph.rank, graph.sender, graph.receiver, graph.amount, graph.is_sender_terminal,
            graph.is_receiver_terminal, graph.sender_role, graph.receiver_role, graph.out_start, graph.out_edges,
            origin_role, target_role, max_span, with_room(low, np.inf)[0], min_hops, max_hops, per_root, per_day,
        )
    )  # fmt: skip


def cycles(
    graph: TransferGraph, max_span: int, low: float, high: float, max_hops: int, per_root: int, per_day: int
) -> Walks:
    """Simple temporal cycles of 2 to `max_hops` transfers, each after the last, through distinct non-terminal vertices.

    Args:
        graph: The graph.
        max_span: From the first to the last transfer, microseconds, inclusive.
        low: Each hop carries at least this share of the hop before.
        high: And at most this share.
        max_hops: Most transfers.
        per_root: Cycles kept from one first transfer.
        per_day: Cycles kept that end on one day.
    """
    can = _may_lie_on_a_cycle(
        graph.sender, graph.receiver, graph.is_sender_terminal, graph.is_receiver_terminal, graph.vertex_count
    )

    def search(first: int, until: int) -> Walks:
        return Walks(
            *_cycles(
                graph.time, graph.rank, graph.sender, graph.receiver, graph.amount, can, graph.out_start,
                graph.out_edges, graph.in_start, graph.in_edges, max_span, *with_room(low, high), max_hops, per_root,
                per_day, first, until,
            )
        )  # fmt: skip

    return _joined(over_stretches(len(graph.time), search), graph.time, per_day)


def _joined(parts: list[Walks], time: np.ndarray, per_day: int) -> Walks:
    """Walks from stretches of first edges as one search would keep them: of each day the first ones."""
    if len(parts) == 1:
        return parts[0]
    lengths, edges = (
        np.concatenate([np.diff(part.start) for part in parts]),
        np.concatenate([part.edges for part in parts]),
    )
    start = np.concatenate(([0], np.cumsum(lengths)))
    day = time[edges[start[1:] - 1]] // DAY
    order = np.argsort(day, kind="stable")
    place = np.empty(len(day), np.int64)
    place[order] = np.arange(len(day)) - np.searchsorted(day[order], day[order])
    is_kept = place < per_day
    return Walks(
        np.concatenate(([0], np.cumsum(lengths[is_kept]))),
        edges[np.repeat(is_kept, lengths)],
        np.concatenate([part.is_cut for part in parts])[is_kept],
        sum(part.found for part in parts),
        any(part.is_capped for part in parts),
    )


def with_room(low: float, high: float) -> tuple[float, float]:
    """Bounds of a ratio of two floats, widened by a millionth of a millionth: decimals that meet one exactly pass."""
    return low * (1 - 1e-12), high * (1 + 1e-12)


@njit(cache=True, nogil=True)
def after(rank, edges, first, last, r):
    """Position in edges[first:last], ordered by rank, of the first edge with a rank above r."""
    while first < last:
        middle = (first + last) // 2
        if rank[edges[middle]] > r:
            last = middle
        else:
            first = middle + 1
    return first


@njit(cache=True, nogil=True)
def append(buffer, size, value):
    """Append to a growing buffer; returns it."""
    if size == len(buffer):
        larger = np.empty(2 * len(buffer), buffer.dtype)
        larger[:size] = buffer
        buffer = larger
    buffer[size] = value
    return buffer


@njit(cache=True, nogil=True)
def _keep(path, length, is_cut, day, state, per_day, of_day, start, edges, cut):
    """Count a walk, and keep it when its day has room. state: walks kept, edges kept, walks found, is any stopped."""
    state[2] += 1
    if of_day[day] >= per_day:
        return start, edges, cut
    of_day[day] += 1
    for i in range(length):
        edges = append(edges, state[1], path[i])
        state[1] += 1
    cut = append(cut, state[0], is_cut)
    state[0] += 1
    start = append(start, state[0], state[1])
    return start, edges, cut


@njit(cache=True, nogil=True)
def _empty(time):
    start = np.zeros(1024, np.int64)
    first = time[0] // DAY if len(time) else 0
    days = time[-1] // DAY - first + 1 if len(time) else 1
    return (
        start,
        np.empty(4096, np.int32),
        np.zeros(1024, np.bool_),
        np.zeros(4, np.int64),
        np.zeros(days, np.int64),
        first,
    )


@njit(cache=True, nogil=True)
def _maximal_paths(
    time, rank, sender, receiver, amount, sender_ends, receiver_ends, out_start, out_edges, in_start, in_edges, max_gap,
    low, high, min_hops, max_hops, per_root, per_day,
):  # fmt: skip
    count = len(time)
    start, edges, cut, state, of_day, first_day = _empty(time)
    # An upper bound of the hops that can follow spares every root that can not reach the shortest length. Going back in
    # time, each vertex's next transfer is at hand: most transfers are told from its time alone.
    reach, has_before = np.ones(count, np.int16), np.zeros(count, np.bool_)
    following, next_out, next_time = (
        np.empty(count, np.int32),
        out_start[1:].astype(np.int32),
        np.full(len(out_start), FAR, np.int64),
    )
    later = count - 1
    for e in range(count - 1, -1, -1):
        while rank[later] > rank[e]:
            next_out[sender[later]] -= 1
            next_time[sender[later]] = time[later]
            later -= 1
        v, best = receiver[e], 0
        following[e] = next_out[v]
        if next_time[v] - time[e] > max_gap or receiver_ends[e]:
            continue
        for k in range(next_out[v], out_start[v + 1]):
            f = out_edges[k]
            if time[f] - time[e] > max_gap:
                break
            if not sender_ends[f] and receiver[f] != sender[e] and low * amount[e] <= amount[f] <= high * amount[e]:
                has_before[f] = True
                best = max(best, reach[f])
        reach[e] = min(best + 1, max_hops)
    met, queue = np.full(count, -1, np.int32), np.empty(1024, np.int32)
    path, at = np.empty(max_hops + 1, np.int32), np.empty(max_hops + 1, np.int64)
    goes_on = np.zeros(max_hops + 1, np.bool_)
    for root in range(count):
        if reach[root] < min_hops:
            continue
        if has_before[root] and not _may_return(
            root,
            time,
            rank,
            sender,
            receiver,
            amount,
            sender_ends,
            receiver_ends,
            out_start,
            out_edges,
            in_start,
            in_edges,
            max_gap,
            low,
            high,
            max_hops,
            met,
            queue,
        ):
            continue
        kept_before, steps = state[2], 0
        depth = 0
        path[0] = root
        at[0] = -1
        while depth >= 0:
            e = path[depth]
            v = receiver[e]
            if at[depth] < 0:
                at[depth] = following[e]
                goes_on[depth] = False
            step = -1
            if not receiver_ends[e] and state[2] - kept_before < per_root and steps < STEPS_PER_WALK * per_root:
                while at[depth] < out_start[v + 1]:
                    steps += 1
                    f = out_edges[at[depth]]
                    at[depth] += 1
                    if time[f] - time[e] > max_gap:
                        at[depth] = out_start[v + 1]
                        break
                    if sender_ends[f] or amount[f] < low * amount[e] or amount[f] > high * amount[e]:
                        continue
                    is_new = receiver[f] != sender[root]
                    for i in range(depth):
                        is_new = is_new and receiver[f] != receiver[path[i]]
                    if not is_new:
                        continue
                    goes_on[depth] = True
                    if depth + 1 == max_hops:
                        break
                    if depth + 1 + reach[f] >= min_hops:
                        step = f
                        break
            if step >= 0:
                depth += 1
                path[depth] = step
                at[depth] = -1
                continue
            hops = depth + 1
            if state[2] - kept_before >= per_root or steps >= STEPS_PER_WALK * per_root:
                state[3] = 1
                break
            ends_here = hops >= min_hops and (not goes_on[depth] or hops == max_hops)
            if ends_here and has_before[root]:
                ends_here = not _goes_before(
                    path,
                    hops,
                    time,
                    rank,
                    sender,
                    receiver,
                    amount,
                    sender_ends,
                    receiver_ends,
                    in_start,
                    in_edges,
                    max_gap,
                    low,
                    high,
                )
            if ends_here:
                start, edges, cut = _keep(
                    path, hops, goes_on[depth], time[e] // DAY - first_day, state, per_day, of_day, start, edges, cut
                )
            depth -= 1
    return start[: state[0] + 1].copy(), edges[: state[1]].copy(), cut[: state[0]].copy(), state[2], state[3] > 0


@njit(cache=True, nogil=True)
def _may_return(
    root, time, rank, sender, receiver, amount, sender_ends, receiver_ends, out_start, out_edges, in_start, in_edges,
    max_gap, low, high, max_hops, met, queue
):  # fmt: skip
    """False when no path from the root is maximal: an earlier transfer comes from an address that none can visit.

    Which transfers paths from the root can reach is told edge by edge; their paths may be exponentially many.
    """
    u, wanted = sender[root], -1
    for k in range(after(rank, in_edges, in_start[u], in_start[u + 1], rank[root] - 1) - 1, in_start[u] - 1, -1):
        p = in_edges[k]
        if time[root] - time[p] > max_gap:
            break
        if receiver_ends[p] or amount[root] < low * amount[p] or amount[root] > high * amount[p]:
            continue
        x = sender[p]
        k2 = after(rank, in_edges, in_start[x], in_start[x + 1], rank[root] - 1)  # the root itself may be the visit
        if k2 == in_start[x + 1] or time[in_edges[k2]] - time[root] > max_hops * max_gap:
            return False
        wanted = x
    if wanted < 0 or receiver[root] == wanted:
        return True
    queue[0], done, waiting = root, 0, 1
    met[root] = root
    while done < waiting:
        e = queue[done]
        done += 1
        if receiver_ends[e]:
            continue
        v = receiver[e]
        for k in range(after(rank, out_edges, out_start[v], out_start[v + 1], rank[e]), out_start[v + 1]):
            f = out_edges[k]
            if time[f] - time[e] > max_gap:
                break
            if met[f] == root or sender_ends[f] or amount[f] < low * amount[e] or amount[f] > high * amount[e]:
                continue
            if receiver[f] == wanted or waiting == len(queue):
                return True
            met[f] = root
            queue[waiting] = f
            waiting += 1
    return False


@njit(cache=True, nogil=True)
def _goes_before(
    path, hops, time, rank, sender, receiver, amount, sender_ends, receiver_ends, in_start, in_edges, max_gap, low, high
):
    """True when a transfer fits before the first one."""
    root = path[0]
    if sender_ends[root]:
        return False
    u = sender[root]
    for k in range(after(rank, in_edges, in_start[u], in_start[u + 1], rank[root] - 1) - 1, in_start[u] - 1, -1):
        p = in_edges[k]
        if time[root] - time[p] > max_gap:
            break
        if receiver_ends[p] or amount[root] < low * amount[p] or amount[root] > high * amount[p]:
            continue
        is_new = True
        for i in range(hops):
            is_new = is_new and receiver[path[i]] != sender[p]
        if is_new:
            return True
    return False


@njit(cache=True, nogil=True)
def _paths_between(
    time, rank, sender, receiver, amount, sender_ends, receiver_ends, sender_role, receiver_role, out_start, out_edges,
    origin_role, target_role, max_span, low, min_hops, max_hops, per_root, per_day,
):  # fmt: skip
    start, edges, cut, state, of_day, first_day = _empty(time)
    path, at = np.empty(max_hops, np.int32), np.empty(max_hops, np.int64)
    for root in range(len(time)):
        if sender_role[root] != origin_role:
            continue
        kept_before, steps = state[2], 0
        depth = 0
        path[0] = root
        at[0] = -1
        while depth >= 0:
            e = path[depth]
            v = receiver[e]
            if at[depth] < 0:
                at[depth] = after(rank, out_edges, out_start[v], out_start[v + 1], rank[e])
                if receiver_role[e] == target_role and depth + 1 >= min_hops:
                    start, edges, cut = _keep(
                        path, depth + 1, False, time[e] // DAY - first_day, state, per_day, of_day, start, edges, cut
                    )
            if state[2] - kept_before >= per_root or steps >= STEPS_PER_WALK * per_root:
                state[3] = 1
                break
            step = -1
            if not receiver_ends[e] and depth + 1 < max_hops:
                while at[depth] < out_start[v + 1]:
                    steps += 1
                    f = out_edges[at[depth]]
                    at[depth] += 1
                    if time[f] - time[root] > max_span:
                        at[depth] = out_start[v + 1]
                        break
                    if sender_ends[f] or amount[f] < low * amount[e]:
                        continue
                    is_new = receiver[f] != sender[root]
                    for i in range(depth):
                        is_new = is_new and receiver[f] != receiver[path[i]]
                    if is_new:
                        step = f
                        break
            if step < 0:
                depth -= 1
            else:
                depth += 1
                path[depth] = step
                at[depth] = -1
    return start[: state[0] + 1].copy(), edges[: state[1]].copy(), cut[: state[0]].copy(), state[2], state[3] > 0


@njit(cache=True, nogil=True)
def _may_lie_on_a_cycle(sender, receiver, sender_ends, receiver_ends, vertex_count):
    """Edges left when vertices without a way in or a way out are taken away until none is."""
    count = len(sender)
    can = ~(sender_ends | receiver_ends)
    degree_out, degree_in = np.zeros(vertex_count, np.int32), np.zeros(vertex_count, np.int32)
    for e in range(count):
        if can[e]:
            degree_out[sender[e]] += 1
            degree_in[receiver[e]] += 1
    changed = True
    while changed:
        changed = False
        for e in range(count):
            if can[e] and (degree_in[sender[e]] == 0 or degree_out[receiver[e]] == 0):
                can[e] = False
                changed = True
                degree_out[sender[e]] -= 1
                degree_in[receiver[e]] -= 1
    return can


@njit(cache=True, nogil=True)
def _cycles(
    time, rank, sender, receiver, amount, can, out_start, out_edges, in_start, in_edges, max_span, low, high, max_hops,
    per_root, per_day, first_root, end_root,
):  # fmt: skip
    start, edges, cut, state, of_day, first_day = _empty(time)
    vertex_count = len(out_start) - 1
    # latest[d, x]: the latest rank at which leaving x still leads back to the root's sender in at most d hops.
    levels = min(max(max_hops // 2, 1), 3)
    latest, stamp = np.zeros((levels + 1, vertex_count), np.int32), np.full(vertex_count, -1, np.int32)
    near = np.empty(1024, np.int32)
    path, at = np.empty(max_hops, np.int32), np.empty(max_hops, np.int64)
    for root in range(first_root, end_root):
        if not can[root]:
            continue
        u, v, r, until = sender[root], receiver[root], rank[root], time[root] + max_span
        k = after(rank, out_edges, out_start[v], out_start[v + 1], r)
        if k == out_start[v + 1] or time[out_edges[k]] > until:
            continue
        # Whatever follows the root begins with a payment of v, so nothing before the first of them matters, nor after
        # the last way back to u.
        soonest = rank[out_edges[k]]
        near_count, last = 0, np.int32(-1)
        for k in range(after(rank, in_edges, in_start[u], in_start[u + 1], soonest - 1), in_start[u + 1]):
            f = in_edges[k]
            if time[f] > until:
                break
            x = sender[f]
            if not can[f]:
                continue
            if stamp[x] != root:
                stamp[x] = root
                for d in range(levels + 1):
                    latest[d, x] = -1
                near = append(near, near_count, x)
                near_count += 1
            for d in range(1, levels + 1):
                latest[d, x] = max(latest[d, x], rank[f])
            last = rank[f]
        if near_count == 0:
            continue
        for d in range(2, levels + 1):
            known = near_count
            for i in range(known):
                y = near[i]
                if y == v or latest[d - 1, y] <= latest[d - 2, y]:
                    continue
                for k in range(after(rank, in_edges, in_start[y], in_start[y + 1], soonest - 1), in_start[y + 1]):
                    f = in_edges[k]
                    if rank[f] >= latest[d - 1, y]:
                        break
                    x = sender[f]
                    if not can[f] or x == u:
                        continue
                    if stamp[x] != root:
                        stamp[x] = root
                        for j in range(levels + 1):
                            latest[j, x] = -1
                        near = append(near, near_count, x)
                        near_count += 1
                    for j in range(d, levels + 1):
                        latest[j, x] = max(latest[j, x], rank[f])
        kept_before, steps = state[2], 0
        depth = 0
        path[0] = root
        at[0] = -1
        while depth >= 0:
            e = path[depth]
            x = receiver[e]
            left = max_hops - depth - 1
            if at[depth] < 0:
                at[depth] = after(rank, out_edges, out_start[x], out_start[x + 1], rank[e])
                if left <= levels and (stamp[x] != root or latest[left, x] <= rank[e]):
                    depth -= 1
                    continue
            if state[2] - kept_before >= per_root or steps >= STEPS_PER_WALK * per_root:
                state[3] = 1
                break
            step = -1
            while at[depth] < out_start[x + 1]:
                steps += 1
                f = out_edges[at[depth]]
                at[depth] += 1
                if rank[f] > last:
                    at[depth] = out_start[x + 1]
                    break
                if not can[f] or amount[f] < low * amount[e] or amount[f] > high * amount[e]:
                    continue
                w = receiver[f]
                if w == u:
                    path[depth + 1] = f
                    start, edges, cut = _keep(
                        path, depth + 2, False, time[f] // DAY - first_day, state, per_day, of_day, start, edges, cut
                    )
                    continue
                is_new = True
                for i in range(depth):
                    is_new = is_new and w != receiver[path[i]]
                if is_new and left > 1:
                    step = f
                    break
            if step < 0:
                depth -= 1
            else:
                depth += 1
                path[depth] = step
                at[depth] = -1
    return start[: state[0] + 1].copy(), edges[: state[1]].copy(), cut[: state[0]].copy(), state[2], state[3] > 0
