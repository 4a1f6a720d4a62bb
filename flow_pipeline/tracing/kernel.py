"""Following flows between groups of addresses: one kernel for a day, a history or a stream.

A transfer out of a source group starts a flow; it sits on (token, address) and moves with the payments of that address
until it arrives in another group, dies, or is pruned. `advance(state, transfers)` takes transfers in their order and
returns the state after them, so that any split into batches along days gives the same flows. Amounts are exact: whole
units and 1e-18 parts as integers.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from itertools import pairwise

import numpy as np
from numba import njit

from flow_pipeline.graph.paths import append

CLEAN = -1
HINTS = 1 << 18
DAY_ROOM = 8
"""Flows alive within a day, as a multiple of those alive at its end: a busy day is pruned before memory is."""
PARTS = 1_000_000_000_000_000_000
"""Parts of a token unit."""
FIFO, HAIRCUT, POISON = range(3)
ATTRIBUTIONS = {"fifo": FIFO, "haircut": HAIRCUT, "poison": POISON}
COUNTS = (
    "started",
    "moved",
    "completed",
    "returned",
    "absorbed",
    "hop_limit",
    "low_confidence",
    "too_small",
    "too_old",
    "idle",
    "pruned",
)
"""What became of flows: `returned` to their own group, `absorbed` by a group that is no destination."""
STARTED, MOVED, COMPLETED, RETURNED, ABSORBED, HOP_LIMIT, LOW_CONFIDENCE, TOO_SMALL, TOO_OLD, IDLE, PRUNED = range(
    len(COUNTS)
)


@dataclass(frozen=True)
class Rules:
    """Limits of a flow; the clocks of `max_age` and `max_idle` are each token's own (seconds, or blocks on Bitcoin).

    Attributes:
        attribution: FIFO, HAIRCUT or POISON.
        max_hops: Transfers of a flow.
        decay: Confidence per further hop.
        min_confidence: A flow below it dies.
        max_flows: Flows alive at the end of a day; what goes beyond is pruned, lowest confidence first.
        max_age: Clock ticks from the first transfer, per token.
        max_idle: Clock ticks without moving, per token.
        day_ticks: Ticks of a day where the clock is the calendar's (86,400), 0 where it is the chain's; per token.
        min_units, min_parts: Smallest amount, per token.
        is_source, is_destination: Per group.
    """

    attribution: int
    max_hops: int
    decay: float
    min_confidence: float
    max_flows: int
    max_age: np.ndarray
    max_idle: np.ndarray
    day_ticks: np.ndarray
    min_units: np.ndarray
    min_parts: np.ndarray
    is_source: np.ndarray
    is_destination: np.ndarray


@dataclass(frozen=True)
class Moves:
    """Transfers in their order, all columns of one length.

    Attributes:
        day: Day number, ascending.
        rank: Order within this batch; equal where transfers have no order among them.
        clock: Seconds, or blocks on Bitcoin.
        token: Token number.
        sender, receiver: Address ids.
        units, parts: Amount.
        from_group, to_group: Group numbers, -1 for an address that is in none.
        ref: What names the transfer to the caller.
    """

    day: np.ndarray
    rank: np.ndarray
    clock: np.ndarray
    token: np.ndarray
    sender: np.ndarray
    receiver: np.ndarray
    units: np.ndarray
    parts: np.ndarray
    from_group: np.ndarray
    to_group: np.ndarray
    ref: np.ndarray


@dataclass(frozen=True)
class State:
    """What sits on addresses that hold a flow: lots in the order in which they came, account after account.

    Attributes:
        token, address: Whose the lot is.
        source: Group the flow left, CLEAN for other money.
        units, parts: Amount of the lot.
        hops: Transfers so far.
        confidence: 1 at the first hop.
        started, moved: Clock of the first and of the last transfer.
        path: Refs of the transfers so far, one row per lot, -1 behind them.
    """

    token: np.ndarray
    address: np.ndarray
    source: np.ndarray
    units: np.ndarray
    parts: np.ndarray
    hops: np.ndarray
    confidence: np.ndarray
    started: np.ndarray
    moved: np.ndarray
    path: np.ndarray

    @classmethod
    def empty(cls, max_hops: int) -> State:
        """Nothing is on its way."""
        kinds = (np.int32, np.int32, np.int32, np.int64, np.int64, np.int8, np.float64, np.int64, np.int64)
        columns = [np.empty(0, kind) for kind in kinds]
        return cls(*columns, np.empty((0, max_hops), np.int64))  # type: ignore[call-arg]

    def __len__(self) -> int:
        """Number of lots."""
        return len(self.token)

    @property
    def flows(self) -> int:
        """Lots that are flows."""
        return int(np.count_nonzero(self.source != CLEAN))


@dataclass(frozen=True)
class Completed:
    """Flows that arrived, in the order of arrival.

    Attributes:
        source, destination: Group numbers.
        token: Token number.
        units, parts: Amount that arrived.
        hops: Transfers.
        confidence: At arrival.
        day: Day of arrival.
        path: Refs of the transfers, one row per flow, -1 behind them.
    """

    source: np.ndarray
    destination: np.ndarray
    token: np.ndarray
    units: np.ndarray
    parts: np.ndarray
    hops: np.ndarray
    confidence: np.ndarray
    day: np.ndarray
    path: np.ndarray

    def __len__(self) -> int:
        """Number of flows."""
        return len(self.source)


@dataclass(frozen=True)
class Advance:
    """Result of a batch: the state after it, what arrived, and per day what became of flows (COUNTS), how many live."""

    state: State
    completed: Completed
    days: np.ndarray
    counts: np.ndarray
    alive: np.ndarray
    states: list[State] = field(default_factory=list)


def advance(state: State, moves: Moves, rules: Rules, keep_states: bool = False) -> Advance:
    """Follow flows through a batch of transfers.

    Args:
        state: What was on its way before.
        moves: Transfers; a day must not be split over two batches.
        rules: Limits in force.
        keep_states: Also return the state at the end of every day.
    """
    limits = (
        rules.attribution, rules.max_hops, rules.decay, rules.min_confidence, rules.max_flows,
        rules.max_age, rules.max_idle, rules.day_ticks, rules.min_units, rules.min_parts,
        rules.is_source, rules.is_destination,
    )  # fmt: skip
    columns = tuple(getattr(moves, item.name) for item in fields(Moves))
    days, begin = np.unique(moves.day, return_index=True)
    bounds = [*begin.tolist(), len(moves.day)]
    if not keep_states:
        now, done, counts, alive = _advance(*_lots(state), *columns, np.array(bounds, np.int64), *limits)
        return Advance(State(*now), Completed(*done), days, counts, alive)
    states, parts, tallies, lives = [], [], [], []
    for first, last in pairwise(bounds):
        of_day = (column[first:last] for column in columns)
        now, done, counts, alive = _advance(*_lots(state), *of_day, np.array([0, last - first], np.int64), *limits)
        state = State(*now)
        states.append(state)
        parts.append(done)
        tallies.append(counts)
        lives.append(alive)
    if not states:
        return advance(state, moves, rules)
    completed = Completed(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    return Advance(state, completed, days, np.concatenate(tallies), np.concatenate(lives), states)


def _lots(state: State) -> tuple[np.ndarray, ...]:
    # A state read from a table may be read-only, which would be another type to compile for.
    return tuple(np.require(getattr(state, item.name), requirements=["C", "W"]) for item in fields(State))


@njit(cache=True, inline="always")
def _less(units, parts, other_units, other_parts):
    return units < other_units or (units == other_units and parts < other_parts)


@njit(cache=True, nogil=True)
def _slot(keys, key):
    """Place of a key in an open-addressing table of a power of two places, or of the free place where it belongs."""
    mask = len(keys) - 1
    at = ((key * np.int64(-7046029254386353131)) >> 20) & mask
    while keys[at] != key and keys[at] != -1:
        at = (at + 1) & mask
    return at


@njit(cache=True, inline="always")
def _hint(key):
    """Place of a key among HINTS: most addresses hold no flow, and a byte in the cache says so."""
    return ((key * np.int64(-7046029254386353131)) >> 44) & (HINTS - 1)


@njit(cache=True, nogil=True)
def _rebuilt(keys, head, tail, flows, size):
    """A table of `size` places with the accounts that still hold a flow."""
    new_keys, new_head, new_tail = np.full(size, -1, np.int64), np.full(size, -1, np.int32), np.full(size, -1, np.int32)
    new_flows = np.zeros(size, np.int32)
    used = 0
    for i in range(len(keys)):
        if keys[i] != -1 and flows[i] > 0:
            at = _slot(new_keys, keys[i])
            new_keys[at], new_head[at], new_tail[at], new_flows[at] = keys[i], head[i], tail[i], flows[i]
            used += 1
    return new_keys, new_head, new_tail, new_flows, used


@njit(cache=True, nogil=True)
def _wider(array, size):
    larger = np.empty(size, array.dtype)
    larger[: len(array)] = array
    return larger


@njit(cache=True, nogil=True)
def _wider_lots(behind, source, hops, units, parts, rank, started, moved, confidence, path):
    more = 2 * len(behind)
    paths = np.empty((more, path.shape[1]), np.int64)
    paths[: len(behind)] = path
    return (
        _wider(behind, more),
        _wider(source, more),
        _wider(hops, more),
        _wider(units, more),
        _wider(parts, more),
        _wider(rank, more),
        _wider(started, more),
        _wider(moved, more),
        _wider(confidence, more),
        paths,
    )


@njit(cache=True, nogil=True)
def _prune(keys, head, flows, behind, l_source, l_confidence, l_started, l_hops, l_path, living, keep):
    """Turn flows beyond `keep` into other money: lowest confidence first, of equal ones the oldest."""
    candidates, confidences = np.empty(living, np.int64), np.empty(living, np.float64)
    starts_at, firsts, lasts = np.empty(living, np.int64), np.empty(living, np.int64), np.empty(living, np.int64)
    found = 0
    for at in range(len(keys)):
        if keys[at] == -1 or flows[at] == 0:
            continue
        lot = head[at]
        while lot >= 0:
            if l_source[lot] >= 0:
                candidates[found], confidences[found] = (np.int64(at) << 32) | lot, l_confidence[lot]
                starts_at[found], firsts[found], lasts[found] = (
                    l_started[lot],
                    l_path[lot, 0],
                    l_path[lot, l_hops[lot] - 1],
                )
                found += 1
            lot = behind[lot]
    order = np.argsort(lasts, kind="mergesort")
    order = order[np.argsort(firsts[order], kind="mergesort")]
    order = order[np.argsort(starts_at[order], kind="mergesort")]
    order = order[np.argsort(confidences[order], kind="mergesort")]
    for k in range(found - keep):
        place = candidates[order[k]]
        l_source[place & 0xFFFFFFFF] = CLEAN
        flows[place >> 32] -= 1
    return keep


@njit(cache=True, nogil=True)
def _advance(
    s_token, s_address, s_source, s_units, s_parts, s_hops, s_confidence, s_started, s_moved, s_path,
    day, rank, clock, token, sender, receiver, units, parts, from_group, to_group, ref, bounds,
    attribution, max_hops, decay, min_confidence, max_flows, max_age, max_idle, day_ticks,
    min_units, min_parts, is_source, is_destination,
):  # fmt: skip
    # lots, a free list through `behind`
    room = max(1024, 2 * len(s_token))
    behind, l_source, l_hops = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int8)
    l_units, l_parts, l_rank = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    l_started, l_moved, l_confidence = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.float64)
    l_path = np.empty((room, max_hops), np.int64)
    free, fresh, living = np.int32(-1), 0, 0
    # accounts that hold a flow
    size = 2048
    while size < 4 * len(s_token):
        size *= 2
    keys, head, tail = np.full(size, -1, np.int64), np.full(size, -1, np.int32), np.full(size, -1, np.int32)
    flows, used = np.zeros(size, np.int32), 0
    hints = np.zeros(HINTS, np.bool_)
    for i in range(len(s_token)):
        key = (np.int64(s_token[i]) << 32) | s_address[i]
        at = _slot(keys, key)
        hints[_hint(key)] = True
        if keys[at] == -1:
            keys[at] = key
            used += 1
        lot = fresh
        fresh += 1
        behind[lot], l_source[lot], l_units[lot], l_parts[lot], l_hops[lot] = (
            -1,
            s_source[i],
            s_units[i],
            s_parts[i],
            s_hops[i],
        )
        l_confidence[lot], l_started[lot], l_moved[lot], l_rank[lot] = s_confidence[i], s_started[i], s_moved[i], -1
        for j in range(max_hops):
            l_path[lot, j] = s_path[i, j]
        if head[at] < 0:
            head[at] = lot
        else:
            behind[tail[at]] = lot
        tail[at] = lot
        if s_source[i] >= 0:
            flows[at] += 1
            living += 1
    # pieces of flows that leave with the transfer at hand
    p_from, p_units, p_parts = np.empty(256, np.int32), np.empty(256, np.int64), np.empty(256, np.int64)
    c_source, c_destination, c_token = np.empty(1024, np.int32), np.empty(1024, np.int32), np.empty(1024, np.int32)
    c_units, c_parts, c_hops = np.empty(1024, np.int64), np.empty(1024, np.int64), np.empty(1024, np.int8)
    c_confidence, c_day, c_path = (
        np.empty(1024, np.float64),
        np.empty(1024, np.int64),
        np.empty(1024 * max_hops, np.int64),
    )
    arrived, path_size = 0, 0
    day_count = len(bounds) - 1
    counts, alive = np.zeros((day_count, 11), np.int64), np.zeros(day_count, np.int64)
    best, held_groups = np.full(len(is_source) + 1, -1, np.int32), np.empty(64, np.int64)
    for d in range(day_count):
        last_clock = np.full(len(max_age), np.int64(-1))
        for i in range(bounds[d], bounds[d + 1]):
            s, r, t = from_group[i], to_group[i], token[i]
            last_clock[t] = max(last_clock[t], clock[i])
            if (
                sender[i] == receiver[i]
                or _less(units[i], parts[i], min_units[t], min_parts[t])
                or (units[i] == 0 and parts[i] == 0)
            ):
                continue
            pieces, starts, at = 0, False, np.int64(-1)
            if s >= 0:
                if not is_source[s] or r == s:
                    continue
                starts = True
                p_from[0], p_units[0], p_parts[0], pieces = -1, units[i], parts[i], 1
                counts[d, STARTED] += 1
            else:
                own = (np.int64(t) << 32) | sender[i]
                at = _slot(keys, own) if hints[_hint(own)] else np.int64(-1)
                if at >= 0 and keys[at] != -1 and flows[at] > 0:
                    # flows that are too old or have rested too long are other money from here on
                    lot = head[at]
                    total = 0.0
                    while lot >= 0:
                        if l_source[lot] >= 0:
                            old = clock[i] - l_started[lot] > max_age[t]
                            if old or clock[i] - l_moved[lot] > max_idle[t]:
                                l_source[lot] = CLEAN
                                flows[at] -= 1
                                living -= 1
                                counts[d, TOO_OLD if old else IDLE] += 1
                        if l_source[lot] < 0 or l_rank[lot] < rank[i]:
                            total += l_units[lot] + l_parts[lot] / PARTS
                        lot = behind[lot]
                    left_units, left_parts = units[i], parts[i]
                    share = min(1.0, (units[i] + parts[i] / PARTS) / total) if total > 0 else 0.0
                    lot, before, held_count = head[at], np.int32(-1), 0
                    while lot >= 0 and (left_units > 0 or left_parts > 0) and flows[at] > 0:
                        following = behind[lot]
                        if l_source[lot] >= 0 and l_rank[lot] >= rank[i]:
                            before, lot = lot, following
                            continue
                        if attribution == POISON:
                            g = l_source[lot]
                            if g >= 0 and (
                                best[g] < 0
                                or l_confidence[lot] > l_confidence[best[g]]
                                or (l_confidence[lot] == l_confidence[best[g]] and l_started[lot] < l_started[best[g]])
                            ):
                                if best[g] < 0:
                                    if held_count == len(held_groups):
                                        held_groups = _wider(held_groups, 2 * held_count)
                                    held_groups[held_count] = g
                                    held_count += 1
                                best[g] = lot
                            before, lot = lot, following
                            continue
                        if attribution == FIFO or share >= 1.0:
                            take_units, take_parts = l_units[lot], l_parts[lot]
                        else:
                            part = (l_units[lot] + l_parts[lot] / PARTS) * share
                            take_units = np.int64(part)
                            take_parts = min(np.int64((part - take_units) * PARTS), PARTS - 1)
                            if _less(l_units[lot], l_parts[lot], take_units, take_parts):
                                take_units, take_parts = l_units[lot], l_parts[lot]
                        if _less(left_units, left_parts, take_units, take_parts):
                            take_units, take_parts = left_units, left_parts
                        left_units -= take_units
                        left_parts -= take_parts
                        if left_parts < 0:
                            left_units -= 1
                            left_parts += PARTS
                        l_units[lot] -= take_units
                        l_parts[lot] -= take_parts
                        if l_parts[lot] < 0:
                            l_units[lot] -= 1
                            l_parts[lot] += PARTS
                        if l_source[lot] >= 0 and (take_units > 0 or take_parts > 0):
                            if l_hops[lot] >= max_hops:
                                counts[d, HOP_LIMIT] += 1
                            elif l_confidence[lot] * decay < min_confidence:
                                counts[d, LOW_CONFIDENCE] += 1
                            elif _less(take_units, take_parts, min_units[t], min_parts[t]):
                                counts[d, TOO_SMALL] += 1
                            else:
                                if pieces == len(p_from):
                                    p_from, p_units, p_parts = (
                                        _wider(p_from, 2 * pieces),
                                        _wider(p_units, 2 * pieces),
                                        _wider(p_parts, 2 * pieces),
                                    )
                                p_from[pieces], p_units[pieces], p_parts[pieces] = lot, take_units, take_parts
                                pieces += 1
                                counts[d, MOVED] += 1
                        before, lot = lot, following
                    if attribution == POISON:
                        for g in np.sort(held_groups[:held_count]):
                            lot = best[g]
                            best[g] = -1
                            if lot < 0:
                                continue
                            if l_hops[lot] >= max_hops:
                                counts[d, HOP_LIMIT] += 1
                            elif l_confidence[lot] * decay < min_confidence:
                                counts[d, LOW_CONFIDENCE] += 1
                            else:
                                l_moved[lot] = clock[i]
                                p_from[pieces], p_units[pieces], p_parts[pieces] = lot, units[i], parts[i]
                                pieces += 1
                                counts[d, MOVED] += 1
            # where the pieces go; an emptied lot gives its path before it is freed
            goal, key = np.int64(-1), (np.int64(t) << 32) | receiver[i]
            if r < 0 and (pieces > 0 or hints[_hint(key)]):
                goal = _slot(keys, key)
            rest_units, rest_parts = units[i], parts[i]
            for p in range(pieces):
                lot = p_from[p]
                source = s if starts else l_source[lot]
                hops = 1 if starts else l_hops[lot] + 1
                confidence = 1.0 if starts else l_confidence[lot] * decay
                if r >= 0:
                    if r == source:
                        counts[d, RETURNED] += 1
                    elif not is_destination[r]:
                        counts[d, ABSORBED] += 1
                    else:
                        counts[d, COMPLETED] += 1
                        c_source, c_destination = append(c_source, arrived, source), append(c_destination, arrived, r)
                        c_token, c_units, c_parts = (
                            append(c_token, arrived, t),
                            append(c_units, arrived, p_units[p]),
                            append(c_parts, arrived, p_parts[p]),
                        )
                        c_hops, c_confidence, c_day = (
                            append(c_hops, arrived, hops),
                            append(c_confidence, arrived, confidence),
                            append(c_day, arrived, day[i]),
                        )
                        for j in range(max_hops):
                            step = ref[i] if j == hops - 1 else np.int64(-1) if j >= hops else l_path[lot, j]
                            c_path = append(c_path, path_size, step)
                            path_size += 1
                        arrived += 1
                    continue
                if keys[goal] == -1:
                    if 2 * (used + 1) > len(keys):
                        for other in range(len(keys)):
                            if keys[other] != -1 and flows[other] == 0:
                                lot_old = head[other]
                                while lot_old >= 0:
                                    following = behind[lot_old]
                                    behind[lot_old], free = free, lot_old
                                    lot_old = following
                        keys, head, tail, flows, used = _rebuilt(
                            keys, head, tail, flows, len(keys) * (2 if 4 * living > len(keys) else 1)
                        )
                        goal = _slot(keys, key)
                    if keys[goal] == -1:
                        keys[goal], head[goal], tail[goal] = key, -1, -1
                        hints[_hint(key)] = True
                        used += 1
                elif flows[goal] == 0:
                    # only other money was left here: the account begins anew
                    lot_old = head[goal]
                    while lot_old >= 0:
                        following = behind[lot_old]
                        behind[lot_old], free = free, lot_old
                        lot_old = following
                    head[goal], tail[goal] = -1, -1
                started = clock[i] if starts else l_started[lot]
                if attribution == POISON:
                    held = head[goal]
                    while held >= 0 and l_source[held] != source:
                        held = behind[held]
                    if held >= 0:
                        is_better = confidence > l_confidence[held] or (
                            confidence == l_confidence[held] and started < l_started[held]
                        )
                        if not is_better:
                            continue
                        new = held
                    else:
                        new = np.int32(-1)
                else:
                    new = np.int32(-1)
                if new < 0:
                    if free >= 0:
                        new = free
                        free = behind[new]
                    else:
                        if fresh == len(behind):
                            (
                                behind,
                                l_source,
                                l_hops,
                                l_units,
                                l_parts,
                                l_rank,
                                l_started,
                                l_moved,
                                l_confidence,
                                l_path,
                            ) = _wider_lots(
                                behind,
                                l_source,
                                l_hops,
                                l_units,
                                l_parts,
                                l_rank,
                                l_started,
                                l_moved,
                                l_confidence,
                                l_path,
                            )
                        new = np.int32(fresh)
                        fresh += 1
                    behind[new] = -1
                    if head[goal] < 0:
                        head[goal] = new
                    else:
                        behind[tail[goal]] = new
                    tail[goal] = new
                    flows[goal] += 1
                    living += 1
                for j in range(max_hops):
                    l_path[new, j] = ref[i] if j == hops - 1 else np.int64(-1) if j >= hops else l_path[lot, j]
                l_source[new], l_units[new], l_parts[new], l_hops[new] = source, p_units[p], p_parts[p], hops
                l_confidence[new], l_started[new], l_moved[new], l_rank[new] = confidence, started, clock[i], rank[i]
                rest_units -= p_units[p]
                rest_parts -= p_parts[p]
                if rest_parts < 0:
                    rest_units -= 1
                    rest_parts += PARTS
            if living > DAY_ROOM * max_flows:
                counts[d, PRUNED] += living - max_flows
                living = _prune(
                    keys, head, flows, behind, l_source, l_confidence, l_started, l_hops, l_path, living, max_flows
                )
            # take emptied lots out of the sender's account
            if s < 0 and at >= 0 and attribution != POISON:
                at = _slot(keys, (np.int64(t) << 32) | sender[i])
                if keys[at] != -1 and head[at] >= 0:
                    lot, before = head[at], np.int32(-1)
                    while lot >= 0:
                        following = behind[lot]
                        if l_units[lot] == 0 and l_parts[lot] == 0:
                            if l_source[lot] >= 0:
                                flows[at] -= 1
                                living -= 1
                            if before < 0:
                                head[at] = following
                            else:
                                behind[before] = following
                            if tail[at] == lot:
                                tail[at] = before
                            behind[lot], free = free, lot
                        else:
                            before = lot
                        lot = following
            # what is no flow stands in line behind those that are
            if goal >= 0 and attribution != POISON and (rest_units > 0 or rest_parts > 0):
                goal = _slot(keys, key)
                if keys[goal] != -1 and flows[goal] > 0:
                    end = tail[goal]
                    if l_source[end] < 0:
                        l_units[end] += rest_units
                        l_parts[end] += rest_parts
                        if l_parts[end] >= PARTS:
                            l_units[end] += 1
                            l_parts[end] -= PARTS
                    else:
                        if free >= 0:
                            new = free
                            free = behind[new]
                        else:
                            if fresh == len(behind):
                                more = 2 * fresh
                                behind, l_source, l_hops = (
                                    _wider(behind, more),
                                    _wider(l_source, more),
                                    _wider(l_hops, more),
                                )
                                l_units, l_parts, l_rank = (
                                    _wider(l_units, more),
                                    _wider(l_parts, more),
                                    _wider(l_rank, more),
                                )
                                l_started, l_moved, l_confidence = (
                                    _wider(l_started, more),
                                    _wider(l_moved, more),
                                    _wider(l_confidence, more),
                                )
                                paths = np.empty((more, max_hops), np.int64)
                                paths[:fresh] = l_path
                                l_path = paths
                            new = np.int32(fresh)
                            fresh += 1
                        behind[new], behind[end] = -1, new
                        tail[goal] = new
                        l_source[new], l_units[new], l_parts[new], l_hops[new] = CLEAN, rest_units, rest_parts, 0
                        l_confidence[new], l_started[new], l_moved[new], l_rank[new] = 0.0, clock[i], clock[i], rank[i]
                        for j in range(max_hops):
                            l_path[new, j] = -1
        # the end of the day: what is too old or idle dies, what is too many is pruned
        for at in range(len(keys)):
            if keys[at] == -1 or flows[at] == 0:
                continue
            t = keys[at] >> 32
            now = max(last_clock[t], (day[bounds[d + 1] - 1] + 1) * day_ticks[t] if day_ticks[t] else np.int64(-1))
            lot = head[at]
            while lot >= 0:
                if l_source[lot] >= 0:
                    old = now - l_started[lot] > max_age[t]
                    if old or now - l_moved[lot] > max_idle[t]:
                        l_source[lot] = CLEAN
                        flows[at] -= 1
                        living -= 1
                        counts[d, TOO_OLD if old else IDLE] += 1
                lot = behind[lot]
        if living > max_flows:
            counts[d, PRUNED] += living - max_flows
            living = _prune(
                keys, head, flows, behind, l_source, l_confidence, l_started, l_hops, l_path, living, max_flows
            )
        for at in range(len(keys)):
            if keys[at] != -1 and flows[at] == 0:
                lot = head[at]
                while lot >= 0:
                    following = behind[lot]
                    behind[lot], free = free, lot
                    lot = following
                head[at], tail[at] = -1, -1
            lot = head[at]
            while lot >= 0:
                l_rank[lot] = -1
                lot = behind[lot]
        keys, head, tail, flows, used = _rebuilt(keys, head, tail, flows, len(keys))
        hints[:] = False
        for key in keys:
            if key != -1:
                hints[_hint(key)] = True
        alive[d] = living
    # the state, account after account in the order of their keys
    places = np.flatnonzero(keys != -1)
    places = places[np.argsort(keys[places], kind="mergesort")]
    lots = 0
    for at in places:
        lot = head[at]
        while lot >= 0:
            lots += 1
            lot = behind[lot]
    o_token, o_address, o_source = np.empty(lots, np.int32), np.empty(lots, np.int32), np.empty(lots, np.int32)
    o_units, o_parts, o_hops = np.empty(lots, np.int64), np.empty(lots, np.int64), np.empty(lots, np.int8)
    o_confidence, o_started, o_moved = np.empty(lots, np.float64), np.empty(lots, np.int64), np.empty(lots, np.int64)
    o_path = np.empty((lots, max_hops), np.int64)
    n = 0
    for at in places:
        lot = head[at]
        while lot >= 0:
            o_token[n], o_address[n], o_source[n] = keys[at] >> 32, keys[at] & 0xFFFFFFFF, l_source[lot]
            o_units[n], o_parts[n], o_hops[n], o_confidence[n] = (
                l_units[lot],
                l_parts[lot],
                l_hops[lot],
                l_confidence[lot],
            )
            o_started[n], o_moved[n] = l_started[lot], l_moved[lot]
            o_path[n] = l_path[lot]
            n += 1
            lot = behind[lot]
    state = (o_token, o_address, o_source, o_units, o_parts, o_hops, o_confidence, o_started, o_moved, o_path)
    done = (
        c_source[:arrived].copy(), c_destination[:arrived].copy(), c_token[:arrived].copy(),
        c_units[:arrived].copy(), c_parts[:arrived].copy(), c_hops[:arrived].copy(),
        c_confidence[:arrived].copy(), c_day[:arrived].copy(), c_path[:path_size].copy().reshape(-1, max_hops),
    )  # fmt: skip
    return state, done, counts, alive


@njit(cache=True, nogil=True)
def split_decimals(words):
    """Whole units and 1e-18 parts of 128-bit numbers, low word first: divided twice by 1e9 in 32-bit steps."""
    count = len(words) // 2
    units, parts = np.empty(count, np.int64), np.empty(count, np.int64)
    billion = np.uint64(1_000_000_000)
    limb = np.empty(4, np.uint64)
    for i in range(count):
        low, high = words[2 * i], words[2 * i + 1]
        limb[0], limb[1] = high >> np.uint64(32), high & np.uint64(0xFFFFFFFF)
        limb[2], limb[3] = low >> np.uint64(32), low & np.uint64(0xFFFFFFFF)
        first, second = np.uint64(0), np.uint64(0)
        for turn in range(2):
            rest = np.uint64(0)
            for k in range(4):
                value = (rest << np.uint64(32)) | limb[k]
                limb[k] = value // billion
                rest = value % billion
            if turn == 0:
                first = rest
            else:
                second = rest
        units[i] = np.int64((limb[2] << np.uint64(32)) | limb[3])
        parts[i] = np.int64(second * billion + first)
    return units, parts
