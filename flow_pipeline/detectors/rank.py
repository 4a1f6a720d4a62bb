"""The rank of a day among the days before it: how often a year its series moves as far as it did on that day.

A week's z-score judges noise by a deviation that is noise itself: on Gaussian noise |z| ≥ 3 comes 15 times a year. A
rank needs no law of the noise: of n + 1 days, the last one is as likely as any other to be the farthest from its level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from flow_pipeline.detectors.rolling import Floats, Ints
from flow_pipeline.settings import DAYS_PER_YEAR

_TIE = 1 - 1e-9
"""Deviations closer than this are equal: sums of amounts as floats differ in their last digits."""
_TAIL_POINTS = 10
"""Largest deviations that the tail is fitted on: enough for a slope, few enough to be tail (Hill, 1975)."""
_TAIL_LEAST = 3
"""With fewer of them there is no slope, and α = 1, a tail heavier than any that was measured, stands in."""
_TAIL_STEEPEST = 3.0
"""Upper limit of α: ten points of light noise can look steeper than they are."""


@dataclass(frozen=True)
class Ranks:
    """What the rank says of each day; NaN on the days before a series has its first deviation.

    Attributes:
        median: Median of the days before: the level of the series.
        deviation: Distance of the day from it.
        history: Deviations before, with which this one is compared.
        e_value: How many days a year deviate at least as far, by those before.
        limit: Deviation above which e_value is under the budget; NaN where none is, because nothing ever moved.
    """

    median: Floats
    deviation: Floats
    history: Ints
    e_value: Floats
    limit: Floats


def ranks(
    values: Floats, place: Ints, level_days: int, history_days: int, first: int, budget: float, upward: bool = False
) -> Ranks:
    """Rank every day of every series among the days before it; later days never change a result.

    E = 365 · (1 + deviations before that are at least as large) / (n + 1). A record is beyond what was counted, so its
    E is also multiplied by (largest before / deviation)^α, with Hill's α of the largest ones before.

    Args:
        values: Values, series after series, in time order, one per calendar day.
        place: Place of each row in its series, from 0.
        level_days: Days before whose median is the level.
        history_days: Days before whose deviations are compared.
        first: Place of the first day with a deviation.
        budget: E under which a day is anomalous, for `limit`.
        upward: Only days above the level deviate.
    """
    return Ranks(*_ranks(values, place, level_days, history_days, first, budget, upward))


@njit(cache=True, nogil=True)
def _ranks(values, place, level_days, history_days, first, budget, upward):
    size = len(values)
    median, deviation = np.full(size, np.nan), np.full(size, np.nan)
    e_value, limit = np.full(size, np.nan), np.full(size, np.nan)
    history = np.zeros(size, np.int64)
    window, held = np.empty(level_days), 0
    largest = np.empty(max(_TAIL_POINTS, _allowed(history_days, budget)) + 1)
    for i in range(size):
        if place[i] == 0:
            held = 0
        if held >= first:
            median[i] = (window[(held - 1) // 2] + window[held // 2]) / 2
            away = values[i] - median[i]
            deviation[i] = max(away, 0.0) if upward else abs(away)
            days = min(place[i] - first, history_days)
            before = deviation[i - days : i]
            at_least = _at_least(before, deviation[i])
            allowed = _allowed(days, budget)
            beyond = at_least == 0 or allowed < 0  # a record, or a day that only a record could outdo
            kept = _keep_largest(before, largest[: _TAIL_POINTS + 1 if beyond else allowed + 1])
            alpha = _tail(largest, kept) if beyond else 1.0
            e_value[i] = DAYS_PER_YEAR * (1 + at_least) / (days + 1)
            if at_least == 0 and kept > 0 and deviation[i] > 0:
                e_value[i] *= (largest[0] / deviation[i]) ** alpha
            history[i] = days
            limit[i] = _limit(largest, kept, days, history_days, allowed, alpha, budget)
        held = _slide(window, held, values, i, level_days)
    return median, deviation, history, e_value, limit


@njit(cache=True, nogil=True)
def _slide(window, held, values, i, level_days):
    """Let the day into the sorted window, and the oldest one out of a full window."""
    if held == level_days:
        held -= 1
        for at in range(np.searchsorted(window, values[i - level_days]), held):
            window[at] = window[at + 1]
    at = held
    while at > 0 and window[at - 1] > values[i]:
        window[at] = window[at - 1]
        at -= 1
    window[at] = values[i]
    return held + 1


@njit(cache=True, nogil=True)
def _allowed(days, budget):
    """How many deviations before may be as large under the budget; -1 where even a record is too frequent."""
    allowed = int(budget * (days + 1) / DAYS_PER_YEAR)
    while allowed >= 0 and DAYS_PER_YEAR * (allowed + 1) / (days + 1) >= budget:
        allowed -= 1
    return allowed


@njit(cache=True, nogil=True)
def _at_least(before, deviation):
    count = 0
    for value in before:
        count += value >= deviation * _TIE
    return count


@njit(cache=True, nogil=True)
def _keep_largest(before, largest):
    """Fill `largest` with the largest deviations above 0, falling; how many there are."""
    kept = 0
    least = 0.0
    for value in before:
        if value > least:
            at = min(kept, len(largest) - 1)
            while at > 0 and largest[at - 1] < value:
                largest[at] = largest[at - 1]
                at -= 1
            largest[at] = value
            kept = min(kept + 1, len(largest))
            least = largest[kept - 1] if kept == len(largest) else 0.0
    return kept


@njit(cache=True, nogil=True)
def _tail(largest, kept):
    """Hill's α of the largest deviations, falling."""
    points = min(_TAIL_POINTS, kept - 1)
    if points < _TAIL_LEAST:
        return 1.0
    total = 0.0
    for i in range(points):
        total += np.log(largest[i] / largest[points])
    return min(_TAIL_STEEPEST, (points - 1) / total) if total > 0 else _TAIL_STEEPEST


@njit(cache=True, nogil=True)
def _limit(largest, kept, days, history_days, allowed, alpha, budget):
    """The deviation above which a day is anomalous."""
    if allowed >= 0:
        return largest[allowed] if allowed < kept else 0.0
    if kept > 0:
        return largest[0] * (DAYS_PER_YEAR / ((days + 1) * budget)) ** (1 / alpha)
    return 0.0 if days == history_days else np.nan
