"""Kernels for money that is peeled or funnelled: peeling chains, and what reaches a role within a few hops."""

from __future__ import annotations

import numpy as np
from numba import njit

from flow_pipeline.graph import TransferGraph
from flow_pipeline.graph.address_windows import OUT, Groups
from flow_pipeline.graph.paths import after, append, with_room

HOP, PEEL = 2, 3


def peeling_chains(
    graph: TransferGraph, within: int, peel_share: float, tolerance: float, min_hops: int, max_hops: int
) -> tuple[Groups, np.ndarray]:
    """Maximal chains in which each middle address, once paid, only sends a small part aside and the large rest on.

    Of an address's payments within `within` of a receipt the largest is the rest: at least 1 - `peel_share` of the
    receipt. All others together are the peel: above zero, at most `peel_share` of the receipt. Rest and peel are at
    most 1 + `tolerance` of the receipt.

    Returns:
        Groups with part HOP for the rests and PEEL for what went aside; the vertex is the first sender. True per group
        that was cut at `max_hops`.
    """
    low, high = with_room(1 - peel_share, 1 + tolerance)
    *groups, is_cut = _peeling_chains(
            graph.time, graph.rank, graph.sender, graph.receiver, graph.amount, graph.is_sender_terminal,
            graph.is_receiver_terminal, graph.out_start, graph.out_edges, graph.in_start, graph.in_edges, within, low,
            with_room(0, peel_share)[1], high, min_hops, max_hops,
    )  # fmt: skip
    return Groups(*groups), is_cut


def funnels(
    graph: TransferGraph, target_role: int, window: int, max_hops: int, low: float, least_addresses: int, share: float
) -> tuple[Groups, np.ndarray, np.ndarray, np.ndarray]:
    """Origins whose money reaches addresses of a role within a few hops.

    A route is a path of 1 to `max_hops` (at most 3) transfers within `window` from an origin to such an address,
    through distinct addresses that are not terminal, each transfer at least `low` of the one before. In a trailing
    window over the arrivals an origin qualifies when they come from at least `least_addresses` addresses other than the
    origin, or when what it sent on its way is at least `share` of all it paid in the window: the first transfers of the
    routes in the window, or the arrivals where those are less. Overlapping windows are one group; a group that lies
    within another is left out.

    Returns:
        Groups with part OUT for transfers that reach the role and HOP for those before; most addresses seen in a
        window; largest share; longest route.
    """
    origin, deposit, edge, hops = _reaches(
        graph.time, graph.rank, graph.sender, graph.receiver, graph.amount, graph.is_sender_terminal,
        graph.is_receiver_terminal, graph.receiver_role, graph.in_start, graph.in_edges, target_role, window, max_hops,
        with_room(low, 0)[0],
    )  # fmt: skip
    order = np.lexsort((deposit, origin))
    start, edges, part, vertex, addresses, shares, longest = _funnels(
        graph.time, graph.sender, graph.amount, graph.out_start, graph.out_edges, origin[order], deposit[order],
        edge[order], hops[order], window, least_addresses, with_room(share, 0)[0],
    )  # fmt: skip
    kept = _not_within_another(start, edges)
    lengths = np.diff(start)
    chosen = np.repeat(kept, lengths)
    groups = Groups(np.concatenate(([0], np.cumsum(lengths[kept]))), edges[chosen], part[chosen], vertex[kept])
    return groups, addresses[kept], shares[kept], longest[kept]


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


@njit(cache=True, nogil=True)
def _peeling_chains(
    time, rank, sender, receiver, amount, sender_ends, receiver_ends, out_start, out_edges, in_start, in_edges, within,
    low, peel_high, high, min_hops, max_hops
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
    group_vertex, cut = np.empty(1024, np.int32), np.empty(1024, np.bool_)
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
        group_vertex, cut = append(group_vertex, groups, u), append(cut, groups, hops == max_hops and following[e] >= 0)
        groups += 1
        group_start = append(group_start, groups, size)
    return (
        group_start[: groups + 1].copy(), group_edges[:size].copy(), group_part[:size].copy(),
        group_vertex[:groups].copy(), cut[:groups].copy()
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _reaches(
    time,
    rank,
    sender,
    receiver,
    amount,
    sender_ends,
    receiver_ends,
    receiver_role,
    in_start,
    in_edges,
    target_role,
    window,
    max_hops,
    low,
):
    """(origin, arrival, edge, hops) of every edge on a route; hops is the route's length for its first edge, else 0.

    What lies on a route is told without listing the routes, whose number is the product of the transfers of each hop.
    """
    origin, deposit, edge, hops, size = (
        np.empty(4096, np.int32),
        np.empty(4096, np.int32),
        np.empty(4096, np.int32),
        np.empty(4096, np.int8),
        0,
    )
    first_of, middle_of, marks = np.full(len(time), -1, np.int32), np.full(len(in_start) - 1, -1, np.int64), 0
    for last in range(len(time)):
        if receiver_role[last] != target_role or sender_ends[last]:
            continue
        h, goal, since = sender[last], receiver[last], time[last] - window
        origin, deposit, edge, hops = (
            append(origin, size, h),
            append(deposit, size, last),
            append(edge, size, last),
            append(hops, size, 1),
        )
        size += 1
        for k in range(
            after(rank, in_edges, in_start[h], in_start[h + 1], rank[last] - 1) - 1 if max_hops > 1 else -1,
            in_start[h] - 1,
            -1,
        ):
            p = in_edges[k]
            if time[p] < since:
                break
            x = sender[p]
            if receiver_ends[p] or sender_ends[p] or x == goal or amount[last] < low * amount[p]:
                continue
            origin, deposit, edge, hops = (
                append(origin, size, x),
                append(deposit, size, last),
                append(edge, size, p),
                append(hops, size, 2),
            )
            size += 1
            marks += 1
            for k2 in range(
                after(rank, in_edges, in_start[x], in_start[x + 1], rank[p] - 1) - 1 if max_hops > 2 else -1,
                in_start[x] - 1,
                -1,
            ):
                q = in_edges[k2]
                if time[q] < since:
                    break
                o = sender[q]
                if receiver_ends[q] or sender_ends[q] or o in (goal, h) or amount[p] < low * amount[q]:
                    continue
                if first_of[q] != last:
                    first_of[q] = last
                    origin, deposit, edge, hops = (
                        append(origin, size, o),
                        append(deposit, size, last),
                        append(edge, size, q),
                        append(hops, size, 3),
                    )
                    size += 1
                if middle_of[o] != marks:
                    middle_of[o] = marks
                    origin, deposit, edge, hops = (
                        append(origin, size, o),
                        append(deposit, size, last),
                        append(edge, size, p),
                        append(hops, size, 0),
                    )
                    size += 1
    return origin[:size].copy(), deposit[:size].copy(), edge[:size].copy(), hops[:size].copy()


@njit(cache=True, nogil=True)
def _funnels(time, sender, amount, out_start, out_edges, origin, deposit, edge, hops, window, least_addresses, share):
    """Rows come grouped by origin and, within one, by arrival."""
    group_start, group_edges, group_part = np.zeros(1024, np.int64), np.empty(4096, np.int32), np.empty(4096, np.int8)
    group_vertex, group_addresses = np.empty(1024, np.int32), np.empty(1024, np.int32)
    group_share, group_hops = np.empty(1024, np.float64), np.empty(1024, np.int64)
    groups, size = 0, 0
    seen, marks = np.full(len(out_start) - 1, -1, np.int64), 0
    begin = 0
    while begin < len(origin):
        o, stop = origin[begin], begin
        while stop < len(origin) and origin[stop] == o:
            stop += 1
        # arrivals: rows arrival_start[a]:arrival_start[a + 1] are of the a-th
        arrival_start = np.empty(stop - begin + 1, np.int64)
        arrivals = 0
        for i in range(begin, stop):
            if i == begin or deposit[i] != deposit[i - 1]:
                arrival_start[arrivals] = i
                arrivals += 1
        arrival_start[arrivals] = stop
        firsts = np.unique(edge[begin:stop][hops[begin:stop] > 0])
        held_by = np.zeros(len(firsts), np.int32)
        low, opened, covered = 0, -1, -1
        most, largest = 0, 0.0
        for a in range(arrivals + 1):
            qualifies, hands, part = False, 0, 0.0
            if a < arrivals:
                end = time[deposit[arrival_start[a]]]
                for i in range(arrival_start[a], arrival_start[a + 1]):
                    if hops[i] > 0:
                        held_by[np.searchsorted(firsts, edge[i])] += 1
                while time[deposit[arrival_start[low]]] < end - window:
                    for i in range(arrival_start[low], arrival_start[low + 1]):
                        if hops[i] > 0:
                            held_by[np.searchsorted(firsts, edge[i])] -= 1
                    low += 1
                marks += 1
                arrived, sent, paid = 0.0, 0.0, 0.0
                for b in range(low, a + 1):
                    d = deposit[arrival_start[b]]
                    arrived += amount[d]
                    if sender[d] != o and seen[sender[d]] != marks:
                        seen[sender[d]] = marks
                        hands += 1
                began = end
                for f in range(len(firsts)):
                    if held_by[f] > 0 and time[firsts[f]] >= end - window:
                        sent += amount[firsts[f]]
                        began = min(began, time[firsts[f]])
                for k in range(out_start[o], out_start[o + 1]):
                    f = out_edges[k]
                    if began <= time[f] <= end:
                        paid += amount[f]
                bound = min(arrived, sent)
                part = bound / paid if paid > 0 else 0.0
                qualifies = hands >= least_addresses or (paid > 0 and bound >= share * paid)
            if opened >= 0 and (a == arrivals or (qualifies and low > covered)):
                longest = 0
                reached = np.empty(covered - opened + 1, np.int32)
                for b in range(opened, covered + 1):
                    reached[b - opened] = deposit[arrival_start[b]]
                on_way = np.unique(edge[arrival_start[opened] : arrival_start[covered + 1]])
                for e in np.unique(np.concatenate((on_way, reached))):
                    is_last = reached[min(np.searchsorted(reached, e), len(reached) - 1)] == e
                    group_edges, group_part = (
                        append(group_edges, size, e),
                        append(group_part, size, OUT if is_last else HOP),
                    )
                    size += 1
                for i in range(arrival_start[opened], arrival_start[covered + 1]):
                    longest = max(longest, hops[i])
                group_vertex, group_addresses = append(group_vertex, groups, o), append(group_addresses, groups, most)
                group_share, group_hops = append(group_share, groups, largest), append(group_hops, groups, longest)
                groups += 1
                group_start = append(group_start, groups, size)
                opened, most, largest = -1, 0, 0.0
            if qualifies:
                if opened < 0:
                    opened = low
                covered = a
                most, largest = max(most, hands), max(largest, part)
        begin = stop
    return (
        group_start[: groups + 1].copy(), group_edges[:size].copy(), group_part[:size].copy(),
        group_vertex[:groups].copy(), group_addresses[:groups].copy(), group_share[:groups].copy(),
        group_hops[:groups].copy(),
    )  # fmt: skip
