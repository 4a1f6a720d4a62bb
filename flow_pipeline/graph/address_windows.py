"""Kernels over the transfers of one address at a time: trailing windows, gathering and scattering, passing through.

They return `Groups`: edges of all groups one after the other, a part per edge (which side of the pattern it is), and
the vertex each group belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from flow_pipeline.graph import EXCHANGE, TransferGraph
from flow_pipeline.graph.paths import after, append, with_room

IN, OUT = 0, 1


@dataclass(frozen=True)
class Groups:
    """Groups of a kernel: edges[start[i]:start[i + 1]] are the i-th, in time order; `part` is IN or OUT per edge."""

    start: np.ndarray
    edges: np.ndarray
    part: np.ndarray
    vertex: np.ndarray

    def __len__(self) -> int:
        """Number of groups."""
        return len(self.start) - 1


def trailing_windows(
    graph: TransferGraph, direction: int, window: int, least: int, distinct: bool, counts: np.ndarray
) -> Groups:
    """Runs of transfers of one address, each in a trailing window that holds enough of them; overlapping ones are one.

    Args:
        graph: The graph.
        direction: OUT for the payments of a sender, IN for the receipts of a receiver. Terminal addresses are left out.
        window: Microseconds back from a transfer, inclusive.
        least: Counterparties (when `distinct`) or transfers a window needs.
        distinct: Count counterparties, not transfers.
        counts: Which edges take part.
    """
    side = (graph.out_start, graph.out_edges, graph.receiver, graph.is_sender_terminal) if direction == OUT else (
        graph.in_start, graph.in_edges, graph.sender, graph.is_receiver_terminal)  # fmt: skip
    start, edges, vertex = _trailing_windows(graph.time, *side, window, least, distinct, counts)
    return Groups(start, edges, np.full(len(edges), direction, np.int8), vertex)


def gather_scatter(graph: TransferGraph, window: int, least: int, low: float, high: float) -> Groups:
    """An address that gathers from enough senders and then scatters about the same sum to enough receivers.

    The receipts are the last ones before the payments and the payments the first ones after, without one of the other
    kind between. Of a run of payments the most that fit are taken.

    Args:
        graph: The graph.
        window: From the first receipt to the last payment, microseconds, inclusive.
        least: Distinct senders, and distinct receivers.
        low: Least share of the gathered sum that is scattered.
        high: Largest share.
    """
    return Groups(
        *_gather_scatter(
            graph.time, graph.rank, graph.sender, graph.receiver, graph.amount, graph.is_sender_terminal,
            graph.is_receiver_terminal, graph.out_start, graph.out_edges, graph.in_start, graph.in_edges, window, least,
            *with_room(low, high),
        )
    )  # fmt: skip


def scatter_gather(graph: TransferGraph, window: int, least: int) -> Groups:
    """One source pays middle addresses and each of them, having been paid, pays one target, all within a window.

    Source, middles and target are not terminal, and source and target differ. Overlapping windows of one pair are one
    group.
    """
    return Groups(
        *_scatter_gather(
            graph.time, graph.rank, graph.sender, graph.receiver, graph.is_sender_terminal, graph.is_receiver_terminal,
            graph.out_start, graph.out_edges, window, least,
        )
    )  # fmt: skip


def pass_through(graph: TransferGraph, within: int, low: float, high: float, least: int, window: int) -> Groups:
    """An address through which money passes again and again.

    A pass is a receipt after which, before the next receipt and within `within`, payments of `low` to `high` of it
    leave. Passes whose payments all go to one exchange do not count: that is what an exchange's deposit address does.
    At least `least` passes inside a trailing `window` make a group; overlapping windows are one.
    """
    return Groups(
        *_pass_through(
            graph.time, graph.rank, graph.receiver, graph.amount, graph.is_sender_terminal, graph.is_receiver_terminal,
            graph.receiver_entity, graph.receiver_role, graph.out_start, graph.out_edges, graph.in_start,
            graph.in_edges, within, *with_room(low, high), least, window,
        )
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _trailing_windows(time, start, edges, other, ends, window, least, distinct, counts):
    vertex_count = len(start) - 1
    group_start, group_edges, group_vertex = (
        np.zeros(1024, np.int64),
        np.empty(4096, np.int32),
        np.empty(1024, np.int32),
    )
    groups, size = 0, 0
    inside = np.zeros(vertex_count, np.int32)
    for v in range(vertex_count):
        if start[v + 1] - start[v] < least:
            continue
        first, held = start[v], 0
        open_first, open_last = -1, -1
        for k in range(start[v], start[v + 1] + 1):
            if k < start[v + 1]:
                e = edges[k]
                if ends[e] or not counts[e]:
                    continue
                while time[edges[first]] < time[e] - window:
                    f = edges[first]
                    first += 1
                    if ends[f] or not counts[f]:
                        continue
                    inside[other[f]] -= 1
                    if not distinct or inside[other[f]] == 0:
                        held -= 1
                inside[other[e]] += 1
                if not distinct or inside[other[e]] == 1:
                    held += 1
            closes = k == start[v + 1] or (held >= least and open_first >= 0 and first > open_last)
            if closes and open_first >= 0:
                for j in range(open_first, open_last + 1):
                    f = edges[j]
                    if not ends[f] and counts[f]:
                        group_edges = append(group_edges, size, f)
                        size += 1
                group_vertex = append(group_vertex, groups, v)
                groups += 1
                group_start = append(group_start, groups, size)
                open_first = -1
            if k < start[v + 1] and held >= least:
                if open_first < 0:
                    open_first = first
                    while ends[edges[open_first]] or not counts[edges[open_first]]:
                        open_first += 1
                open_last = k
        while first < start[v + 1]:
            inside[other[edges[first]]] = 0
            first += 1
    return group_start[: groups + 1].copy(), group_edges[:size].copy(), group_vertex[:groups].copy()


@njit(cache=True, nogil=True)
def _gather_scatter(
    time, rank, sender, receiver, amount, sender_ends, receiver_ends, out_start, out_edges, in_start, in_edges, window,
    least, low, high
):  # fmt: skip
    vertex_count = len(out_start) - 1
    group_start, group_edges, group_part = np.zeros(1024, np.int64), np.empty(4096, np.int32), np.empty(4096, np.int8)
    group_vertex = np.empty(1024, np.int32)
    groups, size, mark = 0, 0, 0
    stamp = np.zeros(vertex_count, np.int64)
    for v in range(vertex_count):
        i, i_end, o, o_end = in_start[v], in_start[v + 1], out_start[v], out_start[v + 1]
        if i_end - i < least or o_end - o < least:
            continue
        while i < i_end and o < o_end:
            # receipts before the next payment, then payments before the next receipt
            gather_first = i
            while i < i_end and rank[in_edges[i]] < rank[out_edges[o]]:
                i += 1
            gather_last = i
            scatter_first = o
            while o < o_end and (i == i_end or rank[out_edges[o]] <= rank[in_edges[i]]):
                o += 1
            if gather_last - gather_first < least or o - scatter_first < least:
                continue
            for last in range(o - 1, scatter_first + least - 2, -1):
                if last + 1 < o and rank[out_edges[last + 1]] == rank[out_edges[last]]:
                    continue  # payments of one rank have no order among them
                until = time[out_edges[last]]
                begin = gather_first
                while begin < gather_last and time[in_edges[begin]] < until - window:
                    begin += 1
                mark += 1
                into, senders, is_plain = 0.0, 0, True
                for k in range(begin, gather_last):
                    e = in_edges[k]
                    is_plain = is_plain and not receiver_ends[e]
                    into += amount[e]
                    if stamp[sender[e]] != mark:
                        stamp[sender[e]] = mark
                        senders += 1
                mark += 1
                out, receivers = 0.0, 0
                for k in range(scatter_first, last + 1):
                    e = out_edges[k]
                    is_plain = is_plain and not sender_ends[e]
                    out += amount[e]
                    if stamp[receiver[e]] != mark:
                        stamp[receiver[e]] = mark
                        receivers += 1
                if is_plain and senders >= least and receivers >= least and low * into <= out <= high * into:
                    for k in range(begin, gather_last):
                        group_edges, group_part = append(group_edges, size, in_edges[k]), append(group_part, size, IN)
                        size += 1
                    for k in range(scatter_first, last + 1):
                        group_edges, group_part = append(group_edges, size, out_edges[k]), append(group_part, size, OUT)
                        size += 1
                    group_vertex = append(group_vertex, groups, v)
                    groups += 1
                    group_start = append(group_start, groups, size)
                    break
    return (
        group_start[: groups + 1].copy(),
        group_edges[:size].copy(),
        group_part[:size].copy(),
        group_vertex[:groups].copy(),
    )


@njit(cache=True, nogil=True)
def _scatter_gather(time, rank, sender, receiver, sender_ends, receiver_ends, out_start, out_edges, window, least):
    vertex_count = len(out_start) - 1
    group_start, group_edges, group_part = np.zeros(1024, np.int64), np.empty(4096, np.int32), np.empty(4096, np.int8)
    group_vertex = np.empty(1024, np.int32)
    groups, size = 0, 0
    seen_by, last_middle, middles = (
        np.full(vertex_count, -1, np.int32),
        np.full(vertex_count, -1, np.int32),
        np.zeros(vertex_count, np.int32),
    )
    outs, of_run = np.empty(1024, np.int32), np.empty(1024, np.int32)
    for s in range(vertex_count):
        if out_start[s + 1] - out_start[s] < least:
            continue
        ins = np.empty(out_start[s + 1] - out_start[s], np.int32)
        paid = 0
        for k in range(out_start[s], out_start[s + 1]):
            e = out_edges[k]
            if not sender_ends[e] and not receiver_ends[e]:
                ins[paid] = e
                paid += 1
        if paid < least:
            continue
        # the source's payments, one run per middle address, each in time order
        ins = ins[:paid]
        ins = ins[np.argsort(receiver[ins], kind="mergesort")]
        run_start = np.empty(paid + 1, np.int64)
        runs = 0
        for k in range(paid):
            if k == 0 or receiver[ins[k]] != receiver[ins[k - 1]]:
                run_start[runs] = k
                runs += 1
        run_start[runs] = paid
        # payments of the middle addresses that follow a receipt within the window
        count = 0
        for r in range(runs):
            m, k = receiver[ins[run_start[r]]], run_start[r]
            for j in range(after(rank, out_edges, out_start[m], out_start[m + 1], rank[ins[k]]), out_start[m + 1]):
                f = out_edges[j]
                while k + 1 < run_start[r + 1] and rank[ins[k + 1]] < rank[f]:
                    k += 1
                t = receiver[f]
                if time[f] - time[ins[k]] > window:
                    if k + 1 == run_start[r + 1]:
                        break
                    continue
                if sender_ends[f] or receiver_ends[f] or t == s:
                    continue
                if seen_by[t] != s:
                    seen_by[t], last_middle[t], middles[t] = s, -1, 0
                if last_middle[t] != m:
                    last_middle[t] = m
                    middles[t] += 1
                outs, of_run = append(outs, count, f), append(of_run, count, r)
                count += 1
        kept = 0
        for k in range(count):
            if middles[receiver[outs[k]]] >= least:
                outs[kept], of_run[kept] = outs[k], of_run[k]
                kept += 1
        if kept < least:
            continue
        order = np.argsort(receiver[outs[:kept]], kind="mergesort")
        begin = 0
        while begin < kept:
            stop = begin
            while stop < kept and receiver[outs[order[stop]]] == receiver[outs[order[begin]]]:
                stop += 1
            chosen = order[begin:stop]
            group_start, group_edges, group_part, group_vertex, groups, size = _target_windows(
                time, rank, ins, run_start, outs[chosen], of_run[chosen], window, least, s, group_start, group_edges,
                group_part, group_vertex, groups, size
            )  # fmt: skip
            begin = stop
    return (
        group_start[: groups + 1].copy(),
        group_edges[:size].copy(),
        group_part[:size].copy(),
        group_vertex[:groups].copy(),
    )


@njit(cache=True, nogil=True)
def _target_windows(
    time,
    rank,
    ins,
    run_start,
    outs,
    of_run,
    window,
    least,
    s,
    group_start,
    group_edges,
    group_part,
    group_vertex,
    groups,
    size,
):
    """Merge the trailing windows of one source and target that hold enough middle addresses.

    A middle address stands in a window when its first receipt inside comes before its last payment inside.
    """
    count = len(outs)
    # middle addresses one after the other: receipts a_low:a_high of ins, payments b_low:b_high of outs, which came
    # grouped by them
    lanes = 0
    a_at, a_high = np.empty(count, np.int64), np.empty(count, np.int64)
    b_low, b_at, b_high = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    for k in range(count):
        if k == 0 or of_run[k] != of_run[k - 1]:
            a_at[lanes], a_high[lanes], b_low[lanes] = run_start[of_run[k]], run_start[of_run[k] + 1], k
            lanes += 1
        b_high[lanes - 1] = k + 1
    for lane in range(lanes):
        b_at[lane] = b_low[lane]
    covered = np.zeros(count, np.int64)  # payments of each lane that the windows of the open group have seen
    taken_in, taken_out = np.zeros(len(ins), np.bool_), np.zeros(count, np.bool_)
    in_mark, out_mark = np.empty(count, np.int64), np.empty(count, np.int64)
    opened, first = False, size
    ends = np.argsort(rank[outs], kind="mergesort")
    for i in range(count + 1):
        held, joins = 0, False
        if i < count:
            end = time[outs[ends[i]]]
            for lane in range(lanes):
                while a_at[lane] < a_high[lane] and time[ins[a_at[lane]]] < end - window:
                    a_at[lane] += 1
                while b_at[lane] < b_high[lane] and time[outs[b_at[lane]]] <= end:
                    b_at[lane] += 1
                if (
                    a_at[lane] < a_high[lane]
                    and b_at[lane] > b_low[lane]
                    and rank[ins[a_at[lane]]] < rank[outs[b_at[lane] - 1]]
                ):
                    held += 1
                    joins = joins or (
                        covered[lane] > 0 and rank[ins[a_at[lane]]] < rank[outs[b_low[lane] + covered[lane] - 1]]
                    )
            if held < least:
                continue
        if opened and not joins:
            members = group_edges[first:size].copy()
            parts = group_part[first:size].copy()
            order = np.argsort(members, kind="mergesort")
            for k in range(len(order)):
                group_edges[first + k], group_part[first + k] = members[order[k]], parts[order[k]]
            group_vertex = append(group_vertex, groups, s)
            groups += 1
            group_start = append(group_start, groups, size)
            opened = False
        if i == count:
            break
        if not opened:
            opened, first = True, size
            for lane in range(lanes):
                in_mark[lane], out_mark[lane] = a_at[lane], b_low[lane]
        for lane in range(lanes):
            covered[lane] = b_at[lane] - b_low[lane]
            if not (
                a_at[lane] < a_high[lane]
                and b_at[lane] > b_low[lane]
                and rank[ins[a_at[lane]]] < rank[outs[b_at[lane] - 1]]
            ):
                continue
            last = rank[outs[b_at[lane] - 1]]
            k = max(in_mark[lane], a_at[lane])
            while k < a_high[lane] and rank[ins[k]] < last:
                if not taken_in[k]:
                    taken_in[k] = True
                    group_edges, group_part = append(group_edges, size, ins[k]), append(group_part, size, IN)
                    size += 1
                k += 1
            in_mark[lane] = k
            k = max(out_mark[lane], b_low[lane])
            while k < b_at[lane]:
                if rank[outs[k]] > rank[ins[a_at[lane]]] and not taken_out[k]:
                    taken_out[k] = True
                    group_edges, group_part = append(group_edges, size, outs[k]), append(group_part, size, OUT)
                    size += 1
                k += 1
            out_mark[lane] = k
    return group_start, group_edges, group_part, group_vertex, groups, size


@njit(cache=True, nogil=True)
def _pass_through(
    time, rank, receiver, amount, sender_ends, receiver_ends, receiver_entity, receiver_role, out_start, out_edges,
    in_start, in_edges, within, low, high, least, window,
):  # fmt: skip
    vertex_count = len(out_start) - 1
    group_start, group_edges, group_part = np.zeros(1024, np.int64), np.empty(4096, np.int32), np.empty(4096, np.int8)
    group_vertex = np.empty(1024, np.int32)
    groups, size = 0, 0
    first_in, last_in = np.empty(1024, np.int64), np.empty(1024, np.int64)
    first_out, last_out = np.empty(1024, np.int64), np.empty(1024, np.int64)
    for v in range(vertex_count):
        if in_start[v + 1] - in_start[v] < least or out_start[v + 1] - out_start[v] < least:
            continue
        passes = 0
        k = in_start[v]
        while k < in_start[v + 1]:
            # transfers of one rank have no order: receipts are taken together, and payments leave all or none
            e, k_first, received, is_plain = in_edges[k], k, 0.0, True
            while k < in_start[v + 1] and rank[in_edges[k]] == rank[e]:
                received += amount[in_edges[k]]
                is_plain = is_plain and not receiver_ends[in_edges[k]]
                k += 1
            if not is_plain:
                continue
            o = after(rank, out_edges, out_start[v], out_start[v + 1], rank[e])
            begin, total, is_deposit = o, 0.0, True
            while o < out_start[v + 1] and time[out_edges[o]] - time[e] <= within:
                f = out_edges[o]
                if k < in_start[v + 1] and rank[f] >= rank[in_edges[k]]:
                    break
                after_ties, paid = o, 0.0
                while after_ties < out_start[v + 1] and rank[out_edges[after_ties]] == rank[f]:
                    paid += amount[out_edges[after_ties]]
                    after_ties += 1
                if sender_ends[f] or total + paid > high * received:
                    break
                total += paid
                for j in range(o, after_ties):
                    g = out_edges[j]
                    is_deposit = (
                        is_deposit
                        and receiver_role[g] == EXCHANGE
                        and receiver_entity[g] == receiver_entity[out_edges[begin]]
                    )
                o = after_ties
            if total >= low * received and not is_deposit:
                first_in, last_in = append(first_in, passes, k_first), append(last_in, passes, k)
                first_out, last_out = append(first_out, passes, begin), append(last_out, passes, o)
                passes += 1
        begin, opened, covered = 0, -1, -1
        for p in range(passes + 1):
            qualifies = False
            if p < passes:
                while begin <= p and time[in_edges[first_in[begin]]] < time[out_edges[last_out[p] - 1]] - window:
                    begin += 1
                qualifies = p - begin + 1 >= least
            if opened >= 0 and (p == passes or (qualifies and begin > covered)):
                for q in range(opened, covered + 1):
                    for j in range(first_in[q], last_in[q]):
                        group_edges, group_part = append(group_edges, size, in_edges[j]), append(group_part, size, IN)
                        size += 1
                    for j in range(first_out[q], last_out[q]):
                        group_edges, group_part = append(group_edges, size, out_edges[j]), append(group_part, size, OUT)
                        size += 1
                group_vertex = append(group_vertex, groups, v)
                groups += 1
                group_start = append(group_start, groups, size)
                opened = -1
            if qualifies:
                if opened < 0:
                    opened = begin
                covered = p
    return (
        group_start[: groups + 1].copy(),
        group_edges[:size].copy(),
        group_part[:size].copy(),
        group_vertex[:groups].copy(),
    )
