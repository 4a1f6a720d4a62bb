"""How rare a finding is: E, how many at least this strong are to be expected in 10,000 transfers of ordinary traffic.

The traffic of the days before a finding is its own yardstick: the findings of its typology in them, all tokens of the
chain together, are its pool. Within the pool E counts; beyond its eleventh largest a Pareto tail through that one tells
how much rarer something larger is, with Hill's estimate of the exponent (Hill, 1975, Annals of Statistics 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

TAIL = 10
"""Largest findings of a pool that tell how fast its tail falls."""
STEEPEST_TAIL = 1.5
"""Few data seem to fall faster than they do: a steeper tail would call too much impossible."""
FEW_TAIL = 1.0
"""The exponent of a pool too small to estimate one."""
PER_TRANSFERS = 10_000
_ROOM = 1e-9
"""Strengths are floats: what is equal but for rounding is equally strong."""


@dataclass(frozen=True)
class Rarity:
    """Per finding judged.

    Attributes:
        expected: Findings at least this strong to be expected in the pool, x.
        pool_size: Findings of the pool, those about the same address left out.
        place: 1 for a finding that none of the pool equals.
        needed: The strength above which it would be expected less often than `limit` times.
    """

    expected: np.ndarray
    pool_size: np.ndarray
    place: np.ndarray
    needed: np.ndarray


def rarity(strength: np.ndarray, focus: np.ndarray, judged: np.ndarray, limit: float) -> Rarity:
    """How often findings as strong as some of a pool are to be expected in it.

    Args:
        strength: Of all findings of the pool's days, above zero, in one unit.
        focus: Number of the address each is about: a finding is not measured against others about the same.
        judged: Positions of the findings to judge.
        limit: Findings in the pool that are few enough to be suspicious.
    """
    order = np.argsort(-strength, kind="stable")
    by_focus = np.lexsort((-strength, focus))
    start = np.searchsorted(focus[by_focus], np.arange(focus.max(initial=-1) + 2))
    return Rarity(
        *_rarity(strength[order], focus[order], strength[by_focus], start, strength[judged], focus[judged], limit)
    )


def rarity_of_profile(strength: np.ndarray, largest: np.ndarray, count: int, limit: float) -> Rarity:
    """The same against the largest eleven findings of a reference and how many there were in all."""
    pool = -np.sort(-np.asarray(largest, np.float64))
    if count > len(pool) > TAIL:
        # What is no stronger than the known ones could be as strong as the last of them.
        pool = np.concatenate([pool, np.full(count - len(pool), pool[-1])])
    nobody, start = np.full(len(pool), -1), np.zeros(2, np.int64)
    found = Rarity(*_rarity(pool, nobody, pool, start, strength, np.zeros(len(strength), np.int64), limit))
    return Rarity(found.expected, np.full(len(strength), count), found.place, found.needed)


@njit(cache=True, nogil=True)
def _at_least(values, first, last, least):
    """How many of values[first:last], largest first, are at least that large."""
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        if values[middle] >= least:
            low = middle + 1
        else:
            high = middle
    return low - first


@njit(cache=True, nogil=True)
def _rarity(values, owner, own_values, own_start, strength, focus, limit):
    size = len(strength)
    expected, pool_size = np.empty(size), np.empty(size, np.int64)
    place, needed = np.empty(size, np.int64), np.empty(size)
    top = np.empty(TAIL + 1)
    for i in range(size):
        s, f = strength[i], focus[i]
        own_first, own_last = own_start[f], own_start[f + 1]
        n = len(values) - (own_last - own_first)
        least = s * (1 - _ROOM)
        stronger = _at_least(values, 0, len(values), least) - _at_least(own_values, own_first, own_last, least)
        known, k = 0, 0
        while known <= TAIL and k < len(values):
            if owner[k] != f:
                top[known] = values[k]
                known += 1
            k += 1
        pool_size[i], place[i] = n, stronger + 1
        if n == 0:
            expected[i], needed[i] = 1.0, 0.0 if limit > 1 else np.inf
            continue
        tail, bound, at_bound = FEW_TAIL, top[0], 1.0
        if n > TAIL:
            bound, at_bound = top[TAIL], float(TAIL)
            logs = 0.0
            for j in range(TAIL):
                logs += np.log(top[j] / bound)
            tail = min(STEEPEST_TAIL, (TAIL - 1) / logs) if logs > 0 else STEEPEST_TAIL
        if s > bound:
            expected[i] = at_bound * (s / bound) ** -tail
        else:
            expected[i] = float(stronger) if n > TAIL else stronger + 1.0
        if limit <= at_bound:
            needed[i] = bound * (at_bound / limit) ** (1 / tail)
        else:
            # the count may reach limit - 1 (few: limit - 2) and stay below it: so many of the pool may be as strong
            allowed = int(np.ceil(limit)) - (1 if n > TAIL else 2)
            needed[i] = 0.0
            passed = 0
            for j in range(len(values)):
                if owner[j] != f:
                    if passed == allowed:
                        needed[i] = values[j]
                        break
                    passed += 1
    return expected, pool_size, place, needed


def middle_ranks(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ranks, from 1, of the two values whose mean is the median of so many; the same one twice when they are odd."""
    return (counts + 1) // 2, counts // 2 + 1


@njit(cache=True, nogil=True)
def ranked(key, day, count, start, stop, first, last, rank):
    """Per question the row whose key has a rank among the rows of some days, and its rank among those of that key.

    Args:
        key: What rows are ordered by, ascending within the rows of a question (rows).
        day: Day number (rows).
        count: How many a row stands for (rows).
        start, stop: Rows of a question (questions).
        first, last: Its days, inclusive (questions).
        rank: From 1, at most what its rows of those days stand for (questions).
    """
    found, within = np.empty(len(rank), np.int64), np.empty(len(rank), np.int64)
    for q in range(len(rank)):
        left = before = rank[q]
        for i in range(start[q], stop[q]):
            if i == start[q] or key[i] != key[i - 1]:
                before = left
            if first[q] <= day[i] <= last[q]:
                left -= count[i]
                if left <= 0:
                    found[q], within[q] = i, before
                    break
    return found, within
