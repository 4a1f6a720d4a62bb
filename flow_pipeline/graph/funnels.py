"""Kernels for money that is peeled or funnelled: peeling chains, and what reaches a role within a few hops."""

from __future__ import annotations

import numpy as np
from numba import njit

from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.paths import after, append, with_room
from flow_pipeline.graph.windows import OUT, Groups

HOP, PEEL = 2, 3


def peeling_chains(graph: TransferGraph, within: int, peel_share: float, tolerance: float, min_hops: int, max_hops: int) -> Groups:
    """Maximal chains in which each middle address, once paid, sends a small part aside and the large rest on, and nothing else.

    Of an address's payments within `within` of a receipt the largest is the rest: at least 1 - `peel_share` of the receipt. All others
    together are the peel: above zero, at most `peel_share` of the receipt. Rest and peel are at most 1 + `tolerance` of the receipt.

    Returns:
        Groups with part HOP for the rests and PEEL for what went aside; the vertex is the first sender.
    """
    low, high = with_room(1 - peel_share, 1 + tolerance)
    return Groups(
        *_peeling_chains(
            graph.time, graph.rank, graph.sender, graph.receiver, graph.amount, graph.is_sender_terminal, graph.is_receiver_terminal, graph.out_start,
            graph.out_edges, graph.in_start, graph.in_edges, within, low, with_room(0, peel_share)[1], high, min_hops, max_hops,
        )
    )  # fmt: skip


def funnels(graph: TransferGraph, target_role: int, window: int, max_hops: int, least_addresses: int, share: float) -> tuple[Groups, np.ndarray, np.ndarray]:
    """Origins whose money reaches addresses of a role within a few hops.

    A route is a path of 1 to `max_hops` transfers within `window` from an origin to such an address, through distinct addresses that
    are not terminal. In a trailing window an origin qualifies when routes reach the role from at least `least_addresses` addresses other than the
    origin, or when the first transfers of its routes are at least `share` of all it paid in the window. Overlapping windows are one group;
    a group that lies within another is left out.

    Returns:
        Groups with part OUT for transfers that reach the role and HOP for those before; most addresses seen in a window; largest share.
    """
    routes = _routes(
        graph.time, graph.rank, graph.sender, graph.receiver, graph.is_sender_terminal, graph.is_receiver_terminal, graph.receiver_role, graph.in_start,
        graph.in_edges, target_role, window, max_hops,
    )  # fmt: skip
    order = np.lexsort((routes[:, -1], graph.sender[routes[:, 0]])) if len(routes) else np.zeros(0, np.int64)
    start, edges, part, vertex, addresses, shares = _funnels(
        graph.time, graph.sender, graph.amount, graph.out_start, graph.out_edges, routes[order], window, least_addresses, with_room(share, 0)[0]
    )
    kept = _not_within_another(start, edges)
    lengths = np.diff(start)
    chosen = np.repeat(kept, lengths)
    groups = Groups(np.concatenate(([0], np.cumsum(lengths[kept]))), edges[chosen], part[chosen], vertex[kept])
    return groups, addresses[kept], shares[kept]


def _not_within_another(start: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """False for groups whose edges all belong to one larger group, or to an equal one before it."""
    groups = [set(edges[start[i] : start[i + 1]].tolist()) for i in range(len(start) - 1)]
    holders: dict[int, set[int]] = {}
    for number, members in enumerate(groups):
        for edge in members:
            holders.setdefault(edge, set()).add(number)
    kept = np.ones(len(groups), bool)
    for number, members in enumerate(groups):
        others = set.intersection(*(holders[edge] for edge in members)) - {number}
        kept[number] = not any(len(groups[other]) > len(members) or other < number for other in others)
    return kept


@njit(cache=True)
def _peeling_chains(
    time, rank, sender, receiver, amount, sender_ends, receiver_ends, out_start, out_edges, in_start, in_edges, within, low, peel_high, high, min_hops, max_hops
):  # fmt: skip
    count = len(time)
    following = np.full(count, -1, np.int32)
    for e in range(count):
        if receiver_ends[e]:
            continue
        v, total, largest, rest = receiver[e], 0.0, 0.0, -1
        for k in range(after(rank, out_edges, out_start[v], out_start[v + 1], rank[e]), out_start[v + 1]):
            f = out_edges[k]
            if time[f] - time[e] > within:
                break
            if sender_ends[f]:
                rest = -1
                break
            total += amount[f]
            if amount[f] > largest:
                largest, rest = amount[f], f
            if total > high * amount[e]:
                break
        if (
            rest >= 0
            and largest >= low * amount[e]
            and total <= high * amount[e]
            and 0 < total - largest <= peel_high * amount[e]
            and receiver[rest] != sender[e]
        ):
            following[e] = rest
    group_start, group_edges, group_part = np.zeros(1024, np.int64), np.empty(4096, np.int32), np.empty(4096, np.int8)
    group_vertex = np.empty(1024, np.int32)
    groups, size = 0, 0
    path = np.empty(max_hops, np.int32)
    for root in range(count):
        if following[root] < 0:
            continue
        hops, e = 1, root
        path[0] = root
        while following[e] >= 0 and hops < max_hops:
            f = following[e]
            is_new = receiver[f] != sender[root]
            for i in range(hops):
                is_new = is_new and receiver[f] != receiver[path[i]]
            if not is_new:
                break
            path[hops] = f
            hops += 1
            e = f
        if hops < min_hops:
            continue
        goes_before = False
        u = sender[root]
        for k in range(in_start[u], in_start[u + 1]):
            p = in_edges[k]
            if following[p] != root:
                continue
            is_new = True
            for i in range(hops):
                is_new = is_new and receiver[path[i]] != sender[p]
            goes_before = goes_before or is_new
        if goes_before:
            continue
        for i in range(hops):
            e = path[i]
            group_edges, group_part = append(group_edges, size, e), append(group_part, size, HOP)
            size += 1
            if i + 1 == hops:
                break
            v = receiver[e]
            for k in range(after(rank, out_edges, out_start[v], out_start[v + 1], rank[e]), out_start[v + 1]):
                f = out_edges[k]
                if time[f] - time[e] > within:
                    break
                if f != path[i + 1]:
                    group_edges, group_part = append(group_edges, size, f), append(group_part, size, PEEL)
                    size += 1
        group_vertex = append(group_vertex, groups, u)
        groups += 1
        group_start = append(group_start, groups, size)
    return group_start[: groups + 1].copy(), group_edges[:size].copy(), group_part[:size].copy(), group_vertex[:groups].copy()


@njit(cache=True)
def _routes(time, rank, sender, receiver, sender_ends, receiver_ends, receiver_role, in_start, in_edges, target_role, window, max_hops):
    """One row per route: its edges from the first on, padded with the last."""
    flat, size = np.empty(4096, np.int32), 0
    path, at = np.empty(max_hops, np.int32), np.empty(max_hops, np.int64)
    for last in range(len(time)):
        if receiver_role[last] != target_role or sender_ends[last]:
            continue
        depth = 0
        path[0], at[0] = last, -1
        while depth >= 0:
            e = path[depth]
            u = sender[e]
            if at[depth] < 0:
                for i in range(max_hops):
                    flat = append(flat, size, path[max(depth - i, 0)])
                    size += 1
                at[depth] = after(rank, in_edges, in_start[u], in_start[u + 1], rank[e] - 1)
            step = -1
            while depth + 1 < max_hops and at[depth] > in_start[u]:
                at[depth] -= 1
                f = in_edges[at[depth]]
                if time[last] - time[f] > window:
                    at[depth] = in_start[u]
                    break
                if receiver_ends[f] or sender_ends[f] or sender[f] == receiver[last]:
                    continue
                is_new = True
                for i in range(depth + 1):
                    is_new = is_new and sender[f] != sender[path[i]]
                if is_new:
                    step = f
                    break
            if step < 0:
                depth -= 1
            else:
                depth += 1
                path[depth], at[depth] = step, -1
    return flat[:size].copy().reshape(-1, max_hops)


@njit(cache=True)
def _funnels(time, sender, amount, out_start, out_edges, routes, window, least_addresses, share):
    """Routes come grouped by origin and, within one, by arrival."""
    group_start, group_edges, group_part = np.zeros(1024, np.int64), np.empty(4096, np.int32), np.empty(4096, np.int8)
    group_vertex, group_addresses, group_share = np.empty(1024, np.int32), np.empty(1024, np.int32), np.empty(1024, np.float64)
    groups, size = 0, 0
    width = routes.shape[1]
    begin = 0
    while begin < len(routes):
        origin = sender[routes[begin, 0]]
        stop = begin
        while stop < len(routes) and sender[routes[stop, 0]] == origin:
            stop += 1
        low, opened, covered = begin, -1, -1
        most, largest = 0, 0.0
        for i in range(begin, stop + 1):
            qualifies, held, part = False, 0, 0.0
            if i < stop:
                end = time[routes[i, width - 1]]
                while time[routes[low, width - 1]] < end - window:
                    low += 1
                firsts, depositors = np.unique(routes[low : i + 1, 0]), np.unique(sender[routes[low : i + 1, width - 1]])
                for d in depositors:
                    held += d != origin
                bound, paid = 0.0, 0.0
                for f in firsts:
                    if time[f] >= end - window:
                        bound += amount[f]
                for k in range(out_start[origin], out_start[origin + 1]):
                    f = out_edges[k]
                    if end - window <= time[f] <= end:
                        paid += amount[f]
                part = bound / paid if paid > 0 else 0.0
                qualifies = held >= least_addresses or (paid > 0 and bound >= share * paid)
            if opened >= 0 and (i == stop or (qualifies and low > covered)):
                reached = np.unique(routes[opened : covered + 1, width - 1])
                on_way = np.unique(routes[opened : covered + 1].copy().reshape(-1))
                for e in on_way:
                    is_last = reached[min(np.searchsorted(reached, e), len(reached) - 1)] == e
                    group_edges, group_part = append(group_edges, size, e), append(group_part, size, OUT if is_last else HOP)
                    size += 1
                group_vertex = append(group_vertex, groups, origin)
                group_addresses, group_share = append(group_addresses, groups, most), append(group_share, groups, largest)
                groups += 1
                group_start = append(group_start, groups, size)
                opened, most, largest = -1, 0, 0.0
            if qualifies:
                if opened < 0:
                    opened = low
                covered = i
                most, largest = max(most, held), max(largest, part)
        begin = stop
    return (
        group_start[: groups + 1].copy(), group_edges[:size].copy(), group_part[:size].copy(), group_vertex[:groups].copy(),
        group_addresses[:groups].copy(), group_share[:groups].copy(),
    )  # fmt: skip
