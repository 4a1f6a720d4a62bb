"""Kernels over the neighbours of vertices: components, triangles, shortest paths and who lies on them.

Neighbours are lists one after the other: those of vertex v are others[start[v]:start[v + 1]], in ascending order.
Vertices with the same neighbours are twins: what holds for one of them is computed once. In the graphs around an
entity nearly all vertices are, since they only pay it or are only paid by it.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def neighbours(count, source, target):
    """Lists of whom each vertex pays, by whom it is paid, and both in one without direction."""
    paid_by_start, paid_by = _grouped(count, target, source)
    start, others = _turned(paid_by_start, paid_by)
    paid_by_start, paid_by = _turned(start, others)
    both_start, both = np.zeros(count + 1, np.int64), np.empty(2 * len(source), np.int64)
    for v in range(count):
        i, j, at = start[v], paid_by_start[v], both_start[v]
        while i < start[v + 1] or j < paid_by_start[v + 1]:
            if j == paid_by_start[v + 1] or (i < start[v + 1] and others[i] <= paid_by[j]):
                other = others[i]
                i += 1
            else:
                other = paid_by[j]
                j += 1
            if at == both_start[v] or both[at - 1] != other:
                both[at] = other
                at += 1
        both_start[v + 1] = at
    return (start, others), (paid_by_start, paid_by), (both_start, both[: both_start[count]].copy())


@njit(cache=True, nogil=True)
def _grouped(count, owner, member):
    start = np.zeros(count + 1, np.int64)
    for v in owner:
        start[v + 1] += 1
    start = np.cumsum(start)
    place, members = start.copy(), np.empty(len(member), np.int64)
    for i in range(len(owner)):
        members[place[owner[i]]] = member[i]
        place[owner[i]] += 1
    return start, members


@njit(cache=True, nogil=True)
def _turned(start, others):
    """The lists the other way round, each in ascending order."""
    owner = np.empty(len(others), np.int64)
    for v in range(len(start) - 1):
        owner[start[v] : start[v + 1]] = v
    return _grouped(len(start) - 1, others, owner)


@njit(cache=True, nogil=True)
def weak_components(start, others):
    """Number of the component per vertex, from 0 in the order of their first vertices."""
    count = len(start) - 1
    component, stack = np.full(count, -1), np.empty(count, np.int64)
    found = 0
    for first in range(count):
        if component[first] >= 0:
            continue
        component[first], stack[0], height = found, first, 1
        while height:
            height -= 1
            v = stack[height]
            for other in others[start[v] : start[v + 1]]:
                if component[other] < 0:
                    component[other], stack[height] = found, other
                    height += 1
        found += 1
    return component


@njit(cache=True, nogil=True)
def join_sets(parent, one, other):
    """Put those of each pair into one set; `parent` leads from each to the least of its set."""
    for i in range(len(one)):
        a, b = _least(parent, one[i]), _least(parent, other[i])
        parent[max(a, b)] = min(a, b)


@njit(cache=True, nogil=True)
def sets_of(parent, members):
    """The least of the set of each member."""
    found = np.empty(len(members), np.int64)
    for i in range(len(members)):
        found[i] = _least(parent, members[i])
    return found


@njit(cache=True, nogil=True)
def _least(parent, v):
    while parent[v] != v:
        parent[v] = parent[parent[v]]
        v = parent[v]
    return v


@njit(cache=True, nogil=True)
def strong_components(start, others):
    """How many there are, by Tarjan's algorithm."""
    count = len(start) - 1
    number, least, next_at = np.zeros(count, np.int64), np.zeros(count, np.int64), start[:-1].copy()
    path, stack = np.empty(count, np.int64), np.empty(count, np.int64)
    is_open = np.zeros(count, np.bool_)
    found = seen = height = 0
    for first in range(count):
        depth = 0
        if number[first] == 0:
            path[0], depth = first, 1
        while depth:
            v = path[depth - 1]
            if number[v] == 0:
                seen += 1
                number[v] = least[v] = seen
                stack[height], is_open[v] = v, True
                height += 1
            if next_at[v] < start[v + 1]:
                other = others[next_at[v]]
                next_at[v] += 1
                if number[other] == 0:
                    path[depth] = other
                    depth += 1
                elif is_open[other]:
                    least[v] = min(least[v], number[other])
                continue
            depth -= 1
            if depth:
                least[path[depth - 1]] = min(least[path[depth - 1]], least[v])
            if least[v] == number[v]:
                found += 1
                other = -1
                while other != v:
                    height -= 1
                    other = stack[height]
                    is_open[other] = False
    return found


@njit(cache=True, nogil=True)
def triangles(start, others):
    """Per vertex, how many pairs of its neighbours are neighbours; lists without direction."""
    count = len(start) - 1
    found, seen_by = np.zeros(count, np.int64), np.full(count, -1)
    degree = np.diff(start)
    for v in range(count):
        # From the vertex of most neighbours down: each triangle once, and no list is looked at for a hub.
        for u in others[start[v] : start[v + 1]]:
            if degree[u] < degree[v] or (degree[u] == degree[v] and u < v):
                seen_by[u] = v
        for u in others[start[v] : start[v + 1]]:
            if seen_by[u] != v or degree[u] < 2:
                continue
            for w in others[start[u] : start[u + 1]]:
                if seen_by[w] == v and (degree[w] < degree[u] or (degree[w] == degree[u] and w < u)):
                    found[v] += 1
                    found[u] += 1
                    found[w] += 1
    return found


@njit(cache=True, nogil=True)
def twins(start, others):
    """Per vertex the first one that stands in the same lists."""
    count = len(start) - 1
    group, size = np.zeros(count, np.int64), np.zeros(count + len(others) + 1, np.int64)
    moved_to, moved_by = np.zeros(len(size), np.int64), np.full(len(size), -1)
    groups, size[0] = 1, count
    for v in range(count):
        for u in others[start[v] : start[v + 1]]:
            old = group[u]
            if moved_by[old] != v:
                moved_by[old], moved_to[old] = v, groups
                groups += 1
            group[u] = moved_to[old]
    first, found = np.full(groups, -1), np.empty(count, np.int64)
    for v in range(count):
        if first[group[v]] < 0:
            first[group[v]] = v
        found[v] = first[group[v]]
    return found


@njit(cache=True, nogil=True)
def path_lengths(start, others, begins):
    """How many shortest paths there are of each length from given vertices to all others; lists without direction."""
    count = len(start) - 1
    twin = twins(start, others)
    size, times = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for v in range(count):
        size[twin[v]] += 1
    for v in begins:
        times[twin[v]] += 1
    # One vertex stands for its twins, which are two steps from one another.
    core_start, core = np.zeros(count + 1, np.int64), np.empty(len(others), np.int64)
    at = 0
    for v in range(count):
        if twin[v] == v:
            for other in others[start[v] : start[v + 1]]:
                if twin[other] == other:
                    core[at] = other
                    at += 1
        core_start[v + 1] = at
    found = np.zeros(max(count, 3), np.int64)
    seen_by, length, queue = np.full(count, -1), np.empty(count, np.int64), np.empty(count, np.int64)
    for v in range(count):
        if times[v] == 0:
            continue
        found[2] += times[v] * (size[v] - 1)
        queue[0], seen_by[v], length[v] = v, v, 0
        first, end = 0, 1
        while first < end:
            u = queue[first]
            first += 1
            for other in core[core_start[u] : core_start[u + 1]]:
                if seen_by[other] != v:
                    seen_by[other], length[other], queue[end] = v, length[u] + 1, other
                    end += 1
                    found[length[other]] += times[v] * size[other]
    return found


@njit(cache=True, nogil=True)
def betweenness(start, others, paid_by_start, paid_by, begins):
    """Per vertex its share of the directed shortest paths from given vertices, by Brandes' algorithm.

    Sums are in the order of `begins`, and within one in that of the distances, so that they do not depend on which
    vertices are twins.
    """
    count = len(start) - 1
    total, share, paths = np.zeros(count), np.zeros(count), np.zeros(count)
    seen_by, length, queue = np.full(count, -1), np.empty(count, np.int64), np.empty(count, np.int64)
    last_step, step_before, step_from = (
        np.empty(count, np.int64),
        np.empty(len(others), np.int64),
        np.empty(len(others), np.int64),
    )
    twin = twins(paid_by_start, paid_by)
    # What vertices that nobody pays add is the same for twins, and is kept: between kept_start and kept_end.
    kept_start, kept_end = np.full(count, -1), np.empty(count, np.int64)
    kept_vertex, kept_share, kept = np.empty(count, np.int64), np.empty(count), 0
    for begin in begins:
        if start[begin] == start[begin + 1]:
            continue
        same, is_unpaid = twin[begin], paid_by_start[begin] == paid_by_start[begin + 1]
        if is_unpaid and kept_start[same] >= 0:
            for k in range(kept_start[same], kept_end[same]):
                total[kept_vertex[k]] += kept_share[k]
            continue
        queue[0], seen_by[begin], length[begin], paths[begin], share[begin], last_step[begin] = (
            begin,
            begin,
            0,
            1,
            0,
            -1,
        )
        first, end, steps = 0, 1, 0
        while first < end:
            v = queue[first]
            first += 1
            for other in others[start[v] : start[v + 1]]:
                if seen_by[other] != begin:
                    seen_by[other], length[other], queue[end] = begin, length[v] + 1, other
                    paths[other], share[other], last_step[other] = 0, 0, -1
                    end += 1
                if length[other] == length[v] + 1:
                    paths[other] += paths[v]
                    step_from[steps], step_before[steps] = v, last_step[other]
                    last_step[other] = steps
                    steps += 1
        if is_unpaid:
            kept_start[same] = kept
        for i in range(end - 1, 0, -1):
            v = queue[i]
            weight, step = (1 + share[v]) / paths[v], last_step[v]
            while step >= 0:
                share[step_from[step]] += paths[step_from[step]] * weight
                step = step_before[step]
            total[v] += share[v]
            if is_unpaid and share[v] > 0:
                if kept == len(kept_vertex):
                    kept_vertex, kept_share = np.append(kept_vertex, kept_vertex), np.append(kept_share, kept_share)
                kept_vertex[kept], kept_share[kept] = v, share[v]
                kept += 1
        if is_unpaid:
            kept_end[same] = kept
    return total
